"""Each gate of the second question holds up to its limit, fails beyond it, and says why."""

from __future__ import annotations

import pytest

from training.gates.calls_recorded import calls_recorded
from training.gates.if_tried_earned import if_tried_earned
from training.gates.overlap import overlap
from training.gates.sale_at_the_try import sale_at_the_try
from training.gates.tried_enough import tried_enough


@pytest.mark.parametrize(
    ("method", "tried", "won", "holds"),
    [
        ("own_model", 400, 100, True),
        ("own_model", 399, 150, False),
        ("own_model", 900, 99, False),
        ("moved", 200, 30, True),
        ("moved", 199, 90, False),
        ("moved", 900, 29, False),
    ],
)
def test_a_model_of_first_tries_needs_enough_of_them(method: str, tried: int, won: int, holds: bool) -> None:
    gate = tried_enough(method, tried, won)
    assert gate.passed is holds
    assert f"{tried} first tries" in gate.why


@pytest.mark.parametrize(
    ("unlike", "apart", "holds"),
    [(None, 0.1, True), (0.67, 0.49, True), (0.8, 0.7, True), (0.81, 0.1, False), (0.03, 0.71, False)],
)
def test_leads_like_most_that_are_open_must_have_been_tried(unlike: float | None, apart: float, holds: bool) -> None:
    """And what was tried must be like some that are open: a few tries by chance among many of one kind teach little."""
    assert overlap(unlike, apart).passed is holds


@pytest.mark.parametrize(("at_once", "won", "holds"), [(0, 0, True), (9, 100, True), (10, 100, False)])
def test_a_try_that_is_the_sale_itself_brings_nobody_to_buy(at_once: int, won: int, holds: bool) -> None:
    assert sale_at_the_try(at_once, won).passed is holds


@pytest.mark.parametrize(
    ("untried", "is_needed", "holds"), [(0.2, True, True), (0.21, True, False), (0.9, False, True), (None, True, True)]
)
def test_conversions_without_a_call_say_that_calls_are_not_recorded(
    untried: float | None, is_needed: bool, holds: bool
) -> None:
    """Only where contact is needed: elsewhere leads buy untried."""
    assert calls_recorded(untried, is_needed).passed is holds


def test_an_agreement_that_asks_what_a_try_brings_needs_an_answer_to_that() -> None:
    assert if_tried_earned(False, False, "No first try is on record.") == ()
    (gate,) = if_tried_earned(True, False, "No first try is on record.")
    assert (gate.passed, gate.why) == (False, "No first try is on record.")
