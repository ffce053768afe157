"""Halving: work on many leads of which one cannot be worked on, so that it holds up no other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from traceback import extract_tb
from typing import TypeVar

from sqlalchemy.exc import InterfaceError, OperationalError

Item = TypeVar("Item")


def done_by_halves(
    items: Sequence[Item], work: Callable[[Sequence[Item]], int], failed: Callable[[Item, Exception], None]
) -> int:
    """The sum of what `work` returns for all items, at once where that goes, else by halves.

    failed: told of each item that alone fails. Where the database is away or busy, no item is at fault: that is raised.
    """
    if not items:
        return 0
    try:
        return work(items)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if len(items) == 1:
            failed(items[0], error)
            return 0
    middle = len(items) // 2
    return sum(done_by_halves(part, work, failed) for part in (items[:middle], items[middle:]))


def place_of(error: Exception) -> str:
    """Where an error was raised: its text may hold what a lead said, and logs hold nothing of that."""
    frame = extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"
