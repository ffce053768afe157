"""What another bar would have brought: along the bar, how many leads sales gets, finds and misses, and its worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from training.evaluate.evaluate import Evaluation
from training.report.facts import ReportedCosts


@dataclass(frozen=True)
class WhatIf:
    """One row per bar, on the tested rows, whose outcome is known.

    bar: a probability. handed_over: how many rows pass it. found: how many of those converted. missed: how many
    converted below it. cost, value: of following up all that pass, in whole units of the currency; None without costs.
    """

    bar: float
    handed_over: int
    found: int
    missed: int
    cost: float | None = None
    value: float | None = None

    @property
    def earned(self) -> float | None:
        """The value less the cost."""
        return None if self.value is None or self.cost is None else self.value - self.cost


def what_if(evaluation: Evaluation, money: ReportedCosts | None = None) -> tuple[WhatIf, ...]:
    """One row for each 1 % of the tested rows that the report's gains know, the highest bar first; equal bars once.

    Empty without a conversion. What is equal passes together, so of equal bars the one that takes most counts.
    """
    by_bar = {point.threshold: point for point in evaluation.gains}
    won = round((evaluation.base_rate or 0.0) * evaluation.rows)
    counted = (
        (bar, round(point.share * evaluation.rows), round(point.conversions_share * won))
        for bar, point in by_bar.items()
    )
    rows = (WhatIf(bar, over, found, won - found) for bar, over, found in counted)
    return tuple(_with_money(row, money) if money else row for row in rows)


def _with_money(row: WhatIf, money: ReportedCosts) -> WhatIf:
    return replace(row, cost=row.handed_over * money.contact, value=row.found * money.conversion)


def at_bar(rows: Sequence[WhatIf], bar: float) -> WhatIf | None:
    """The row of a bar: the lowest that is not below it; None where no row of the test passes it."""
    return min((row for row in rows if row.bar >= bar), key=lambda row: row.bar, default=None)
