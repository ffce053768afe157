"""What a file holds, told by its columns: events, leads of a CRM, or a CRM's history of its leads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from features.crm import Crm
from features.delimited import FileError
from features.files import JSON_LINES, ROWS_AT_ONCE, is_event_file, tables_in, titles_in, warehouse_of
from features.hubspot import HUBSPOT, recorded_changes
from features.json_lines import records_in
from features.salesforce import SALESFORCE

CRMS = {crm.name: crm for crm in (SALESFORCE, HUBSPOT)}


@dataclass(frozen=True)
class Events:
    """A file of events. is_rollup: a warehouse's `tracks`, whose rows come again, with properties, in other tables."""

    path: Path
    is_rollup: bool = False


@dataclass(frozen=True)
class Leads:
    """A table of leads, and whose export it is where its columns tell."""

    path: Path
    crm: Crm | None = None


@dataclass(frozen=True)
class Changes:
    """A CRM's history of its leads. columns: which are lead, field, at, old and new; none for records of an API."""

    path: Path
    crm: Crm
    columns: Mapping[str, str]

    def chunks(self) -> Iterator[pd.DataFrame]:
        """The changes, some at a time: lead, field, at, new and perhaps old."""
        if not self.columns:
            return recorded_changes(self.path, ROWS_AT_ONCE)
        return (self._named(rows) for rows in tables_in(self.path))

    def _named(self, rows: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({part: rows[title] for part, title in self.columns.items()})


def contents(path: Path) -> list[Events | Leads | Changes]:
    """What a file holds: one thing, or leads and their history. Raises FileError for what is neither."""
    if is_event_file(path):
        table = warehouse_of(path)
        return [Events(path, table is not None and table.is_rollup)]
    titles = titles_in(path)
    if path.suffix.lower() in JSON_LINES:
        return _of_records(path, titles)
    if history := _history(titles, path):
        return [history]
    return [Leads(path, crm_of(titles))]


def crm_of(titles: Sequence[str]) -> Crm | None:
    """Whose export of leads has these columns, None where nobody's known here."""
    return next((crm for crm in CRMS.values() if crm.is_export(titles)), None)


def _of_records(path: Path, titles: Sequence[str]) -> list[Events | Leads | Changes]:
    held: list[Events | Leads | Changes] = [Leads(path, HUBSPOT)] if HUBSPOT.is_export(titles) else []
    if any(record.get("propertiesWithHistory") for record in records_in(path)):
        held.append(Changes(path, HUBSPOT, {}))
    if not held:
        remedy = "ask HubSpot's API for properties with their history, or for lifecyclestage and createdate"
        raise FileError(f"{path.name} holds records without a history or a lifecycle stage; {remedy}", code="no_leads")
    return held


def _history(titles: Sequence[str], path: Path) -> Changes | None:
    for crm in CRMS.values():
        found = crm.of_history(titles)
        if found.keys() == crm.history.keys():
            return Changes(path, crm, found)
        if {"field", "old", "new"} <= found.keys():
            lacks = " and ".join(crm.history[part][0] for part in crm.history if part not in found)
            problem = f"looks like a history of {crm.label} but names no {lacks}"
            raise FileError(f"{path.name} {problem}; export LeadHistory with all its columns", code="wrong_table")
    return None
