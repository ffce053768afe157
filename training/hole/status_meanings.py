"""What a status or a reason of sales says: nobody tried, sales tries, gave up, rejected, or the lead converted.

The words are data: `status_words.toml`, beside this file; words for lost and for won are those of the drafts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

from features.agreement.column_titles import title_words
from features.home.errors import LeadlightError
from features.imports.columns import spelling
from features.lifecycle.closures import LABEL_KEPT
from training.draft.outcome_statuses import says_lost, says_won
from training.draft.word_patterns import word_patterns

Meaning = Literal["waiting", "tried", "no_answer", "given_up", "rejected", "won", "other"]
MEANINGS: tuple[Meaning, ...] = get_args(Meaning)
IN_WORDS: dict[Meaning, str] = {
    "waiting": "nobody has tried it",
    "tried": "sales tries it",
    "no_answer": "given up, as nobody answered",
    "given_up": "given up",
    "rejected": "rejected as unqualified",
    "won": "converted",
    "other": "says nothing by itself",
}
_OF_FEEDBACK: dict[str, Meaning] = {
    "accepted": "tried", "tried": "tried", "contacted": "tried", "qualified": "tried", "not_now": "given_up",
    "lost": "given_up",
}  # fmt: skip
_WORDS = Path(__file__).with_name("status_words.toml")
_NUMBERED = re.compile(r"\b(?:attempt(?:ed|s)?|try|tries|called?|versuch|tentative|intento|tentativa|poging) ?#? ?(\d{1,2})\b|\b(\d{1,2})(?:st|nd|rd|th)? (?:attempt|call|try|versuch)\b")  # fmt: skip  # noqa: E501


class StatusError(LeadlightError):
    """A person said of a status what cannot be."""

    code = "unknown_status"


def meaning_of(text: str) -> Meaning | None:
    """What a status or a reason says by its words; None where no word of it is known.

    >>> meaning_of("Open - Not Contacted"), meaning_of("Closed - Converted"), meaning_of("Closed - Not Converted")
    ('waiting', 'won', 'given_up')
    """
    plain, words = title_words(text), word_patterns(_WORDS)
    if words["either"].search(plain):
        return "other"
    first: tuple[Meaning, ...] = ("waiting", "rejected", "no_answer", "given_up")
    for meaning in first:
        if words[meaning].search(plain):
            return meaning
    if says_lost(text):
        return "given_up"
    if says_won(text):
        return "won"
    return "tried" if words["tried"].search(plain) else "waiting" if words["new"].search(plain) else None


def number_of_tries(status: str) -> int | None:
    """Which try a status counts: 3 for "Attempt 3" and "3rd call"; None where it counts none."""
    found = _NUMBERED.search(title_words(status))
    return int(found[1] or found[2]) if found else None


def _of_feedback(said: str) -> Meaning | None:
    """What the agreement's word for a status is here: "rejected not_a_fit" is a reject, "not_now" is given up."""
    kind, _, reason = said.partition(" ")
    if kind == "rejected":
        return "given_up" if reason in LABEL_KEPT else "rejected"
    return _OF_FEEDBACK.get(kind)


@dataclass(frozen=True)
class StatusMeanings:
    """What each status and each reason of a file says. named: by a person, who goes before the words.

    agreed: by the agreement's [statuses], which goes before the words as well and need not occur.
    """

    named: Mapping[str, Meaning] = field(default_factory=dict)
    agreed: Mapping[str, Meaning] = field(default_factory=dict)

    @classmethod
    def said_by(cls, lines: Mapping[str, str], agreed: Mapping[str, str]) -> StatusMeanings:
        """What a person and the agreement say of some statuses. Raises StatusError for a meaning that is none."""
        for status, meaning in lines.items():
            if meaning not in MEANINGS:
                near = get_close_matches(meaning, MEANINGS, n=1)
                remedy = f"did you mean {near[0]}?" if near else f"a status is one of {', '.join(MEANINGS)}"
                raise StatusError(f'status "{status}" cannot be "{meaning}"; {remedy}')
        known = {status: said for status, text in agreed.items() if (said := _of_feedback(text))}
        return cls(lines, known)  # type: ignore[arg-type]

    @cached_property
    def _by_spelling(self) -> dict[str, Meaning]:
        return {spelling(status): meaning for status, meaning in {**self.agreed, **self.named}.items()}

    def of(self, text: str | None) -> Meaning | None:
        """What a cell says; None for an empty cell, and for words that are not known."""
        return None if text is None else self._by_spelling.get(spelling(text)) or meaning_of(text)

    def check_named(self, texts: Iterable[str]) -> None:
        """Raises StatusError where a person explained a status that the file does not have."""
        there = {spelling(text): text for text in texts}
        for status in self.named:
            if spelling(status) not in there:
                near = get_close_matches(spelling(status), there, n=1, cutoff=0.5)
                remedy = (
                    f'did you mean "{there[near[0]]}"?' if near else f"it has {', '.join(sorted(there.values())[:8])}"
                )
                raise StatusError(f'no lead has the status or reason "{status}"; {remedy}')
