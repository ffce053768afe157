"""What a score means, in sentences: of 100 leads like this so many convert, how sure that is, and what it answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from features.agreement.agreement import Agreement
from serving.scoring.points import score as whole_score
from serving.scoring.questions import IF_TRIED_NOW

TRENDS = {
    "improving": "rising since last week",
    "steady": "steady since last week",
    "declining": "falling since last week",
}
NOTHING_YET = "Not enough activity yet"
OBJECTS = "It objected to profiling: it has no score and no reasons, and none of before are computed."


@dataclass(frozen=True)
class Meaning:
    """A score as people read it. score: None where there is none, and then `missing` says why."""

    score: int | None
    grade: str | None
    headline: str
    sentences: tuple[str, ...] = ()
    trend: str | None = None
    bar: int | None = None  # the score from which on a lead is ready for sales
    missing: str | None = None


def meaning(score: Mapping[str, Any], agreement: Agreement) -> Meaning:
    """What a score of the API means; no number is made up where it gives none."""
    if score.get("probability") is None:
        objects = score["status"] == "no_profiling"
        said = OBJECTS if objects else "As soon as something of it is known, it is scored."
        return Meaning(None, None, "Not scored" if objects else NOTHING_YET, missing=said)
    bar = score.get("threshold")
    return Meaning(
        score["score"],
        score["grade"],
        f"Of 100 leads like this {of_hundred(score['probability'])} {_convert(score['probability'])}{_within(score)}.",
        tuple(_sentences(score, agreement)),
        TRENDS.get(str(score.get("trend"))),
        None if bar is None else whole_score(bar, agreement.policy.score_50),
    )


def of_hundred(probability: float) -> str:
    """A probability as a count of a hundred leads: "about 27", "fewer than 1"."""
    count = probability * 100
    if count < 1:
        return "fewer than 1"
    return "more than 99" if count > 99 else f"about {count:.0f}"


def _convert(probability: float) -> str:
    return "converts" if 1 <= probability * 100 < 1.5 else "convert"


def _within(score: Mapping[str, Any]) -> str:
    days = score.get("horizon_days")
    return f" within {days:.0f} days" if days else ""


def _sentences(score: Mapping[str, Any], agreement: Agreement) -> Iterator[str]:
    yield _evidence(score)
    yield _grades(score, agreement)
    is_second = score.get("question") == IF_TRIED_NOW
    yield (
        "It answers what becomes of the lead if sales first tries it now."
        if is_second
        else "It answers what becomes of the lead as sales works its leads today."
    )
    tried = score.get("if_tried_now")
    if tried is not None and not is_second:
        yield f"If sales first tries it now, {of_hundred(tried)} of 100 {_convert(tried)}."
    if score.get("unlike_tried"):
        yield "Nobody like this lead was ever tried, so what a call would bring cannot be told."


def _evidence(score: Mapping[str, Any]) -> str:
    """How sure the figure is; said with its interval where little is known."""
    interval, basis = score.get("interval"), score.get("basis")
    by = {"criteria": "No model has learned yet: the agreed points answer", "few": "It was learned from few outcomes"}
    said = by.get(str(basis), "It was learned from what became of earlier leads")
    if interval is None or basis == "full":
        return f"{said}."
    low, high = (edge * 100 for edge in interval)
    return f"{said}, and the true figure may be anything from {low:.0f} to {high:.0f} of 100."


def _grades(score: Mapping[str, Any], agreement: Agreement) -> str:
    bounds = list(agreement.policy.grades.items())
    said = ", ".join(f"{letter} from {bound}" for letter, bound in bounds)
    last = chr(ord(bounds[-1][0]) + 1)
    return f"50 is the average lead, and every 10 points double the odds. Grades: {said}, {last} below."
