"""The charts of the breakdown: predicted and observed rate by segment, and by month of the backtest."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import altair as alt
import pandas as pd

from training.charts import axes
from training.charts.axes import DARK, INK, LIGHT, QUIET, WIDTH
from training.evaluate.backtest import BacktestMonth
from training.evaluate.segments import SegmentResult

NAMES = 190  # room for a segment's name, so that the charts of all families stand under each other
ROW = 20


def segments_chart(segments: Sequence[SegmentResult]) -> alt.TopLevelMixin:
    """Per segment its predicted rate (bar) and observed rate (dot with its interval); what is off stands beside it."""
    top = axes.round_top(100 * max((max(g.interval[1], g.predicted) for g in segments), default=0.01))
    families = [list(members) for _, members in groupby(segments, key=lambda segment: segment.family)]
    return alt.vconcat(*[_family_chart(members, top, members is families[-1]) for members in families], spacing=10)


def _family_chart(segments: Sequence[SegmentResult], top: float, is_last: bool) -> alt.TopLevelMixin:
    rows = pd.DataFrame(
        [
            (axes.shortened(g.level), 100 * g.predicted, 100 * g.observed, *(100 * end for end in g.interval), _off(g))
            for g in segments
        ],
        columns=["level", "said", "converted", "lower", "upper", "off"],
    )
    title = "of 100: said (light bar), converted (dot; the line is what chance could make of it)" if is_last else None
    scale = alt.Scale(domain=[0, top], nice=False)
    bottom = alt.Axis(values=axes.even_ticks(top), labels=is_last, ticks=is_last, domain=is_last)
    x = alt.X("converted:Q", scale=scale, title=title, axis=bottom)
    named = alt.Axis(minExtent=NAMES, maxExtent=NAMES, labelLimit=NAMES - 10, ticks=False, domain=False)
    y = alt.Y("level:N", sort=list(rows["level"]), title=None, axis=named)
    base = alt.Chart(rows)
    chart = alt.layer(
        base.mark_rule(color=DARK, strokeWidth=1.5).encode(alt.X("lower:Q", scale=scale), y, alt.X2("upper")),
        base.mark_tick(color=LIGHT, thickness=4, size=15).encode(alt.X("said:Q", scale=scale), y),
        base.mark_circle(color=DARK, size=60, opacity=1).encode(x, y),
        base.mark_text(align="right", color=INK, fontSize=11, x="width").encode(y, alt.Text("off:N")),
    )
    head = alt.TitleParams(segments[0].family, anchor="start", fontSize=12, color=QUIET, fontWeight="normal", offset=4)
    return chart.properties(width=WIDTH - NAMES, height=ROW * len(rows), title=head)


def _off(segment: SegmentResult) -> str:
    return "" if segment.kept == "kept" else f"promises {segment.kept}"


def months_chart(tested: Sequence[BacktestMonth]) -> alt.TopLevelMixin:
    """Left, predicted and observed rate month by month; right, the ROC AUC of each month's model."""
    rows = pd.DataFrame(
        [(m.month, 100 * m.predicted, 100 * m.observed, 100 * m.interval[0], 100 * m.interval[1]) for m in tested],
        columns=["month", "said", "converted", "lower", "upper"],
    )
    x = alt.X("month:O", title=None, axis=alt.Axis(labelAngle=-45, ticks=False))
    top = axes.round_top(max(rows[["upper", "said"]].max()))
    y = alt.Scale(domain=[0, top], nice=False)
    base = alt.Chart(rows)
    title = "of 100: said (light bar), converted (dot)"
    chart = alt.layer(
        base.mark_tick(color=LIGHT, thickness=4, size=22).encode(x, alt.Y("said:Q", scale=y, title=title)),
        base.mark_rule(color=DARK, strokeWidth=1.5).encode(x, alt.Y("lower:Q", scale=y), alt.Y2("upper")),
        base.mark_circle(color=DARK, size=70, opacity=1).encode(x, alt.Y("converted:Q", scale=y)),
    )
    return alt.hconcat(chart.properties(width=270, height=210), _ranks(tested, x), spacing=34)


def _ranks(tested: Sequence[BacktestMonth], x: alt.X) -> alt.TopLevelMixin:
    ranked = [m for m in tested if m.roc_auc is not None]
    rows = pd.DataFrame(
        [(m.month, m.roc_auc, *(m.roc_auc_interval or (m.roc_auc, m.roc_auc))) for m in ranked],
        columns=["month", "area", "lower", "upper"],
    )
    scale = alt.Scale(domain=[min([0.5, *rows["lower"]]), 1.0], nice=False, clamp=True)
    base = alt.Chart(rows)
    chart = base.mark_rule(color=DARK, strokeWidth=1.5).encode(x, alt.Y("lower:Q", scale=scale), alt.Y2("upper"))
    title = "ROC AUC (0.5 is by chance)"
    chart += base.mark_circle(color=DARK, size=70, opacity=1).encode(x, alt.Y("area:Q", scale=scale, title=title))
    return chart.properties(width=270, height=210)
