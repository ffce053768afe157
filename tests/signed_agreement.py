"""An agreement signed as a person signs it: a line moved from one section to another, its comment with it."""

from __future__ import annotations

import tomlkit
from tomlkit.items import Table

from features.home.errors import LeadlightError


def with_line_moved(text: str, name: str, source: str = "excluded", target: str = "traits") -> str:
    """The text with the line `name` moved from one section to another: how a person signs an excluded field.

    Its comment moves with it; every other line stays as it was. Raises LeadlightError where there is no such line.
    """
    document = tomlkit.parse(text)
    section = document.get(source)
    if not isinstance(section, Table) or name not in section:
        raise LeadlightError(f"[{source}] has no line {name!r}; choose one of its lines", code="no_such_line")
    if target not in document:
        document.add(target, tomlkit.table())
    line = section.value.item(name)
    section.remove(name)
    document[target].append(name, line)
    return tomlkit.dumps(document)
