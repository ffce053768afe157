"""The history of a score as a small chart: SVG drawn here, with what it shows said in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

WIDTH, HEIGHT = 360, 130  # units, about as many pixels on a phone
LEFT, RIGHT, TOP, BOTTOM = 26, 34, 12, 22
HIGHEST = 100
SHORTEST = timedelta(hours=1)


@dataclass(frozen=True)
class ScoreChart:
    """The parts of the picture in its own units. line: the path; label_y: of the last score."""

    line: str
    dots: Sequence[tuple[float, float]]
    last: int
    label_y: float
    bar_y: float | None
    begin: str
    end: str
    sentence: str

    width, height, left, right = WIDTH, HEIGHT, LEFT, WIDTH - RIGHT

    @property
    def scale(self) -> Sequence[tuple[int, float]]:
        """The lines of the scale."""
        return [(value, _y(value)) for value in (0, 50, HIGHEST)]


def score_chart(scores: Sequence[tuple[datetime, int]], bar: int | None, zone: ZoneInfo) -> ScoreChart | None:
    """The chart of scores in the order of time, the last one that of now; None where they tell of less than an hour.

    bar: the score from which on a lead is ready for sales. A score holds until the next one.
    """
    if len(scores) < 2 or scores[-1][0] - scores[0][0] < SHORTEST:
        return None
    begin, end = scores[0][0], scores[-1][0]
    span = max((end - begin).total_seconds(), 1.0)
    wide = WIDTH - LEFT - RIGHT
    dots = [(round(LEFT + wide * (at - begin).total_seconds() / span, 1), _y(score)) for at, score in scores]
    path = f"M{dots[0][0]} {dots[0][1]}" + "".join(f"H{x}V{y}" for x, y in dots[1:])
    last = scores[-1][1]
    return ScoreChart(
        path, dots, last, _y(last), None if bar is None else _y(bar), _day(begin, zone), "now", _said(scores, bar, zone)
    )


def _y(score: int) -> float:
    return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - score / HIGHEST), 1)


def _said(scores: Sequence[tuple[datetime, int]], bar: int | None, zone: ZoneInfo) -> str:
    values = [score for _, score in scores]
    first = f"The score was {values[0]} on {_day(scores[0][0], zone)} and is {values[-1]} now"
    between = f"the lowest was {min(values)}, the highest {max(values)}"
    return f"{first}; {between}." + (f" The bar for sales is at {bar}." if bar is not None else "")


def _day(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{local.day} {local:%b %Y}"
