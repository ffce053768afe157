"""The pictures of a closer look: each segment, each month, and how the strongest drivers move a score."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import altair as alt
import pandas as pd

from training.charts import axes
from training.charts.axes import DARK, INK, LIGHT, PALE, QUIET, WIDTH
from training.evaluate.backtest import Month
from training.evaluate.dependence import Dependence
from training.evaluate.importance import POINTS
from training.evaluate.segments import Group

NAMES = 190  # room for a group's name, so that the charts of all families stand under each other
ROW = 20


def segments(groups: Sequence[Group]) -> alt.TopLevelMixin:
    """Per group, what was said (bar) and what converted (dot with its interval); where they part, in words."""
    top = axes.round_top(100 * max((max(g.interval[1], g.predicted) for g in groups), default=0.01))
    families = [list(members) for _, members in groupby(groups, key=lambda group: group.family)]
    charts = [_family(members, top, members is families[-1]) for members in families]
    return alt.vconcat(*charts, spacing=10)


def _family(groups: Sequence[Group], top: float, is_last: bool) -> alt.TopLevelMixin:
    rows = pd.DataFrame(
        [
            (axes.short(g.level), 100 * g.predicted, 100 * g.observed, *(100 * end for end in g.interval), _off(g))
            for g in groups
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
    words = base.mark_text(align="right", color=INK, fontSize=11, x="width")
    chart = alt.layer(
        base.mark_rule(color=DARK, strokeWidth=1.5).encode(alt.X("lower:Q", scale=scale), y, alt.X2("upper")),
        base.mark_tick(color=LIGHT, thickness=4, size=15).encode(alt.X("said:Q", scale=scale), y),
        base.mark_circle(color=DARK, size=60, opacity=1).encode(x, y),
        words.encode(y, alt.Text("off:N")),
    )
    heading = alt.TitleParams(groups[0].family, anchor="start", fontSize=12, color=QUIET, fontWeight="normal", offset=4)
    return chart.properties(width=WIDTH - NAMES, height=ROW * len(rows), title=heading)


def _off(group: Group) -> str:
    return "" if group.kept == "kept" else f"promises {group.kept}"


def months(foretold: Sequence[Month]) -> alt.TopLevelMixin:
    """Left, said and converted month by month; right, how well each month's model ranked."""
    rows = pd.DataFrame(
        [(m.month, 100 * m.predicted, 100 * m.observed, 100 * m.interval[0], 100 * m.interval[1]) for m in foretold],
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
    return alt.hconcat(chart.properties(width=270, height=210), _ranks(foretold, x), spacing=34)


def _ranks(foretold: Sequence[Month], x: alt.X) -> alt.TopLevelMixin:
    ranked = [m for m in foretold if m.roc_auc is not None]
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


def dependence(shown: Sequence[Dependence]) -> alt.TopLevelMixin:
    """Per driver a small chart: its values from top to bottom, and what each adds to a score in points."""
    ends = [POINTS * end for one in shown for step in one.steps for end in (step.low, step.high)]
    low, high = min([-1.0, *ends]), max([1.0, *ends])
    domain = [low - 0.06 * (high - low), high + 0.06 * (high - low)]
    return alt.concat(*(_steps(one, domain) for one in shown), columns=2, spacing={"row": 14, "column": 14})


def _steps(one: Dependence, domain: Sequence[float]) -> alt.TopLevelMixin:
    rows = pd.DataFrame(
        [(axes.short(s.value, 22), POINTS * s.low, POINTS * s.middle, POINTS * s.high) for s in one.steps],
        columns=["value", "low", "points", "high"],
    )
    scale = alt.Scale(domain=list(domain), nice=False)
    named = alt.Axis(minExtent=112, maxExtent=112, labelLimit=106, ticks=False, domain=False)
    y = alt.Y("value:N", sort=list(rows["value"]), title=None, axis=named)
    base = alt.Chart(rows)
    zero = alt.Chart(pd.DataFrame({"points": [0.0]})).mark_rule(color=QUIET, strokeWidth=1)
    x = alt.X("points:Q", scale=scale, title="points", axis=alt.Axis(tickCount=4, titlePadding=2))
    chart = alt.layer(
        zero.encode(alt.X("points:Q", scale=scale)),
        base.mark_rule(color=PALE, strokeWidth=7).encode(alt.X("low:Q", scale=scale), y, alt.X2("high")),
        base.mark_circle(color=DARK, size=55, opacity=1).encode(x, y),
    )
    heading = alt.TitleParams(
        axes.short(one.label, 40), subtitle=one.axis or " ", anchor="start", fontSize=12, color=INK,
        fontWeight="normal", subtitleColor=QUIET, subtitleFontSize=11, offset=6,
    )  # fmt: skip
    return chart.properties(width=WIDTH // 2 - 128, height=18 * len(rows), title=heading)
