"""`leadlight hole`: what a CRM's history says of the leads that sales was given, before any model."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from commands import console
from commands.options import Json, home, now, print_answer
from features.agreement.agreement import Agreement
from features.home.errors import LeadlightError
from features.home.whole_files import write_whole

_ROLES = (
    "id, created, handed_over, first_try, last_try, tries, status, reason, ended, closed, won, converted, source, "
    "campaign, owner"
)
_MEANINGS = "waiting, tried, no_answer, given_up, rejected, won or other"


class CrmName(StrEnum):
    """A CRM whose exports are known."""

    SALESFORCE = "salesforce"
    HUBSPOT = "hubspot"


def hole(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files of a CRM; none: this home's own handovers.", show_default=False)
    ] = None,
    cost_per_lead: Annotated[float | None, typer.Option(help="What one lead costs, in your money: 120.")] = None,
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("hole.html"),
    origin: Annotated[
        CrmName | None, typer.Option("--from", help="Whose files they are, where that does not show.")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(help=f"ROLE=TITLE, where the draft errs; TITLE none for no column. Roles: {_ROLES}."),
    ] = None,
    status: Annotated[
        list[str] | None, typer.Option(help=f"STATUS=MEANING of a status or reason: {_MEANINGS}.")
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option(help="Of dates that name none: Europe/Berlin. By default the agreement's, else UTC.")
    ] = None,
    new_baseline: Annotated[bool, typer.Option(help="Keep this count as the baseline from now on.")] = False,
    as_json: Json = False,
) -> None:
    """Count the leads that were handed to sales and never tried, how fast the others were, what was given up too early.

    From a CRM's export of leads, best with the history of its fields, or from any table with dates of first contacts.
    The first count is kept in the home as the baseline, and later ones stand beside it. Without FILES, of what this
    home itself handed over in the last 91 days.
    """
    if not files:
        _of_home(out, as_json)
        return
    from features.imports.files import CRMS
    from training.hole.baseline import baseline_of, hole_document, keep_baseline
    from training.hole.hole import HoleRequest, hole_in_files
    from training.hole.page import hole_page
    from training.hole.wording import hole_lines

    columns, statuses = _pairs("--column", column, "created=Angelegt"), _pairs("--status", status, "Parked=given_up")
    agreed = _agreed()
    request = HoleRequest(
        columns,
        statuses,
        CRMS[origin] if origin else None,
        cost_per_lead,
        time_zone or (agreed.time_zone if agreed else "UTC"),
        agreed.statuses if agreed else {},
    )
    with console.progress_line("counting the leads that sales was given"):
        found = hole_in_files(files, request, now())
    before = None if new_baseline else baseline_of(home())
    write_whole(out, hole_page(found, before))
    if before is None:
        keep_baseline(home(), found)
    baseline = {"baseline": before and before.made_at.isoformat(), "page": str(out)}
    print_answer(hole_document(found) | baseline, [*hole_lines(found, before), "", f"Page {out}"], as_json)


def _of_home(out: Path, as_json: bool) -> None:
    """The page of what the home itself handed over, and its figures."""
    from features.agreement.versions import version_in_force
    from features.home.database import database_exists
    from serving.funnel.hole_report import report_of_home
    from serving.pages.hole.hole_page import hole_lines, hole_page

    opened = home()
    if not database_exists(opened):
        remedy = "give an export of your CRM, as in: leadlight hole leads.csv"
        raise LeadlightError(f"{opened.path} holds no leads yet; {remedy}", code="no_home")
    agreement = version_in_force(opened).agreement
    with console.progress_line("counting what became of handovers"):
        report = report_of_home(opened, agreement, now())
    write_whole(out, hole_page(report))
    print_answer(report | {"page": str(out)}, [*hole_lines(report), "", f"Page {out}"], as_json)


def _pairs(option: str, said: list[str] | None, example: str) -> dict[str, str]:
    """The texts before and after the sign = of each value of an option; a status may have that sign as well."""
    found = {}
    for text in said or ():
        name, sign, value = text.partition("=") if option == "--column" else text.rpartition("=")
        if not (name.strip() and sign and value.strip()):
            raise LeadlightError(f'{option} "{text}" says nothing; write it as {option} "{example}"', code="bad_option")
        found[name.strip()] = value.strip()
    return found


def _agreed() -> Agreement | None:
    """The agreement that the home keeps, None where it keeps none."""
    from features.agreement.versions import NoAgreement, current_version

    try:
        return current_version(home()).agreement
    except NoAgreement:
        return None
