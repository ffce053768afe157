"""The charts of the breakdown: predicted and observed rate by segment, and by month of the backtest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import altair as alt
import pandas as pd

from training.charts import axes
from training.charts.axes import DARK, INK, LIGHT, QUIET, WIDTH, NamedRows
from training.charts.text_width import lines, shortened
from training.evaluate.backtest import BacktestMonth
from training.evaluate.segments import SegmentResult


def segments_chart(segments: Sequence[SegmentResult], width: int = WIDTH) -> alt.TopLevelMixin:
    """Per segment its predicted rate (bar) and observed rate (dot with its interval); what is off stands beside it."""
    families = [list(members) for _, members in groupby(segments, key=lambda segment: segment.family)]
    of_all = _FamilyCharts.of(segments, width)
    return alt.vconcat(*[of_all.chart(members, members is families[-1]) for members in families], spacing=10)


@dataclass(frozen=True)
class _FamilyCharts:
    """What the charts of all families share, so that they stand under each other; in pixels but for `top`, of 100."""

    top: float
    names: int
    drawn: int
    says_promises: bool

    @classmethod
    def of(cls, segments: Sequence[SegmentResult], width: int) -> _FamilyCharts:
        top = axes.round_top(100 * max((max(g.interval[1], g.predicted) for g in segments), default=0.01))
        is_wide = width == WIDTH
        names = 190 if is_wide else 112
        beside = (122 if is_wide else 70) if any(g.kept != "kept" for g in segments) else 0
        return cls(top, names, width + (40 if is_wide else 30) - names - beside, is_wide)

    def chart(self, segments: Sequence[SegmentResult], is_last: bool) -> alt.TopLevelMixin:
        """One family: a row per segment; the last chart carries the axis of all."""
        rows = self._rows(segments)
        named = NamedRows([g.level for g in segments], self.names)
        scale, y, base = alt.Scale(domain=[0, self.top], nice=False), named.encoding(), alt.Chart(rows)
        chart = alt.layer(
            base.mark_rule(color=DARK, strokeWidth=1.5).encode(alt.X("lower:Q", scale=scale), y, alt.X2("upper")),
            base.mark_tick(color=LIGHT, thickness=4, size=15).encode(alt.X("said:Q", scale=scale), y),
            base.mark_circle(color=DARK, size=60, opacity=1).encode(self._axis(scale, is_last), y),
            base.mark_text(align="left", color=INK, fontSize=11, x=self.drawn + 10).encode(y, alt.Text("off:N")),
        )
        head = alt.TitleParams(
            shortened(segments[0].family, self.names + self.drawn, 12), anchor="start", fontSize=12, color=QUIET,
            fontWeight="normal", offset=4, frame="bounds",
        )  # fmt: skip
        return chart.properties(width=self.drawn, height=named.height * len(rows), title=head)

    def _rows(self, segments: Sequence[SegmentResult]) -> pd.DataFrame:
        promises = "promises " if self.says_promises else ""
        return pd.DataFrame(
            [
                (place, 100 * g.predicted, 100 * g.observed, *(100 * end for end in g.interval),
                 "" if g.kept == "kept" else promises + g.kept)
                for place, g in enumerate(segments)
            ],
            columns=["place", "said", "converted", "lower", "upper", "off"],
        )  # fmt: skip

    def _axis(self, scale: alt.Scale, is_last: bool) -> alt.X:
        title = "of 100: said (light bar), converted (dot; the line is what chance could make of it)"
        ticks = axes.even_ticks(self.top)
        bottom = alt.Axis(values=ticks, labels=is_last, ticks=is_last, domain=is_last)
        return alt.X("converted:Q", scale=scale, title=lines(title, self.drawn) if is_last else None, axis=bottom)


def months_chart(tested: Sequence[BacktestMonth], width: int = WIDTH) -> alt.TopLevelMixin:
    """Predicted and observed rate month by month, and the ROC AUC of each month's model."""
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
    return axes.side_by_side(chart.properties(height=210), _ranks(tested, x).properties(height=210), width)


def _ranks(tested: Sequence[BacktestMonth], x: alt.X) -> alt.LayerChart:
    ranked = [m for m in tested if m.roc_auc is not None]
    rows = pd.DataFrame(
        [(m.month, m.roc_auc, *(m.roc_auc_interval or (m.roc_auc, m.roc_auc))) for m in ranked],
        columns=["month", "area", "lower", "upper"],
    )
    scale = alt.Scale(domain=[min([0.5, *rows["lower"]]), 1.0], nice=False, clamp=True)
    base = alt.Chart(rows)
    chart = base.mark_rule(color=DARK, strokeWidth=1.5).encode(x, alt.Y("lower:Q", scale=scale), alt.Y2("upper"))
    title = "ROC AUC (0.5 is by chance)"
    return chart + base.mark_circle(color=DARK, size=70, opacity=1).encode(x, alt.Y("area:Q", scale=scale, title=title))
