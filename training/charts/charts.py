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

from training.charts import axes
from training.charts.axes import DARK, INK, LIGHT, PALE, QUIET, WIDTH
from training.evaluate.evaluate import Evaluation
from training.evaluate.importance import POINTS, GlobalImportance
from training.evaluate.partial_dependence import PartialDependence

SHOWN_DRIVERS = 12
CAPTIONS = {
    "reliability": "Each dot is a group of {rows} with about the same score, so many as the figures below it say; on "
    "the dashed line the score keeps its word, and the bars show how far chance alone could move a dot.",
    "gains": "Left, the further the line bends above the dashed one, the sooner sales meets those who buy; right, each "
    "tenth of the list should convert less than the one before it.",
    "distribution": "The dark line are those who converted, the grey area those who did not: the further apart they "
    "lie, the better the score tells them apart.",
    "threshold": "Move along the bottom to a bar: the dashed line says how many leads pass it, the dark one how many "
    "of those convert.",
    "money": "Move along the bottom to a bar: in the upper picture the dashed line says how many leads pass it and the "
    "dark one how many of those convert, in the lower one the line says what working them earns.",
    "segments": "Where the light bar lies on the dark line of its dot, the score keeps its word in that group as far "
    "as its leads can tell; the longer the line, the fewer leads stand behind it.",
    "months": "Each month was foretold by a model that knew only what was known before it began: left, the light bar "
    "should lie on the line of its dot; right, the higher the dot, the better it ranked.",
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
    return _rendered(json.dumps(axes.styled(chart).to_dict(validate=False)))


@lru_cache(maxsize=32)
def _rendered(specification: str) -> str:
    # Cached, for the charts that a candidate registers are drawn again for its report a moment later.
    drawn: str = vl_convert.vegalite_to_svg(specification)
    return drawn


def reliability_chart(evaluation: Evaluation) -> alt.TopLevelMixin:
    """Predicted against observed, a dot per bin with its 95 % interval; below, how many rows each dot rests on."""
    bins = pd.DataFrame(
        [(b.count, 100 * b.predicted, 100 * b.observed, 100 * b.lower, 100 * b.upper) for b in evaluation.reliability],
        columns=["rows", "predicted", "observed", "lower", "upper"],
    )
    top = axes.round_top(max([*bins["upper"], *bins["predicted"]], default=1))
    scale, ticks = axes.square_root_scale(top), axes.square_root_ticks(top)
    upright = alt.Axis(values=axes.square_root_ticks(top, 15))
    x = alt.X("predicted", scale=scale, title="predicted: would convert, of 100", axis=alt.Axis(values=ticks))
    bare = alt.X("predicted", scale=scale, title=None, axis=alt.Axis(values=ticks, labels=False, ticks=False))
    y = alt.Y("observed", scale=scale, title="observed: did convert, of 100", axis=upright)
    dots = alt.Chart(bins)
    rules = dots.mark_rule(color=DARK, strokeWidth=1.5).encode(bare, alt.Y("lower"), alt.Y2("upper"))
    main = axes.diagonal(top) + rules
    main += dots.mark_circle(color=DARK, size=70, opacity=1).encode(bare, y)
    # A bar would widen its axis and no longer stand under its dot.
    counts = dots.mark_rule(color=PALE, strokeWidth=8).encode(x, alt.Y("rows", axis=_few_ticks()), alt.Y2(datum=0))
    counts += dots.mark_text(align="left", angle=270, dx=3, color=QUIET, fontSize=9).encode(
        x, alt.Y("rows"), alt.Text("rows:Q", format=",")
    )
    return alt.vconcat(main.properties(width=WIDTH, height=290), counts.properties(width=WIDTH, height=44), spacing=22)


def gains_chart(evaluation: Evaluation) -> alt.TopLevelMixin:
    """Left, the conversions that the top of the list holds; right, the rate of each tenth of the list."""
    points = pd.DataFrame(
        [(0.0, 0.0), *((100 * p.share, 100 * p.conversions_share) for p in evaluation.gains)],
        columns=["worked", "found"],
    )
    whole = alt.Scale(domain=[0, 100])
    line = alt.Chart(points).mark_line(color=DARK, strokeWidth=2.5)
    curve = axes.diagonal(100) + line.encode(
        alt.X("worked", title="leads worked, best first, of 100", scale=whole),
        alt.Y("found", title="conversions found, of 100", scale=whole),
    )
    for worked, found in points[points["worked"].round(6) == 10].itertuples(index=False):
        dot = alt.Chart(pd.DataFrame({"x": [worked], "y": [found]})).mark_circle(color=DARK, size=80, opacity=1)
        curve += dot.encode(alt.X("x"), alt.Y("y"))
        curve += axes.text_label(98, 8, f"● the top 10 hold {found:.0f}", align="right")
    return alt.hconcat(curve.properties(width=270, height=230), _tenths(evaluation), spacing=34)


def _tenths(evaluation: Evaluation) -> alt.TopLevelMixin:
    found = [0.0, *(p.conversions_share for p in evaluation.gains if round(100 * p.share) % 10 == 0)]
    rate = 100 * (evaluation.base_rate or 0.0)
    tenths = pd.DataFrame(
        [(place, 10 * (found[place] - found[place - 1]) * rate) for place in range(1, len(found))],
        columns=["tenth", "rate"],
    )
    digits = 1 if rate < 10 else 0
    room = alt.Scale(domain=[0, 1.12 * max([rate, *tenths["rate"], 1e-9])], nice=False)
    bars = alt.Chart(tenths).encode(
        alt.X("tenth:O", title="tenth of the list, best first", axis=alt.Axis(labelAngle=0, ticks=False)),
        alt.Y("rate", title="converted, of 100", scale=room),
    )
    average = alt.Chart(pd.DataFrame({"rate": [rate], "text": [f"average {rate:.{digits}f}"]})).encode(alt.Y("rate"))
    chart = bars.mark_bar(color=DARK, width=19)
    chart += bars.mark_text(dy=-7, color=INK, fontSize=11).encode(alt.Text("rate", format=f".{digits}f"))
    chart += average.mark_rule(color=LIGHT, strokeWidth=2)
    chart += average.mark_text(align="right", dy=-9, color=INK, fontSize=12, x="width").encode(alt.Text("text"))
    return chart.properties(width=270, height=230)


def distribution_chart(evaluation: Evaluation) -> alt.TopLevelMixin:
    """Where converted and other rows lie on the scale of the score; each of the two adds up to 100."""
    bins = evaluation.distribution
    won, lost = (max(sum(counts), 1) for counts in ([b.converted for b in bins], [b.not_converted for b in bins]))
    steps = pd.DataFrame(
        [(axes.log_odds(b.lower), 100 * b.converted / won, 100 * b.not_converted / lost) for b in bins]
        + [(axes.log_odds(b.upper), 0.0, 0.0) for b in bins[-1:]],  # the last step comes down to the ground
        columns=["odds", "converted", "others"],
    )
    domain = alt.Scale(domain=[steps["odds"].min(), steps["odds"].max()], nice=False) if bins else alt.Scale()
    title = "probability, of 100 (each step to the right is a step in points)"
    x = alt.X("odds", title=title, scale=domain, axis=axes.odds_axis())
    base = alt.Chart(steps)
    others = alt.Y("others", title="of 100 with this outcome")
    chart = base.mark_area(color=PALE, interpolate="step-after").encode(x, others)
    chart += base.mark_line(color=DARK, strokeWidth=2.2, interpolate="step-after").encode(x, alt.Y("converted"))
    if bins:
        left, right, high = steps["odds"].min(), steps["odds"].max(), steps[["converted", "others"]].max().max()
        chart += axes.text_label(left, high, "did not convert", "left", QUIET, dx=8, dy=8)
        chart += axes.text_label(right, high, "converted", "right", DARK, dx=-8, dy=8)
    return chart.properties(width=WIDTH, height=200)


def importance_chart(strongest: Sequence[GlobalImportance]) -> alt.TopLevelMixin:
    """Per behaviour or trait, how far it raises and lowers the scores on average, in points; the strongest on top."""
    shown, rest = strongest[:SHOWN_DRIVERS], strongest[SHOWN_DRIVERS:]
    rows = [(axes.shortened(driver.label), driver.raises, driver.lowers) for driver in shown]
    if rest:
        others = f"everything else ({len(rest)})"
        rows.append((others, sum(driver.raises for driver in rest), sum(driver.lowers for driver in rest)))
    bars = pd.DataFrame(
        [(label, points * POINTS) for label, raises, lowers in rows for points in (raises, lowers)],
        columns=["label", "points"],
    )
    y = alt.Y("label:N", sort=[label for label, *_ in rows], title=None, axis=alt.Axis(labelLimit=220, ticks=False))
    x = alt.X("points:Q", title="points, on average over all leads: to the left it lowers, to the right it raises")
    colour = alt.condition("datum.points > 0", alt.value(DARK), alt.value(LIGHT))
    zero = alt.Chart(pd.DataFrame({"points": [0.0]})).mark_rule(color=INK, strokeWidth=1).encode(x)
    chart = alt.Chart(bars).mark_bar(height=13).encode(x, y, color=colour) + zero
    return chart.properties(width=WIDTH - 130, height=24 * max(len(rows), 1))


def _few_ticks() -> alt.Axis:
    return alt.Axis(tickCount=2, grid=False)


def partial_dependence_chart(shown: Sequence[PartialDependence]) -> alt.TopLevelMixin:
    """Per behaviour or trait a small chart: its values from top to bottom, and what each adds to a score in points."""
    ends = [POINTS * end for one in shown for step in one.steps for end in (step.low, step.high)]
    low, high = min([-1.0, *ends]), max([1.0, *ends])
    domain = [low - 0.06 * (high - low), high + 0.06 * (high - low)]
    return alt.concat(*(_steps(one, domain) for one in shown), columns=2, spacing={"row": 14, "column": 14})


def _steps(dependence: PartialDependence, domain: Sequence[float]) -> alt.TopLevelMixin:
    rows = pd.DataFrame(
        [(axes.shortened(s.value, 22), POINTS * s.low, POINTS * s.middle, POINTS * s.high) for s in dependence.steps],
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
        axes.shortened(dependence.label, 40), subtitle=dependence.axis or " ", anchor="start", fontSize=12, color=INK,
        fontWeight="normal", subtitleColor=QUIET, subtitleFontSize=11, offset=6,
    )  # fmt: skip
    return chart.properties(width=WIDTH // 2 - 128, height=18 * len(rows), title=heading)


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
