"""`leadlight nurture`: today's list of nurture, as a table for a mail tool or on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from commands.options import Json, home, now, print_answer
from features.home.errors import LeadlightError

LINE = "{due_at:<10.10} {phase:<8} {lead_id:<20.20} {kind:<8} {about:<28.28} {question}"
_WHY_NOT = {
    "not_due": "due later",
    "no_email": "take no e-mail",
    "no_contact_wanted": "want no contact",
    "not_now": "named a later date",
    "touch_cap": "were reached out to as often as agreed",
    "no_address": "have no e-mail address",
}


def nurture(
    out: Annotated[Path | None, typer.Option(help="The csv to write, for a mail tool.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """Whom marketing writes to today, about what, and the one question to ask; without who takes no mail."""
    from features.agreement.versions import version_in_force
    from features.home.database import database_exists, reading
    from serving.nurture.mail_list import mail_list, write_mail_list

    opened = home()
    if not database_exists(opened):
        raise LeadlightError(f"{opened.path} holds no leads yet; begin with: leadlight ingest FILE", code="no_home")
    if out is not None and out.suffix.lower() != ".csv":
        raise LeadlightError(f"--out is {out.name}; give a file that ends in .csv", code="bad_out")
    agreement = version_in_force(opened).agreement
    with reading(opened) as connection:
        found = mail_list(connection, agreement, now())
    document: dict[str, Any] = {"leads": len(found.rows), "left_out": dict(found.left_out)}
    if out is None:
        print_answer(document | {"data": list(found.rows)}, [*map(_line, found.rows), *_sums(document)], as_json)
        return
    write_mail_list(found.rows, out)
    print_answer(document | {"out": str(out)}, [*_sums(document), f"wrote {out}"], as_json)


def _line(row: Mapping[str, Any]) -> str:
    about = row["title"] or row["content_id"] or row["topic"] or ""
    return LINE.format_map({**row, "about": about, "question": row["question"] or ""}).rstrip()


def _sums(document: Mapping[str, Any]) -> Iterator[str]:
    leads = document["leads"]
    yield f"{leads:,} {'lead is' if leads == 1 else 'leads are'} due today"
    for code, count in document["left_out"].items():
        yield f"{count:,} {_WHY_NOT.get(code, code)}"
