"""The second question in sentences: what a try of sales brings, for whom it can be told, and why it is not answered."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

FEW_EFFECTIVE = 0.25  # of the first tries; with less, some kinds of leads were hardly tried
UNLIKE_MUCH = 0.5  # of the open leads
NEEDED = 1.0  # the shift from which on a low score may only mean that nobody calls


@dataclass(frozen=True)
class TriesSeen:
    """What the first tries showed, as plain values: the fields of `training.if_tried.second_question.SecondQuestion`.

    not_held: why each gate that does not hold does not.
    """

    tried: int
    horizon_days: int | None
    shift: float | None
    is_asked: bool
    is_earned: bool
    unlike: float | None
    effective: float | None
    not_held: tuple[str, ...] = ()


def if_tried_sentences(seen: TriesSeen) -> list[str]:
    """What every output of a version must say of what a try brings; nothing where the first question answers both."""
    return [*_on_shift(seen), *_on_answer(seen)]


def _on_shift(seen: TriesSeen) -> Iterator[str]:
    if seen.shift is None or seen.shift < NEEDED:
        return
    often = f"Leads convert {math.exp(seen.shift):.1f} times as often (odds) once sales tries them."
    why = "A low score as things are may only mean that nobody calls such leads"
    yield f"{often} {why}{'; sort the call list by if tried now.' if seen.is_earned else '.'}"
    if seen.is_earned and not seen.is_asked:
        yield 'To have the probability, bar and grade follow it, write in [outcome]: asks = "if sales tries now".'


def _on_answer(seen: TriesSeen) -> Iterator[str]:
    if not seen.is_earned:
        why = unearned_reason(seen)
        if seen.is_asked or seen.not_held:
            yield f'"If sales tries now" is not answered: {why}'
        return
    within = f" within {seen.horizon_days} days" if seen.horizon_days else ""
    yield (
        f"If tried now: the chance to convert{within} if first tried now, judged by {seen.tried:,} first tries. It "
        "holds if reps called for reasons that are recorded here."
    )
    if seen.unlike is not None:
        many = "over half" if seen.unlike > UNLIKE_MUCH else f"{seen.unlike:.0%}"
        yield f"{many.capitalize()} of open leads are unlike any that was tried: for them there is no such figure."
    if seen.effective is not None and seen.effective < FEW_EFFECTIVE:
        yield (
            f"These first tries tell as much as {seen.effective:.0%} of as many at random would: some kinds of leads "
            "were hardly tried."
        )


def unearned_reason(seen: TriesSeen) -> str:
    """Why "if sales tries now" is answered, or is not, as a sentence."""
    if seen.is_earned:
        return f"It was learned from {seen.tried:,} first tries, and every gate of it holds."
    if seen.not_held:
        return " ".join(seen.not_held)
    if not seen.tried:
        return "no first try of sales with a known outcome is on record."
    if seen.shift is None:
        return f"of {seen.tried:,} first tries too few were won, or too few were not, to tell what a try brings."
    return "leads convert about as often when they are tried as things are, and in the same order."
