"""What a bar earns: the worth of the conversions above it, less the costs of the follow-ups."""

from __future__ import annotations

from dataclasses import dataclass

from training.evaluate.evaluate import Evaluation
from training.metrics.shares import of_100
from training.report.facts import ReportedCosts


@dataclass(frozen=True)
class BarEarnings:
    """One row per bar: the share of leads that pass it, and what working them earns per 100 leads that came."""

    bar: float
    share: float
    per_100: float


def bar_earnings(evaluation: Evaluation, money: ReportedCosts) -> tuple[BarEarnings, ...]:
    """One per point of the gains, so for 1 to 100 % of the tested rows; the highest bar comes first."""
    return tuple(
        BarEarnings(
            point.threshold, point.share, 100 * point.share * (point.precision * money.conversion - money.contact)
        )
        for point in evaluation.gains
    )


def best_bar(evaluation: Evaluation, money: ReportedCosts) -> BarEarnings | None:
    """The bar that earned the most; of several that did, the highest, for it costs sales the least time."""
    return max(bar_earnings(evaluation, money), key=lambda one: (one.per_100, one.bar), default=None)


def earnings_sentence(evaluation: Evaluation, money: ReportedCosts | None) -> str:
    """Which bar earned the most on these rows, at the agreement's costs; empty without them or without a conversion."""
    top = best_bar(evaluation, money) if money else None
    if money is None or top is None:
        return ""
    unit, needed = money.currency, of_100(money.contact / money.conversion)
    costs = f"At {money.contact:,g} {unit} a follow-up and {money.conversion:,g} {unit} a conversion"
    if top.per_100 <= 0:
        return f"{costs}, no bar would have earned anything on these leads."
    whole = 100 * (evaluation.gains[-1].precision * money.conversion - money.contact)
    all_of_them = f"would have {'earned' if whole >= 0 else 'lost'} {abs(whole):,.0f}"
    return (
        f"{costs}, a lead is worth its follow-up from {needed} in 100 on. On these leads a bar of {of_100(top.bar)} "
        f"would have earned the most, {top.per_100:,.0f} {unit} per 100 leads, and working all of them {all_of_them}. "
        "What would have converted without a follow-up is counted as earned, so it is the most that there is to earn."
    )
