"""Salesforce's activities as tries: an export of Task, of which each call or mail that was made is one try."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from features.imports.cells import CellReader
from features.imports.columns import MISSING_MARKERS, cell_texts
from features.imports.crm import normal_title
from features.imports.salesforce import full_id
from training.hole.lead_rows import has_times
from training.hole.sales_history import RecordedWork

_DATES = ("completeddatetime", "createddate", "activitydate", "date")  # the later ones know the day alone, or less well
_DONE = frozenset(("completed", "closed", "done"))
_NO_TRY = re.compile(r"list ?e?mail|mass|marketing|newsletter|\bto ?do\b", re.I)  # of a kind of task
_LEAD = "00Q"  # so the ids of leads begin; a contact's activities are no tries of a lead


def is_activity_table(titles: Sequence[str]) -> bool:
    """Whether a table is an export of Task: each row says who was meant, and when."""
    plain = {normal_title(title) for title in titles}
    return "whoid" in plain and bool(plain & {*_DATES}) and "isconverted" not in plain


def add_activities(work: RecordedWork, rows: pd.DataFrame, reader: CellReader) -> None:
    """Add the tries that a table of activities has to what the history knows. Raises DatesError."""
    titles = {normal_title(str(title)): str(title) for title in rows.columns}
    date = titles[next(name for name in _DATES if name in titles)]
    texts = cell_texts(rows[date], MISSING_MARKERS)
    reader.observe(date, texts)
    leads = [full_id(text or "") for text in cell_texts(rows[titles["whoid"]])]
    moments = reader.moments(date, texts, day_ends=False)
    tried = [
        (lead, at)
        for lead, at, is_try in zip(leads, moments, _are_tries(rows, titles), strict=True)
        if is_try and at and lead.startswith(_LEAD)
    ]
    work.add_tries(sorted(tried, key=lambda one: one[1]), date, has_hours=has_times(texts, date, reader.file))


def _are_tries(rows: pd.DataFrame, titles: dict[str, str]) -> list[bool]:
    """Whether each row was done, and was neither a mail to a whole list nor a reminder."""
    kinds = [titles[name] for name in ("tasksubtype", "type", "subject") if name in titles]
    tries = [True] * len(rows)
    if "status" in titles:
        tries = [(status or "").casefold() in _DONE for status in cell_texts(rows[titles["status"]])]
    for title in kinds:
        tries = [
            is_one and not _NO_TRY.search(kind or "")
            for is_one, kind in zip(tries, cell_texts(rows[title]), strict=True)
        ]
    return tries
