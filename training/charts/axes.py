"""What the charts share: one palette, axes in "of 100", and scales on which low probabilities have room."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import log, sqrt

import altair as alt
import pandas as pd

from features.home.printed_text import visible_line
from training.charts.text_width import lines

# Dark against light, so that a grey print still tells them apart; the hues only help.
INK, QUIET, DARK, LIGHT, PALE, GRID = "#24323a", "#66757d", "#1d5a70", "#d9a95f", "#cdd8dc", "#e4e9eb"
WIDTH = 600  # of what is drawn, in pixels; names and numbers stand beside it
NARROW = 284  # the same on a phone
FONT = "sans-serif"  # drawn by the library's own, which is as wide as Arial on every machine
ROW, LINE = 20, 13  # pixels of a row with a name, and of each further line of the name
CHANCES = (0, 1, 2, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100)
ODDS_TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 50, 70, 80, 90, 95, 98, 99)


def styled(chart: alt.TopLevelMixin) -> alt.TopLevelMixin:
    """The chart in the house's look; screen readers get the page's caption instead of a name for every mark."""
    titles = {"titleColor": QUIET, "titleFontSize": 11, "titleFontWeight": "normal", "titlePadding": 8}
    grid = alt.AxisConfig(
        gridColor=GRID, domainColor=PALE, tickColor=PALE, labelColor=INK, labelFontSize=11, labelOverlap=False, **titles
    )
    # In one call: each copies the whole chart.
    return chart.configure(
        font=FONT, aria=False, background="transparent", padding=2, view=alt.ViewConfig(stroke=None), axis=grid
    )


def square_root_scale(top: float) -> alt.Scale:
    """A square-root scale from 0 to `top`: most leads lie near 0, and a straight scale would heap them up."""
    return alt.Scale(type="sqrt", domain=[0, top], nice=False)


def square_root_ticks(top: float, names: float = 25) -> list[int]:
    """The chances to name on a square-root axis with room for so many `names`, none touching the last."""
    named: list[int] = []
    for chance in CHANCES:
        if chance <= top and (not named or sqrt(chance) - sqrt(named[-1]) > sqrt(top) / names):
            named.append(chance)
    return named


def round_top(largest: float) -> float:
    return float(min([chance for chance in CHANCES if chance >= max(largest, 1)], default=100))


def even_ticks(top: float) -> list[float]:
    """About five steps from 0 to `top` on a straight axis."""
    step = next((step for step in (0.2, 0.5, 1, 2, 5, 10, 20) if top / step <= 6), 20)
    return [step * place for place in range(int(top / step + 1e-9) + 1)]


def side_by_side(left: alt.Chart | alt.LayerChart, right: alt.Chart | alt.LayerChart, width: int) -> alt.TopLevelMixin:
    """Two charts beside each other; where that would make them too small to read, below each other."""
    if width < WIDTH:
        return alt.vconcat(left.properties(width=width), right.properties(width=width), spacing=26)
    half = width // 2 - 30
    return alt.hconcat(left.properties(width=half), right.properties(width=half), spacing=34)


class NamedRows:
    """The axis of rows that have names: each name in at most two lines, and the room that they take at the left.

    Rows are told apart by their place: two long names may be shortened to the same.
    """

    def __init__(self, names: Sequence[str], room: int) -> None:
        # They stand in an expression of Vega's, which writes control characters anew: see `charts.svg`.
        self.written = [lines(visible_line(name), room - 14, most=2) for name in names]
        self.room = room
        self.height = ROW + LINE * (max(map(len, self.written), default=1) - 1)

    def encoding(self, column: str = "place") -> alt.Y:
        """The encoding of the column with each row's place."""
        named = f"{json.dumps(self.written)}[datum.value]"
        axis = alt.Axis(
            labelExpr=named, minExtent=self.room, maxExtent=self.room, labelLimit=0, labelPadding=8, ticks=False,
            domain=False, labelLineHeight=LINE,
        )  # fmt: skip
        return alt.Y(f"{column}:O", title=None, axis=axis)


def log_odds(chance: float) -> float:
    return log(chance / (1 - chance))


def odds_axis(odds_of_a_pixel: float) -> alt.Axis:
    """Log-odds, named by the chance they stand for; no name touches the next."""
    named: list[float] = []
    for chance in ODDS_TICKS:
        odds = log_odds(chance / 100)
        if not named or odds - named[-1] > 24 * odds_of_a_pixel:
            named.append(odds)
    written = "format(100 / (1 + exp(-datum.value)), '.2~r')"
    return alt.Axis(values=named, labelExpr=written, grid=False)


def diagonal(top: float) -> alt.Chart:
    """The thin line on which both sides are equal."""
    corners = alt.Chart(pd.DataFrame({"x": [0.0, top], "y": [0.0, top]}))
    return corners.mark_line(color=QUIET, strokeDash=[4, 4], strokeWidth=1).encode(alt.X("x:Q"), alt.Y("y:Q"))


def text_label(
    x: float, y: float, text: str, align: str = "left", color: str = INK, dx: float = 0, dy: float = 0
) -> alt.Chart:
    """A label beside what it names, instead of a legend."""
    place = alt.Chart(pd.DataFrame({"x": [x], "y": [y], "text": [text]}))
    written = place.mark_text(align=align, color=color, fontSize=12, dx=dx, dy=dy)
    return written.encode(alt.X("x:Q"), alt.Y("y:Q"), alt.Text("text:N"))


def heading(text: str, align: str, color: str = INK, y: float = -9) -> alt.Chart:
    """A label above a chart at its left or right end, where no line runs."""
    place = alt.Chart(pd.DataFrame({"text": [text]}))
    x = "width" if align == "right" else 0
    return place.mark_text(align=align, color=color, fontSize=12, x=x, y=y).encode(alt.Text("text:N"))
