"""A file of customers says of accounts and of known leads that they are customers, and makes nobody a lead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest
from home_of_two_leads import empty_home

from features.agreement.agreement import Agreement
from features.agreement.versions import AgreementVersion, save_version
from features.derived import derived_rows
from features.events.event import event
from features.events.event_table import read_events
from features.home.settings import Home
from features.imports.columns import ColumnError
from features.imports.customers import Customers
from features.ledger.ledger import Ledger
from serving.intake.file_import import ingest, ingest_customers

NOW = datetime(2026, 6, 1, tzinfo=UTC)
CAME = datetime(2026, 3, 1, tzinfo=UTC)
LEADS = {"lead": {"L-1": ("L-1", CAME)}, "email": {"ann@gmail.com": ("L-2", CAME)}}
EVENTS = [
    {"type": "identify", "userId": "L-1", "traits": {"email": "bob@firm.example"}},
    {"type": "identify", "userId": "L-2", "traits": {"email": "ann@gmail.com"}},
    {"type": "group", "userId": "L-3", "groupId": "acc-9"},
    {"type": "identify", "userId": "L-4", "traits": {"email": "eve@other.example"}},
]


def known(kind: str, names: Iterable[str]) -> Mapping[str, tuple[str, datetime]]:
    return {name: LEADS[kind][name] for name in names if name in LEADS[kind]}


def reading(folder: Path, **columns: list[str]) -> Customers:
    path = folder / "customers.csv"
    pd.DataFrame(columns).to_csv(path, index=False)
    return Customers(path, Agreement.default(), NOW, known)


def said(customers: Customers) -> list[tuple[str, str, datetime]]:
    """(call, account or lead, when) of each event."""
    events = list(customers.events())
    assert all(raw["traits"] == {"customer": True} for raw in events)
    assert all(event(raw, source="customers", received_at=NOW).flags == () for raw in events)
    return [(raw["type"], raw.get("groupId") or raw["userId"], raw["timestamp"]) for raw in events]


def test_a_domain_a_website_and_an_account_id_name_accounts(tmp_path: Path) -> None:
    assert said(reading(tmp_path, Domain=["Firm.example"])) == [("group", "firm.example", NOW)]
    assert said(reading(tmp_path, Website=["https://www.firm.example/about"])) == [("group", "firm.example", NOW)]
    assert said(reading(tmp_path, **{"Account ID": ["acc-9"]})) == [("group", "acc-9", NOW)]


def test_an_address_and_a_lead_id_name_leads_that_are_known(tmp_path: Path) -> None:
    assert said(reading(tmp_path, Email=[" Ann@Gmail.com "])) == [("identify", "L-2", NOW)]
    customers = reading(tmp_path, **{"Lead ID": ["L-1", "L-77"]})
    assert said(customers) == [("identify", "L-1", NOW)]
    assert (
        "customers.csv: 1 lead ids and e-mail addresses belong to no lead here; give the file again once they do"
        in (customers.sentences)
    )


def test_free_mail_and_our_own_domain_are_no_account(tmp_path: Path) -> None:
    customers = reading(tmp_path, Domain=["gmail.com", "ourcompany.example", "no domain"])
    assert said(customers) == []
    assert "customers.csv: 3 domains are free mail, our own or none, and name no account" in customers.sentences


def test_a_date_says_since_when_but_a_lead_is_none_before_it_came(tmp_path: Path) -> None:
    since = ["2024-05-01 10:00"]
    [(_, _, at)] = said(reading(tmp_path, **{"Domain": ["firm.example"], "Customer Since": since}))
    assert at == datetime(2024, 5, 1, 10, tzinfo=UTC)
    [(_, _, at)] = said(reading(tmp_path, **{"Lead ID": ["L-1"], "Customer Since": since}))
    assert at == CAME


def test_a_file_that_names_nobody_says_what_to_title(tmp_path: Path) -> None:
    with pytest.raises(ColumnError, match="has no column that names customers; title one e-mail, domain or website"):
        list(reading(tmp_path, Name=["Firm"]).events())


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "events.jsonl").write_bytes(
        b"\n".join(orjson.dumps(raw | {"timestamp": CAME, "receivedAt": CAME}) for raw in EVENTS)
    )
    made = empty_home(tmp_path)
    ingest(made, [tmp_path / "events.jsonl"], agreed(made), NOW)
    return made


def agreed(home: Home) -> AgreementVersion:
    return save_version(home, Agreement.default(), NOW)


def customers_of(home: Home) -> dict[str, Any]:
    """Whether each lead is known to be a customer."""
    agreement = Agreement.default()
    traits = derived_rows(read_events(Ledger(home).chunks(), agreement), agreement).traits.drop_duplicates(
        "lead_id", keep="last"
    )
    return {lead: value is True for lead, value in zip(traits["lead_id"], traits["customer"], strict=True)}


def test_leads_of_a_customer_are_customers_and_nobody_else_is(tmp_path: Path, home: Home) -> None:
    rows = {"Domain": ["firm.example", "", ""], "Account ID": ["", "acc-9", ""], "Email": ["", "", "ann@gmail.com"]}
    pd.DataFrame(rows).to_csv(tmp_path / "customers.csv", index=False)
    [done] = ingest_customers(home, [tmp_path / "customers.csv"], agreed(home), NOW)
    assert done.appended.accepted == 3
    assert customers_of(home) == {"L-1": True, "L-2": True, "L-3": True, "L-4": False}


def test_twice_adds_nothing_and_a_shorter_file_takes_nothing_back(tmp_path: Path, home: Home) -> None:
    pd.DataFrame({"Domain": ["firm.example", "other.example"]}).to_csv(tmp_path / "customers.csv", index=False)
    pd.DataFrame({"Domain": ["firm.example"]}).to_csv(tmp_path / "fewer.csv", index=False)
    counts = []
    for name in ("customers.csv", "customers.csv", "fewer.csv"):
        [done] = ingest_customers(home, [tmp_path / name], agreed(home), NOW)
        counts.append((done.appended.accepted, done.appended.duplicates))
        assert "who is no longer in the file stays one" in done.sentences[0]
    assert counts == [(2, 0), (0, 2), (0, 1)]
    assert customers_of(home)["L-4"]


def test_a_colleague_who_comes_later_is_a_customers_lead_too(tmp_path: Path, home: Home) -> None:
    pd.DataFrame({"Domain": ["firm.example"]}).to_csv(tmp_path / "customers.csv", index=False)
    ingest_customers(home, [tmp_path / "customers.csv"], agreed(home), NOW)
    late = {"type": "identify", "userId": "L-5", "traits": {"email": "joe@firm.example"}, "timestamp": NOW}
    (tmp_path / "late.jsonl").write_bytes(orjson.dumps(late))
    ingest(home, [tmp_path / "late.jsonl"], agreed(home), NOW)
    assert customers_of(home)["L-5"]
