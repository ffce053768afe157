"""The sheet back: what people wrote beside the leads of a delta file becomes feedback, all of it or nothing."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from features.agreement.agreement import Agreement
from features.home import tables
from features.home.database import reading, writing
from features.home.dates import moment
from features.home.errors import LeadlightError
from features.home.settings import Home
from features.imports.files import is_event_file, table_in, titles_in
from serving.handovers.changed_leads import BY, CHECK, DATE, NOTE, REASON, STATUS, row_check
from serving.handovers.feedback import FeedbackRefused, FeedbackSaid, feedback_said
from serving.handovers.recording import record_feedback
from serving.notices.occasions import Change, tell

RESULTS = {"no_answer": "tried", "voicemail": "tried", "call_back": "tried", "gatekeeper": "tried",
           "bounced": "tried", "talked": "contacted"}  # fmt: skip
SHOWN = 5  # problems told of one sheet


class SheetRefused(LeadlightError):
    """A sheet of which nothing was written: some of its rows cannot be followed."""

    code = "bad_sheet"


@dataclass(frozen=True)
class SheetFeedback:
    """What became of a sheet: how many rows were feedback, were known already, and had nothing written in them."""

    file: str
    given: int
    known: int
    empty: int

    def as_json(self) -> dict[str, Any]:
        """In the shape of other ingested files."""
        note = f"{self.given:,} rows are feedback now; {self.empty:,} rows say nothing new"
        counts = {"accepted": self.given, "duplicates": self.known, "refused": 0, "erased": 0}
        return {"file": self.file, **counts, "notes": [note]}


def is_returned_sheet(path: Path) -> bool:
    """Whether a file is a delta file that came back. Raises FileError for one that is no table."""
    is_table = path.suffix.lower() in (".csv", ".xlsx", ".xlsm", ".tsv")
    return is_table and path.exists() and not is_event_file(path) and CHECK in titles_in(path)


def read_sheet(home: Home, agreement: Agreement, path: Path, now: datetime) -> SheetFeedback:
    """Give the feedback that a sheet holds, in one transaction; a second time adds nothing.

    Raises SheetRefused with a sentence for each row that cannot be followed, and writes nothing then.
    """
    table = table_in(path).to_dict("records")
    rows = [{str(title): _plain(value) for title, value in row.items()} for row in table]
    problems = list(_moved(rows))
    said: list[tuple[int, FeedbackSaid]] = []
    for place, row in enumerate(rows, start=2):
        if row.get(STATUS):
            try:
                said.append((place, _said(row, agreement, now)))
            except FeedbackRefused as refused:
                problems.append(f"row {place}: {refused}")
    _refuse(path, problems)
    known = _known(home, [one.message_id for _, one in said])
    fresh = [(place, one) for place, one in said if one.message_id not in known]
    _give(home, agreement, path, fresh, now)
    return SheetFeedback(path.name, len(fresh), len(said) - len(fresh), len(rows) - len(said))


def _give(
    home: Home, agreement: Agreement, path: Path, said: Sequence[tuple[int, FeedbackSaid]], now: datetime
) -> None:
    with writing(home) as connection:
        for place, one in said:
            try:
                recorded = record_feedback(connection, agreement, one, now)
            except FeedbackRefused as refused:
                _refuse(path, [f"row {place}: {refused}"])
                raise
            for step in recorded.steps:
                tell(connection, Change(step.before, step.after, step.act, now), agreement)


def _refuse(path: Path, problems: Sequence[str]) -> None:
    if problems:
        more = f"; and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        told = "; ".join(problem.removesuffix("; nothing was written") for problem in problems[:SHOWN])
        raise SheetRefused(f"{path.name}: {told}{more}; nothing of the sheet was written")


def _moved(rows: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """What tells that rows were cut, doubled, or sorted by one column alone."""
    for place, row in enumerate(rows, start=2):
        if not row.get("lead_id") or not row.get(CHECK):
            lost = "lead_id" if row.get(CHECK) else CHECK
            yield f"row {place} lost its {lost}; take the row from the file as it came"
        elif row[CHECK] != row_check(row):
            moved = "has cells of another row, as after sorting one column; sort whole rows"
            yield f"row {place} ({row['lead_id']}) {moved}"
    filled = [row for row in rows if row.get(STATUS)]
    counts = Counter(row.get("lead_id", "") for row in filled)
    for lead, count in counts.items():
        if lead and count > 1:
            yield f"{lead} is in {count} rows with a status; keep one of them"


def _said(row: Mapping[str, str], agreement: Agreement, now: datetime) -> FeedbackSaid:
    """The feedback of one row. Raises FeedbackRefused."""
    status = "_".join(row[STATUS].lower().replace("-", " ").split())
    kind = RESULTS.get(status, status)
    body: dict[str, Any] = {"handover_id": row.get("handover_id"), "kind": kind, "by": row.get(BY) or row.get("owner")}
    body |= {"reason": row.get(REASON), "note": row.get(NOTE), "result": status if status in RESULTS else None}
    if not body["by"]:
        raise FeedbackRefused(f"nobody is named; write into {BY} who says so", code="unknown_person")
    body |= _dated(row.get(DATE), kind, status, agreement, now)
    message_id = f"fb_{hashlib.sha256(repr(sorted(_identity(row).items())).encode()).hexdigest()[:32]}"
    return replace(feedback_said(body, row["lead_id"], message_id, now), message_id=message_id)


def _identity(row: Mapping[str, str]) -> dict[str, str]:
    return {name: row.get(name) or "" for name in ("lead_id", "handover_id", STATUS, REASON, DATE, NOTE, BY)}


def _dated(
    written: str | None, kind: str, status: str, agreement: Agreement, now: datetime
) -> dict[str, str | datetime | date]:
    """What the date of a row says: a day to come, when the lead wants to hear of us; one that was, when it happened."""
    if not written:
        return {}
    at = moment(written)
    if at is None:
        raise FeedbackRefused(f"{DATE} is {written[:40]!r}; give a day such as 2027-03-01", code="bad_at")
    day, zone = at.date(), ZoneInfo(agreement.time_zone)
    if day > now.astimezone(zone).date():
        return {"call_back_at": at.isoformat()} if status == "call_back" else {"revisit_on": day.isoformat()}
    closes = datetime.combine(day, agreement.people.office_hours.closes, zone).astimezone(UTC)
    return {"at": min(closes if at.time() == datetime.min.time() else at, now).isoformat()}


def _plain(value: Any) -> str:
    """A cell as text, without the quote that keeps a spreadsheet from running it."""
    if value is None or value != value:
        return ""
    text = value.isoformat() if isinstance(value, datetime | date) else str(value)
    return text.strip().removeprefix("'")


def _known(home: Home, message_ids: Sequence[str]) -> set[str]:
    events = tables.events.c
    with reading(home) as connection:
        is_one = (events.source == "feedback") & events.message_id.in_(message_ids)
        return set(connection.scalars(select(events.message_id).where(is_one)))
