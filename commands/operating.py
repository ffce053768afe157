"""Commands that keep a home going."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from commands.learning import agreed
from commands.terms import AgreementFile, Json, answer, home, now
from serving import console

if TYPE_CHECKING:
    from features.derivation import Rebuilt


def rebuild(agreement: AgreementFile = None, as_json: Json = False) -> None:
    """Derive everything from the ledger anew, into new views, and switch to them; the same ledger gives the same.

    Events that are older than the agreement keeps them are replaced by their totals first.
    """
    from features.derivation import rebuild as derive_anew
    from features.housekeeping import renew
    from features.ledger import Ledger
    from features.retention import retain

    with_agreement = agreed(agreement).agreement
    with console.progress("rebuilding") as said:
        retained = retain(Ledger.open(home()).home, with_agreement, now(), said)
        done = derive_anew(home(), with_agreement, said)
        renew(home(), said)
    document = asdict(done) | {"is_the_same": done.is_the_same, "retained": asdict(retained)}
    answer(document, [*retained.sentences(), *_lines(done)], as_json)


def _lines(done: Rebuilt) -> Iterator[str]:
    yield f"{done.leads:,} leads from {done.events:,} events in {done.seconds:.1f} s, read from now on:"
    yield from (f"  {view}" for view in done.views)
    if done.is_the_same is None:
        yield f"files {done.digest}; there were none before"
    else:
        verdict = "the same as before" if done.is_the_same else f"before: {done.before}"
        yield f"files {done.digest}; {verdict}"
