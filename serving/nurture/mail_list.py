"""Today's list of nurture: whom marketing writes to, what about and what it asks, as a mail tool takes it."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from features.agreement.agreement import Agreement
from features.home import tables
from features.home.printed_text import spreadsheet_cell
from features.home.whole_files import whole_file
from features.records.contacts import contacts
from serving.nurture.kept_plans import plan_in

COLUMNS = ("email", "name", "company", "lead_id", "kind", "topic", "content_id", "title", "question", "question_trait",
           "due_at", "phase", "unanswered", "score", "grade", "source", "campaign")  # fmt: skip
_AT_ONCE = 500  # leads whose contacts are read at once


@dataclass(frozen=True)
class MailList:
    """rows: one per lead that is due today, the longest due first. left_out: by code, how many leads are not on it."""

    rows: Sequence[Mapping[str, Any]]
    left_out: Mapping[str, int]


def mail_list(connection: Connection, agreement: Agreement, as_of: datetime) -> MailList:
    """Who of nurture is due before the day of the agreement's time zone ends.

    Left out, and counted: who takes no mail ("no_email"), wants no contact, named a later date, was reached out to as
    often as agreed ("touch_cap"), is due later ("not_due"), or has no address ("no_address").
    """
    day_ends_at, left_out = _day_end(agreement, as_of), Counter[str]()
    due: list[tuple[str, Any, Mapping[str, Any]]] = []
    for row in _planned(connection):
        plan = plan_in(row.nurture)
        why_not = _why_not(plan, as_of, day_ends_at)
        if why_not is None:
            due.append((plan["due_at"], row, plan))
        else:
            left_out[why_not] += 1
    due.sort(key=lambda one: (one[0], one[1].lead_id))
    rows = [row for some in _batches(due) for row in _rows(connection, agreement, some)]
    left_out["no_address"] = sum(not row["email"] for row in rows)
    return MailList([row for row in rows if row["email"]], {code: n for code, n in left_out.items() if n})


def write_mail_list(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write the rows as a csv in which nothing that a stranger wrote is a formula."""
    with whole_file(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows({name: spreadsheet_cell(row[name]) for name in COLUMNS} for row in rows)


def _planned(connection: Connection) -> Sequence[Any]:
    newest = tables.lead_decisions.c
    of_marketing = (newest.queue == "marketing") & newest.nurture.is_not(None)
    named = (newest.lead_id, newest.nurture, newest.score, newest.grade, newest.source, newest.campaign)
    return connection.execute(select(*named).where(of_marketing)).all()


def _why_not(plan: Mapping[str, Any], as_of: datetime, day_ends_at: datetime) -> str | None:
    waits = plan["waits"]
    if plan["due_at"] is not None and datetime.fromisoformat(plan["due_at"]) < day_ends_at:
        # Due at noon may be too early at nine: the cap counts hours.
        is_early = plan["allowed_at"] is not None and datetime.fromisoformat(plan["allowed_at"]) > as_of
        return "touch_cap" if is_early else None
    return str(waits["code"]) if waits else "not_due"


def _day_end(agreement: Agreement, as_of: datetime) -> datetime:
    local = as_of.astimezone(ZoneInfo(agreement.time_zone))
    midnight = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight


def _batches(due: Sequence[Any]) -> list[Sequence[Any]]:
    return [due[start : start + _AT_ONCE] for start in range(0, len(due), _AT_ONCE)]


def _rows(connection: Connection, agreement: Agreement, due: Sequence[Any]) -> list[dict[str, Any]]:
    known = contacts(connection, agreement, [row.lead_id for _, row, _ in due])
    found = []
    for _, row, plan in due:
        who, following, asks = known[row.lead_id].as_json(), plan["next"], plan["ask"] or {}
        content = agreement.content.get(following["content_id"] or "")
        told = {name: who.get(name) for name in ("email", "name", "company")}
        told |= {name: following[name] for name in ("kind", "topic", "content_id")}
        told |= {"title": content.title if content else None}
        told |= {"question": asks.get("question"), "question_trait": asks.get("trait")}
        told |= {name: plan[name] for name in ("due_at", "phase", "unanswered")}
        found.append(told | {name: getattr(row, name) for name in ("lead_id", "score", "grade", "source", "campaign")})
    return found
