"""The pictures of the report: pure functions from figures to charts, made for paper, so nothing moves."""

from __future__ import annotations

from collections.abc import Sequence
from math import log, sqrt

import altair as alt
import pandas as pd
import vl_convert

from training.drivers import POINTS, Driver
from training.evaluate import Evaluation

# Dark against light, so that a grey print still tells them apart; the hues only help.
INK, QUIET, DARK, LIGHT, GRID = "#24323a", "#6b7a82", "#1d5a70", "#d9a95f", "#e4e9eb"
PALE = "#cfd9dd"
WIDTH = 600
FONT = "Arial, Liberation Sans, Helvetica, sans-serif"
IN_100 = [0, 1, 2, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]
SHOWN_DRIVERS = 12


def svg(chart: alt.TopLevelMixin) -> str:
    """The chart drawn as SVG, without a browser and without the network."""
    # Labels for screen readers would name every mark; the page gives each picture one caption instead.
    styled = chart.configure(font=FONT, aria=False, background="transparent", padding=2)
    styled = styled.configure_view(stroke=None).configure_axis(
        labelColor=INK, titleColor=QUIET, gridColor=GRID, domainColor=PALE, tickColor=PALE,
        labelFontSize=11, titleFontSize=11, titleFontWeight="normal", titlePadding=8,
    )  # fmt: skip
    drawn: str = vl_convert.vegalite_to_svg(styled.to_dict())
    return drawn


def reliability(evaluation: Evaluation) -> alt.TopLevelMixin:
    """Predicted against observed, a dot per bin with its 95 % interval; below, how many rows each dot rests on."""
    bins = pd.DataFrame(
        [
            {"count": b.count, "predicted": 100 * b.predicted, "observed": 100 * b.observed,
             "lower": 100 * b.lower, "upper": 100 * b.upper}
            for b in evaluation.reliability
        ],
        columns=["count", "predicted", "observed", "lower", "upper"],
    )  # fmt: skip
    top = _nice_top(max([1.0, *bins["upper"], *bins["predicted"]]))
    x = _chances("predicted", "predicted: would convert, of 100", top)
    hidden = alt.X(
        "predicted", scale=_root(top), axis=alt.Axis(values=_ticks(top), labels=False, ticks=False, title=None)
    )
    ideal = alt.Chart(pd.DataFrame({"predicted": [0, top], "observed": [0, top]})).mark_line(
        color=QUIET, strokeDash=[4, 4], strokeWidth=1
    )
    dots = alt.Chart(bins)
    main = (
        ideal.encode(hidden, alt.Y("observed"))
        + dots.mark_rule(color=DARK, strokeWidth=1.5).encode(hidden, alt.Y("lower"), alt.Y2("upper"))
        + dots.mark_circle(color=DARK, size=70, opacity=1).encode(
            hidden, _chances_y("observed", "observed: did convert, of 100", top)
        )
    ).properties(width=WIDTH, height=300)
    counts = (
        dots.mark_rule(color=PALE, strokeWidth=8)  # a bar would widen the axis, and leave the dots above
        .encode(x, alt.Y("count", title="rows", scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=2, grid=False)), alt.Y2(datum=0))
        .properties(width=WIDTH, height=44)
    )
    return alt.vconcat(main, counts, spacing=4)


def gains(evaluation: Evaluation) -> alt.TopLevelMixin:
    """Left, the conversions that the top of the list holds; right, the rate of each tenth of the list."""
    points = pd.DataFrame(
        [(0.0, 0.0), *((100 * p.share, 100 * p.conversions_share) for p in evaluation.gains)],
        columns=["worked", "found"],
    )
    base = alt.Chart(points).encode(_of_100("worked", "leads worked, best first, of 100"))
    held = base.encode(alt.Y("found", title="conversions found, of 100", scale=alt.Scale(domain=[0, 100])))
    chance = alt.Chart(pd.DataFrame({"worked": [0, 100], "found": [0, 100]})).mark_line(
        color=QUIET, strokeDash=[4, 4], strokeWidth=1
    )
    tenth = points[points["worked"].round() == 10]
    curve = (
        chance.encode(alt.X("worked"), alt.Y("found"))
        + held.mark_line(color=DARK, strokeWidth=2.5)
        + held.mark_circle(color=DARK, size=80, opacity=1).transform_filter(
            "datum.worked > 9.99 && datum.worked < 10.01"
        )
        + alt.Chart(tenth.assign(label=[f"the top 10 hold {found:.0f}" for found in tenth["found"]]))
        .mark_text(align="left", dx=10, dy=4, color=INK, fontSize=12)
        .encode(alt.X("worked"), alt.Y("found"), alt.Text("label"))
    )
    return alt.hconcat(curve.properties(width=270, height=240), _tenths(evaluation), spacing=34)


