"""Lines as older agreements write them: homes and models keep such agreements, so each is read as what it means now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

# Rules that had another name. Marketers read the old one as unsubscribed.
RENAMED_RULES = {"opted_out": "no_profiling"}

# Once a part of [handover]: who, and where.
_MOVED_TO_PEOPLE = ("office_hours", "owner", "reps", "escalate_to", "notify")


def lines_of(written: Mapping[str, Any], section: str) -> Mapping[str, Any]:
    """A section's lines as they are written, by name; none where it is missing or is no table."""
    table = written.get(section, {})
    return table if isinstance(table, Mapping) else {}


def as_written_now(written: Mapping[str, Any]) -> dict[str, Any]:
    """What is written, with each old line as it would be written now; one that is there in both forms keeps both."""
    return _with_people(_with_explore(_with_rules(dict(written))))


def notes(written: Mapping[str, Any]) -> Iterator[str]:
    """One sentence for each line that has an old form: how it is read, and what to write in its place."""
    for old in lines_of(written, "rules"):
        if new := RENAMED_RULES.get(old):
            yield f"rules.{old} is named {new} now and is read as that; write {new} in its place"
    if _is_old_explore(share := lines_of(written, "policy").get("explore")):
        remedy = "remove it, or write explore = { below = 0.01, near = 0.10 }"
        yield f"policy.explore = {share:g} is one share for all and is read as off; {remedy}"
    handover, people = lines_of(written, "handover"), lines_of(written, "people")
    if moved := [key for key in _MOVED_TO_PEOPLE if key in handover and key not in people]:
        keys = ", ".join(moved)
        yield f"handover.{keys} moved to [people] and is read as of there; write these lines below [people]"
    if "inbound" in handover:
        yield "handover.inbound is not needed any more: who asks by rules.sales_ready is inbound; remove it"


def _with_rules(written: dict[str, Any]) -> dict[str, Any]:
    rules = lines_of(written, "rules")
    named = {new if (new := RENAMED_RULES.get(name, name)) not in rules else name: rule for name, rule in rules.items()}
    return {**written, "rules": named} if rules else written


def _with_explore(written: dict[str, Any]) -> dict[str, Any]:
    policy = lines_of(written, "policy")
    if not _is_old_explore(policy.get("explore")):
        return written
    return {**written, "policy": {key: value for key, value in policy.items() if key != "explore"}}


def _is_old_explore(share: Any) -> bool:
    return isinstance(share, (int, float)) and not isinstance(share, bool) and 0 <= share <= 0.5


def _with_people(written: dict[str, Any]) -> dict[str, Any]:
    handover, people = lines_of(written, "handover"), lines_of(written, "people")
    moved = {key: handover[key] for key in _MOVED_TO_PEOPLE if key in handover and key not in people}
    if not moved and "inbound" not in handover:
        return written
    kept = {key: value for key, value in handover.items() if key not in (*moved, "inbound")}
    new = {**written, "handover": kept}
    return {**new, "people": {**people, **moved}} if moved else new
