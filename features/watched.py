"""Watched events: which behaviours an event is, decided once for all events that say the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from features.agreement_learning import Behaviour, said

AT_MOST = 10_000  # decisions kept of each event's name: sites have few paths, but a hostile sender invents many

Decided = tuple[tuple[int, str | None], ...]  # position of the behaviour, name of the property with its minutes


class Watched:
    """The behaviours of an agreement, asked by event. `Behaviour.matches` decides."""

    def __init__(self, behaviours: Iterable[Behaviour]) -> None:
        by_name: dict[str, list[tuple[int, Behaviour]]] = {}
        for position, behaviour in enumerate(behaviours):
            by_name.setdefault(behaviour.event, []).append((position, behaviour))
        by_name.setdefault("screen", by_name.get("page", []))
        self._names = {name: _Name(name, found) for name, found in by_name.items()}

    def hits(self, name: str, type: str, properties: Mapping[str, Any], context: Mapping[str, Any]) -> Decided:
        """The behaviours that an event of this name and Segment type is, in the order of the agreement."""
        watching = self._names.get(name)
        return watching.hits(type, properties, context) if watching else ()


class _Name:
    """The behaviours that events of one name can be."""

    def __init__(self, name: str, behaviours: list[tuple[int, Behaviour]]) -> None:
        self._name, self._behaviours = name, behaviours
        # All that `matches` looks at, beside the name and the type.
        self._keys = tuple(dict.fromkeys(key for _, behaviour in behaviours for key in behaviour.where))
        self._decided: dict[tuple[str | None, ...], Decided] = {}

    def hits(self, type: str, properties: Mapping[str, Any], context: Mapping[str, Any]) -> Decided:
        asked = (type, *[said(key, self._name, properties, context) for key in self._keys])
        decided = self._decided.get(asked)
        if decided is None:
            if len(self._decided) >= AT_MOST:
                self._decided.clear()
            decided = self._decided[asked] = tuple(
                (position, behaviour.minutes)
                for position, behaviour in self._behaviours
                if behaviour.matches(self._name, type, properties, context)
            )
        return decided
