"""Similar names that were probably meant to be one: an event by another name, a campaign in several spellings."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from functools import lru_cache

LEAST_LIKENESS = 0.5  # of two names, by their words: "Ebook Download" and "Content Downloaded" are
SLIP_LIKENESS = 0.9  # of two spellings: one letter of ten is a slip
SHORTEST_SLIP = 6  # letters; a slip in a shorter word is another word
MOST_CAMPAIGNS = 300  # campaigns compared letter by letter, the largest first


def nearest_name(name: str, known: Sequence[str]) -> str | None:
    """The known name that is most alike; None where none is alike enough."""
    ranked = sorted(((name_likeness(name, other), other) for other in known), reverse=True)
    return ranked[0][1] if ranked and ranked[0][0] >= LEAST_LIKENESS else None


def name_likeness(one: str, other: str) -> float:
    """How alike two names are, 0 to 1: letter by letter, or by the share of their words that are alike."""
    return max(_ratio(one.casefold(), other.casefold()) - 0.2, _by_words(one, other))


def _by_words(one: str, other: str) -> float:
    first, second = _words(one), _words(other)
    if not first or not second:
        return 0.0
    pairs = [(max(_same_word(word, near) for near in second), len(word)) for word in first]
    back = [(max(_same_word(word, near) for near in first), len(word)) for word in second]
    # By length: a long word in common says more than a short one.
    return sum(like * length for like, length in pairs + back) / sum(length for _, length in pairs + back)


@lru_cache(maxsize=4_096)
def _same_word(one: str, other: str) -> float:
    """1 for forms of one word ("download", "downloaded"), 0 for two words."""
    return 1.0 if _ratio(one, other) >= 0.75 and one[:3] == other[:3] else 0.0


def _words(name: str) -> list[str]:
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return re.findall(r"[^\W_]+", parted.casefold())


def spelling_groups(counted: Mapping[str, int]) -> Iterator[list[str]]:
    """One group per campaign with several spellings: names that differ in case, separators or one letter.

    counted: how often each name was seen; the most frequent spelling comes first in its group. A digit is never a slip:
    "Spring Launch" and "spring-lanch" are one campaign, spring-2025 and spring-2026 are two.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for name in sorted(counted, key=lambda name: (-counted[name], name)):
        groups[_letters(name) or name].append(name)
    keys = list(groups)
    for place, key in enumerate(keys[:MOST_CAMPAIGNS]):
        for other in keys[place + 1 : MOST_CAMPAIGNS]:
            if groups[key] and groups[other] and _is_slip(key, other):
                groups[key] += groups[other]
                groups[other] = []
    yield from (group for group in groups.values() if len(group) > 1)


def _letters(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


def _is_slip(one: str, other: str) -> bool:
    if min(len(one), len(other)) < SHORTEST_SLIP or abs(len(one) - len(other)) > 1:
        return False
    return re.sub(r"\D", "", one) == re.sub(r"\D", "", other) and _ratio(one, other) >= SLIP_LIKENESS


def _ratio(one: str, other: str) -> float:
    first, second = sorted((one, other))  # the matcher's answer depends on which comes first
    return SequenceMatcher(None, first, second, autojunk=False).ratio()


def campaign_line(group: Sequence[str]) -> str:
    """The line of [campaigns] that makes a group one: its first name, the others in `also`."""
    also = ", ".join(map(_quoted, group[1:]))
    name = group[0] if re.fullmatch(r"[A-Za-z0-9_-]+", group[0]) else _quoted(group[0])
    return f"{name} = {{ also = [{also}] }}"


def _quoted(text: str) -> str:
    plain = re.sub(r"[\x00-\x1f\x7f]", " ", text)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
