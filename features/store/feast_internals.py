"""Feast, imported in a third of the time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def feast() -> Any:
    """The module `feast`.

    Feast's classes are `@typechecked`: typeguard parses and rewrites 261 modules' worth of source at each start, some
    seconds that every command would pay, for checks of Feast's own calls. `python -O` switches it off for the whole
    process; this does so for Feast's import alone.
    """
    with _unchecked():
        import feast as imported
    return imported


@contextmanager
def _unchecked() -> Iterator[None]:
    import typeguard

    checked = typeguard.typechecked
    typeguard.typechecked = _as_it_is
    try:
        yield
    finally:
        typeguard.typechecked = checked


def _as_it_is(target: Any = None, **_options: Any) -> Any:
    """A decorator, with or without options, that leaves its target alone."""
    return _as_it_is if target is None else target
