"""The scale of scores: which probability a score of 50 stands for, and whether that is the average open lead."""

from __future__ import annotations

import math
import re

from features.agreement.agreement import Agreement

DRAFTED = "# Drafted by `leadlight init"  # how the text of a draft begins
POINTS_OFF = 10.0  # from here on the scale is off: by a whole grade


def average_score(agreement: Agreement, average: float) -> float:
    """The score of the average lead on the agreement's scale, before rounding: 40 where it has half the odds.

    average: its probability.
    """
    return 50 + 10 * (_log2_odds(average) - _log2_odds(agreement.policy.score_50))


def scale_problem(agreement: Agreement, average: float) -> str | None:
    """A sentence that the scale is off and what to write, None where a score of 50 is about the average lead."""
    lies_at = average_score(agreement, average)
    if abs(lies_at - 50) < POINTS_OFF:
        return None
    place = f"scores {min(max(lies_at, 1), 99):.0f} on the scale of the agreement"
    return f"the average open lead ({average:.2%}) {place}, and 50 should be the average; write {line(average)}"


def is_unsigned_draft(agreement: Agreement) -> bool:
    """Whether it is still as `init` drafted it, and nobody has signed it."""
    return agreement.text.startswith(DRAFTED) and not agreement.agreed_by


def rescaled(agreement: Agreement, average: float) -> Agreement:
    """The agreement in which a score of 50 is this average; its text is otherwise the same."""
    return Agreement.parse(with_score_50(agreement.text, average), agreement.file)


def with_score_50(text: str, average: float) -> str:
    """The text of an agreement with another score_50; comments stay in their columns where there is room."""
    written = re.compile(r"^(score_50\s*=\s*)[\d.eE+-]+( *)", re.M)
    number = _number(average)

    def replaced(found: re.Match[str]) -> str:
        width = len(found[0]) - len(found[1])
        return found[1] + (number.ljust(width) if found[2] else number)

    return written.sub(replaced, text, count=1)


def line(average: float) -> str:
    """The line of [policy] that makes this the average."""
    return f"score_50 = {_number(average)} in [policy]"


def _number(average: float) -> str:
    """Three digits that count, never 0 or 1: 0.0253 and 0.000412."""
    held = min(max(average, 1e-6), 0.999)
    return f"{held:.{max(3, 2 - math.floor(math.log10(held)))}f}"


def _log2_odds(probability: float) -> float:
    held = min(max(probability, 1e-9), 1 - 1e-9)
    return math.log2(held / (1 - held))
