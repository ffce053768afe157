"""The charts of the hole: how soon leads were tried, and which groups hold those that nobody tried."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import altair as alt
import pandas as pd

from training.charts import axes
from training.charts.axes import DARK, LIGHT, QUIET, WIDTH, NamedRows
from training.charts.text_width import lines
from training.hole.figures import Figure, FigureGroup
from training.hole.speed import SpeedStep

MOST_ROWS = 10  # groups of a dimension in the picture


def speed_chart(steps: Sequence[SpeedStep], width: int = WIDTH) -> alt.TopLevelMixin:
    """Of 100 leads handed over, how many were tried within each time: a dot with its interval."""
    rows = pd.DataFrame(
        [(s.label, 100 * s.share, 100 * s.interval[0], 100 * s.interval[1], round(100 * s.share)) for s in steps],
        columns=["within", "tried", "lower", "upper", "written"],
    )
    x = alt.X("within:O", sort=[s.label for s in steps], title="tried within", axis=alt.Axis(labelAngle=0, ticks=False))
    top = axes.round_top(max(rows["upper"]))
    scale, ticks = alt.Scale(domain=[0, top], nice=False), alt.Axis(values=axes.even_ticks(top))
    y = alt.Y("tried:Q", scale=scale, title="of 100 leads handed over", axis=ticks)
    base = alt.Chart(rows)
    chart = alt.layer(
        base.mark_line(color=DARK, strokeWidth=1.5).encode(x, y),
        base.mark_rule(color=DARK, strokeWidth=1.5).encode(x, alt.Y("lower:Q", scale=scale), alt.Y2("upper")),
        base.mark_circle(color=DARK, size=70, opacity=1).encode(x, y),
    )
    return chart.properties(width=width, height=230)


def never_tried_chart(groups: Sequence[FigureGroup], overall: Figure, width: int = WIDTH) -> alt.TopLevelMixin:
    """Per group the share never tried (dot with its interval); the light line is that of all leads."""
    shown = [
        (dimension, rows)
        for dimension, members in groupby(groups, key=lambda group: group.dimension)
        if (rows := [row for group in list(members)[:MOST_ROWS] if (row := _row(group))])
    ]
    top = axes.round_top(max([row[4] for _, rows in shown for row in rows], default=1))
    names = 190 if width == WIDTH else 112
    parts = [
        _dimension_chart(dimension, rows, (top, 100 * (overall.value or 0)), (names, width + 30 - names), place)
        for place, (dimension, rows) in enumerate(shown, start=1 - len(shown))
    ]
    return alt.vconcat(*parts, spacing=12)


def _row(group: FigureGroup) -> tuple[str, float, int, float, float] | None:
    """Its name, share, leads and interval in 100; None where no lead of it tells."""
    figure = next(figure for figure in group.figures if figure.name == "never_tried")
    if figure.value is None or figure.interval is None:
        return None
    return group.level, 100 * figure.value, figure.of, 100 * figure.interval[0], 100 * figure.interval[1]


def _dimension_chart(
    dimension: str,
    rows: Sequence[tuple[str, float, int, float, float]],
    scaled: tuple[float, float],
    widths: tuple[int, int],
    from_last: int,
) -> alt.TopLevelMixin:
    """One dimension. scaled: the axis' end, and the share of all leads; from_last: 0 for the one that has the axis."""
    (top, overall), (names, drawn) = scaled, widths
    named = NamedRows([level for level, *_ in rows], names)
    table = pd.DataFrame(
        [(place, share, lower, upper, overall) for place, (_, share, _, lower, upper) in enumerate(rows)],
        columns=["place", "share", "lower", "upper", "overall"],
    )
    is_last = from_last == 0
    title = lines("of 100 leads never tried; the light line is all of them", drawn) if is_last else None
    axis = alt.Axis(values=axes.even_ticks(top), labels=is_last, ticks=is_last, domain=is_last)
    scale, y, base = alt.Scale(domain=[0, top], nice=False), named.encoding(), alt.Chart(table)
    chart = alt.layer(
        base.mark_rule(color=LIGHT, strokeWidth=3).encode(alt.X("overall:Q", scale=scale)),
        base.mark_rule(color=DARK, strokeWidth=1.5).encode(alt.X("lower:Q", scale=scale), y, alt.X2("upper")),
        base.mark_circle(color=DARK, size=60, opacity=1).encode(
            alt.X("share:Q", scale=scale, title=title, axis=axis), y
        ),
    )
    head = alt.TitleParams(
        f"by {dimension}", anchor="start", fontSize=12, color=QUIET, fontWeight="normal", offset=4, frame="bounds"
    )
    return chart.properties(width=drawn, height=named.height * len(rows), title=head)
