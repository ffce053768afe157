"""What one lead's row and its history say together: when sales had it, whether and when it was tried, how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import pandas as pd

from training.hole.sales_history import LeadPast
from training.hole.status_meanings import Meaning, StatusMeanings, number_of_tries

ENDS = frozenset(("no_answer", "given_up", "rejected"))
TRIED = frozenset(("tried", "no_answer"))
_DAY = timedelta(days=1)


class Moment(NamedTuple):
    """When something was; has_hours is False where only the day is known."""

    at: datetime
    has_hours: bool


@dataclass(frozen=True)
class FileFacts:
    """What holds for all leads of the files: which roles they tell, which of their dates have a time of day.

    has_tries: whether they count the tries of each lead; by_number: whether they do so by statuses such as "Attempt 2".
    tells_when_ended: whether they say when leads were given up, even those that converted later.
    has_waiting: whether any status says that nobody has tried a lead.
    """

    roles: frozenset[str]
    has_hours: frozenset[str]
    history_has_hours: bool
    meanings: StatusMeanings
    has_tries: bool
    by_number: bool
    tells_when_ended: bool
    has_waiting: bool


@dataclass(frozen=True)
class WorkedLead:
    """One lead. row: by role what its row says; past: what its history says."""

    row: Mapping[str, object]
    past: LeadPast
    file: FileFacts

    def date(self, role: str) -> Moment | None:
        """The date that its row has in a role."""
        found = self.row.get(role)
        if not isinstance(found, pd.Timestamp) or pd.isna(found):
            return None
        return Moment(found.to_pydatetime(), role in self.file.has_hours)

    def text(self, role: str) -> str | None:
        """The text that its row has in a role."""
        found = self.row.get(role)
        return found if isinstance(found, str) else None

    @property
    def status(self) -> str | None:
        """The status in which it stands."""
        return self.text("status") or (self.past.statuses[-1][1] if self.past.statuses else None)

    @property
    def handed_over(self) -> Moment | None:
        """When it was handed over: as the files say; where they never say so of any lead, when it came."""
        if "handed_over" not in self.file.roles:
            return self.date("created")
        recorded = self._recorded(self.past.handed_over)
        return min((said for said in (self.date("handed_over"), recorded) if said), default=None)

    def _recorded(self, at: datetime | None) -> Moment | None:
        return Moment(at, self.file.history_has_hours) if at else None

    @property
    def tries(self) -> list[Moment]:
        """Every moment at which it is known to have been tried, by time."""
        worked = [at for at, status in self.past.statuses if self.file.meanings.of(status) in TRIED]
        recorded = [*self.past.tries, *worked[:1], *([self.past.first_try] if self.past.first_try else [])]
        dated = [self.date("first_try"), *(self._recorded(at) for at in recorded)]
        return sorted(moment for moment in dated if moment)

    def tries_made(self, until: datetime | None) -> float | None:
        """How many tries were made, of those whose moment is known only the ones up to `until`."""
        if self.past.tries:
            return float(sum(until is None or at <= until for at in self.past.tries))
        counted = self.row.get("tries")
        if isinstance(counted, float) and counted == counted:
            return counted
        if self.file.by_number and (stood := self._statuses(until)):
            return float(max(number_of_tries(status) or 0 for status in stood))
        return 0.0 if self.file.has_tries else None

    def _statuses(self, until: datetime | None) -> list[str]:
        stood = [status for at, status in self.past.statuses if until is None or at <= until]
        return stood or [status for status in [self.text("status")] if status]

    @property
    def is_tried(self) -> bool | None:
        """Whether sales ever tried it; None where nothing tells.

        Who converted was spoken with, recorded or not. Where no column is of tries at all, a lead counts as tried once
        its status says that sales works it or has ended it; else one that was ended without any try was never tried.
        """
        is_recorded = bool(self.file.roles & {"first_try", "last_try", "tries"})
        if not is_recorded and not self.file.has_waiting:
            return None
        stands, counted = self.file.meanings.of(self.status), self.row.get("tries")
        is_counted = isinstance(counted, float) and counted > 0
        if self.tries or self.date("last_try") or is_counted or stands in TRIED or self.is_won:
            return True
        return False if is_recorded else None if stands is None else stands in ENDS

    @property
    def won_at(self) -> datetime | None:
        """When it converted: as the history has it, but at the export's day where that is earlier."""
        exported = self.date("won") or (self.date("closed") if self._stands_won else None)
        recorded = self.past.won
        if recorded and (exported is None or recorded <= exported.at + _DAY):
            return recorded
        return exported.at if exported else None

    @property
    def _stands_won(self) -> bool:
        return self.row.get("converted") is True or self.file.meanings.of(self.status) == "won"

    @property
    def is_won(self) -> bool:
        """Whether it converted, at whatever moment."""
        return self.won_at is not None or self._stands_won

    @property
    def is_explained(self) -> bool:
        """Whether the files say how it ended, or that it has not: not where its status is one that no word explains."""
        return self.file.meanings.of(self.status) is not None or bool(self.past.statuses or self.text("reason")) or (
            self.status is None and bool(self.file.roles & {"reason", "ended"})
        )  # fmt: skip

    def ends(self) -> Iterator[tuple[datetime | None, Meaning]]:
        """Each time that sales ended it, and how: "rejected", "given_up" or "no_answer"; None at an unknown moment."""
        recorded = [(at, self._ended(status, self.past.reason_at(at))) for at, status in self.past.statuses]
        known: list[tuple[datetime | None, Meaning]] = [(at, how) for at, how in recorded if how]
        how = self._ended(self.status, None)
        if not known and (how or (self.status is None and (self.text("reason") or self.date("ended")))):
            at = self.date("ended") or self.date("closed")
            known = [(at.at if at else None, how or self._why(self.text("reason")) or "given_up")]
        elif not known and not how and (ended := self.date("ended")):
            known = [(ended.at, self._why(self.text("reason")) or "given_up")]
        yield from known

    def _ended(self, status: str | None, reason: str | None) -> Meaning | None:
        """How a status ends a lead; a reason that explains itself goes before it: it is the more precise of both."""
        said = self.file.meanings.of(status)
        return (self._why(reason or self.text("reason")) or said) if said in ENDS else None

    def _why(self, reason: str | None) -> Meaning | None:
        said = self.file.meanings.of(reason)
        return said if said in ENDS else None
