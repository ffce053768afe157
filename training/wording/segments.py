"""Segments in sentences: where the predicted rate or the ranking is off by more than chance."""

from __future__ import annotations

from collections.abc import Sequence

from training.evaluate.segments import SegmentResult
from training.labels.segments import NEWNESS, OTHER_LEVELS
from training.metrics.shares import of_100

SEGMENT_PHRASES = {
    "source": "leads from {}",
    "size": "leads of companies with {} employees",
    "region": "leads in {}",
    "language": "leads who speak {}",
    NEWNESS: "leads {}",
}


def segment_phrase(segment: SegmentResult) -> str:
    """The segment in words: `leads from webinar`, `leads of companies with 10 to 49 employees`."""
    family, _, trait = segment.family.partition(" (")
    level = f"the {OTHER_LEVELS.removeprefix('all ')}" if segment.level == OTHER_LEVELS else segment.level
    phrase = SEGMENT_PHRASES.get(family, "leads with {}").format(level)
    return f"{phrase} ({trait}" if trait else phrase


def segment_calibration_sentences(results: Sequence[SegmentResult]) -> tuple[str, ...]:
    """For each segment whose predicted rate is off by more than chance, its numbers.

    `Leads from webinar: 31 of 100 said, 22 converted (17 to 27): it promises too much there.`
    """
    return tuple(
        f"{_capitalized(segment_phrase(segment))}: {of_100(segment.predicted)} of 100 said, "
        f"{of_100(segment.observed)} converted ({of_100(segment.interval[0])} to {of_100(segment.interval[1])}): "
        f"it promises {segment.kept} there."
        for segment in results
        if segment.kept != "kept"
    )


def segment_ranking_sentences(results: Sequence[SegmentResult]) -> tuple[str, ...]:
    """For each segment that is ranked better or worse than the others by more than chance, both ROC AUCs.

    `Leads in France: it ranks worse there (ROC AUC 0.61) than in the other groups (0.75).`
    """
    return tuple(
        f"{_capitalized(segment_phrase(segment))}: it ranks {segment.ranked} there (ROC AUC {segment.roc_auc:.2f}) "
        f"than in the other groups ({segment.roc_auc_elsewhere:.2f})."
        for segment in results
        if segment.ranked != "alike"
    )


def segments_sentence(results: Sequence[SegmentResult]) -> str:
    """In how many of the segments the predicted rate is off by more than chance."""
    families = list(dict.fromkeys(segment.family for segment in results))
    if not results:
        return "The agreement names no source, size, region or language with enough leads in two groups to compare."
    looked = f"Looked at by {_enumeration(families)}, in {len(results)} groups: "
    off = [segment for segment in results if segment.kept != "kept"]
    if off:
        return f"{looked}in {_number_word(len(off))} the promise is off by more than chance."
    return f"{looked}in none is the promise off by more than chance."


def _number_word(count: int) -> str:
    return "one" if count == 1 else str(count)


def _enumeration(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1]


def _capitalized(phrase: str) -> str:
    return phrase[:1].upper() + phrase[1:]
