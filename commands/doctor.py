"""`leadlight doctor`: whether a home is well, as lines and a table for people, as JSON for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from commands import console
from commands.options import Json, home, now, print_answer
from features.home.errors import LeadlightError
from features.home.printed_text import visible_line

if TYPE_CHECKING:
    from serving.health.doctor import Check


ROWS_PROVED = 500  # rows of a training; each is derived again in a few hundredths of a second


def doctor(
    leaks: Annotated[
        bool,
        typer.Option(
            "--leaks", help="Also derive snapshots of the training again, each from what was recorded before it."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Whether this home can do its work and what arrives is what it used to be, and what to do where not."""
    from serving.health.doctor import home_checks

    moment = now()
    checks = [*home_checks(home(), moment), *([_proof(moment)] if leaks else [])]
    lines = [f"{'ok  ' if check.ok else 'LOOK'} {check.name:<14} {check.sentence}" for check in checks]
    print_answer([check.as_json() for check in checks], lines, as_json)
    rows = [row for check in checks if check.name == "behaviours" for row in check.data if row["source"]]
    if rows and not as_json:
        console.out.print(_table(rows, moment))
    if not all(check.ok for check in checks):
        raise typer.Exit(1)


def _proof(moment: datetime) -> Check:
    """The check that no training row uses anything that was recorded after its snapshot."""
    from features.agreement.versions import current_version
    from features.ledger.ledger import Ledger
    from features.store.materialize import materialized
    from serving.health.doctor import Check
    from training.leakage.point_in_time_proof import point_in_time_proof
    from training.pipeline import labelled_snapshots

    try:
        agreement, until = current_version(home()).agreement, Ledger.open(home()).known_until(otherwise=moment)
        with console.progress_line("deriving snapshots of the training again") as progress:
            labelled = labelled_snapshots(materialized(home(), agreement, progress), agreement, until)
            proof = point_in_time_proof(home(), agreement, labelled, ROWS_PROVED)
    except LeadlightError as error:
        return Check("leaks", False, str(error))
    return Check("leaks", proof.holds, proof.sentence, [proof.as_json()])


def _table(rows: Sequence[Mapping[str, Any]], moment: datetime) -> Table:
    table = Table("behaviour", "source", "last event", "usually a day", "", box=None, pad_edge=False)
    for row in rows:
        rate = "too new to say" if row["per_day"] is None else f"{row['per_day']:,.1f}"
        silent = "fell silent" if row["is_silent"] else ""
        table.add_row(
            visible_line(row["behaviour"]), visible_line(row["source"]), _ago(row["last_at"], moment), rate, silent
        )
    return table


def _ago(last_at: datetime, moment: datetime) -> str:
    hours = (moment - last_at).total_seconds() / 3600
    return f"{hours:.0f} hours ago" if hours < 48 else f"{hours / 24:.0f} days ago"