def _tenths(evaluation: Evaluation) -> alt.TopLevelMixin:
    found = [0.0, *(p.conversions_share for p in evaluation.gains if round(100 * p.share) % 10 == 0)]
    rate = 100 * (evaluation.base_rate or 0.0)
    tenths = pd.DataFrame(
        [(place, 10 * (found[place] - found[place - 1]) * rate) for place in range(1, len(found))],
        columns=["tenth", "rate"],
    )
    bars = alt.Chart(tenths).encode(
        alt.X("tenth:O", title="tenth of the list, best first", axis=alt.Axis(labelAngle=0, ticks=False)),
        alt.Y("rate", title="converted, of 100"),
    )
    average = alt.Chart(pd.DataFrame({"rate": [rate], "label": [f"average {rate:.{_digits(rate)}f}"]}))
    return (
        bars.mark_bar(color=DARK, width=19)
        + bars.mark_text(dy=-7, color=INK, fontSize=11).encode(alt.Text("rate", format=f".{_digits(rate)}f"))
        + average.mark_rule(color=LIGHT, strokeWidth=2).encode(alt.Y("rate"))
        + average.mark_text(align="right", dy=-7, color=QUIET, fontSize=11, x="width").encode(
            alt.Y("rate"), alt.Text("label")
        )
    ).properties(width=270, height=240)


def distribution(evaluation: Evaluation) -> alt.TopLevelMixin:
    """Where converted and other rows lie on the scale of the score; each of the two adds up to 100."""
    bins = evaluation.distribution
    totals = {"converted": sum(b.converted for b in bins), "did not convert": sum(b.not_converted for b in bins)}
    steps = pd.DataFrame(
        [
            (outcome, _log_odds(b.lower), _log_odds(b.upper), 100 * count / max(totals[outcome], 1))
            for b in bins
            for outcome, count in (("converted", b.converted), ("did not convert", b.not_converted))
        ],
        columns=["outcome", "from", "to", "share"],
    )
    values = [_log_odds(chance / 100) for chance in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 50, 70, 80, 90, 95, 98, 99)]
    axis = alt.Axis(values=values, labelExpr="format(100 / (1 + exp(-datum.value)), '.2~r')", grid=False)
    domain = [min(steps["from"], default=-1), max(steps["to"], default=1)]
    x = alt.X("from:Q", title="probability, of 100", scale=alt.Scale(domain=domain, nice=False), axis=axis)
    shares = alt.Y("share", title="of 100 with this outcome")
    base = alt.Chart(steps)
    others = base.transform_filter("datum.outcome != 'converted'").mark_bar(color=PALE, binSpacing=0)
    won = base.transform_filter("datum.outcome == 'converted'").mark_line(
        color=DARK, strokeWidth=2.2, interpolate="step-after"
    )
    return (others.encode(x, alt.X2("to"), shares) + won.encode(x, shares)).properties(width=WIDTH, height=200)


def threshold(evaluation: Evaluation, bar: float | None = None) -> alt.TopLevelMixin:
    """What a bar costs and gives: of 100 leads how many pass it, and of 100 that pass how many convert."""
    # The first shares hold few rows, and their precision jumps.
    points = [point for point in evaluation.gains if point.share * evaluation.rows >= 20] or list(evaluation.gains)
    lines = pd.DataFrame(
        [(100 * p.threshold, 100 * p.share, 100 * p.precision) for p in points],
        columns=["bar", "passing", "converting"],
    ).drop_duplicates("bar", keep="last")
    top = _nice_top(max([1.0, *lines["bar"]]))
    x = _chances("bar", "the bar: a probability of at least, of 100", top)
    base = alt.Chart(lines)
    y = alt.Scale(domain=[0, 100])
    passing = base.mark_line(color=QUIET, strokeWidth=2, strokeDash=[6, 3]).encode(
        x, alt.Y("passing", scale=y, title="of 100")
    )
    converting = base.mark_line(color=DARK, strokeWidth=2.5).encode(x, alt.Y("converting", scale=y))
    layers = passing + converting + _line_names(lines)
    if bar is not None:
        mark = alt.Chart(pd.DataFrame({"bar": [100 * bar], "label": [f"today {100 * bar:.0f}"]}))
        layers += mark.mark_rule(color=LIGHT, strokeWidth=2).encode(alt.X("bar"))
        layers += mark.mark_text(align="left", dx=5, y=8, color=INK, fontSize=11).encode(
            alt.X("bar"), alt.Text("label")
        )
    return layers.properties(width=WIDTH, height=230)


