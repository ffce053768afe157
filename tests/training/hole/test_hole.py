"""The hole in exports of a simulated CRM: each figure recomputed by hand from ten leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from math import sqrt
from pathlib import Path

import hole_world
import pandas as pd
import pytest
from hole_world import LEADS, june

import leadlight
from features.home.errors import LeadlightError
from training.hole.figures import Figure
from training.hole.hole import Hole, HoleRequest, hole_in_files
from training.simulation.crm_files import write_crm_files

NOW = datetime(2025, 7, 1, tzinfo=UTC)
SPEED = ("hours_to_first_try", "tried_within_30_minutes", "tried_within_24_hours")


def counted(files: Sequence[Path] | Path, **asked: object) -> Hole:
    return hole_in_files([files] if isinstance(files, Path) else files, HoleRequest(**asked), NOW)  # type: ignore[arg-type]


def group(hole: Hole, dimension: str, level: str) -> dict[str, Figure]:
    found = next(one for one in hole.groups if (one.dimension, one.level) == (dimension, level))
    return {figure.name: figure for figure in found.figures}


@pytest.fixture(scope="module", params=["salesforce", "hubspot", "plain"])
def hole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Hole:
    written = getattr(hole_world, request.param)(tmp_path_factory.mktemp("exports"))
    return counted(written, cost_per_lead=120.0)


def wilson(hits: int, count: int) -> tuple[float, float]:
    """Wilson's interval as his paper writes it."""
    z, share = 1.959963984540054, hits / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return middle - half, middle + half


@pytest.mark.parametrize(
    ("name", "count", "of"),
    [
        # 1, 2, 4, 6, 7, 10 were tried; 3, 5 and 8 never; 9 came as the file ends and has had no time.
        ("never_tried", 3, 9),
        # After 20 min, 6 h, 48 h, 1 h, 24 h and 30 min.
        ("tried_within_30_minutes", 2, 9),
        ("tried_within_24_hours", 5, 9),
        # 4, 7, 8.
        ("rejected_unqualified", 3, 10),
        # Of these only 7 was taken up again and converted.
        ("rejected_then_converted", 1, 3),
        # 2 and 6 were given up, and 6 converted later.
        ("given_up_then_converted", 1, 2),
    ],
)
def test_each_share_is_as_counted_by_hand(hole: Hole, name: str, count: int, of: int) -> None:
    figure = hole.figure(name)
    assert (figure.count, figure.of, figure.value) == (count, of, count / of)
    assert figure.interval == pytest.approx(wilson(count, of))


def test_the_leads_the_median_and_the_money_are_as_counted_by_hand(hole: Hole) -> None:
    assert hole.figure("handed_over").value == 10
    hours = hole.figure("hours_to_first_try")  # 1/3, 1/2, 1, 6, 24, 48
    assert (hours.value, hours.of) == (3.5, 6)
    assert hours.interval == (pytest.approx(1 / 3), 48)  # of six values, the least and the greatest: 1 - 2/2**6 = 0.97
    money = hole.figure("money_never_tried")
    assert money.value == 3 * 120
    assert money.interval == pytest.approx(tuple(9 * 120 * end for end in wilson(3, 9)))


def test_tries_before_giving_up_are_those_made_by_then(hole: Hole) -> None:
    """Lead 6 was called twice before it was given up and once after; a table without dates of calls says three."""
    tries = hole.figure("tries_before_giving_up")
    assert (tries.value, tries.of) == ((3 + 3) / 2 if hole.files == ("leads.csv",) else (3 + 2) / 2, 2)
    assert tries.interval
    assert tries.interval[0] <= tries.value <= tries.interval[1]


