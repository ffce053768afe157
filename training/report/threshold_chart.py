"""The threshold chart: for each bar, how many leads pass it, how many of them convert, and what that earns."""

from __future__ import annotations

from math import sqrt

import altair as alt
import pandas as pd

from training.charts import axes
from training.charts.axes import DARK, LIGHT, QUIET, WIDTH
from training.evaluate.evaluate import Evaluation
from training.metrics.shares import of_100
from training.report.bar_earnings import bar_earnings, best_bar
from training.report.facts import ReportedCosts

HALF, NEAR = 0.5, 16  # of the axis; of 100, between two labels that would touch
FEWEST_ROWS = 20  # the first shares hold few rows, and their precision jumps


def threshold_chart(
    evaluation: Evaluation, bar: float | None = None, money: ReportedCosts | None = None, width: int = WIDTH
) -> alt.TopLevelMixin:
    """By bar: of 100 leads how many pass it, and of 100 that pass how many convert; with costs, also what it earns."""
    points = [point for point in evaluation.gains if point.share * evaluation.rows >= FEWEST_ROWS] or evaluation.gains
    lines = pd.DataFrame(
        [(100 * p.threshold, 100 * p.share, 100 * p.precision) for p in points],
        columns=["bar", "passing", "converting"],
    ).drop_duplicates("bar", keep="last")
    top = axes.round_top(max([*lines["bar"], 100 * (bar or 0)], default=1))
    chart = _passing(lines, top, titled=money is None)
    if bar is not None:
        side = "right" if sqrt(100 * bar / top) > HALF else "left"
        chart += _mark(100 * bar) + axes.text_label(100 * bar, 100, f"the bar now: {of_100(bar)}", side, dy=-9)
    chart = chart.properties(width=width, height=200)
    if money is None:
        return chart
    below = _money(evaluation, money, top, lowest=min(lines["bar"], default=0.0))
    if bar is not None:
        below += _mark(100 * bar)
    return alt.vconcat(chart, below.properties(width=width, height=100), spacing=26)


def _passing(lines: pd.DataFrame, top: float, titled: bool) -> alt.LayerChart:
    x = _bar("bar", top, titled)
    whole, base = alt.Scale(domain=[0, 100]), alt.Chart(lines)
    passing = base.mark_line(color=QUIET, strokeWidth=2, strokeDash=[6, 3])
    chart = passing.encode(x, alt.Y("passing", scale=whole, title="of 100"))
    chart += base.mark_line(color=DARK, strokeWidth=2.5).encode(x, alt.Y("converting", scale=whole))
    if len(lines):
        middle, last = lines.iloc[int((lines["passing"] - 85).abs().argmin())], lines.iloc[int(lines["bar"].argmax())]
        side, dx = ("right", -10) if sqrt(middle["bar"] / top) > HALF else ("left", 10)
        dy = 16 if abs(middle["passing"] - last["converting"]) < NEAR else -13
        chart += axes.text_label(middle["bar"], middle["passing"], "that pass", side, QUIET, dx=dx)
        chart += axes.text_label(last["bar"], last["converting"], "of those, convert", "right", DARK, dy=dy)
    return chart


def _money(evaluation: Evaluation, money: ReportedCosts, top: float, lowest: float) -> alt.LayerChart:
    rows = pd.DataFrame(
        [(100 * one.bar, one.per_100) for one in bar_earnings(evaluation, money)], columns=["bar", "earned"]
    ).drop_duplicates("bar", keep="last")
    rows = rows[rows["bar"].between(lowest, top)]  # a clipped line would need a url() in the page
    x, title = _bar("bar", top, titled=True), f"{money.currency} per 100 leads"
    chart = alt.Chart(rows).mark_line(color=DARK, strokeWidth=2.5).encode(x, alt.Y("earned", title=title))
    most = best_bar(evaluation, money)
    if most is not None and most.per_100 > 0:
        dot = alt.Chart(pd.DataFrame({"x": [100 * most.bar], "y": [most.per_100]}))
        chart += dot.mark_circle(color=DARK, size=80, opacity=1).encode(alt.X("x"), alt.Y("y"))
        chart += axes.heading(f"● earns the most: a bar of {of_100(most.bar)}", "right", DARK)
    return chart


def _bar(column: str, top: float, titled: bool) -> alt.X:
    title = "the bar: a probability of at least, of 100" if titled else None
    named = alt.Axis(values=axes.square_root_ticks(top), format="~g", labels=titled, ticks=titled)
    return alt.X(column, title=title, scale=axes.square_root_scale(top), axis=named)


def _mark(bar: float) -> alt.Chart:
    return alt.Chart(pd.DataFrame({"x": [bar]})).mark_rule(color=LIGHT, strokeWidth=2).encode(alt.X("x"))
