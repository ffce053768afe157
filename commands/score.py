"""`leadlight score`: scores every lead of a home, or the rows of a file, with reasons."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands import console
from commands.options import Json, TriedAgreement, home, moment_at, now, print_answer, questions
from features.agreement.agreement import Agreement
from features.agreement.versions import AgreementVersion, tried_version, version_in_force
from features.home.errors import LeadlightError

if TYPE_CHECKING:
    from serving.scoring.bulk import FileScores

NO_MODEL = (
    "no model is served, so these scores come from the agreement's criteria alone, and leads that fulfil the same ones "
    "score alike; leadlight train --promote learns a model, and says what keeps it from being served"
)


def score(
    file: Annotated[Path | None, typer.Argument(help="Rows to score, as the agreement's export has them.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write to .parquet, .csv, .jsonl or .xlsx.")] = None,
    lead: Annotated[list[str] | None, typer.Option(help="Only this lead; may be repeated.")] = None,
    as_of: Annotated[str | None, typer.Option(help="As it was known then; default now.")] = None,
    reasons: Annotated[str, typer.Option(help='How many reasons, or "all".')] = "3",
    agreement: TriedAgreement = None,
    changed_since: Annotated[
        str | None, typer.Option(help="Only leads whose stored decision changed since then; needs --out.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Score every lead of the home, some of them, or the rows of a file; prints the hottest with their reasons."""
    if changed_since is not None:
        beside = [name for name, given in (("FILE", file), ("--lead", lead), ("--as-of", as_of)) if given]
        _write_changed(changed_since, out, beside, as_json)
        return
    from serving.scoring.bulk import open_leads
    from serving.scoring.scorer import call_order

    at, most = moment_at(as_of, now()), _most(reasons)
    tried = tried_version(home(), agreement) if agreement else None
    scored, of_file = _scored(file, at, most, lead, tried)
    kept, order = tried or version_in_force(home()), call_order(home(), tried)
    if out:
        _write(out, scored, of_file, (kept.agreement, order))
    _complain(scored, of_file)
    document = {"scored": _leads(scored), "out": str(out)} if out else {"data": scored}
    shown = scored if lead else open_leads(scored, order)
    hottest = console.hottest_lead_lines(shown, questions(kept), order=order)
    print_answer(document, [_done(scored, out), "", *hottest], as_json)


def _scored(
    file: Path | None, at: datetime, most: int | None, lead: list[str] | None, tried: AgreementVersion | None
) -> tuple[list[dict[str, Any]], FileScores | None]:
    """All scores asked for, and what is known of their file, where they are a file's."""
    from serving.scoring.bulk import file_scores, home_scores

    scored: list[dict[str, Any]] = []
    with console.progress_line("scoring") as progress:
        of_file = file_scores(home(), file, at, most, tried) if file else None
        for chunk in of_file.scores if of_file else home_scores(home(), at, most, lead, tried):
            scored += chunk
            progress(f"{len(scored):,} leads scored")
    return scored, of_file


def _write(out: Path, scored: list[dict[str, Any]], of_file: FileScores | None, by: tuple[Agreement, str]) -> None:
    """Write the scores with whom to call; by: the agreement, and the field that the list is sorted by."""
    from serving.scoring.bulk import home_contacts, write_scores
    from serving.scoring.call_sheet import SheetNotes

    agreed, order = by
    people = of_file.contacts if of_file else home_contacts(home(), agreed, scored)
    notes = SheetNotes(agreed, people, of_file.dates if of_file else {}, order)
    write_scores(scored, out, of_file.rows if of_file else None, notes)


def _complain(scored: Sequence[dict[str, Any]], of_file: FileScores | None) -> None:
    cautions = {warning["message"]: None for score in scored for warning in score["warnings"]}
    cautions |= {NO_MODEL: None} if scored and not any(score["model"] for score in scored) else {}
    for caution in [*(of_file.problems if of_file else ()), *cautions]:
        console.complain(caution)


def _leads(scored: list[dict[str, Any]]) -> int:
    from serving.scoring.call_sheet import one_per_lead

    return len(one_per_lead(scored))


def _done(scored: list[dict[str, Any]], out: Path | None) -> str:
    leads = _leads(scored)
    in_rows = f" in {len(scored):,} rows" if leads < len(scored) else ""
    return f"{leads:,} leads scored{in_rows}" + (f", written to {out}" if out else "")


def _write_changed(since: str, out: Path | None, beside: Sequence[str], as_json: bool) -> None:
    """Write the leads whose decision changed, with the CRM's ids and columns for what became of them."""
    from features.home.database import database_exists, reading
    from serving.handovers.changed_leads import changed_leads, write_changed

    if out is None or beside:
        problem = f"does not go with {beside[0]}" if beside else "needs a file to write to"
        raise LeadlightError(f"--changed-since {problem}; write: --changed-since {since} --out changed.xlsx")
    opened, at = home(), moment_at(since, now())
    if not database_exists(opened):
        raise LeadlightError(f"{opened.path} holds no leads yet; begin with: leadlight ingest FILE", code="no_home")
    with reading(opened) as connection:
        rows = changed_leads(connection, version_in_force(opened).agreement, at)
    write_changed(rows, out)
    done = f"{len(rows):,} leads changed since {at:%Y-%m-%d %H:%M}, written to {out}"
    back = f"say what became of them in its feedback columns, then: leadlight ingest {out}"
    print_answer({"changed": len(rows), "out": str(out)}, [done, back], as_json)


def _most(reasons: str) -> int | None:
    if reasons == "all":
        return None
    if not reasons.isdecimal():
        raise LeadlightError(f'--reasons is {reasons!r}; give a whole number, or "all"')
    return int(reasons)
