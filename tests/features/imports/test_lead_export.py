"""A CRM export becomes events that say when each fact was known, and never more than the file says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from features.agreement.agreement import Agreement
from features.events.event import EventRefused, event
from features.home.dates import DatesError
from features.home.errors import LeadlightError
from features.imports.columns import ColumnError
from features.imports.files import table_in
from features.imports.lead_export import CrmExport
from features.imports.read_rows import leads_in
from features.ledger.tombstones import names_in_event

NOW = datetime(2024, 6, 1, tzinfo=UTC)
DATED = """
name = "small"
time_zone = "Asia/Kolkata"
[outcome]
event = "Lead Converted"
within_days = 90
[export]
id = "Id"
created_at = "Created"
outcome = "Stage"
positive = "Won"
outcome_at = "Closed"
missing = ["Select"]
[traits]
source = { kind = "category", column = "Lead Source", known = "at_creation" }
employees = { kind = "number", decimal = ".", column = "Employees", known = "at_creation" }
visits = { kind = "number", column = "Visits" }
newsletter = { kind = "boolean", column = "Newsletter", known = "at_creation" }
contract_end = { kind = "date", column = "Contract End", known = "at_creation" }
[excluded]
rating = { why = "known only after contact", column = "Rating", kind = "category" }
gender = { why = "protected", column = "Gender", kind = "category" }
"""
UNDATED = DATED.replace("within_days = 90", "undated = true").replace('created_at = "Created"\n', "")
LEAD = {
    "Id": "7",
    "Created": "13-02-2024 09:30",
    "Stage": "Won",
    "Closed": "20-02-2024",
    "Lead Source": "Google",
    "Employees": "1,200",
    "Visits": "3",
    "Newsletter": "Yes",
    "Contract End": "2025-01-31",
    "Rating": "Hot",
    "Gender": "f",
    "Email": " Ann@Example.com ",
}


def agreed(text: str = DATED) -> Agreement:
    return Agreement.parse(text)


def rows(*changes: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame([{**LEAD, **change} for change in changes or ({},)])


def events_of(table: pd.DataFrame, text: str = DATED, at: datetime = NOW) -> list[dict[str, Any]]:
    export = CrmExport(agreed(text), at)
    export.observe(table)
    return list(export.events(table))


def test_traits_of_the_beginning_are_known_since_then_and_all_others_since_the_export() -> None:
    created, exported, won = events_of(rows())
    assert created["receivedAt"] == created["timestamp"] == datetime(2024, 2, 13, 4, 0, tzinfo=UTC)
    assert created["traits"] == {
        "email": "ann@example.com",
        "source": "Google",
        "employees": 1200,
        "newsletter": True,
        "contract_end": "2025-01-31",
    }
    assert exported["receivedAt"] == exported["timestamp"] == NOW
    assert exported["traits"] == {**created["traits"], "visits": 3, "rating": "Hot"}
    assert (won["type"], won["event"], won["userId"]) == ("track", "Lead Converted", "7")


def test_a_bare_day_begins_with_the_lead_and_ends_with_the_outcome() -> None:
    # Or a lead won on the day it came would be won before it came.
    created, _, won = events_of(rows({"Created": "20-02-2024"}))
    zone = ZoneInfo("Asia/Kolkata")
    assert created["timestamp"].astimezone(zone).strftime("%d %H:%M:%S") == "20 00:00:00"
    assert won["timestamp"].astimezone(zone).strftime("%d %H:%M:%S") == "20 23:59:59"


def test_contact_columns_come_with_the_lead_and_are_no_news_of_its_creation() -> None:
    text = DATED + '[contact]\nname = ["vorname nachname"]\nphone = ["phone_number"]\n'
    table = rows({"Vorname": "Ann", "Nachname": "Lee", "Phone Number": "030 12"})
    created, known, _ = events_of(table, text)
    assert {"vorname": "Ann", "nachname": "Lee", "phone_number": "030 12"}.items() <= known["traits"].items()
    assert "vorname" not in created["traits"]


def test_protected_facts_never_leave_the_file() -> None:
    assert "gender" not in str(events_of(rows())).lower()


def test_a_lead_that_did_not_convert_has_no_outcome() -> None:
    assert [said["type"] for said in events_of(rows({"Stage": "Open", "Closed": ""}))] == ["identify", "identify"]


@pytest.mark.parametrize("stage", ["Lost", "", "Open"])
@pytest.mark.parametrize("names_statuses", [True, False])
def test_a_lost_lead_is_lost_since_its_date(stage: str, names_statuses: bool) -> None:
    more = 'lost_at = "Gone"\nlost = ["Lost"]\nopen = ["Open"]\n' if names_statuses else 'lost_at = "Gone"\n'
    text = DATED.replace('missing = ["Select"]', f'missing = ["Select"]\n{more}')
    told = events_of(rows({"Stage": stage, "Closed": "", "Gone": "03-03-2024"}), text)[2:]
    end_of_day = datetime(2024, 3, 3, 18, 29, 59, 999_999, tzinfo=UTC)
    if names_statuses and stage:  # an open status speaks of today, whatever became of the lead before
        name, at = "Lead Status Changed", end_of_day if stage == "Lost" else NOW
    else:
        name, at = "Opportunity Lost", end_of_day
    expected = [] if names_statuses and not stage else [(name, at)]
    assert [
        (said["event"], said["timestamp"].replace(microsecond=999_999 if at == end_of_day else 0)) for said in told
    ] == expected


def test_a_file_without_the_date_of_the_loss_is_read_and_told(tmp_path: Path) -> None:
    text = DATED.replace('missing = ["Select"]', 'missing = ["Select"]\nlost_at = "Gone"\nlost = ["Lost"]')
    export = CrmExport(agreed(text), NOW)
    table = rows({"Stage": "Lost", "Closed": ""})
    export.observe(table)
    assert [said["timestamp"] for said in export.events(table)][2:] == [NOW]
    assert any('no column "Gone"' in sentence for sentence in export.sentences)


def test_every_event_is_one_that_the_ledger_takes() -> None:
    for raw in events_of(rows({}, {"Id": "8", "Stage": "Open"})):
        taken = event(raw, source="crm", received_at=NOW)
        assert taken.flags == ()
        assert taken.recorded_at == raw["receivedAt"]


def test_without_dates_everything_is_known_as_of_the_export() -> None:
    events = events_of(rows(), UNDATED)
    assert [said["type"] for said in events] == ["identify", "track"]
    assert {said["receivedAt"] for said in events} == {said["timestamp"] for said in events} == {NOW}


def test_nothing_is_later_than_the_export() -> None:
    late = rows({"Created": "13-02-2031 09:30", "Closed": "20-02-2031"})
    export = CrmExport(agreed(), NOW, "leads.csv")
    export.observe(late)
    assert all(said[key] <= NOW for said in export.events(late) for key in ("timestamp", "receivedAt"))
    assert any('column "Created": 1 cell is later than the export, such as "13-02-2031' in s for s in export.sentences)


def zeroth(*others: str) -> tuple[CrmExport, list[dict[str, Any]]]:
    table = rows({"Id": "0", "Stage": "Open"}, *({"Id": other, "Stage": "Open"} for other in others))
    export = CrmExport(agreed(UNDATED), NOW, "leads.csv")
    for place in range(len(table)):  # some rows at a time: the first alone does not show it
        export.observe(table[place : place + 1])
    return export, list(export.events(table))


def test_a_file_that_counts_from_0_has_a_lead_0() -> None:
    export, events = zeroth("1", "2")
    assert [said["userId"] for said in events] == ["0", "1", "2"]
    assert [event(said, source="crm", received_at=NOW).user_id for said in events] == ["0", "1", "2"]
    assert names_in_event(events[0]) >= {("id", "0")}  # and is erased as all others are
    assert export.sentences[0] == 'leads.csv: 3 rows, 3 leads, 0 converted; no row has Stage = "Won"'
    assert not any("left out" in said or "before" in said for said in export.sentences)


def test_among_ids_of_another_form_0_names_nobody() -> None:
    export, events = zeroth("00Q1", "2")
    assert [said["userId"] for said in events] == ["00Q1", "2"]
    assert export.sentences[0].startswith("leads.csv: 3 rows, 2 leads")
    said = "leads.csv: 1 row has the Id 0, which names nobody unless all other ids are numbers; to take"
    assert any(sentence.startswith(said) for sentence in export.sentences)
    assert zeroth()[1] == []  # alone it shows nothing


def test_what_clients_send_as_0_still_names_nobody() -> None:
    with pytest.raises(EventRefused, match="the userId of a track event names nobody; send the id"):
        event({"type": "track", "event": "x", "userId": "0", "messageId": "m"}, source="live:shop", received_at=NOW)


def test_reading_twice_adds_nothing() -> None:
    first, again = events_of(rows({}, {"Id": "8"})), events_of(rows({}, {"Id": "8"}), at=NOW + timedelta(days=3))
    assert [said["messageId"] for said in first] == [said["messageId"] for said in again]
    assert len({said["messageId"] for said in first}) == len(first)
    assert all(len(said["messageId"]) <= 100 for said in first)


def test_a_newer_export_adds_only_what_changed_and_adds_it_now() -> None:
    later = NOW + timedelta(days=30)
    old = {said["messageId"] for said in events_of(rows({}, {"Id": "8"}))}
    changes = {"Id": "8", "Employees": "50", "Visits": "9"}
    [news] = [said for said in events_of(rows({}, changes), at=later) if said["messageId"] not in old]
    # The employees were called known at creation, but that they are 50 was not known before today.
    assert news["receivedAt"] == later
    assert (news["traits"]["employees"], news["traits"]["visits"]) == (50, 9)


def test_signing_a_further_field_of_the_beginning_makes_it_known_since_then() -> None:
    old = {said["messageId"] for said in events_of(rows())}
    signed = DATED.replace('column = "Visits" }', 'column = "Visits", known = "at_creation" }')
    [news] = [said for said in events_of(rows(), signed) if said["messageId"] not in old]
    assert news["receivedAt"] < NOW
    assert news["traits"]["visits"] == 3


def test_an_excluded_field_is_kept_for_whoever_signs_it() -> None:
    assert events_of(rows())[1]["traits"]["rating"] == "Hot"


def test_rows_that_repeat_a_lead_are_one_lead_and_the_last_counts() -> None:
    # Before, each row was an event of its own at the same moment, and which of them counted was chance.
    touches = ({"Visits": "9", "Stage": "Open", "Created": "14-02-2024"}, {"Id": "8", "Stage": "Open"}, {"Visits": ""})
    export = CrmExport(agreed(), NOW, "leads.csv")
    parts = [rows(touch) for touch in ({}, *touches, {"Stage": "Open", "Lead Source": "Fair"})]
    for part in parts:
        export.observe(part)
    created, known, won, *_ = events = [said for part in parts for said in export.events(part) if said["userId"] == "7"]
    assert [said["type"] for said in events] == ["identify", "identify", "track"]
    assert (known["traits"]["source"], known["traits"]["visits"]) == ("Fair", 3)
    assert created["timestamp"] == datetime(2024, 2, 13, 4, 0, tzinfo=UTC)
    assert won["event"] == "Lead Converted"
    assert "leads.csv: 5 rows, 2 leads, 1 converted" in export.sentences
    assert any("3 rows have a Id that came before; of each lead the last row counts" in s for s in export.sentences)


def test_rows_that_repeat_a_lead_stay_rows_that_say_the_same_of_it() -> None:
    table = rows({}, {"Id": "8"}, {"Stage": "Open", "Visits": "5"}, {"Id": ""})
    found = leads_in(table, agreed(), NOW)
    assert [(lead, len(said)) for lead, said in found.leads] == [("7", 3), ("8", 3), ("7", 3), (None, 3)]
    assert found.leads[0] == found.leads[2]
    assert found.leads[0][1] == [said for said in events_of(table) if said["userId"] == "7"]
    [repeats] = [problem for problem in found.problems if "1 row has a Id that came before" in problem]
    assert repeats.endswith("a lead converted if any of its rows says so")


STATUSES = DATED.replace('positive = "Won"', 'positive = "Won"\nlost = ["Lost"]\nopen = ["New", "Proposal"]')


def test_a_status_that_is_no_outcome_is_told_and_one_that_nobody_named_is_said() -> None:
    table = rows({}, {"Id": "8", "Stage": "lost "}, {"Id": "9", "Stage": "New"}, {"Id": "10", "Stage": "On hold"})
    export = CrmExport(agreed(STATUSES), NOW, "leads.csv")
    export.observe(table)
    told = [said for said in export.events(table) if said["type"] == "track"]
    assert [said["properties"].get("status") for said in told] == [None, "lost", "New", "On hold"]
    assert {said["event"] for said in told[1:]} == {"Lead Status Changed"}
    [unnamed] = [sentence for sentence in export.sentences if "neither as lost nor as open" in sentence]
    assert '"On hold"' in unnamed
    again = CrmExport(agreed(STATUSES), NOW + timedelta(days=9), "leads.csv")
    again.observe(table)
    assert {said["messageId"] for said in told} <= {said["messageId"] for said in again.events(table)}


BESIDE = DATED.replace('positive = "Won"', 'positive = "Won"\nstatus = "Work"\nlost = ["Won", "Junk"]\nopen = ["New"]')


def test_statuses_stand_in_a_column_of_their_own() -> None:
    # A converted lead keeps whatever status it has; that of the outcome says nothing of the others.
    table = rows({}, *({"Id": str(8 + n), "Stage": "Open"} for n in range(3)))
    table["Work"] = ["Junk", "Junk", "won", "Waiting"]
    export = CrmExport(agreed(BESIDE), NOW, "leads.csv")
    export.observe(table)
    told = [said["properties"] for said in export.events(table) if said["type"] == "track"]
    assert [said.get("status") for said in told] == [None, "Junk", "won", "Waiting"]
    assert {said["field"] for said in told[1:]} == {"Work"}
    [unnamed] = [sentence for sentence in export.sentences if "neither as lost nor as open" in sentence]
    assert 'Work: the agreement names "Waiting" neither' in unnamed


def test_a_file_without_the_column_of_statuses_is_read_all_the_same() -> None:
    export = CrmExport(agreed(BESIDE), NOW, "leads.csv")
    export.observe(rows({}, {"Id": "8", "Stage": "Open"}))
    assert 'leads.csv: it has no column "Work", so nothing is known of it' in export.sentences


@pytest.mark.parametrize(
    ("change", "problem"),
    [('open = ["New", "LOST"]', "is lost and open"), ('open = ["Won"]', "means converted already")],
)
def test_a_status_has_one_meaning(change: str, problem: str) -> None:
    with pytest.raises(LeadlightError, match=problem):
        agreed(STATUSES.replace('open = ["New", "Proposal"]', change))


def test_rows_without_an_id_are_left_out_and_counted() -> None:
    table = rows({"Id": ""}, {"Id": "null"}, {"Id": 9.0})
    export = CrmExport(agreed(), NOW, "leads.csv")
    export.observe(table)
    assert {said["userId"] for said in export.events(table)} == {"9"}
    assert "leads.csv: 2 rows have no Id: left out" in export.sentences


def test_where_no_column_identifies_a_lead_its_row_does() -> None:
    text = UNDATED.replace('id = "Id"', 'id = "row number"')
    assert [said["userId"] for said in events_of(rows({}, {"Stage": "Open"}), text)] == ["row-1", "row-1", "row-2"]


def test_what_is_missing_is_absent_and_what_is_no_number_is_said() -> None:
    table = rows({"Lead Source": "Select", "Employees": "10-50", "Newsletter": ""})
    export = CrmExport(agreed(), NOW, "leads.csv")
    export.observe(table)
    said = next(export.events(table))["traits"]
    assert not {"source", "employees", "newsletter"} & set(said)
    problem = 'column "Employees": 1 cell is no number, such as "10-50"; they were left empty'
    assert f"leads.csv: {problem}" in export.sentences


def test_a_value_means_converted_however_it_is_spelled() -> None:
    text = UNDATED.replace('positive = "Won"', 'positive = "1"')
    for value in ("1", "1.0", 1, 1.0):
        assert len(events_of(rows({"Stage": value}), text)) == 2
    for value in ("0", "10", "", None, 0.0):
        assert len(events_of(rows({"Stage": value}), text)) == 1


def test_a_truth_means_converted_however_it_is_written() -> None:
    # Salesforce's report writes 1 where its API writes true.
    text = UNDATED.replace('positive = "Won"', 'positive = "true"')
    assert [len(events_of(rows({"Stage": value}), text)) for value in ("1", "TRUE", True, "Yes", "Ja", "0", "no")] == [
        2, 2, 2, 2, 2, 1, 1,
    ]  # fmt: skip


def test_any_date_can_be_what_means_converted() -> None:
    text = DATED.replace('outcome = "Stage"', 'outcome = "Closed"').replace('positive = "Won"', 'positive = "known"')
    assert [said["type"] for said in events_of(rows({}, {"Id": "8", "Closed": ""}), text)].count("track") == 1


def test_whether_the_day_comes_first_is_told_by_any_row() -> None:
    table = rows({"Created": "03/04/2024", "Closed": ""}, {"Id": "8", "Created": "13/04/2024", "Closed": ""})
    assert events_of(table)[0]["timestamp"] == datetime(2024, 4, 2, 18, 30, tzinfo=UTC)
    table = rows({"Created": "03/04/2024", "Closed": ""}, {"Id": "8", "Created": "03/13/2024", "Closed": ""})
    assert events_of(table)[0]["timestamp"] == datetime(2024, 3, 3, 18, 30, tzinfo=UTC)


def test_a_later_part_of_a_large_file_decides_for_its_first_rows() -> None:
    first, second = rows({"Created": "03/04/2024"}), rows({"Id": "8", "Created": "13/04/2024"})
    export = CrmExport(agreed(), NOW)
    export.observe(first)
    export.observe(second)
    assert next(export.events(first))["timestamp"] == datetime(2024, 4, 2, 18, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("created", "problem"),
    [
        (["03/04/2024", "05/06/2024"], 'column "Created" writes "03/04/2024", and none of its rows shows whether'),
        (["13/04/2024", "04/13/2024"], 'column "Created" writes both "13/04/2024", day first, and "04/13/2024"'),
    ],
)
def test_dates_that_can_be_read_in_two_ways_are_refused(created: list[str], problem: str) -> None:
    table = rows(*({"Id": str(n), "Created": date} for n, date in enumerate(created, start=1)))
    with pytest.raises(DatesError) as refusal:
        events_of(table)
    assert problem in str(refusal.value)
    assert str(refusal.value).endswith("export its dates as 2024-12-31 and try again")


def test_a_cell_that_is_no_date_is_said_and_the_rest_is_read() -> None:
    table = rows({"Created": "soon"}, {"Id": "8"})
    export = CrmExport(agreed(), NOW, "leads.csv")
    export.observe(table)
    events = list(export.events(table))
    assert [said["type"] for said in events if said["userId"] == "7"] == ["identify", "track"]
    assert any('column "Created": 1 cell is no date, such as "soon"' in sentence for sentence in export.sentences)


def test_an_old_export_says_until_when_it_tells() -> None:
    export = CrmExport(agreed(), NOW + timedelta(days=365), "leads.csv")
    export.observe(rows())
    list(export.events(rows()))
    assert any("its newest date is 2024-02-20" in s and "--known-until 2024-02-21" in s for s in export.sentences)


def test_a_missing_column_of_the_outcome_names_the_near_ones() -> None:
    with pytest.raises(ColumnError, match=r'has no column "Stage"; did you mean "Stages"\?'):
        events_of(rows().rename(columns={"Stage": "Stages"}))


def test_a_missing_column_of_a_trait_is_said() -> None:
    export = CrmExport(agreed(), NOW, "leads.csv")
    export.observe(rows().drop(columns="Visits"))
    assert 'leads.csv: it has no column "Visits", so nothing is known of it' in export.sentences


def test_an_agreement_without_an_export_says_how_to_draft_one() -> None:
    with pytest.raises(LeadlightError, match=r"has no \[export\].*leadlight init the export --outcome COLUMN"):
        events_of(rows(), DATED.replace("[export]", "[campaigns.unused]").split("[campaigns")[0])


def test_rows_can_be_read_as_leads_without_an_outcome() -> None:
    [(lead, said)], problems, _ = leads_in(rows().drop(columns=["Stage", "Closed", "Created"]), agreed(), NOW)
    assert lead == "7"
    assert [event["traits"]["employees"] for event in said] == [1200]
    assert said[0]["traits"]["email"] == "ann@example.com"
    assert problems == []


def test_a_row_by_itself_says_what_its_import_would() -> None:
    table = rows({}, {"Id": "8", "Stage": "Lost"}, {"Id": ""})
    said = leads_in(table, agreed(), NOW).leads
    assert [event for lead, events in said if lead for event in events] == events_of(table)
    assert [lead for lead, _ in said] == ["7", "8", None]


def test_an_export_file_is_read_in_two_passes(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    rows({}, {"Id": "8", "Stage": "Lost"}).to_csv(path, index=False)
    export = CrmExport.of(path, agreed(), NOW)
    assert list(export.stream(path)) == events_of(table_in(path))
    assert export.sentences[0] == "leads.csv: 2 rows, 2 leads, 1 converted"


def test_x_education_has_one_lead_a_row_and_an_outcome_for_each_that_converted(public_data: Path) -> None:
    text = UNDATED[: UNDATED.index("[traits]")]
    text = text.replace('"Id"', '"Lead Number"').replace('"Stage"', '"Converted"').replace('"Won"', '"1"')
    text += '[traits]\ncity = { kind = "category", column = "City" }\n'
    events = events_of(table_in(public_data / "xeducation" / "Leads.csv"), text)
    assert [sum(said["type"] == kind for said in events) for kind in ("identify", "track")] == [9240, 3561]
    assert sum("city" not in said.get("traits", {"city": ""}) for said in events) == 3669  # 1,420 empty, 2,249 "Select"


NUMBERS = """
name = "numbers"
[outcome]
event = "Lead Converted"
undated = true
[export]
id = "Id"
outcome = "Won"
positive = "Ja"
[traits]
pages = { kind = "number", column = "Seiten" }
revenue = { kind = "number", column = "Umsatz" }
"""


def numbers_in(table: dict[str, list[object]], agreement: str = NUMBERS) -> tuple[list[object], list[str]]:
    frame = pd.DataFrame({"Id": [f"K{row}" for row in range(2)], "Won": "Ja"} | table)
    export = CrmExport(Agreement.parse(agreement), datetime(2026, 1, 1, tzinfo=UTC))
    export.observe(frame)
    said = [event["traits"] for event in export.events(frame) if event["type"] == "identify"]
    return [(traits.get("pages"), traits.get("revenue")) for traits in said], export.sentences


def test_a_column_of_numbers_has_one_reading_from_all_its_rows() -> None:
    found, sentences = numbers_in({"Seiten": ["2,636", "4,7"], "Umsatz": ["17.908", "555"]})
    assert found == [(2.636, 17908), (4.7, 555)]
    assert any('"Seiten" was read with the decimal sign ","' in sentence for sentence in sentences)


def test_a_column_of_which_nothing_tells_takes_the_reading_of_the_others_or_none() -> None:
    assert numbers_in({"Seiten": ["2,636", "4,7"], "Umsatz": ["17.908", "21.571"]})[0] == [(2.636, 17908), (4.7, 21571)]
    found, sentences = numbers_in({"Seiten": ["2", "3"], "Umsatz": ["17.908", "21.571"]})
    assert found == [(2, None), (3, None)]
    [refused] = [sentence for sentence in sentences if '"Umsatz"' in sentence]
    assert 'none of its rows shows whether that is 17908 or 17.908: it was not read; write decimal = ","' in refused


def test_the_agreed_decimal_sign_reads_a_later_file_whose_rows_do_not_tell() -> None:
    agreed = NUMBERS.replace('column = "Seiten"', 'decimal = ",", column = "Seiten"')
    assert numbers_in({"Seiten": ["2,636", "7,263"], "Umsatz": ["1", "2"]}, agreed)[0] == [(2.636, 1), (7.263, 2)]
    # A workbook holds numbers, not text: no sign is needed.
    assert numbers_in({"Seiten": [2.636, 7.263], "Umsatz": [1, 2]}, agreed)[0] == [(2.636, 1), (7.263, 2)]


def test_an_export_without_outcome_dates_still_says_in_which_order_leads_came() -> None:
    agreed = NUMBERS.replace('id = "Id"', 'id = "Id"\ncreated_at = "Came"')
    frame = pd.DataFrame({"Id": ["K0", "K1"], "Won": "Ja", "Came": ["3. Mai 2025", "2. Mai 2025"], "Seiten": "1"})
    exported_at = datetime(2026, 1, 1, tzinfo=UTC)
    for table, first in ((frame, datetime(2025, 5, 3, tzinfo=UTC)), (frame.drop(columns="Came"), exported_at)):
        export = CrmExport(Agreement.parse(agreed), exported_at)
        export.observe(table)
        told = [event for event in export.events(table) if event["userId"] == "K0"]
        assert min(event["timestamp"] for event in told) == first
        assert [event["timestamp"] for event in told if event["type"] == "track"] == [exported_at]