def _line_names(lines: pd.DataFrame) -> alt.TopLevelMixin:
    """Each line named where it has room, instead of a legend to look up."""
    widest = lines.iloc[[int((lines["passing"] - 60).abs().argmin())]].assign(label="of 100 leads, this many pass the bar")
    last = lines.iloc[[int(lines["bar"].argmax())]].assign(label="of 100 that pass, this many convert")
    pass_name = alt.Chart(widest).mark_text(align="left", dx=9, dy=-4, color=QUIET, fontSize=12)
    convert_name = alt.Chart(last).mark_text(align="right", dy=-12, color=DARK, fontSize=12)
    return pass_name.encode(alt.X("bar"), alt.Y("passing"), alt.Text("label")) + convert_name.encode(
        alt.X("bar"), alt.Y("converting"), alt.Text("label")
    )


def drivers(strongest: Sequence[Driver]) -> alt.TopLevelMixin:
    """Per behaviour and trait, how far it raises and lowers the scores on average, in points; the strongest on top."""
    shown, rest = strongest[:SHOWN_DRIVERS], strongest[SHOWN_DRIVERS:]
    rows = [(_short(driver.label), driver.raises, driver.lowers) for driver in shown]
    if rest:
        name = f"everything else ({len(rest)})"
        rows.append((name, sum(driver.raises for driver in rest), sum(driver.lowers for driver in rest)))
    bars = pd.DataFrame(
        [(label, points * POINTS) for label, raises, lowers in rows for points in (raises, lowers)],
        columns=["label", "points"],
    )
    order = alt.Y("label:N", sort=[label for label, *_ in rows], title=None, axis=alt.Axis(labelLimit=220, ticks=False))
    x = alt.X("points:Q", title="points, on average over all leads: lowers on the left, raises on the right")
    colour = alt.condition("datum.points > 0", alt.value(DARK), alt.value(LIGHT))
    zero = alt.Chart(pd.DataFrame({"points": [0.0]})).mark_rule(color=INK, strokeWidth=1).encode(x)
    chart = alt.Chart(bars).mark_bar(height=13).encode(x, order, color=colour) + zero
    return chart.properties(width=WIDTH - 180, height=24 * max(len(rows), 1))


def _chances(field: str, title: str, top: float) -> alt.X:
    return alt.X(field, title=title, scale=_root(top), axis=alt.Axis(values=_ticks(top)))


def _chances_y(field: str, title: str, top: float) -> alt.Y:
    return alt.Y(field, title=title, scale=_root(top), axis=alt.Axis(values=_ticks(top)))


def _of_100(field: str, title: str) -> alt.X:
    return alt.X(field, title=title, scale=alt.Scale(domain=[0, 100]))


def _root(top: float) -> alt.Scale:
    """A square-root scale: it begins at 0, and most leads lie near it."""
    return alt.Scale(type="sqrt", domain=[0, top], nice=False)


def _ticks(top: float) -> list[float]:
    """The chances to name on an axis up to `top`, none so near the next that their names touch."""
    named: list[float] = []
    for chance in IN_100:
        if chance <= top and (not named or sqrt(chance) - sqrt(named[-1]) > sqrt(top) / 25):
            named.append(chance)
    return named


def _nice_top(largest: float) -> float:
    return float(min([chance for chance in IN_100 if chance >= largest], default=100))


def _log_odds(chance: float) -> float:
    return log(chance / (1 - chance))


def _digits(rate: float) -> int:
    return 1 if rate < 10 else 0


def _short(label: str) -> str:
    return label if len(label) <= 34 else label[:33] + "…"