@pytest.mark.parametrize(
    ("dimension", "level", "leads", "never_tried"),
    [
        ("source", "Web", 5, (2, 5)),  # 1, 2, 3, 7, 8
        ("source", "Fair", 4, (1, 3)),  # 4, 5, 6, 9
        ("source", "(none named)", 1, (0, 1)),
        ("campaign", "spring", 5, (1, 5)),
        ("owner", "Ann", 5, (0, 4)),
        ("owner", "Bob", 5, (3, 5)),  # 3, 4, 5, 8, 10
    ],
)
def test_each_group_is_counted_by_itself(
    hole: Hole, dimension: str, level: str, leads: int, never_tried: tuple[int, int]
) -> None:
    figures = group(hole, dimension, level)
    assert figures["handed_over"].value == leads
    assert (figures["never_tried"].count, figures["never_tried"].of) == never_tried
    assert figures["money_never_tried"].value == 120 * never_tried[0]


def test_the_groups_of_a_dimension_add_up_to_all_leads(hole: Hole) -> None:
    for dimension in ("source", "campaign", "owner"):
        own = [{f.name: f for f in one.figures} for one in hole.groups if one.dimension == dimension]
        for name in ("handed_over", "money_never_tried"):
            assert sum(figures[name].value or 0 for figures in own) == hole.figure(name).value


def test_dates_without_hours_tell_the_day_and_no_hours(tmp_path: Path) -> None:
    hole = counted(hole_world.plain(tmp_path, form="%d.%m.%Y"))
    for name in SPEED:
        assert (hole.figure(name).value, hole.figure(name).in_file) == (None, False)
        assert "time of day" in str(hole.figure(name).missing)
    same_day = hole.figure("tried_same_day")  # 1, 2, 6 and 10
    assert (same_day.count, same_day.of) == (4, 9)


def test_a_day_is_that_of_the_time_zone(tmp_path: Path) -> None:
    """23:30 of 2 June in UTC is 3 June in Berlin: a call at 0:30 UTC was on the day on which the lead came."""
    late = replace(LEADS[0], came=june(2, 23, 30), tries=(june(3, 0, 30),), won=None)
    written = hole_world.salesforce(tmp_path, [late, LEADS[4]])
    for zone, is_same in (("UTC", False), ("Europe/Berlin", True)):
        leads = counted(written, time_zone=zone).handed.leads
        assert leads["is_same_day"].tolist()[0] is is_same
        assert leads["hours"].tolist()[0] == 1


def test_what_the_file_cannot_tell_is_no_zero(tmp_path: Path) -> None:
    (tmp_path / "ids.csv").write_text("Id\n1\n1\n2\n")
    assert counted(tmp_path / "ids.csv", columns={"id": "Id"}).figure("handed_over").value == 2
    (tmp_path / "leads.csv").write_text("Id,Source,Employees\n1,Web,10\n2,Fair,20\n3,Web,30\n")
    hole = counted(tmp_path / "leads.csv", cost_per_lead=10.0)
    assert hole.figure("handed_over").value == 3
    for figure in hole.figures[1:]:
        assert (figure.value, figure.in_file) == (None, False)
        assert figure.missing


def test_who_converted_tells_nothing_of_those_who_did_not(tmp_path: Path) -> None:
    """Somebody spoke with the buyers; of the others, a file without tries and statuses says nothing."""
    (tmp_path / "leads.csv").write_text(
        "Lead ID,Created,Won On\n1,2025-06-01,2025-06-09\n2,2025-06-01,\n3,2025-06-02,\n"
    )
    assert not counted(tmp_path / "leads.csv").figure("never_tried").in_file


def test_a_status_alone_tells_who_was_never_tried_and_no_more(tmp_path: Path) -> None:
    rows = [
        "Lead ID,Stage",
        *(f"{n},{stage}" for n, stage in enumerate(["New"] * 3 + ["Contacted"] * 5 + ["Lost"] * 4)),
    ]
    (tmp_path / "leads.csv").write_text("\n".join(rows))
    hole = counted(tmp_path / "leads.csv")
    assert (hole.figure("never_tried").count, hole.figure("never_tried").of) == (3, 12)
    untold = {figure.name for figure in hole.figures if figure.value is None}
    assert untold == {*SPEED, "tries_before_giving_up", "rejected_unqualified", "rejected_then_converted",
                      "given_up_then_converted"}  # fmt: skip


