"""The charts of drift since a model was trained: weekly conversions, calibration, inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from training.charts import charts
from training.charts.axes import DARK, INK, LIGHT, PALE, QUIET, WIDTH, NamedRows
from training.monitoring.psi import LARGE_CHANGE, SMALL_CHANGE
from training.monitoring.result import EarlyWeek, InputDrift, MonitoringFigures

SHOWN_INPUTS = 12


def drift_charts(pictured: MonitoringFigures | None, width: int = WIDTH) -> dict[str, Any]:
    """Every chart for which there are results, by name."""
    drawn: dict[str, Any] = {}
    if pictured is None:
        return drawn
    if pictured.weeks:
        drawn["since_weeks"] = weekly_conversions_chart(pictured.weeks, pictured.early_days, width)
    if pictured.matured and pictured.matured.reliability:
        drawn["since_reliability"] = charts.reliability_chart(pictured.matured, width)
    if pictured.inputs:
        drawn["since_inputs"] = input_drift_chart(pictured.inputs, width)
    return drawn


def input_drift_chart(drifts: Sequence[InputDrift], width: int = WIDTH) -> alt.TopLevelMixin:
    """The PSI of the inputs that moved most, a bar each, dark where it is worth a word; and what chance stays under."""
    shown = sorted(drifts, key=lambda drift: -drift.psi)[:SHOWN_INPUTS]
    rows = pd.DataFrame(
        [(place, drift.psi, drift.chance, drift.status != "ok") for place, drift in enumerate(shown)],
        columns=["place", "psi", "chance", "moved"],
    )
    top = alt.Scale(domain=[0, 1.08 * max(LARGE_CHANGE, rows["psi"].max(), rows["chance"].max())], nice=False)
    named = NamedRows([drift.column.replace("_", " ") for drift in shown], room=220 if width == WIDTH else 124)
    y, drawn = named.encoding(), width - named.room + (40 if width == WIDTH else 24)
    ticks = alt.Axis(tickCount=max(drawn // 60, 2))
    x = alt.X("psi:Q", title="population stability index", scale=top, axis=ticks)
    colour = alt.condition("datum.moved", alt.value(DARK), alt.value(PALE))
    chart = alt.Chart(rows).mark_bar(height=12).encode(x, y, color=colour)
    chart += alt.Chart(rows).mark_tick(color=INK, thickness=2, size=14).encode(alt.X("chance:Q"), y)
    for limit in (SMALL_CHANGE, LARGE_CHANGE):
        chart += alt.Chart(pd.DataFrame({"x": [limit]})).mark_rule(color=LIGHT, strokeWidth=1.5).encode(alt.X("x:Q"))
    return chart.properties(width=drawn, height=(named.height + 2) * len(rows))


def weekly_conversions_chart(weeks: Sequence[EarlyWeek], days: int, width: int = WIDTH) -> alt.TopLevelMixin:
    """Conversions soon after the snapshots of each week: the range of chance, what was expected, and what came."""
    rows = pd.DataFrame([week.__dict__ for week in weeks])
    rows["starts_at"] = pd.to_datetime(rows["starts_at"], utc=True)
    x = alt.X("starts_at:T", title="week of the snapshots", axis=_weeks(width))
    y = alt.Y("lower:Q", title=f"converted within {days} days", scale=alt.Scale(zero=True))
    base = alt.Chart(rows)
    # A rule for each week rather than an area: an area of one week is nothing to see.
    chart = base.mark_rule(color=PALE, strokeWidth=10).encode(x, y, alt.Y2("upper:Q"))
    chart += base.mark_tick(color=QUIET, thickness=2, size=14).encode(x, alt.Y("expected:Q"))
    chart += base.mark_circle(color=DARK, size=70, opacity=1).encode(x, alt.Y("observed:Q"))
    return chart.properties(width=width, height=200)


def _weeks(width: int) -> alt.Axis:
    return alt.Axis(format="%d %b", grid=False, tickCount=width // 75)
