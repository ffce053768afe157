"""Why a score is what it is: steps in whole points from the average lead's 50, fit and engagement apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from serving.notices.short_texts import sentence
from serving.scoring.points import AVERAGE

SHOWN = 6  # reasons of one kind; the others stand together
SMALLEST = 0.5  # points: what adds less stands with the others
KINDS: Mapping[str, str] = {
    "trait": "Fit: who it is",
    "behaviour": "Engagement: what it does",
    "other": "Both together",
}


@dataclass(frozen=True)
class WhyStep:
    """One step: its words and whole points; from where to where the score goes by it."""

    text: str
    points: int
    begin: int
    end: int

    @property
    def signed(self) -> str:
        return f"{self.points:+d}".replace("-", "\N{MINUS SIGN}")


@dataclass(frozen=True)
class WhyGroup:
    """The steps of one kind and what they come to. heading: empty where the one step says it."""

    heading: str
    points: int
    steps: Sequence[WhyStep]

    @property
    def signed(self) -> str:
        return f"{self.points:+d}".replace("-", "\N{MINUS SIGN}")


@dataclass(frozen=True)
class Why:
    """All steps from 50 to the score. low, high: the ends of the scale on which they are drawn."""

    score: int
    groups: Sequence[WhyGroup]
    low: int
    high: int

    def place(self, at: int) -> float:
        """Where a score stands on a scale of 100 units."""
        return round(100 * (at - self.low) / (self.high - self.low), 2)

    def width(self, step: WhyStep) -> float:
        return max(round(abs(self.place(step.end) - self.place(step.begin)), 2), 0.8)


def why(score: Mapping[str, Any]) -> Why | None:
    """The steps of a score of the API with all its reasons; None where there is no score."""
    if score.get("score") is None:
        return None
    parts = list(_parts(score))
    ends = list(accumulate((points for _, _, points in parts), initial=AVERAGE))
    steps = [
        (heading, WhyStep(text, points, ends[place], ends[place + 1]))
        for place, (heading, text, points) in enumerate(parts)
    ]
    headings = dict.fromkeys(heading for heading, _ in steps)
    groups = [_group(heading, [step for other, step in steps if other == heading]) for heading in headings]
    return Why(score["score"], groups, min(*ends, 0), max(*ends, 100))


def _group(heading: str, steps: Sequence[WhyStep]) -> WhyGroup:
    return WhyGroup(heading.strip(), sum(step.points for step in steps), steps)


def _parts(score: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    """(heading, words, whole points) of each step; together with 50 they are the score."""
    begins = round(score["base_points"]) - AVERAGE
    reached = AVERAGE + begins
    if begins:
        yield "", "Where leads of this home begin, before anything is known", begins
    for kind, heading in KINDS.items():
        reasons = [reason for reason in score["reasons"] if reason["kind"] == kind]
        for text, points in _of_kind(reasons):
            reached += points
            yield heading, text, points
    rest = score["score"] - reached
    if rest:
        at_an_end = score["score"] in (1, 99)
        yield " ", "The scale ends at 1 and 99" if at_an_end else "Rounding to whole points", rest


def _of_kind(reasons: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, int]]:
    """The strongest reasons, and what the others come to; rounded so that they add up to what all of them are."""
    large = [reason for reason in reasons if abs(reason["points"]) >= SMALLEST][:SHOWN]
    shown = [(sentence(reason["text"]), round(reason["points"])) for reason in large]
    yield from ((text, points) for text, points in shown if points)
    others = len(reasons) - sum(1 for _, points in shown if points)
    rest = round(sum(reason["points"] for reason in reasons)) - sum(points for _, points in shown)
    if rest:
        yield ("Rounding to whole points" if not others else f"{others} smaller ones together"), rest