def test_a_person_names_columns_and_statuses(tmp_path: Path) -> None:
    rows = ["Nr,Eingang,Rueckmeldung,Lage", "1,2025-06-01 09:00,2025-06-01 10:00,Ablage B",
            "2,2025-06-01 09:00,,Ablage A", "3,2025-06-05 09:00,,Ablage A"]  # fmt: skip
    (tmp_path / "leads.csv").write_text("\n".join(rows))
    named = {"id": "Nr", "first_try": "Rueckmeldung", "status": "Lage"}
    hole = counted(tmp_path / "leads.csv", columns=named, statuses={"Ablage B": "rejected", "Ablage A": "waiting"})
    assert (hole.figure("never_tried").count, hole.figure("never_tried").of) == (1, 2)
    assert (hole.figure("rejected_unqualified").count, hole.figure("rejected_unqualified").of) == (1, 3)
    assert "Rueckmeldung: when sales first tried it (named)" in hole.drafted
    unnamed = counted(tmp_path / "leads.csv", columns=named | {"status": "none"})
    assert not unnamed.figure("rejected_unqualified").in_file


def test_a_status_of_no_known_word_is_asked_about_and_counts_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("Lead ID,Status\n1,New\n2,Contacted\n3,Zwischenlager\n4,New\n")
    hole = counted(tmp_path / "leads.csv")
    assert (hole.figure("never_tried").count, hole.figure("never_tried").of) == (2, 3)
    assert any('--status "Zwischenlager=tried"' in note for note in hole.notes)


def test_a_date_to_come_is_no_try_and_rows_without_an_id_are_said(tmp_path: Path) -> None:
    rows = ["Lead ID,Created,First contact", "1,2025-06-03 10:00,", "2,2025-06-03 10:00,2031-04-01 10:00",
            *(f"{n},2025-06-04 10:00,2025-06-04 11:00" for n in range(3, 79)),
            "79,2025-06-05 12:00,", ",2025-06-06 10:00,"]  # fmt: skip
    (tmp_path / "leads.csv").write_text("\n".join(rows))
    hole = counted(tmp_path / "leads.csv", columns={"id": "Lead ID"})
    assert (hole.figure("handed_over").value, hole.figure("hours_to_first_try").value) == (79, 1)
    assert (hole.as_of, hole.figure("never_tried").count) == (june(5, 12), 2)
    assert any("later than the export" in note and "they were left out" in note for note in hole.notes)
    assert "leads.csv: 1 row was left out, for Lead ID is empty there" in hole.notes
    unnamed = counted(tmp_path / "leads.csv", columns={"id": "none"})
    assert any("each row is one" in note for note in unnamed.notes)


