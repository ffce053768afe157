"""The differences between groups of leads in words, and only those that are more than chance."""

from __future__ import annotations

from collections.abc import Sequence

from training.groups import Group
from training.page.sentences import of_100
from training.segments import NEWNESS, OTHERS

PHRASES = {
    "source": "leads from {}",
    "size": "leads of companies with {} employees",
    "region": "leads in {}",
    "language": "leads who speak {}",
    NEWNESS: "leads {}",
}


def whose(group: Group) -> str:
    """The group in words: `leads from webinar`, `leads of companies with 10 to 49 employees`."""
    family, _, trait = group.family.partition(" (")
    said = f"the {OTHERS.removeprefix('all ')}" if group.level == OTHERS else group.level
    phrase = PHRASES.get(family, "leads with {}").format(said)
    return f"{phrase} ({trait}" if trait else phrase


def promise_differences(groups: Sequence[Group]) -> tuple[str, ...]:
    """`Leads from webinar: 31 of 100 said, 22 converted (17 to 27): it promises too much there.`"""
    return tuple(
        f"{_first_up(whose(group))}: {of_100(group.predicted)} of 100 said, {of_100(group.observed)} converted "
        f"({of_100(group.interval[0])} to {of_100(group.interval[1])}): it promises {group.kept} there."
        for group in groups
        if group.kept != "kept"
    )


def rank_differences(groups: Sequence[Group]) -> tuple[str, ...]:
    """`Leads in France: it ranks worse there (ROC AUC 0.61) than in the other groups (0.75).`"""
    return tuple(
        f"{_first_up(whose(group))}: it ranks {group.ranked} there (ROC AUC {group.roc_auc:.2f}) than in the other "
        f"groups ({group.roc_auc_elsewhere:.2f})."
        for group in groups
        if group.ranked != "alike"
    )


def differences_sentence(groups: Sequence[Group]) -> str:
    """Whether the score keeps its promise in every group that it was looked at in."""
    families = list(dict.fromkeys(group.family for group in groups))
    if not groups:
        return "The agreement names no source, size, region or language with enough leads in two groups to compare."
    looked = f"Looked at by {_listed(families)}, in {len(groups)} groups: "
    off = [group for group in groups if group.kept != "kept"]
    if off:
        return f"{looked}in {_counted(len(off))} the promise is off by more than chance."
    return f"{looked}in none is the promise off by more than chance."


def _counted(count: int) -> str:
    return "one" if count == 1 else str(count)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1]


def _first_up(phrase: str) -> str:
    return phrase[:1].upper() + phrase[1:]
