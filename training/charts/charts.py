"""The charts of the whole test: reliability, distribution, gains, importance, partial dependence; their captions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape

import altair as alt
import pandas as pd
import vl_convert

from features.home.printed_text import visible_parts
from training.charts import axes
from training.charts.axes import DARK, INK, LIGHT, PALE, QUIET, WIDTH, NamedRows
from training.charts.text_width import lines, shortened, with_fixed_widths
from training.evaluate.evaluate import Evaluation
from training.evaluate.importance import POINTS, GlobalImportance
from training.evaluate.partial_dependence import PartialDependence

SHOWN_DRIVERS = 12
CAPTIONS = {
    "reliability": "Each dot is a group of {rows} with about the same score; on the dashed line the score keeps its "
    "word, and the bars show how far chance alone could move a dot.",
    "gains": "The further the line bends above the dashed one, the sooner sales meets those who buy; and each tenth of "
    "the list should convert less than the one before it.",
    "distribution": "The dark line are those who converted, the grey area those who did not: the further apart they "
    "lie, the better the score tells them apart.",
    "threshold": "Move along the bottom to a bar: the dashed line says how many {rows} pass it, the dark one how "
    "many of those convert.",
    "money": "Move along the bottom to a bar: in the upper picture the dashed line says how many {rows} pass it and "
    "the dark one how many of those convert, in the lower one the line says what working them earns.",
    "segments": "Where the light bar lies on the dark line of its dot, the score keeps its word in that group as far "
    "as its leads can tell; the longer the line, the fewer leads stand behind it.",
    "months": "Each month was foretold by a model that knew only what was known before it began: the light bar "
    "should lie on the line of its dot; and the higher the dot of its ROC AUC, the better it ranked.",
    "drivers": "The longer the bar, the more this moves scores: dark to the right where it speaks for a lead, light to "
    "the left where it speaks against one.",
    "dependence": "Read each small picture from top to bottom: the further right the dot, the more that value adds to "
    "a score, and the grey band holds 80 of 100 leads that have it.",
}


def caption(name: str, rows: str = "leads", has_money: bool = False) -> str:
    """The sentence under the chart of this name; empty for one that is not in CAPTIONS."""
    return CAPTIONS.get("money" if name == "threshold" and has_money else name, "").format(rows=rows)


def svg(chart: alt.TopLevelMixin) -> str:
    """The chart drawn as SVG, without a browser and without the network."""
    # A control character in a name is no XML, and the drawing library would end the whole process over it.
    return _rendered(json.dumps(visible_parts(axes.styled(chart).to_dict(validate=False))))


def png(chart: alt.TopLevelMixin) -> bytes:
    """The chart as a PNG on white, twice as fine as a screen of old."""
    drawn = axes.styled(chart).to_dict(validate=False)
    drawn["config"] |= {"background": "white", "padding": 12}
    return bytes(vl_convert.vegalite_to_png(json.dumps(visible_parts(drawn)), scale=2))


@lru_cache(maxsize=64)
def _rendered(specification: str) -> str:
    # Cached, for the charts that a candidate registers are drawn again for its report a moment later.
    return with_fixed_widths(vl_convert.vegalite_to_svg(specification))


def reliability_chart(evaluation: Evaluation, width: int = WIDTH) -> alt.TopLevelMixin:
    """Predicted against observed, a dot per bin with its 95 % interval."""
    bins = pd.DataFrame(
        [(b.count, 100 * b.predicted, 100 * b.observed, 100 * b.lower, 100 * b.upper) for b in evaluation.reliability],
        columns=["rows", "predicted", "observed", "lower", "upper"],
    )
    top = axes.round_top(max([*bins["upper"], *bins["predicted"]], default=1))
    scale, upright = axes.square_root_scale(top), alt.Axis(values=axes.square_root_ticks(top, 15), format="~g")
    level = alt.Axis(values=axes.square_root_ticks(top, width / 24), format="~g")
    x = alt.X("predicted", scale=scale, title="predicted: would convert, of 100", axis=level)
    y = alt.Y("observed", scale=scale, title="observed: did convert, of 100", axis=upright)
    dots = alt.Chart(bins)
    chart = axes.diagonal(top)
    chart += dots.mark_rule(color=DARK, strokeWidth=1.5).encode(x, alt.Y("lower"), alt.Y2("upper"))
    chart += dots.mark_circle(color=DARK, size=70, opacity=1).encode(x, y)
    return chart.properties(width=width, height=290)


def gains_chart(evaluation: Evaluation, width: int = WIDTH) -> alt.TopLevelMixin:
    """The conversions that the top of the list holds, and the rate of each tenth of the list."""
    points = pd.DataFrame(
        [(0.0, 0.0), *((100 * p.share, 100 * p.conversions_share) for p in evaluation.gains)],
        columns=["worked", "found"],
    )
    whole = alt.Scale(domain=[0, 100])
    line = alt.Chart(points).mark_line(color=DARK, strokeWidth=2.5)
    curve = axes.diagonal(100) + line.encode(
        alt.X("worked", title="worked, best first, of 100", scale=whole),
        alt.Y("found", title="conversions found, of 100", scale=whole),
    )
    for worked, found in points[points["worked"].round(6) == 10].itertuples(index=False):
        dot = alt.Chart(pd.DataFrame({"x": [worked], "y": [found]})).mark_circle(color=DARK, size=80, opacity=1)
        curve += dot.encode(alt.X("x"), alt.Y("y"))
        curve += axes.text_label(98, 8, f"● the top 10 hold {found:.0f}", align="right")
    return axes.side_by_side(curve.properties(height=230), _tenths(evaluation).properties(height=230), width)


def _tenths(evaluation: Evaluation) -> alt.LayerChart:
    found = [0.0, *(p.conversions_share for p in evaluation.gains if round(100 * p.share) % 10 == 0)]
    rate = 100 * (evaluation.base_rate or 0.0)
    tenths = pd.DataFrame(
        [(place, 10 * (found[place] - found[place - 1]) * rate) for place in range(1, len(found))],
        columns=["tenth", "rate"],
    )
    digits = 1 if rate < 10 else 0
    room = alt.Scale(domain=[0, 1.24 * max([rate, *tenths["rate"], 1e-9])], nice=False)
    bars = alt.Chart(tenths).encode(
        alt.X("tenth:O", title="tenth of the list, best first", axis=alt.Axis(labelAngle=0, ticks=False)),
        alt.Y("rate", title="converted, of 100", scale=room),
    )
    average = alt.Chart(pd.DataFrame({"rate": [rate], "text": [f"light line: average {rate:.{digits}f}"]}))
    figures = bars.encode(alt.Text("rate", format=f".{digits}f"))
    chart = bars.mark_bar(color=DARK, width=19)
    chart += average.mark_rule(color=LIGHT, strokeWidth=2).encode(alt.Y("rate"))
    chart += figures.mark_text(dy=-7, fontSize=11, stroke="white", strokeWidth=4)  # the line does not strike them out
    chart += figures.mark_text(dy=-7, fontSize=11, color=INK)
    chart += average.mark_text(align="right", color=INK, fontSize=12, x="width", y=8).encode(alt.Text("text"))
    return chart


def distribution_chart(evaluation: Evaluation, width: int = WIDTH) -> alt.TopLevelMixin:
    """Where converted and other rows lie on the scale of the score; each of the two adds up to 100."""
    bins = evaluation.distribution
    won, lost = (max(sum(counts), 1) for counts in ([b.converted for b in bins], [b.not_converted for b in bins]))
    steps = pd.DataFrame(
        [(axes.log_odds(b.lower), 100 * b.converted / won, 100 * b.not_converted / lost) for b in bins]
        + [(axes.log_odds(b.upper), 0.0, 0.0) for b in bins[-1:]],  # the last step comes down to the ground
        columns=["odds", "converted", "others"],
    )
    left, right = (steps["odds"].min(), steps["odds"].max()) if bins else (0.0, 1.0)
    domain = alt.Scale(domain=[left, right], nice=False) if bins else alt.Scale()
    title = lines("probability, of 100 (each step to the right is a step in points)", width)
    x = alt.X("odds", title=title, scale=domain, axis=axes.odds_axis((right - left) / width))
    base = alt.Chart(steps)
    others = alt.Y("others", title="of 100 with this outcome")
    chart = base.mark_area(color=PALE, interpolate="step-after").encode(x, others)
    chart += base.mark_line(color=DARK, strokeWidth=2.2, interpolate="step-after").encode(x, alt.Y("converted"))
    chart += axes.heading("did not convert: grey", "left", QUIET) + axes.heading("converted: dark line", "right", DARK)
    return chart.properties(width=width, height=200)


def importance_chart(strongest: Sequence[GlobalImportance], width: int = WIDTH) -> alt.TopLevelMixin:
    """Per behaviour or trait, how far it raises and lowers the scores on average, in points; the strongest on top."""
    shown, rest = strongest[:SHOWN_DRIVERS], strongest[SHOWN_DRIVERS:]
    rows = [(driver.label, driver.raises, driver.lowers) for driver in shown]
    if rest:
        others = f"everything else ({len(rest)})"
        rows.append((others, sum(driver.raises for driver in rest), sum(driver.lowers for driver in rest)))
    bars = pd.DataFrame(
        [(place, points * POINTS) for place, (_, *both) in enumerate(rows) for points in both],
        columns=["place", "points"],
    )
    named = NamedRows([label for label, *_ in rows], room=200 if width == WIDTH else 124)
    drawn = width - named.room + (40 if width == WIDTH else 24)
    title = lines("points, on average over all leads: to the left it lowers, to the right it raises", drawn)
    x = alt.X("points:Q", title=title, axis=alt.Axis(tickCount=max(drawn // 60, 2)))
    colour = alt.condition("datum.points > 0", alt.value(DARK), alt.value(LIGHT))
    zero = alt.Chart(pd.DataFrame({"points": [0.0]})).mark_rule(color=INK, strokeWidth=1).encode(x)
    chart = alt.Chart(bars).mark_bar(height=13).encode(x, named.encoding(), color=colour) + zero
    return chart.properties(width=drawn, height=(named.height + 4) * max(len(rows), 1))


def partial_dependence_chart(shown: Sequence[PartialDependence], width: int = WIDTH) -> alt.TopLevelMixin:
    """Per behaviour or trait a small chart: its values from top to bottom, and what each adds to a score in points."""
    ends = [POINTS * end for one in shown for step in one.steps for end in (step.low, step.high)]
    low, high = min([-1.0, *ends]), max([1.0, *ends])
    domain = [low - 0.06 * (high - low), high + 0.06 * (high - low)]
    columns = 2 if width == WIDTH else 1
    spacing = {"row": 14, "column": 14}
    each = (width + 46) // columns - 14
    return alt.concat(*(_steps(one, domain, each) for one in shown), columns=columns, spacing=spacing)


def _steps(dependence: PartialDependence, domain: Sequence[float], width: int) -> alt.TopLevelMixin:
    rows = pd.DataFrame(
        [(place, POINTS * s.low, POINTS * s.middle, POINTS * s.high) for place, s in enumerate(dependence.steps)],
        columns=["place", "low", "points", "high"],
    )
    named = NamedRows([step.value for step in dependence.steps], room=120)
    y, base, scale = named.encoding(), alt.Chart(rows), alt.Scale(domain=list(domain), nice=False)
    zero = alt.Chart(pd.DataFrame({"points": [0.0]})).mark_rule(color=QUIET, strokeWidth=1)
    x = alt.X("points:Q", scale=scale, title="points", axis=alt.Axis(tickCount=4, titlePadding=2))
    chart = alt.layer(
        zero.encode(alt.X("points:Q", scale=scale)),
        base.mark_rule(color=PALE, strokeWidth=7).encode(alt.X("low:Q", scale=scale), y, alt.X2("high")),
        base.mark_circle(color=DARK, size=55, opacity=1).encode(x, y),
    )
    heading = alt.TitleParams(
        shortened(dependence.label, width, 12), subtitle=shortened(dependence.axis or " ", width), anchor="start",
        frame="bounds", fontSize=12, color=INK, fontWeight="normal", subtitleColor=QUIET, subtitleFontSize=11, offset=6,
    )  # fmt: skip
    return chart.properties(width=width - named.room - 10, height=(named.height - 2) * len(rows), title=heading)


@dataclass(frozen=True)
class NotebookCharts:
    """Charts as SVG by name, each with its caption; a notebook draws them where this is a cell's last value."""

    pictures: Mapping[str, str]
    captions: Mapping[str, str]

    def _repr_html_(self) -> str:
        return "\n".join(
            f'<figure style="max-width: 44rem; margin: 1rem 0">{drawn}'
            f'<figcaption style="font-size: 0.9em">{escape(self.captions[name])}</figcaption></figure>'
            for name, drawn in self.pictures.items()
        )