def test_dates_that_can_be_read_in_two_ways_are_said_and_not_read(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text(
        "Lead ID,Created,First contact\n1,03/04/2025,04/04/2025\n2,05/06/2025,06/06/2025\n"
    )
    hole = counted(tmp_path / "leads.csv")
    assert not hole.figure("hours_to_first_try").in_file
    assert any('leads.csv: column "Created" writes "03/04/2025"' in line for line in hole.drafted)
    with pytest.raises(LeadlightError, match="day or the month"):
        counted(tmp_path / "leads.csv", columns={"created": "Created"})


def test_calls_and_mails_that_salesforce_logged_are_tries(tmp_path: Path) -> None:
    """Tasks that were done, of leads; two within an hour are one. A mail to a list and what is still to do are none."""
    leads, history = hole_world.salesforce(tmp_path)
    pd.read_csv(history).query("Field != 'Call_Attempts__c'").to_csv(history, index=False)
    one, two, three = (hole_world.salesforce_id(number) for number in (1, 2, 3))
    tasks = [
        (one, "2025-06-02T09:10:00.000Z", "Call", "Completed"),
        (two, "2025-06-03T09:00:00.000Z", "Call", "Completed"),
        (two, "2025-06-03T09:30:00.000Z", "Email", "Completed"),
        (two, "2025-06-05T09:00:00.000Z", "Email", "Completed"),
        (three, "2025-06-04T09:00:00.000Z", "ListEmail", "Completed"),
        (three, "2025-06-04T09:00:00.000Z", "Call", "Not Started"),
        ("0035g0000000001AAA", "2025-06-04T09:00:00.000Z", "Call", "Completed"),
    ]
    pd.DataFrame(tasks, columns=["WhoId", "CreatedDate", "TaskSubtype", "Status"]).to_csv(tmp_path / "Task.csv")
    hole = counted([leads, history, tmp_path / "Task.csv"])
    assert hole.files == ("Lead.csv", "LeadHistory.csv", "Task.csv")
    # Lead 1 after 10 minutes, lead 2 by its status after 6 hours; it had two tries, and lead 6 none that was logged.
    assert hole.handed.leads["hours"].tolist()[:3] == [
        pytest.approx(1 / 6),
        6,
        pytest.approx(float("nan"), nan_ok=True),
    ]
    assert (hole.figure("tries_before_giving_up").value, hole.figure("tries_before_giving_up").of) == (1, 2)
    assert hole.figure("never_tried").count == 3


def test_files_of_one_name_and_of_two_crms_are_kept_apart(tmp_path: Path) -> None:
    for folder, row in (("a", "1,2025-06-01"), ("b", "2,2025-06-02")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "leads.csv").write_text(f"Lead ID,Created\n{row}\n9{row}\n")
    hole = counted([tmp_path / "a/leads.csv", tmp_path / "b/leads.csv"], columns={"id": "Lead ID"})
    assert (hole.figure("handed_over").value, len(hole.columns)) == (4, 2)
    mixed = [*hole_world.salesforce(tmp_path), *hole_world.hubspot(tmp_path)]
    with pytest.raises(LeadlightError, match="one CRM at a time"):
        counted(mixed)


def test_what_the_agreement_says_of_a_status_goes_before_its_words(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("Lead ID,Status\n1,New\n2,Contacted\n3,Parkplatz\n4,Nurturing\n")
    agreed = {"Parkplatz": "rejected not_a_fit", "Nurturing": "rejected too_early", "Contacted": "nothing", "X": "lost"}
    meanings = counted(tmp_path / "leads.csv", agreed=agreed).handed.meanings
    assert meanings == {"New": "waiting", "Contacted": "tried", "Parkplatz": "rejected", "Nurturing": "given_up"}
    named = counted(tmp_path / "leads.csv", agreed=agreed, statuses={"Parkplatz": "waiting"})
    assert named.handed.meanings["Parkplatz"] == "waiting"


def test_tables_of_one_company_are_joined_by_the_lead(tmp_path: Path) -> None:
    """As a funnel of leads and a list of closed deals, each with what the other lacks."""
    (tmp_path / "leads.csv").write_text("mql_id,Created,origin\na,2025-06-01,web\nb,2025-06-02,web\nc,2025-06-09,ads\n")
    (tmp_path / "calls.csv").write_text("mql_id,First call\nb,2025-06-04\n")
    hole = counted([tmp_path / "leads.csv", tmp_path / "calls.csv"])
    assert hole.figure("handed_over").value == 3
    assert (hole.figure("never_tried").count, hole.figure("never_tried").of) == (1, 2)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"columns": {"frist_try": "First contact"}}, "did you mean first_try?"),
        ({"columns": {"first_try": "First contakt"}}, 'did you mean "First contact"'),
        ({"statuses": {"New": "untried"}}, '"untried"'),
        ({"statuses": {"Neww": "waiting"}}, 'did you mean "New"'),
        ({"cost_per_lead": -3.0}, "cannot cost -3"),
        ({"cost_per_lead": float("nan")}, "cannot cost nan"),
        ({"time_zone": "Berlin"}, '"Berlin" is no time zone'),
        ({"columns": {"created": "Lost reason"}}, "holds no dates"),
    ],
)
def test_what_cannot_be_is_one_sentence(tmp_path: Path, asked: dict[str, object], says: str) -> None:
    with pytest.raises(LeadlightError, match=says.replace("?", r"\?")) as refused:
        counted(hole_world.plain(tmp_path), **asked)
    assert "\n" not in str(refused.value)


