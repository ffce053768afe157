"""`leadlight rebuild`: derives everything from the ledger once more, and switches to the new views."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from commands import console
from commands.options import AgreementFile, Json, chosen_agreement, home, now, print_answer

if TYPE_CHECKING:
    from features.store.materialize import Rebuilt


def rebuild(agreement: AgreementFile = None, as_json: Json = False) -> None:
    """Derive everything from the ledger anew, into new views, and switch to them; the same ledger gives the same.

    Events that are older than the agreement keeps them are replaced by what they came to first.
    """
    from features.ledger.ledger import Ledger
    from features.records.housekeeping import rebuild_stale_builds
    from features.records.retention import apply_retention
    from features.store.materialize import rebuild_all
    from features.store.publisher import Publisher

    with_agreement = chosen_agreement(agreement).agreement
    with console.progress_line("rebuilding") as progress:
        retained = apply_retention(Ledger.open(home()).home, with_agreement, now(), progress)
        done = rebuild_all(home(), with_agreement, progress)
        rebuild_stale_builds(home(), progress)  # what was read before still holds the old events
        Publisher(home()).publish()  # there may be no service that does
    builds = [asdict(each) | {"is_the_same": each.is_the_same} for each in done]
    print_answer({"retained": asdict(retained), "builds": builds}, [*retained.sentences(), *_lines(done)], as_json)


def _lines(done: Sequence[Rebuilt]) -> Iterator[str]:
    for each in done:
        yield f"{each.leads:,} leads from {each.events:,} events in {each.seconds:.1f} s, read from now on:"
        yield from (f"  {view}" for view in each.views)
        before = "there were none before" if each.before is None else f"before: {each.before}"
        yield f"  files {each.digest}; {'the same as before' if each.is_the_same else before}"
