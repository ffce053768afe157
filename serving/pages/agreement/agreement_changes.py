"""The changes from one agreement to another, as sentences: what each side agrees to by signing the newer one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from features.agreement.agreement import Agreement
from serving.pages.agreement.agreement_words import agreement_in_words

# What the agreement in words says in short, or not at all: here each line counts.
BY_LINE = ("interest", "behaviours", "traits", "contact", "export", "costs", "campaigns", "statuses", "content")


def changes_in_words(before: Agreement, after: Agreement) -> list[str]:
    """One sentence for each line that is new, gone or another; none where both say the same."""
    return [*_of_words(before, after), *_of_lines(before, after)]


def _of_words(before: Agreement, after: Agreement) -> Iterator[str]:
    was, now = _lines(before), _lines(after)
    for section, name in dict.fromkeys([*was, *now]):
        old, new = was.get((section, name), Counter()), now.get((section, name), Counter())
        gone, came = [*(old - new)], [*(new - old)]
        for before_text, text in zip(gone, came, strict=False):
            yield f"{section}: {name}: {text}; before: {before_text}"
        yield from (f"{section}: {name}: no longer {text}" for text in gone[len(came) :])
        yield from (f"{section}: {name}: new: {text}" for text in came[len(gone) :])


def _lines(agreement: Agreement) -> dict[tuple[str, str], Counter[str]]:
    """By section and name, each text with how often it stands there."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for section in agreement_in_words(agreement):
        for name, text in section.lines:
            found.setdefault((section.title, name), Counter())[text] += 1
    return found


def _of_lines(before: Agreement, after: Agreement) -> Iterator[str]:
    was, now = _leaves(_written(before)), _leaves(_written(after))
    for name in dict.fromkeys([*was, *now]):
        if name not in now:
            yield f"{name}: no longer {_said(was[name])}"
        elif name not in was:
            yield f"{name}: new: {_said(now[name])}"
        elif was[name] != now[name]:
            yield f"{name}: {_said(now[name])}; before: {_said(was[name])}"


def _written(agreement: Agreement) -> dict[str, Any]:
    content = agreement.model_dump(mode="json", by_alias=True, include=set(BY_LINE), exclude_defaults=True)
    privacy = agreement.privacy.model_dump(mode="json", exclude={"keep_events"})
    return content | {"privacy": {name: value for name, value in privacy.items() if value is not None}}


def _leaves(content: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """By dotted name, each value: {"costs": {"contact": 60}} is {"costs.contact": 60}."""
    found: dict[str, Any] = {}
    for name, value in content.items():
        whole = f"{path}.{name}" if path else name
        found |= _leaves(value, whole) if isinstance(value, Mapping) else {whole: value}
    return found


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(_said(one) for one in value) or "nothing"
    return f"{value:g}" if isinstance(value, float) else str(value)