def test_files_without_leads_are_refused(tmp_path: Path) -> None:
    _, history = hole_world.salesforce(tmp_path)
    with pytest.raises(LeadlightError, match="give the export of the leads as well"):
        counted(history)
    (tmp_path / "events.jsonl").write_text('{"type": "track", "event": "x", "userId": "u"}\n')
    with pytest.raises(LeadlightError, match="holds events"):
        counted(tmp_path / "events.jsonl")


def test_a_notebook_counts_a_frame_as_the_command_counts_its_file(tmp_path: Path) -> None:
    file = hole_world.plain(tmp_path)
    figures = leadlight.hole(pd.read_csv(file, parse_dates=["Created", "Won on"]), cost_per_lead=120.0).figures
    pd.testing.assert_frame_equal(figures, leadlight.hole(file, cost_per_lead=120.0).figures)
    never = figures.query("dimension == 'source' and level == 'Web' and figure == 'never_tried'").iloc[0]
    assert (never["value"], never["count"], never["of"]) == (2 / 5, 2, 5)
    assert never["low"] < never["value"] < never["high"]
    assert "What your CRM says" in leadlight.hole([file]).html()


@pytest.mark.parametrize("suffix", [".xlsx", ".parquet"])
def test_a_workbook_and_a_parquet_file_are_counted_as_their_csv(tmp_path: Path, suffix: str) -> None:
    file = hole_world.plain(tmp_path)
    rows = pd.read_csv(file, parse_dates=["Created", "First contact", "Lost on", "Won on"])
    other = tmp_path / f"leads{suffix}"
    rows.to_excel(other, index=False) if suffix == ".xlsx" else rows.to_parquet(other)
    assert counted(other).figures == counted(file).figures


def test_the_simulated_crm_is_counted_as_its_events_say(tmp_path: Path) -> None:
    """Two leads: one is called after an hour, called again, put off and converts; one is rejected untried."""
    day = pd.Timestamp("2025-06-02T09:00:00Z")
    rows = [("L-00001", "identify", None, 0.0, '{"source": "web"}'), ("L-00002", "identify", None, 0.0, "{}"),
            ("L-00001", "track", "Call Attempted", 1.0, '{"by": "rep-1"}'),
            ("L-00001", "track", "Call Attempted", 30.0, '{"by": "rep-1"}'),
            ("L-00001", "track", "Lead Disqualified", 50.0, '{"reason": "too_early"}'),
            ("L-00002", "track", "Lead Disqualified", 60.0, '{"reason": "bad_data"}'),
            ("L-00001", "track", "Lead Converted", 90.0, "{}")]  # fmt: skip
    events = pd.DataFrame(rows, columns=["userId", "type", "event", "hours", "properties"])
    events = events.assign(timestamp=day + pd.to_timedelta(events["hours"], unit="h"), traits=events["properties"])
    events["messageId"] = events.index.astype(str)
    hole = counted(write_crm_files(events, tmp_path))
    for name, value in (("never_tried", 0.5), ("hours_to_first_try", 1), ("tries_before_giving_up", 2),
                        ("rejected_unqualified", 0.5), ("given_up_then_converted", 1)):  # fmt: skip
        assert hole.figure(name).value == value, name
