"""A value that is not of its trait's kind is left out, and the sentence on it says why."""

from __future__ import annotations

from features.agreement.agreement import DEFAULT, Agreement
from features.traits.typed_values import unread_values

TEXT = DEFAULT.read_text(encoding="utf-8")
WITH_COMMA = TEXT.replace('employees = "number"', 'employees = { kind = "number", decimal = "," }')


def test_a_number_that_may_be_two_is_left_out_unless_the_agreement_tells_which() -> None:
    (value,) = unread_values({"employees": "1.234"}, Agreement.parse(TEXT))
    assert value.sentence.startswith('employees: "1.234" may be two numbers, and nothing tells which; ')
    assert not [*unread_values({"employees": "1.234"}, Agreement.parse(WITH_COMMA))]


def test_a_number_by_the_other_sign_than_agreed_is_no_number_rather_than_two() -> None:
    (value,) = unread_values({"employees": "1234.5"}, Agreement.parse(WITH_COMMA))
    assert value.sentence == 'employees: "1234.5" cannot be read as a number, and was left out'
