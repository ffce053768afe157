"""The CRM of the simulated market as Salesforce would export it: one file of leads, one of how their fields changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from features.home.whole_files import whole_file

NEW, WORKING, CONVERTED = "Open - Not Contacted", "Working - Contacted", "Closed - Converted"
TOUCHES = frozenset(("Call Attempted", "Email Sent", "Meeting Held"))
# Where a reason of a reject leaves the lead with sales' word that it is none, and where only for now.
_PUT_OFF = frozenset(("too_early", "no_budget", "no_contact_wanted"))
_TOLD = ("Call Answered", "Lead Disqualified", "Lead Converted", *sorted(TOUCHES))
Row = dict[str, Any]


def write_crm_files(events: pd.DataFrame, directory: Path | str) -> list[Path]:
    """Write `crm_leads.csv` (a row per lead) and `crm_history.csv` (a row per change) from a market's events.

    Sales keeps a status and a count of its tries; what it does not write down, such as opens of mails, is in neither.
    """
    said = events[events["userId"].notna()]
    first = said[said["type"] == "identify"].sort_values("timestamp", kind="stable").drop_duplicates("userId")
    work = said[said["event"].isin(_TOLD)].drop_duplicates("messageId").sort_values("timestamp", kind="stable")
    by_lead: dict[str, list[tuple[str, pd.Timestamp, str]]] = {}
    columns = [work[name].tolist() for name in ("userId", "event", "timestamp", "properties")]
    for lead, event, at, properties in zip(*columns, strict=True):
        by_lead.setdefault(str(lead), []).append((str(event), at, str(properties)))
    leads, changes = [], []
    for lead, came_at, traits in zip(first["userId"], first["timestamp"], first["traits"], strict=True):
        record = _Record(str(lead), came_at, json.loads(traits))
        for event, at, properties in by_lead.get(str(lead), ()):
            record.learn(event, at, properties)
        leads.append(record.row())
        changes += record.changes
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    return [_written(folder / "crm_leads.csv", leads), _written(folder / "crm_history.csv", changes)]


class _Record:
    """One lead as the CRM has it, and how it came to that."""

    def __init__(self, lead: str, came_at: pd.Timestamp, traits: Row) -> None:
        self.id, self.came_at, self.traits = f"00Q5g0000{int(lead.rpartition('-')[2]):06d}AAA", came_at, traits
        self.status, self.tries, self.reason, self.owner = NEW, 0, "", "Queue"
        self.converted_at: pd.Timestamp | None = None
        self.changes: list[Row] = []

    def learn(self, event: str, at: pd.Timestamp, properties: str) -> None:
        """What sales enters once something has happened."""
        said = json.loads(properties)
        self.owner = str(said.get("by") or self.owner)
        if event in TOUCHES:
            self._change("Contact_Attempts__c", str(self.tries), str(self.tries + 1), at)
            self.tries += 1
        if event == "Lead Converted" and self.converted_at is None:
            self.converted_at = at
            self._change("leadConverted", "", "", at)
        for status in self._statuses(event, said):
            self._change("Status", self.status, status, at)
            self.status = status

    def _statuses(self, event: str, said: Row) -> Iterator[str]:
        """The status that an event leads to, where it is another one."""
        if event == "Lead Disqualified":
            self.reason = str(said.get("reason") or "").replace("_", " ")
            status = "Nurturing" if said.get("reason") in _PUT_OFF else "Unqualified"
        else:
            status = CONVERTED if self.converted_at is not None else WORKING
        if status != self.status:
            yield status

    def _change(self, name: str, old: str, new: str, at: pd.Timestamp) -> None:
        changed = {"LeadId": self.id, "CreatedDate": _z(at), "Field": name, "OldValue": old, "NewValue": new}
        self.changes.append(changed)

    def row(self) -> Row:
        """The lead as the CRM exports it."""
        return {
            "Id": self.id, "CreatedDate": _z(self.came_at), "Company": self.traits.get("company"),
            "LeadSource": self.traits.get("source"), "Campaign__c": self.traits.get("campaign"), "OwnerId": self.owner,
            "Status": self.status, "Disqualified_Reason__c": self.reason, "Contact_Attempts__c": self.tries,
            "IsConverted": str(self.converted_at is not None).lower(),
            "ConvertedDate": "" if self.converted_at is None else f"{self.converted_at:%Y-%m-%d}",
        }  # fmt: skip


def _z(at: pd.Timestamp) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}+0000"


def _written(path: Path, rows: list[Row]) -> Path:
    with whole_file(path) as beside:
        pd.DataFrame(rows).to_csv(beside, index=False)
    return path
