"""What a CRM recorded of its leads' past counts from when it was recorded, and no earlier and no later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest
from handmade_events import World
from vendor_exports import EXPORTED, hubspot, hubspot_id, people, salesforce, salesforce_id

from features.agreement.agreement import Agreement
from features.arrays import NOT_YET
from features.home.clock import microseconds
from features.imports.delimited import FileError
from features.imports.field_history import FieldHistory
from features.imports.files import HistoryFile, LeadFile, source_kinds
from features.imports.lead_export import CrmExport
from features.imports.salesforce import full_id

AGREED = Agreement.parse(
    """
name = "small"
[outcome]
event = "Lead Converted"
within_days = 90
[traits]
industry = { kind = "category", known = "at_creation" }
employees = { kind = "number", known = "at_creation" }
job_title = "text"
source = { kind = "category", known = "at_creation" }
budget = { kind = "number", column = "Budget__c" }
[excluded]
lead_status = "known only after contact"
"""
)
CREATED, EXPORT = "2025-03-01T09:00:00.000Z", datetime(2025, 6, 1, tzinfo=UTC)
LEAD = {
    "Id": "00Q5g00000AbCdEAAV", "Email": "ann@firm.example", "Status": "Qualified", "Industry": "Retail",
    "NumberOfEmployees": "80", "Title": "Buyer", "IsConverted": "false", "ConvertedDate": "", "ConvertedContactId": "",
    "CreatedDate": CREATED, "LastModifiedDate": "2025-05-20T11:00:00.000Z", "MasterRecordId": "", "Budget__c": "900",
}  # fmt: skip
CHANGE = {
    "Id": "0171", "LeadId": "00Q5g00000AbCdEAAV", "CreatedDate": "2025-04-01T10:00:00.000Z", "Field": "Industry",
    "DataType": "Text", "OldValue": "Banking", "NewValue": "Retail",
}  # fmt: skip
Rows = Sequence[dict[str, Any]]


def written(folder: Path, name: str, rows: Rows) -> Path:
    pd.DataFrame(rows).to_csv(folder / name, index=False)
    return folder / name


def lead_and_history(folder: Path, changes: Rows, **lead: str) -> list[Path]:
    return [written(folder, "leads.csv", [LEAD | lead]), written(folder, "LeadHistory.csv", changes)]


def told(files: Sequence[Path], agreement: Agreement = AGREED, at: datetime = EXPORT) -> list[dict[str, Any]]:
    """The events of some files, as an import into an empty home would append them."""
    held = [part for path in files for part in source_kinds(path)]
    changes = [part for part in held if isinstance(part, HistoryFile)]
    history = FieldHistory.of(changes, agreement, at) if changes else None
    exports = [(CrmExport.of(p.path, agreement, at, p.crm, history), p.path) for p in held if isinstance(p, LeadFile)]
    events = [event for export, path in exports for event in export.stream(path)]
    return events + (told_of(history, events) if history else [])


def told_of(history: FieldHistory, events: Rows) -> list[dict[str, Any]]:
    since: dict[str, datetime] = {}
    for event in events:
        since[event["userId"]] = min(event["timestamp"], since.get(event["userId"], event["timestamp"]))
    news = (event for part in history.files for chunk in part.chunks() for event in history.events(chunk, since))
    return [*history.initial_values(since), *news]


def day(month: int, number: int, hour: int = 0) -> int:
    return microseconds(datetime(2025, month, number, hour, tzinfo=UTC))


def world(events: Rows) -> World:
    once: dict[str, dict[str, Any]] = {}
    for event in events:  # as the ledger: the first of one id stays
        once.setdefault(event["messageId"], event)
    return World.of(
        [
            {**e, "timestamp": e["timestamp"].isoformat(), "receivedAt": e["receivedAt"].isoformat()}
            for e in once.values()
        ],
        AGREED,
    )


def industry(found: World, moment_us: int, lead: str = LEAD["Id"]) -> Any:
    return found.traits_at(lead, moment_us).get("industry")


def test_the_old_value_counts_from_creation_and_the_new_one_from_its_change(tmp_path: Path) -> None:
    found = world(told(lead_and_history(tmp_path, [CHANGE])))
    assert industry(found, day(3, 1, 8)) is None
    assert industry(found, microseconds(datetime(2025, 3, 1, 9, 0, 0, 1, tzinfo=UTC))) == "Banking"
    assert industry(found, day(4, 1, 10)) == "Banking"
    assert industry(found, day(4, 1, 11)) == "Retail"


def test_without_its_history_a_field_signed_for_the_beginning_is_as_exported(tmp_path: Path) -> None:
    found = world(told(lead_and_history(tmp_path, [CHANGE])[:1]))
    assert industry(found, day(3, 2)) == "Retail"


def test_a_field_nobody_signed_counts_from_the_export_but_for_its_recorded_past(tmp_path: Path) -> None:
    files = lead_and_history(tmp_path, [CHANGE | {"Field": "Budget__c", "OldValue": "100", "NewValue": "900"}])
    assert world(told(files[:1])).traits_at(LEAD["Id"], day(5, 1)).get("budget") is None
    found = world(told(files))
    assert [found.traits_at(LEAD["Id"], day(*at))["budget"] for at in ((3, 2), (4, 2))] == [100, 900]


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_files_and_rows_does_not_matter(tmp_path: Path, order: int) -> None:
    changes = [CHANGE, CHANGE | {"Id": "0172", "CreatedDate": "2025-05-01T00:00:00.000Z", "OldValue": "Retail",
                                 "NewValue": "Mining"}]  # fmt: skip
    files = lead_and_history(tmp_path, changes[::order], Industry="Mining")[::order]
    found = world(told(files))
    assert [industry(found, day(*at)) for at in ((3, 2), (4, 2), (5, 2))] == ["Banking", "Retail", "Mining"]


def test_a_history_that_comes_later_mends_what_was_said_of_the_beginning(tmp_path: Path) -> None:
    leads, changes = lead_and_history(tmp_path, [CHANGE])
    first = told([leads])
    history = FieldHistory.of([part for part in source_kinds(changes) if isinstance(part, HistoryFile)], AGREED, EXPORT)
    found = world([*first, *told_of(history, first)])
    assert [industry(found, day(*at)) for at in ((3, 2), (4, 2))] == ["Banking", "Retail"]


def test_an_empty_old_value_was_not_known_and_an_empty_new_one_no_longer(tmp_path: Path) -> None:
    filled = CHANGE | {"OldValue": "", "NewValue": "Retail"}
    emptied = CHANGE | {"Id": "0172", "CreatedDate": "2025-05-01T00:00:00.000Z", "OldValue": "Retail", "NewValue": ""}
    found = world(told(lead_and_history(tmp_path, [filled, emptied], Industry="")))
    assert [industry(found, day(*at)) for at in ((3, 2), (4, 2), (5, 2))] == [None, "Retail", None]


def test_a_change_that_does_not_tell_its_values_says_nothing_and_claims_nothing(tmp_path: Path) -> None:
    silent = CHANGE | {"OldValue": "", "NewValue": ""}
    found = world(told(lead_and_history(tmp_path, [silent])))
    assert [industry(found, day(*at)) for at in ((3, 2), (4, 2))] == [None, None]
    assert industry(found, microseconds(EXPORT) + 1) == "Retail"


def test_of_changes_in_one_second_the_last_of_the_chain_holds(tmp_path: Path) -> None:
    chain = [CHANGE | {"OldValue": old, "NewValue": new} for old, new in (("Mining", "Retail"), ("Banking", "Mining"))]
    found = world(told(lead_and_history(tmp_path, chain)))
    assert industry(found, day(4, 2)) == "Retail"


def test_an_older_lead_is_known_since_the_history_begins(tmp_path: Path) -> None:
    # Salesforce keeps 18 months: what this lead was like before them, and how often it changed, is lost.
    old = "2020-01-01T00:00:00.000Z"
    found = world(told(lead_and_history(tmp_path, [CHANGE], CreatedDate=old)))
    begins = EXPORT - timedelta(days=548)
    [first] = found.traits.loc[found.traits["industry"] == "Banking", "known_us"].head(1)
    signed = microseconds(datetime(2020, 1, 1, tzinfo=UTC))
    assert first == signed  # a person signed that the industry was known at creation
    unsigned = Agreement.parse(
        AGREED.text.replace('industry = { kind = "category", known = "at_creation" }', 'industry = "category"')
    )
    events = told(lead_and_history(tmp_path, [CHANGE], CreatedDate=old), unsigned)
    assert min(e["timestamp"] for e in events if e["type"] == "identify" and e["traits"].get("industry")) == begins


def test_ids_of_reports_are_those_of_the_api(tmp_path: Path) -> None:
    assert full_id("001A0000006Vm9u") == "001A0000006Vm9uIAC"  # the example of Salesforce's own documentation
    report = {
        "Lead ID": full_id("00Q5g00000AbCdE")[:15], "Field / Event": "Industry", "Old Value": "Banking",
        "New Value": "Retail", "Edit Date": "13/04/2025", "Edited By": "Bob",
    }  # fmt: skip
    files = [written(tmp_path, "leads.csv", [LEAD | {"Id": full_id("00Q5g00000AbCdE")}])]
    found = world(told([*files, written(tmp_path, "report.csv", [report])]))
    lead = full_id("00Q5g00000AbCdE")
    assert [industry(found, day(*at), lead) for at in ((4, 13, 12), (4, 14))] == ["Banking", "Retail"]


def test_a_conversion_counts_from_its_recorded_moment_and_names_the_contact(tmp_path: Path) -> None:
    won = {"IsConverted": "true", "ConvertedDate": "2025-05-10", "ConvertedContactId": "0035g00000AbCdEAAV"}
    exact = CHANGE | {
        "Field": "leadConverted",
        "CreatedDate": "2025-05-10T14:00:00.000Z",
        "OldValue": "",
        "NewValue": "",
    }
    files = lead_and_history(tmp_path, [exact], **won)
    for given, at in (
        (files[:1], datetime(2025, 5, 10, 23, 59, 59, tzinfo=UTC)),
        (files, datetime(2025, 5, 10, 14, tzinfo=UTC)),
    ):
        [converted] = [event for event in told(given) if event.get("event") == "Lead Converted"]
        assert converted["timestamp"] == converted["receivedAt"] == at
        assert converted["properties"] == {
            "crm": "salesforce", "crm_lead_id": LEAD["Id"], "contact_id": "0035g00000AbCdEAAV",
        }  # fmt: skip


def test_a_status_that_changed_is_what_sales_did_and_no_feature(tmp_path: Path) -> None:
    moved = CHANGE | {"Field": "Status", "OldValue": "New", "NewValue": "Qualified"}
    [event] = [event for event in told(lead_and_history(tmp_path, [moved])) if event.get("event")]
    assert event["event"] == "Lead Status Changed"
    assert event["properties"]["status"] == "Qualified"
    assert event["properties"]["previous_status"] == "New"
    assert event["timestamp"] == datetime(2025, 4, 1, 10, tzinfo=UTC)


def test_a_record_that_was_merged_says_into_which(tmp_path: Path) -> None:
    merged = LEAD | {"Id": "00Q5g00000ZZZZZAAV", "MasterRecordId": LEAD["Id"], "IsDeleted": "true"}
    events = told([written(tmp_path, "leads.csv", [LEAD, merged])])
    [event] = [event for event in events if event.get("event") == "Lead Merged"]
    assert event["userId"] == LEAD["Id"]
    assert event["properties"]["previous_lead_id"] == merged["Id"]
    assert event["timestamp"] == datetime(2025, 5, 20, 11, tzinfo=UTC)
    found = world(events).found
    assert found.identifiers["user", merged["Id"]] == found.identifiers["salesforce", merged["Id"]] == LEAD["Id"]


def test_reading_twice_says_the_same_whenever_it_is_read(tmp_path: Path) -> None:
    for files in (salesforce(tmp_path, people(9)), hubspot(tmp_path, people(9))):
        first, again = told(files, at=EXPORTED), told(files, at=EXPORTED + timedelta(days=200))
        assert [event["messageId"] for event in first] == [event["messageId"] for event in again]


def test_a_newer_export_and_history_add_only_what_changed(tmp_path: Path) -> None:
    before, later = CHANGE | {"Field": "Status", "OldValue": "New", "NewValue": "Qualified"}, EXPORT + timedelta(days=9)
    first = told(lead_and_history(tmp_path, [before], Industry="Banking"))
    known = {event["messageId"] for event in first}
    moved = CHANGE | {"Id": "0172", "CreatedDate": "2025-06-03T08:00:00.000Z"}
    second = told(lead_and_history(tmp_path, [before, moved]), at=later)
    news = {event["timestamp"]: event["traits"]["industry"] for event in second if event["messageId"] not in known}
    # That it was so from the beginning is no news of it: it was said before, of the same moment.
    assert news == {
        datetime(2025, 3, 1, 9, tzinfo=UTC): "Banking",
        datetime(2025, 6, 3, 8, tzinfo=UTC): "Retail",
        later: "Retail",
    }
    assert industry(world([*first, *second]), day(6, 2)) == "Banking"


def test_nothing_is_later_than_the_import(tmp_path: Path) -> None:
    late = CHANGE | {"CreatedDate": "2031-01-01T00:00:00.000Z"}
    assert max(event["timestamp"] for event in told(lead_and_history(tmp_path, [late]))) == EXPORT


def test_a_lead_that_nobody_knows_is_left_out_and_counted(tmp_path: Path) -> None:
    files = lead_and_history(tmp_path, [CHANGE, CHANGE | {"LeadId": "00Q5g00000ZZZZZAAV"}])
    assert {event["userId"] for event in told(files)} == {LEAD["Id"]}
    history = FieldHistory.of(
        [part for part in source_kinds(files[1]) if isinstance(part, HistoryFile)], AGREED, EXPORT
    )
    sentences = history.sentences({LEAD["Id"]: EXPORT})
    assert (
        "LeadHistory.csv: 1 of its leads are not known here and were left out; give the export of the leads as well"
        in sentences
    )


def test_the_history_of_something_else_is_refused(tmp_path: Path) -> None:
    other = {key: value for key, value in CHANGE.items() if key != "LeadId"} | {"OpportunityId": "0065g"}
    with pytest.raises(FileError, match="looks like a history of Salesforce but names no LeadId; export LeadHistory"):
        source_kinds(written(tmp_path, "OpportunityFieldHistory.csv", [other]))


@pytest.mark.parametrize("make", [salesforce, hubspot])
def test_every_generated_lead_is_known_as_it_was(tmp_path: Path, make: Any) -> None:
    leads = people(40)
    found = world(told(make(tmp_path, leads), at=EXPORTED))
    name = salesforce_id if make is salesforce else hubspot_id
    for person in leads:
        for change, _ in person.industry:
            for moment in (change + timedelta(minutes=1), change + timedelta(days=1)):
                assert industry(found, microseconds(moment), name(person.number)) == person.industry_at(moment)
        row = found.leads.set_index("lead_id").loc[name(person.number)]
        assert row["converted_us"] == (microseconds(person.won_at) if person.won_at else NOT_YET)


HUBSPOT = {
    "Record ID": "51", "Email": "ann@firm.example", "Create Date": "2025-03-01 09:00", "Lifecycle Stage": "Customer",
    "Industry": "Computer Software", "Number of Employees": "80", "Became a Customer Date": "2025-05-10 14:00",
}  # fmt: skip


def changed(field: str, *values: tuple[str, str]) -> list[dict[str, Any]]:
    return [
        {"Record ID": "51", "Property Name": field, "Property Value": value, "Timestamp": at, "Source Type": "CRM_UI"}
        for at, value in values
    ]


def test_a_property_filled_in_later_was_not_known_at_creation(tmp_path: Path) -> None:
    files = [
        written(tmp_path, "contacts.csv", [HUBSPOT]),
        written(tmp_path, "history.csv", changed("numemployees", ("2025-04-01T10:00:00Z", "80"))),
    ]
    found = world(told(files))
    assert [found.traits_at("51", day(*at)).get("employees") for at in ((3, 2), (4, 2))] == [None, 80]


def test_a_history_that_comes_later_takes_back_what_was_not_known_at_creation(tmp_path: Path) -> None:
    contacts = written(tmp_path, "contacts.csv", [HUBSPOT])
    first = told([contacts])
    assert world(first).traits_at("51", day(3, 2))["employees"] == 80
    changes = written(tmp_path, "history.csv", changed("numemployees", ("2025-04-01T10:00:00Z", "80")))
    history = FieldHistory.of([part for part in source_kinds(changes) if isinstance(part, HistoryFile)], AGREED, EXPORT)
    found = world([*first, *told_of(history, first)])
    assert [found.traits_at("51", day(*at)).get("employees") for at in ((3, 2), (4, 2))] == [None, 80]


def test_a_property_that_came_with_the_contact_was_known_at_creation(tmp_path: Path) -> None:
    files = [
        written(tmp_path, "contacts.csv", [HUBSPOT]),
        written(tmp_path, "history.csv", changed("numemployees", ("2025-03-01T09:00:04Z", "12"), ("2025-04-01", "80"))),
    ]
    found = world(told(files))
    assert [found.traits_at("51", day(*at)).get("employees") for at in ((3, 1, 10), (4, 3))] == [12, 80]


def test_the_apis_spelling_of_a_category_is_the_exports(tmp_path: Path) -> None:
    files = [
        written(tmp_path, "contacts.csv", [HUBSPOT]),
        written(tmp_path, "history.csv", changed("industry", ("2025-03-01T09:00:00Z", "COMPUTER_SOFTWARE"))),
    ]
    assert {e["traits"]["industry"] for e in told(files) if "industry" in e.get("traits", {})} == {"Computer Software"}


def test_records_of_the_api_are_leads_and_their_history_at_once(tmp_path: Path) -> None:
    record = {
        "id": "51",
        "properties": {"createdate": "2025-03-01T09:00:00Z", "lifecyclestage": "customer", "email": "ann@firm.example"},
        "propertiesWithHistory": {
            "lifecyclestage": [
                {"value": "customer", "timestamp": "2025-05-10T14:00:00Z", "sourceType": "CRM_UI"},
                {"value": "lead", "timestamp": "2025-03-01T09:00:00Z", "sourceType": "FORM"},
            ],
            "jobtitle": [{"value": "VP", "timestamp": "2025-04-01T00:00:00Z", "sourceType": "CRM_UI"}],
        },
        "archived": False,
    }
    for content in (record, {"results": [record], "paging": {}}):
        (tmp_path / "contacts.jsonl").write_bytes(orjson.dumps(content))
        events = told([tmp_path / "contacts.jsonl"])
        found = world(events)
        assert [found.traits_at("51", day(*at)).get("job_title") for at in ((3, 2), (4, 2))] == [None, "VP"]
        [won] = [event for event in events if event.get("event") == "Lead Converted"]
        assert won["timestamp"] == datetime(2025, 5, 10, 14, tzinfo=UTC)
