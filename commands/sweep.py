"""`leadlight sweep`: decides on leads whose date, clock or turn came, and on what files brought."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from commands import console
from commands.options import Json, home, now, print_answer

if TYPE_CHECKING:
    from serving.rounds.sweep import Swept


def sweep(
    all_leads: Annotated[
        bool,
        typer.Option("--night", help="Look at all leads as well, once a night: time moves their numbers."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Decide on all that is due by now; `leadlight serve` does so each minute, and cron may where nothing is served."""
    from serving.rounds import sweep as sweeps

    with console.progress_line("looking for what is due") as progress:
        done = (sweeps.night if all_leads else sweeps.sweep)(home(), now(), progress=progress)
    print_answer(done.as_json(), list(_lines(done)), as_json)


def _lines(done: Swept) -> Iterator[str]:
    if not done.is_ours:
        yield "another sweep of this home runs now; it decides on all that is due"
        return
    yield f"{done.leads:,} leads decided" if done.leads else "nothing is due"
    said = {
        "that files brought or our own upkeep changed": done.marked,
        "handed over in the trial, in line now that it is live": done.withdrawn,
        "decided under another model, agreement or bar before": done.moved,
        "whose date or clock came": done.due,
        "whose turn in the backlog came": done.turns,
        "looked at because it is night": done.night,
    }
    yield from (f"  {count:,} {what}" for what, count in said.items() if count)
