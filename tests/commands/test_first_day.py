"""A first day: three kinds of history into one home, and then what happens to leads, by the commands people type."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest
from vendor_exports import (
    EXPORTED,
    Person,
    hubspot,
    hubspot_id,
    people,
    salesforce,
    salesforce_id,
    user_id,
    warehouse,
)

import leadlight
from commands.app import run
from features.agreement.agreement import Agreement
from features.agreement.versions import save_version
from features.arrays import NOT_YET
from features.derived import DerivedRows, derived_rows, leads_of
from features.events.event_table import read_events
from features.home.clock import microseconds
from features.home.settings import Home
from features.ledger.ledger import Ledger
from serving.intake.file_import import ingest

AGREED = """
name = "first-day"
[outcome]
event = "Lead Converted"
within_days = 60
[behaviours]
pricing_page = { event = "page", where = { path = "/pricing*" }, label = "pricing pages" }
webinar = { event = "Webinar Attended", minutes = "minutes_attended", label = "webinars" }
[traits]
industry = { kind = "category", known = "at_creation" }
employees = { kind = "number", known = "at_creation" }
source = { kind = "category", known = "at_creation" }
[excluded]
lead_status = "known only after contact"
[rules]
no_profiling = { profiling_opt_out = true }
with_sales = { open_opportunity = true }
"""
LEADS = people(24)
Typed = Callable[..., Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = tmp_path_factory.mktemp("first day")
    with pytest.MonkeyPatch.context() as here:
        here.chdir(made)
        here.setenv("LEADLIGHT_HOME", str(made / "home"))
        yield made


@pytest.fixture(scope="module")
def files(folder: Path) -> list[Path]:
    return [path for make in (salesforce, hubspot, warehouse) for path in make(folder, LEADS)]


@pytest.fixture
def typed(folder: Path, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Type a command; its JSON document, once it succeeded."""

    def command(*words: object) -> Any:
        capsys.readouterr()
        status = run([*map(str, words), "--json"])
        said = capsys.readouterr()
        assert status == 0, said.err
        return orjson.loads(said.out)

    return command


@pytest.fixture(scope="module")
def loaded(folder: Path, files: list[Path]) -> dict[str, dict[str, int]]:
    """What the first import said of each file."""
    home = Home.open()
    now = datetime.now(UTC)
    done = ingest(home, files, save_version(home, Agreement.parse(AGREED), now), now)
    return {file.file: file.appended.__dict__ for file in done}


def known(home: Home | None = None) -> tuple[DerivedRows, pd.DataFrame]:
    """What the ledger says of everybody: derived rows, and each lead's way."""
    agreement = Agreement.parse(AGREED)
    read = read_events(Ledger(home or Home.open()).chunks(), agreement)
    rows = derived_rows(read, agreement)
    return rows, leads_of(read, rows, agreement).set_index("lead_id")


def lead_of(rows: DerivedRows, name: str) -> str:
    return rows.identities.identifiers["user", name]


def names(person: Person) -> list[str]:
    return [user_id(person.number), salesforce_id(person.number), hubspot_id(person.number)]


def test_every_file_loads_and_nothing_is_refused(loaded: dict[str, dict[str, int]]) -> None:
    assert set(loaded) == {
        "leads.csv", "LeadHistory.csv", "contacts.csv", "history.jsonl", "tracks.csv", "pages.parquet",
        "identifies.csv", "groups.csv", "webinar_attended.csv",
    }  # fmt: skip
    assert not any(counts["refused"] for counts in loaded.values())
    assert all(counts["accepted"] for name, counts in loaded.items() if name != "tracks.csv")


def test_the_three_names_of_a_person_are_one_lead(loaded: Any) -> None:
    rows, _ = known()
    assert len(rows.identities.lead_ids) == len(LEADS)
    for person in LEADS:
        assert len({lead_of(rows, name) for name in names(person)}) == 1
        assert rows.identities.identifiers["salesforce", salesforce_id(person.number)] == lead_of(
            rows, names(person)[0]
        )


def test_a_moment_sees_what_was_known_then_and_never_what_came_later(loaded: Any) -> None:
    rows, _ = known()
    asked = [
        (lead_of(rows, user_id(person.number)), moment, person)
        for person in LEADS
        for change, _ in person.industry
        for moment in (change + timedelta(minutes=1), change + timedelta(days=20))
    ]
    looked_at = pd.DataFrame({"lead_id": [a[0] for a in asked], "as_of": [a[1] for a in asked]})
    features = leadlight.open().features(looked_at)
    assert features["industry"].tolist() == [person.industry_at(moment) for _, moment, person in asked]
    assert features["employees"].tolist() == [person.employees for _, _, person in asked]
    assert features["source"].notna().all()


def test_visits_count_from_when_they_were_tied_to_the_lead(loaded: Any) -> None:
    rows, _ = known()
    came = [(lead_of(rows, user_id(p.number)), p.came_at + timedelta(hours=1), p) for p in LEADS]
    looked_at = pd.DataFrame({"lead_id": [lead for lead, _, _ in came], "as_of": [moment for _, moment, _ in came]})
    features = leadlight.open().features(looked_at)
    assert set(features["pricing_page_count_total"]) == {1.0}  # the one as a visitor, known once it had a name
    late = leadlight.open().features(looked_at.assign(as_of=EXPORTED))
    assert set(late["pricing_page_count_total"]) == {3.0}
    assert late["webinar_count_total"].tolist() == [float(p.webinar_at is not None) for _, _, p in came]


