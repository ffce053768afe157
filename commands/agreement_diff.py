"""`leadlight agreement diff`: what changed between two agreements, and which leads would be decided otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands import console
from commands.options import Json, home, moment_at, now, print_answer
from features.agreement.versions import AgreementVersion, current_version, tried_version
from features.home.database import database_exists
from serving.pages.agreement.agreement_changes import changes_in_words

if TYPE_CHECKING:
    from serving.scoring.dry_run import DecidedOtherwise

DecisionAndQueue = tuple[str, str | None]
RETRAIN = (
    "part 1 differs, which is what the model learns from: which leads would be decided otherwise is known only after a "
    "training; retrain with: leadlight train --agreement {file}"
)


def diff(
    file: Annotated[Path, typer.Argument(help="An agreement.toml; alone, it is compared with the kept agreement.")],
    other: Annotated[Path | None, typer.Argument(help="The newer agreement.toml.", show_default=False)] = None,
    as_of: Annotated[str | None, typer.Option(help="As it was known then; default now.")] = None,
    as_json: Json = False,
) -> None:
    """What changed between two agreements, and how many of last month's leads would be decided otherwise by it."""
    newer, at = tried_version(home(), other or file), moment_at(as_of, now())
    older = tried_version(home(), file) if other else current_version(home())
    changes = changes_in_words(older.agreement, newer.agreement)
    name = (other or file).name
    document: dict[str, Any] = {"from": file.name if other else "the kept agreement", "to": name, "changes": changes}
    lines = [*changes] or [f"{document['from']} and {name} say the same"]
    document["retrain"] = older.agreement.feature_digest != newer.agreement.feature_digest
    document |= {"last_28_days": None, "crossings": None}
    if document["retrain"]:
        lines += ["", RETRAIN.format(file=other or file)]
    elif changes and database_exists(home()):
        told, more = _on_leads(older, newer, at)
        document, lines = document | told, [*lines, "", *more]
    print_answer(document, lines, as_json)


def _on_leads(older: AgreementVersion, newer: AgreementVersion, at: datetime) -> tuple[dict[str, Any], list[str]]:
    """What the change does to the leads of this home: as the document tells it, and in lines."""
    from serving.rounds.crossings import crossings_of_agreement
    from serving.scoring.dry_run import decided_otherwise

    with console.progress_line("deciding twice on each of the last 28 days"):
        month = decided_otherwise(home(), older, newer, at)
    assert month is not None  # their first parts are the same
    with console.progress_line("looking who would cross the bar"):
        crossing = crossings_of_agreement(home(), newer, at)
    told = {"leads": month.leads, "looked_at": month.looked_at, "otherwise": month.count, "outcomes": month.outcomes}
    moves = [{"from": _document(a), "to": _document(b), "leads": ids} for (a, b), ids in month.moved.items()]
    over = {"leads": crossing.leads, "over": crossing.over, "back": crossing.back, "per_day": crossing.per_day}
    return {"last_28_days": told | {"moves": moves}, "crossings": over}, [*_month_lines(month), crossing.sentence]


def _document(decided: DecisionAndQueue) -> dict[str, str | None]:
    return {"decision": decided[0], "queue": decided[1]}


def _month_lines(month: DecidedOtherwise) -> Iterator[str]:
    of_all = "" if month.looked_at == month.leads else f" that were looked at, of {month.leads:,} leads"
    yield f"in the last 28 days {month.count:,} of {month.looked_at:,} leads{of_all} would have been decided otherwise"
    for (one, other), ids in month.moved.items():
        yield f"  {len(ids):>6,} from {_words(one)} to {_words(other)}"
    if not month.outcomes:
        yield "none of them converted in these days, so whether they would have been decided better cannot be said"


def _words(decided: DecisionAndQueue) -> str:
    decision, queue = decided
    return f"{(queue or 'nobody').replace('_', ' ')} ({decision})"
