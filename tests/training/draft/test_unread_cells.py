"""What looks like a date, a number or a range and was not read so is said, never taken for text in silence."""

import pandas as pd
import pytest

from training.draft.column_roles import OutcomeError, RequestedRoles, column_roles
from training.draft.unread_cells import looks_like_dates, unread_notes
from training.leakage.column_profiles import ColumnProfile, column_profiles


def profile(*cells: str, column: str = "Column") -> ColumnProfile:
    return ColumnProfile.of_texts(column, cells)


def test_dates_that_cannot_be_read_are_refused_and_never_offered_as_the_outcome() -> None:
    days = [f"{day} апреля 2025" for day in range(1, 29)]
    assert looks_like_dates(profile(*days))
    table = pd.DataFrame({"Won": days, "Came": days, "Segment": ["Enterprise", "Webinar March 2025"] * 14})
    profiles = column_profiles(table)
    assert not looks_like_dates(profiles["Segment"])
    for requested in (RequestedRoles("Won"), RequestedRoles("Segment", "Enterprise", created_at="Came")):
        with pytest.raises(
            OutcomeError, match='looks like dates, such as "1 апреля 2025", which cannot be read; export'
        ):
            column_roles(profiles, requested, "leads.csv")


def test_numbers_in_an_unknown_unit_are_said_to_be_unread() -> None:
    [note] = unread_notes(profile(*(f"{number:,} pesos" for number in range(1000, 1030))))
    assert note == 'its cells look like numbers, such as "1,000 pesos", and were not read as numbers'
    assert not list(unread_notes(profile(*(f"M{number:04}" for number in range(30)))))
    assert not list(unread_notes(profile(*(f"INV-{number:04}" for number in range(30)))))


def test_ids_that_are_all_numbers_have_nothing_unread() -> None:
    assert not list(unread_notes(profile(*map(str, range(1, 301)), column="Deal - ID")))


def test_ranges_that_a_spreadsheet_turned_into_dates_are_named_with_what_they_were() -> None:
    [note] = unread_notes(profile("01-Sep", "19-Okt", "20-49", "250+"))
    assert '"01-Sep" for 1-9, "19-Okt" for 10-19' in note
    assert not list(unread_notes(profile("1-9", "10-19", "250+")))
    assert not list(unread_notes(profile("01-Sep", "19-Oct")))


@pytest.mark.parametrize(
    ("column", "kind"),
    [("Created", "date"), ("Won On", "date"), ("Abschlussdatum", "date"), ("Revenue", "number")],
)
def test_days_of_a_spreadsheet_are_dates_where_the_title_says_so(column: str, kind: str) -> None:
    days = profile("45750", "45695.5", "45900", column=column)
    assert days.kind == kind
    assert days.are_dates


@pytest.mark.parametrize(
    ("cells", "decimal"), [(["2,636", "4,7"], ","), (["USD 5,000.00", "USD 12,000.00"], "."), (["5.8M", "12M"], ".")]
)
def test_columns_of_numbers_as_people_write_them_are_numbers(cells: list[str], decimal: str) -> None:
    found = profile(*cells)
    assert (found.kind, found.decimal, found.has_unclear_numbers) == ("number", decimal, False)
    assert profile("21.571", "17.908").has_unclear_numbers
