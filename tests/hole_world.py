"""Ten leads of one month, by hand, as Salesforce, HubSpot and a plain table would export them with their history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pandas as pd


def june(day: int, hour: int = 9, minute: int = 0) -> datetime:
    return datetime(2025, 6, day, hour, minute, tzinfo=UTC)


@dataclass(frozen=True)
class HandMadeLead:
    """One lead. ends: how sales ended it and when; reopened: when sales took it up again; `why` is the last reason."""

    came: datetime
    source: str
    campaign: str
    owner: str
    tries: tuple[datetime, ...] = ()
    rejected: datetime | None = None
    given_up: datetime | None = None
    why: str = ""
    reopened: datetime | None = None
    won: datetime | None = None

    @property
    def ended(self) -> datetime | None:
        return self.rejected or self.given_up

    def statuses(self, names: dict[str, str]) -> list[tuple[datetime, str]]:
        """Every status with the moment from which it held, by the names that the CRM has for each."""
        moments = [(self.came, "new")]
        moments += [(self.tries[0], "working")] if self.tries else []
        moments += [(self.rejected, "rejected")] if self.rejected else []
        moments += [(self.given_up, "given up")] if self.given_up else []
        moments += [(self.reopened, "working")] if self.reopened else []
        moments += [(self.won, "won")] if self.won else []
        return [(at, names[what]) for at, what in moments]


LEADS = (
    HandMadeLead(june(2), "Web", "spring", "Ann", (june(2, 9, 20),), won=june(10)),
    HandMadeLead(june(2), "Web", "spring", "Ann", (june(2, 15), june(3, 10), june(4, 10)), given_up=june(10), why="No response"),  # noqa: E501
    HandMadeLead(june(3), "Web", "", "Bob"),
    HandMadeLead(june(3), "Fair", "spring", "Bob", (june(5),), rejected=june(6), why="Bad data"),
    HandMadeLead(june(4), "Fair", "", "Bob"),
    HandMadeLead(june(5), "Fair", "spring", "Ann", (june(5, 10), june(6, 10), june(20)), given_up=june(12), why="Bad timing", reopened=june(20), won=june(25)),  # noqa: E501
    HandMadeLead(june(6), "Web", "", "Ann", (june(7),), rejected=june(8), why="Not a fit", reopened=june(15), won=june(22)),  # noqa: E501
    HandMadeLead(june(7), "Web", "spring", "Bob", rejected=june(9), why="Duplicate"),
    HandMadeLead(june(30, 12), "Fair", "", "Ann"),
    HandMadeLead(june(10), "", "", "Bob", (june(10, 9, 30),)),
)  # fmt: skip
_SALESFORCE = {
    "new": "Open - Not Contacted", "working": "Working - Contacted", "rejected": "Unqualified",
    "given up": "Closed - Not Converted", "won": "Closed - Converted",
}  # fmt: skip
_HUBSPOT = {
    "new": "NEW",
    "working": "IN_PROGRESS",
    "rejected": "UNQUALIFIED",
    "given up": "BAD_TIMING",
    "won": "CONNECTED",
}
_PLAIN = {"new": "New", "working": "Working", "rejected": "Disqualified", "given up": "Given up", "won": "Won"}


def salesforce_id(number: int) -> str:
    return f"00Q5g0000{number:06d}AAA"


def salesforce(folder: Path, leads: Sequence[HandMadeLead] = LEADS) -> list[Path]:
    """Lead.csv and LeadHistory.csv; the history has each status, and a counter of calls as many companies keep one."""
    rows, changes = [], []
    for number, lead in enumerate(leads, start=1):
        states = lead.statuses(_SALESFORCE)
        rows.append({
            "Id": salesforce_id(number), "CreatedDate": _z(lead.came), "Status": states[-1][1],
            "LeadSource": lead.source, "Campaign__c": lead.campaign, "OwnerId": lead.owner, "Company": "Firm",
            "Unqualified_Reason__c": lead.why, "IsConverted": str(lead.won is not None).lower(),
            "ConvertedDate": f"{lead.won:%Y-%m-%d}" if lead.won else "",
        })  # fmt: skip
        values = [(at, "Status", old, new) for (_, old), (at, new) in pairwise(states)]
        values += [(at, "Call_Attempts__c", str(n), str(n + 1)) for n, at in enumerate(lead.tries)]
        values += [(lead.won, "leadConverted", "", "")] if lead.won else []
        changes += [
            {"LeadId": salesforce_id(number), "Field": name, "OldValue": old, "NewValue": new, "CreatedDate": _z(at)}
            for at, name, old, new in values
        ]
    changes.sort(key=lambda change: change["CreatedDate"], reverse=True)
    return [_csv(folder / "Lead.csv", rows), _csv(folder / "LeadHistory.csv", changes)]


def hubspot(folder: Path, leads: Sequence[HandMadeLead] = LEADS) -> list[Path]:
    """contacts.csv and history.jsonl, with one contact more that never was marketing qualified."""
    rows, records = [], []
    for number, lead in enumerate(leads, start=501):
        states = lead.statuses(_HUBSPOT)
        rows.append({
            "Record ID": number, "Create Date": f"{lead.came:%Y-%m-%d %H:%M}", "Lead Status": states[-1][1],
            "Lifecycle Stage": "customer" if lead.won else "marketingqualifiedlead", "Original Source": lead.source,
            "Last Touch Converting Campaign": lead.campaign, "Contact owner": lead.owner,
            "Unqualified reason": lead.why,
            "Became a Marketing Qualified Lead Date": f"{lead.came:%Y-%m-%d %H:%M}",
            "Became a Customer Date": f"{lead.won:%Y-%m-%d %H:%M}" if lead.won else "",
        })  # fmt: skip
        stages = [(lead.came, "marketingqualifiedlead"), *([(lead.won, "customer")] if lead.won else [])]
        contacts = [(at, _z(at)) for at in lead.tries]
        history = {"hs_lead_status": states, "lifecyclestage": stages, "notes_last_contacted": contacts}
        records.append({
            "id": str(number), "properties": {"hs_object_id": str(number), "createdate": _z(lead.came)},
            "propertiesWithHistory": {
                name: [{"value": value, "timestamp": _z(at)} for at, value in reversed(values)]
                for name, values in history.items()
            },
        })  # fmt: skip
    rows.append({"Record ID": 499, "Create Date": "2025-06-01 09:00", "Lifecycle Stage": "subscriber"})
    (folder / "history.jsonl").write_bytes(b"\n".join(map(orjson.dumps, records)))
    return [_csv(folder / "contacts.csv", rows), folder / "history.jsonl"]


def plain(folder: Path, leads: Sequence[HandMadeLead] = LEADS, form: str = "%Y-%m-%d %H:%M") -> Path:
    """leads.csv as a company keeps one by itself: each date once, and how often it was called."""
    rows = [
        {
            "Lead ID": f"L-{number}", "Created": f"{lead.came:{form}}",
            "First contact": f"{lead.tries[0]:{form}}" if lead.tries else "", "Call attempts": len(lead.tries),
            "Status": lead.statuses(_PLAIN)[-1][1], "Lost reason": lead.why,
            "Lost on": f"{lead.ended:{form}}" if lead.ended else "", "Won on": f"{lead.won:{form}}" if lead.won else "",
            "Source": lead.source, "Campaign": lead.campaign, "Owner": lead.owner,
        }
        for number, lead in enumerate(leads, start=1)
    ]  # fmt: skip
    return _csv(folder / "leads.csv", rows)


def _z(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.000Z"


def _csv(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    pd.DataFrame(rows).to_csv(path, index=False)
    return path
