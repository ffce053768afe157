"""The gate `can_rank`: a model whose order is not shown to be better than guessing does not answer."""

from __future__ import annotations

import pytest

from training.gates.can_rank import can_rank


@pytest.mark.parametrize(
    ("interval", "passed"), [((0.51, 0.64), True), ((0.49, 0.62), False), ((0.5, 0.6), False), ((0.3, 0.4), False)]
)
def test_it_holds_where_the_whole_interval_is_above_guessing(interval: tuple[float, float], passed: bool) -> None:
    gate = can_rank(sum(interval) / 2, interval)
    assert gate.passed is passed
    assert ("cannot order a call list" in gate.why) is not passed


def test_where_nothing_could_be_measured_it_does_not_hold() -> None:
    for gate in (can_rank(None, None), can_rank(0.7, None)):
        assert not gate.passed
        assert "not known whether it can rank" in gate.why
