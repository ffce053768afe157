"""What another bar would have brought is counted on the rows of the report, and says what the report says."""

from __future__ import annotations

import pytest
from example_report import facts, rows

from training.report.facts import ReportedCosts
from training.report.threshold_chart import bar_earnings
from training.report.what_if import at_bar, what_if

MONEY = ReportedCosts("USD", 60, 1500)


def test_each_bar_is_counted_on_the_tested_rows() -> None:
    probability, won, _ = rows()
    for row in what_if(facts().evaluation, MONEY)[4::10]:
        taken = probability >= row.bar
        # A bar is the lowest probability of the best so many in a hundred, so what is equal to it may pass as well.
        assert row.handed_over == pytest.approx(taken.sum(), abs=24)
        assert row.found + row.missed == won.sum()
        assert row.found == pytest.approx(won[taken].sum(), abs=12)
        assert (row.cost, row.value) == (60 * row.handed_over, 1500 * row.found)


def test_at_todays_bar_the_figures_are_those_of_the_report() -> None:
    evaluation = facts().evaluation
    row = at_bar(what_if(evaluation, MONEY), evaluation.gains[9].threshold)
    said = next(one for one in bar_earnings(evaluation, MONEY) if one.bar == row.bar)
    assert row.found / row.handed_over == pytest.approx(evaluation.metrics["precision_at_10pct"], abs=0.01)
    assert 100 * row.earned / evaluation.rows == pytest.approx(said.per_100, rel=1e-9)


def test_a_higher_bar_never_hands_over_or_finds_more() -> None:
    curve = what_if(facts().evaluation)
    assert [row.handed_over for row in curve] == sorted(row.handed_over for row in curve)
    assert [row.found for row in curve] == sorted(row.found for row in curve)
    assert curve[-1].missed == 0
    assert at_bar(curve, 1.0) is None
    assert curve[0].earned is None
