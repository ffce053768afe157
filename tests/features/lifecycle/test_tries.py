"""What a try is, said once: the touch of a person of sales."""

from __future__ import annotations

import pytest

from features.agreement.checks import SALES_TOUCHES
from features.lifecycle.tries import is_try


@pytest.mark.parametrize("touch", sorted(SALES_TOUCHES))
def test_a_touch_by_somebody_of_whom_nothing_else_is_said_is_a_try_of_sales(touch: str) -> None:
    assert is_try(touch, {"by": "ann"})
    assert is_try(touch, {"side": "sales", "actor": "Person", "result": "no_answer"})


@pytest.mark.parametrize("touch", sorted(SALES_TOUCHES))
def test_of_whom_nobody_speaks_is_a_person_of_sales_but_for_what_a_machine_may_have_sent(touch: str) -> None:
    assert is_try(touch, {}) == (touch not in ("Email Sent", "Letter Sent", "Message Sent"))


def test_a_try_that_feedback_tells_of_is_one() -> None:
    assert is_try("Feedback Given", {"kind": "tried", "by": "ann"})
    assert not is_try("Feedback Given", {"kind": "accepted", "by": "ann"})


@pytest.mark.parametrize("other", [{"side": "marketing"}, {"side": "inside_sales"}, {"actor": "sequence"}])
def test_marketings_touches_and_those_of_machines_are_none(other: dict[str, str]) -> None:
    assert not is_try("Email Sent", other)


@pytest.mark.parametrize("name", ["Call Answered", "Email Replied", "Opportunity Created", "Lead Disqualified"])
def test_what_the_lead_does_and_the_steps_of_the_crm_are_none(name: str) -> None:
    assert not is_try(name, {})
