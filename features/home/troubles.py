"""Troubles: what goes on being wrong is logged once as it begins and once as it ends, however often it is met."""

from __future__ import annotations

from typing import Any

MOST_REASONS = 5  # logged of one trouble while it lasts: some errors say something else each time


class Troubles:
    """The troubles of one process. What is tried twice a second would otherwise fill a disk with one sentence.

    log: a structlog logger. While a disk is full for an hour and 3,000 batches come, there are two lines: "the ledger
    cannot be written" at its first failure, and "over: the ledger cannot be written" at the first success after it.
    """

    def __init__(self, log: Any) -> None:
        self._log = log
        self._standing: dict[tuple[str, str], list[str]] = {}

    def met(self, trouble: str, why: str, what: str = "", level: str = "error", **more: Any) -> None:
        """Say that something is wrong, and with what; logged where that, or its reason, is news."""
        reasons = self._standing.setdefault((trouble, what), [])
        if why not in reasons and len(reasons) < MOST_REASONS:
            reasons.append(why)
            getattr(self._log, level)(trouble, why=why, **({"what": what} if what else {}), **more)

    def over(self, trouble: str, what: str = "") -> None:
        """Say that it went well; logged where it had not."""
        if self._standing.pop((trouble, what), None) is not None:
            self._log.info(f"over: {trouble}", **({"what": what} if what else {}))