def test_conversions_count_from_their_own_date(loaded: Any) -> None:
    rows, leads = known()
    for person in LEADS:
        way = leads.loc[lead_of(rows, user_id(person.number))]
        won_us = microseconds(person.won_at) if person.won_at else NOT_YET
        assert way["converted_us"] == way["converted_known_us"] == won_us
    labelled = leadlight.open().snapshots(EXPORTED)
    moments = {lead_of(rows, user_id(p.number)): p.won_at for p in LEADS}
    for lead, at_us, outcome in zip(labelled["lead_id"], labelled["snapshot_us"], labelled["outcome"], strict=True):
        won = moments[lead]
        in_time = won is not None and at_us < microseconds(won) <= at_us + microseconds_of(days=60)
        assert outcome == in_time


def microseconds_of(days: int) -> int:
    return timedelta(days=days) // timedelta(microseconds=1)


def test_a_second_import_adds_nothing(loaded: Any, files: list[Path], typed: Typed) -> None:
    before = Ledger(Home.open()).count()
    again = typed("ingest", *files[::-1])["files"]
    assert all(file["accepted"] == file["refused"] == 0 for file in again)
    assert Ledger(Home.open()).count() == before


def ingested(folder: Path, typed: Typed, *events: dict[str, Any]) -> None:
    path = folder / "news.jsonl"
    path.write_bytes(b"\n".join(map(orjson.dumps, events)))
    assert sum(file["accepted"] for file in typed("ingest", path)["files"]) == len(events)


def test_a_merge_makes_two_leads_one_and_its_undoing_two_again(loaded: Any, typed: Typed) -> None:
    one, other = (person for person in LEADS if person.number in (2, 5))
    done = typed("merge", one.email, other.email)
    rows, _ = known()
    assert {lead_of(rows, name) for person in (one, other) for name in names(person)} == {done["lead_id"]}
    features = leadlight.open().features(pd.DataFrame({"lead_id": [done["lead_id"]], "as_of": [datetime.now(UTC)]}))
    assert features["pricing_page_count_total"].item() == len(one.visits) + len(other.visits)
    typed("merge", "--undo", done["merge_id"])
    rows, _ = known()
    assert lead_of(rows, user_id(2)) != lead_of(rows, user_id(5))
    assert lead_of(rows, salesforce_id(5)) == lead_of(rows, user_id(5))


def test_a_conversion_closes_the_lead_and_its_contact_is_its_name(loaded: Any, folder: Path, typed: Typed) -> None:
    person = next(person for person in LEADS if person.won_at is None)
    contact = "0035g00000NEWAAAAZ"
    at = datetime.now(UTC) - timedelta(minutes=5)
    properties = {"crm": "salesforce", "crm_lead_id": salesforce_id(person.number), "contact_id": contact}
    converted = {
        "type": "track",
        "event": "Lead Converted",
        "userId": salesforce_id(person.number),
        "properties": properties,
    }
    ingested(folder, typed, converted | {"messageId": "won-now", "timestamp": at, "receivedAt": at})
    rows, leads = known()
    lead = lead_of(rows, user_id(person.number))
    assert leads.loc[lead, "converted_us"] == microseconds(at)
    assert rows.identities.identifiers["salesforce", contact] == lead
    visit = {"type": "page", "userId": contact, "properties": {"path": "/pricing"}, "messageId": "after"}
    ingested(folder, typed, visit | {"timestamp": datetime.now(UTC), "receivedAt": datetime.now(UTC)})
    assert lead_of(known()[0], contact) == lead


def test_who_objects_is_neither_scored_nor_learned_from(loaded: Any, folder: Path, typed: Typed) -> None:
    person = LEADS[7]
    at = datetime.now(UTC)
    objected = {"type": "identify", "userId": user_id(person.number), "traits": {"profiling_opt_out": True}}
    ingested(folder, typed, objected | {"messageId": "objection", "timestamp": at, "receivedAt": at})
    rows, leads = known()
    lead = lead_of(rows, user_id(person.number))
    assert leads.loc[lead, "is_left_out"]
    assert lead not in set(leadlight.open().snapshots()["lead_id"])
    [score] = typed("score", "--lead", lead)["data"]
    assert (score["status"], score.get("probability")) == ("no_profiling", None)


def test_an_erased_lead_is_gone_and_its_files_do_not_bring_it_back(
    loaded: Any, files: list[Path], typed: Typed
) -> None:
    person = LEADS[11]
    before = known()[0]
    lead = lead_of(before, user_id(person.number))
    assert typed("erase", person.email)["events"] > 5
    again = typed("ingest", *files)["files"]
    assert sum(file["accepted"] for file in again) == 0
    rows, _ = known()
    assert len(rows.identities.lead_ids) == len(before.identities.lead_ids) - 1
    assert lead not in rows.identities.lead_ids
    assert not {("email", person.email), ("user", user_id(person.number))} & rows.identities.identifiers.keys()
    held = [row.body for chunk in Ledger(Home.open()).chunks() for row in chunk]
    assert not any(person.email in body for body in held)
    assert person.email not in "".join(path.read_text(errors="ignore") for path in Home.open().path.rglob("*.json"))
