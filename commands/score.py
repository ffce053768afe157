"""`leadlight score`: scores every lead of a home, or the rows of a file, with reasons."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from commands import console
from commands.options import Json, TriedAgreement, home, moment_at, now, print_answer, questions
from features.agreement.versions import tried_version, version_in_force
from features.home.errors import LeadlightError

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
    from serving.scoring.bulk import file_scores, home_contacts, home_scores, open_leads, write_scores
    from serving.scoring.call_sheet import SheetNotes, one_per_lead
    from serving.scoring.scorer import call_order

    at, most = moment_at(as_of, now()), _most(reasons)
    tried = tried_version(home(), agreement) if agreement else None
    with console.progress_line("scoring") as progress:
        of_file = file_scores(home(), file, at, most, tried) if file else None
        chunks = of_file.scores if of_file else home_scores(home(), at, most, lead, tried)
        scored: list[dict[str, Any]] = []
        for chunk in chunks:
            scored += chunk
            progress(f"{len(scored):,} leads scored")
    agreed, order = (tried or version_in_force(home())).agreement, call_order(home(), tried)
    people = of_file.contacts if of_file else home_contacts(home(), agreed, scored)
    if out:
        notes = SheetNotes(agreed, people, of_file.dates if of_file else {}, order)
        write_scores(scored, out, of_file.rows if of_file else None, notes)
    leads = len(one_per_lead(scored))
    document = {"scored": leads, "out": str(out)} if out else {"data": scored}
    in_rows = f" in {len(scored):,} rows" if leads < len(scored) else ""
    done = [f"{leads:,} leads scored{in_rows}" + (f", written to {out}" if out else "")]
    shown = scored if lead else open_leads(scored, order)
    cautions = {warning["message"]: None for score in scored for warning in score["warnings"]}
    cautions |= {NO_MODEL: None} if scored and not any(score["model"] for score in scored) else {}
    for caution in [*(of_file.problems if of_file else ()), *cautions]:
        console.complain(caution)
    asks = questions(tried or version_in_force(home()))
    print_answer(document, [*done, "", *console.hottest_lead_lines(shown, asks, order=order)], as_json)


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
