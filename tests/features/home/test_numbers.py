"""Numbers as people and programs write them: one value by itself, and a column with one reading for all of it."""

import math

import pytest

from features.home.number_units import Unit, unit
from features.home.numbers import DecimalSign, NumberCell, NumberSpelling, number, told_beside


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("12,5", 12.5), ("1.234,5", 1234.5), ("1,234.5", 1234.5), ("1234.5", 1234.5), ("0,836", 0.836), ("4,7", 4.7),
        ("1 200", 1200), ("1\u00a0200", 1200), ("1\u202f234\u202f567", 1234567), ("1'000", 1000), ("1’000.50", 1000.5),
        ("8,80,913", 880913), ("12,34,567.5", 1234567.5), ("1,234,567", 1234567), ("12.345.678", 12345678),
        ("€ 1.200", 1200), ("$ 1,000", 1000), ("USD 583,000.00", 583000), ("R$ 583.000,00", 583000), ("5 kr.", 5),
        ("CHF 583'000", 583000), ("CHF 5'000.–", 5000), ("Rs 5,000/-", 5000), ("1.000.000,00 €", 1000000),
        ("5.8M", 5800000), ("4.4M", 4400000), ("€1,2 Mio.", 1200000), ("k€ 12", 12000), ("3 lakh", 300000),
        ("12 %", 12), ("-3", -3), ("−12", -12), ("$-5", -5), ("(1,234.50)", -1234.5), ("1e3", 1000), ("1,5E3", 1500),
        (4.7, 4.7), (3, 3), (-0.0, 0),
    ],
)  # fmt: skip
def test_what_can_be_read_in_one_way_is_read_by_itself(value: object, found: float) -> None:
    assert number(value) == found
    assert math.copysign(1, number(value) or 0) == (1 if found >= 0 else -1)


@pytest.mark.parametrize(
    "value",
    [
        "1,234", "1.234", "51-200", "$10k-$50k", "1,000+", ">50k", "1,2,3", "1.2.3", "10.0.0.1", "01.02.2024",
        "2024-01-02", "5 hours", "Tier 2", "two", "nan", "inf", "", "½", "5-", "1e999", "9" * 400,
        "1 2 3", "0,836,5", True, None, float("nan"), 10**400, ["1"],
    ],
)  # fmt: skip
def test_what_is_no_number_or_may_be_two_is_none(value: object) -> None:
    assert number(value) is None


@pytest.mark.parametrize(("decimal", "found"), [(",", 2.636), (".", 2636.0)])
def test_an_agreed_decimal_sign_decides_what_may_be_two_numbers(decimal: DecimalSign, found: float) -> None:
    assert number("2,636", decimal) == found
    assert number("12.5", ",") is None  # no number where the comma is the decimal sign: never 125
    assert number(12.5, ",") == 12.5


@pytest.mark.parametrize(
    ("cells", "decimal"),
    [
        (["2,636", "4,7"], ","), (["2,636", "0,836"], ","), (["2.636", "4.7"], "."), (["1,200", "12,500.00"], "."),
        (["1,200", "980", "450", "310"], "."),  # hundreds have no sign, thousands do
        (["1.234", "2.718", "150"], None),  # one whole number is no witness
        (["17.908", "555", "431", "128"], ","), (["€ 1.200", "1.300"], ","), (["1,234", "8,80,913"], "."),
        (["2,636", "4.7", *["3,5"] * 98], ","),  # one slip in a hundred
        (["583", "12"], "."), ([2.636, "12"], "."), ([], "."),
    ],
)  # fmt: skip
def test_the_rows_of_a_column_show_its_decimal_sign(cells: list[NumberCell], decimal: DecimalSign | None) -> None:
    assert NumberSpelling().after(cells).decimal() == decimal
    assert NumberSpelling().after(cells[1:]).after(cells[:1]).decimal() == decimal


@pytest.mark.parametrize(
    ("cells", "agreed", "problem"),
    [
        (["1,234", "5,600"], None, 'writes "1,234", and none of its rows shows whether that is 1.234 or 1234'),
        (["1.234", "2"], None, 'writes "1.234", and none of its rows shows whether that is 1234 or 1.234'),
        (["1,234", "1.500"], None, 'writes "1,234", and none of its rows'),
        (["12,5", "12.5"], None, 'writes both "12,5" and "12.5"'),
        (["4.7", "2,636"], ",", 'writes "4.7", but the agreement says decimal = ","'),
    ],
)
def test_where_the_rows_do_not_tell_the_column_is_refused(
    cells: list[NumberCell], agreed: DecimalSign | None, problem: str
) -> None:
    spelling = NumberSpelling().after(cells)
    assert spelling.decimal(agreed) is None
    assert spelling.problem(agreed).startswith(problem)


def test_what_was_agreed_holds_unless_a_whole_file_is_written_by_other_habits() -> None:
    assert NumberSpelling().after(["2,636", "1,234"]).decimal(",") == ","
    assert NumberSpelling().after(["2,636", *["1,234"] * 98, "4.7"]).decimal(",") == ","
    assert NumberSpelling().after(["2.636", "4.7", "555"]).decimal(",") == "."


def test_other_columns_of_a_file_tell_where_one_does_not() -> None:
    pages, revenue, version = (
        NumberSpelling().after(cells) for cells in (["4,7"], ["21.571"], ["1.0", "2.0", "2.0.1", "x"])
    )
    assert told_beside([pages, revenue, version]) == ","
    assert revenue.decimal(beside=",") == ","
    assert told_beside([pages, NumberSpelling().after(["4.7"])]) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("€", Unit(1, "€")), ("EUR", Unit(1, "EUR")), ("Mio. €", Unit(1e6, "€")), ("k€", Unit(1e3, "€")), ("%", Unit()),
        ("Rs.", Unit(1, "INR")), ("zł", Unit(1, "PLN")), ("milhões", Unit(1e6)), ("Mrd.", Unit(1e9)), ("bn", Unit(1e9)),
        ("crore", Unit(1e7)), ("hours", None), ("all", None), ("mi", None), ("k M", None), ("EUR USD", None),
    ],
)  # fmt: skip
def test_units_are_currencies_and_words_for_thousands(text: str, found: Unit | None) -> None:
    assert unit(text) == found
