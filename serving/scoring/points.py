"""The 1-99 scale of scorecards: 50 is the agreement's average lead, and every 10 points double the odds (PDO).

PDO, points to double the odds, is how credit scorecards name the step of their scale. A probability p has the odds
p / (1 - p). Where score_50 is 0.06, odds of 0.064 score 50, odds of 0.128 score 60, and odds of 0.255 score 70.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

POINTS_TO_DOUBLE_ODDS = 10
LOWEST, AVERAGE, HIGHEST = 1, 50, 99


def logit(probability: float) -> float:
    """Log-odds; minus and plus infinity for a probability of 0 and 1."""
    if probability <= 0:
        return -math.inf
    return math.inf if probability >= 1 else math.log(probability / (1 - probability))


def points(contribution: float) -> float:
    """The points that a contribution in log-odds adds to the score: log 2 is one doubling of the odds, so 10 points.

    >>> round(points(math.log(2)), 9)
    10.0
    """
    return contribution * POINTS_TO_DOUBLE_ODDS / math.log(2)


def base_points(baseline: float, score_50: float) -> float:
    """Where the score stands before any contribution; with all points it is the score before rounding."""
    return AVERAGE + points(baseline - logit(score_50))


def score(probability: float, score_50: float) -> int:
    """The score as a whole number from 1 to 99.

    >>> score(0.06, score_50=0.06), score(0.273, score_50=0.06)
    (50, 76)
    """
    exact = base_points(logit(probability), score_50)
    return round(min(max(exact, LOWEST), HIGHEST))


def probability_at(score: float, score_50: float) -> float:
    """The probability that stands at a score: the inverse of `score` before rounding."""
    log_odds = logit(score_50) + (score - AVERAGE) * math.log(2) / POINTS_TO_DOUBLE_ODDS
    return 1 / (1 + math.exp(-log_odds))


def grade(score: int, grades: Mapping[str, int]) -> str:
    """The first grade whose bound the score reaches, else the letter after the last.

    >>> grade(76, {"A": 70, "B": 60, "C": 50}), grade(34, {"A": 70, "B": 60, "C": 50})
    ('A', 'D')
    """
    reached = (letter for letter, bound in grades.items() if score >= bound)
    return next(reached, chr(ord(max(grades)) + 1))
