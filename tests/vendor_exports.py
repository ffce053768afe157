"""The past of some leads, as Segment's warehouse, Salesforce and HubSpot would write it, with its truth beside it.

Columns as the vendors document them: Segment's and RudderStack's warehouse schemas, Salesforce's Lead and LeadHistory,
HubSpot's export of contacts and the `propertiesWithHistory` of its API.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd

START = datetime(2025, 3, 3, 9, tzinfo=UTC)
EXPORTED = datetime(2025, 9, 1, 12, tzinfo=UTC)
INDUSTRIES = ("Banking", "Retail", "Software", "Mining")
STAGES = ("New", "Working", "Qualified")
Row = dict[str, Any]


@dataclass(frozen=True)
class Person:
    """What became of one lead: every value of its industry and its status with the moment from which it held."""

    number: int
    came_at: datetime
    title: str
    employees: int
    source: str
    industry: tuple[tuple[datetime, str], ...]
    status: tuple[tuple[datetime, str], ...]
    visits: tuple[datetime, ...]  # of the pricing page, the first while it was still nobody
    webinar_at: datetime | None
    won_at: datetime | None

    @property
    def email(self) -> str:
        return f"person{self.number}@firm{self.number % 7}.example"

    @property
    def firm(self) -> str:
        return f"firm{self.number % 7}"

    def industry_at(self, moment: datetime) -> str | None:
        """What was known just before a moment."""
        return next((value for since, value in reversed(self.industry) if since < moment), None)


def people(count: int = 30, seed: int = 5) -> list[Person]:
    """A third changes industry, a third is won, half came to a webinar."""
    draws = np.random.default_rng(seed)
    return [_person(number, draws) for number in range(count)]


def _person(number: int, draws: np.random.Generator) -> Person:
    came_at = START + timedelta(days=int(draws.integers(0, 60)), seconds=int(draws.integers(0, 30_000)))
    later = sorted(came_at + timedelta(days=float(days)) for days in draws.uniform(2, 60, 6))
    first, second = draws.choice(INDUSTRIES, 2, replace=False).tolist()
    later = [moment.replace(microsecond=0) for moment in later]
    return Person(
        number,
        came_at,
        str(draws.choice(["VP Sales", "Buyer", "Head of IT"])),
        int(draws.choice([12, 80, 1500])),
        str(draws.choice(["Web", "Trade Show"])),
        ((came_at, first), *(((later[1], second),) if number % 3 == 0 else ())),
        ((came_at, STAGES[0]), (later[0], STAGES[1]), *(((later[4], STAGES[2]),) if number % 3 == 1 else ())),
        (came_at - timedelta(hours=1), later[2], later[3]),
        later[3] if number % 2 else None,
        later[5] if number % 3 == 1 else None,
    )


def salesforce_id(number: int, kind: str = "00Q") -> str:
    """18 characters, of which reports show the first 15."""
    return f"{kind}5g0000{number:06d}AAA"


def salesforce(folder: Path, leads: Sequence[Person]) -> list[Path]:
    """leads.csv and LeadHistory.csv, as the data loader writes them."""
    history = [row for person in leads for row in _lead_history(person)]
    return [
        _csv(folder / "leads.csv", [_lead(person) for person in leads]),
        # Newest first, as SOQL's usual order: nothing may rest on it.
        _csv(folder / "LeadHistory.csv", sorted(history, key=lambda row: row["CreatedDate"], reverse=True)),
    ]


def _lead(person: Person) -> Row:
    won = person.won_at is not None
    return {
        "Id": salesforce_id(person.number), "IsDeleted": "false", "MasterRecordId": "", "LastName": "Doe",
        "FirstName": "Ann", "Title": person.title, "Company": person.firm, "Country": "France", "Email": person.email,
        "LeadSource": person.source, "Status": person.status[-1][1], "Industry": person.industry[-1][1],
        "Rating": "Hot" if won else "", "NumberOfEmployees": str(person.employees), "OwnerId": "0055g000001",
        "HasOptedOutOfEmail": "false", "IsConverted": str(won).lower(),
        "ConvertedDate": f"{person.won_at:%Y-%m-%d}" if person.won_at else "",
        "ConvertedContactId": salesforce_id(person.number, "003") if won else "",
        "CreatedDate": _z(person.came_at), "LastModifiedDate": _z(EXPORTED - timedelta(days=1)),
    }  # fmt: skip


def _lead_history(person: Person) -> list[Row]:
    rows = [_changed(person, person.came_at, "created", "", "")]
    for field, values in (("Industry", person.industry), ("Status", person.status)):
        for (_, old), (at, new) in pairwise(values):
            rows.append(_changed(person, at, field, old, new))
    # A change of owner is two rows, names and ids; a long text says only that it changed.
    rows.append(_changed(person, person.status[1][0], "Owner", "Queue", "Bob"))
    rows.append(_changed(person, person.status[1][0], "Description", "", ""))
    if person.won_at:
        rows.append(_changed(person, person.won_at, "leadConverted", "", ""))
    return rows


def _changed(person: Person, at: datetime, field: str, old: str, new: str) -> Row:
    return {
        "Id": f"017{person.number:04d}{field[:3]}{at:%m%d%H%M%S}", "IsDeleted": "false",
        "LeadId": salesforce_id(person.number), "CreatedById": "0055g000001",
        "CreatedDate": _z(at), "Field": field, "DataType": "Text", "OldValue": old, "NewValue": new,
    }  # fmt: skip


def hubspot_id(number: int) -> str:
    return str(51_000 + number)


def hubspot(folder: Path, leads: Sequence[Person]) -> list[Path]:
    """contacts.csv as the page exports it, and history.jsonl as the API answers."""
    with_history = [_with_history(person) for person in leads]
    return [
        _csv(folder / "contacts.csv", [_contact(person) for person in leads]),
        _jsonl(folder / "history.jsonl", with_history),
    ]


def _contact(person: Person) -> Row:
    return {
        "Record ID": hubspot_id(person.number), "First Name": "Ann", "Last Name": "Doe", "Email": person.email,
        "Lifecycle Stage": "Customer" if person.won_at else "Lead",
        "Lead Status": person.status[-1][1], "Create Date": f"{person.came_at:%Y-%m-%d %H:%M}",
        "Job Title": person.title, "Industry": person.industry[-1][1], "Number of Employees": str(person.employees),
        "Country/Region": "France", "Original Source": person.source, "Contact owner": "Bob",
        "Became a Customer Date": f"{person.won_at:%Y-%m-%d %H:%M}" if person.won_at else "",
        "Last Activity Date": "2025-08-30 10:00",
    }  # fmt: skip


def _with_history(person: Person) -> Row:
    stages = [(person.came_at, "lead"), *(((person.won_at, "customer"),) if person.won_at else ())]
    # The API writes a category by its internal name, and the newest value first.
    history = {
        "industry": [(at, value.upper()) for at, value in person.industry],
        "hs_lead_status": list(person.status),
        "lifecyclestage": stages,
    }
    return {
        "id": hubspot_id(person.number),
        "properties": {"hs_object_id": hubspot_id(person.number), "createdate": _z(person.came_at)},
        "propertiesWithHistory": {
            name: [
                {"value": value, "timestamp": _z(at), "sourceType": "CRM_UI", "sourceId": "userId:7"}
                for at, value in reversed(values)
            ]
            for name, values in history.items()
        },
        "createdAt": _z(person.came_at),
        "updatedAt": _z(EXPORTED),
        "archived": False,
    }


def user_id(number: int) -> str:
    return f"u_{number}"


def warehouse(folder: Path, leads: Sequence[Person]) -> list[Path]:
    """One table a kind of call: `tracks` holds every track without its properties, webinar_attended and form_submitted
    hold theirs. Parquet for the largest, as warehouses unload."""
    views = [_view(person, place, at) for person in leads for place, at in enumerate(person.visits)]
    webinars = [_webinar(person) for person in leads if person.webinar_at]
    bare = [{key: row[key] for key in row if key not in ("minutes_attended", "webinar_id")} for row in webinars]
    pages = folder / "pages.parquet"
    times = ("timestamp", "received_at", "sent_at", "original_timestamp")
    pd.DataFrame(views).assign(**{t: pd.to_datetime([row[t] for row in views]) for t in times}).to_parquet(pages)
    return [
        _csv(folder / "tracks.csv", bare),
        pages,
        _csv(folder / "identifies.csv", [_identify(person) for person in leads]),
        _csv(folder / "groups.csv", [_group(person) for person in leads]),
        _csv(folder / "webinar_attended.csv", webinars),
    ]


def _call(person: Person, name: str, at: datetime, who: Row) -> Row:
    return {
        "id": f"{name}-{person.number}-{at:%m%d%H%M%S}", "anonymous_id": None, "user_id": None, **who,
        "context_ip": "192.0.2.7", "context_user_agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/131.0",
        "context_library_name": "analytics.js", "timestamp": _sql(at), "original_timestamp": _sql(at),
        "sent_at": _sql(at), "received_at": _sql(at + timedelta(seconds=2)), "uuid_ts": _sql(EXPORTED),
    }  # fmt: skip


def _view(person: Person, place: int, at: datetime) -> Row:
    visitor = {"anonymous_id": f"anon-{person.number}"}
    called = _call(person, "page", at, visitor | ({} if place == 0 else {"user_id": user_id(person.number)}))
    campaign = {"context_campaign_source": "search" if place == 0 else None, "context_campaign_name": None}
    return called | campaign | {"path": "/pricing", "url": "https://us.example/pricing", "title": "Pricing"}


def _identify(person: Person) -> Row:
    who = {"user_id": user_id(person.number), "anonymous_id": f"anon-{person.number}"}
    traits = {"email": person.email, "job_title": person.title, "industry": person.industry[0][1]}
    return _call(person, "identify", person.came_at, who) | traits | {"employees": person.employees}


def _group(person: Person) -> Row:
    at = person.came_at + timedelta(minutes=1)
    who = {"user_id": user_id(person.number), "group_id": person.firm}
    return _call(person, "group", at, who) | {"name": person.firm.title(), "context_group_id": person.firm}


def _webinar(person: Person) -> Row:
    assert person.webinar_at
    called = _call(person, "track", person.webinar_at, {"user_id": user_id(person.number)})
    told = {"event": "webinar_attended", "event_text": "Webinar Attended"}
    return called | told | {"minutes_attended": 41, "webinar_id": "w1"}


def _z(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.000Z"


def _sql(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def _csv(path: Path, rows: Sequence[Row]) -> Path:
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def _jsonl(path: Path, records: Sequence[Row]) -> Path:
    path.write_bytes(b"\n".join(map(orjson.dumps, records)))
    return path
