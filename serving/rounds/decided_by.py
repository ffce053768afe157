"""What leads are decided by at one moment: model, agreement, bar, and whether it is live or a trial."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from features.agreement.agreement import Agreement
from features.agreement.kept_signatures import kept_signatures
from features.agreement.signatures import Signature
from features.agreement.standing import standing
from features.home.clock import microseconds
from features.home.database import reading
from features.home.settings import Home
from features.store.feast_views import view_suffix
from serving.decisions.bar import BarInForce, bar_in_force, newest_bar
from serving.handovers.clocks import ClockTerms
from serving.scoring.score import Scoring

NIGHT_AT = time(3)  # when nearly nobody works
BAR_FOR = timedelta(minutes=1)  # so long a bar is not read again; a night renews it


class BarReader:
    """The bar in force, read about once a minute."""

    def __init__(self) -> None:
        self._read: tuple[BarInForce, datetime, str] | None = None

    def in_force(self, connection: Connection, by: DecidedBy) -> BarInForce:
        """The bar of a model and its rules; made, and not kept here, where there is none yet: it may be rolled back."""
        policy = by.agreement.policy_digest
        if self._read and self._read[2] == policy and abs(by.as_of - self._read[1]) < BAR_FOR:
            return self._read[0]
        found = newest_bar(connection, by.scoring.digest, policy)
        if found is None:
            return bar_in_force(connection, by.scoring, policy, by.as_of)
        self._read = found, by.as_of, policy
        return found


@dataclass(frozen=True)
class DecidedBy:
    """The model and the agreement that decide, as of a moment (aware).

    signatures: those that the home keeps beside those in the agreement's text.
    """

    scoring: Scoring
    as_of: datetime
    signatures: tuple[Signature, ...] = ()
    bar: BarReader = field(default_factory=BarReader)

    @classmethod
    def in_force(cls, home: Home, scoring: Scoring, as_of: datetime) -> DecidedBy:
        """What decides in a home, with the signatures that it keeps."""
        with reading(home) as connection:
            return cls(scoring, as_of, tuple(kept_signatures(connection)))

    @property
    def agreement(self) -> Agreement:
        """The agreement in force, whose rules decide."""
        return self.scoring.kept.agreement

    @property
    def feature_part(self) -> str:
        """The suffix of the feature part by which leads are looked at."""
        return view_suffix(self.scoring.features_by)

    @property
    def read_by(self) -> Agreement:
        """By what a sales history is read."""
        return self.scoring.read_by

    @cached_property
    def is_live(self) -> bool:
        """Whether leads really go over; in the trial everything is decided and nothing is sent."""
        return self.scoring.kept.is_agreed and standing(self.agreement, self.signatures).is_live

    @property
    def night_began_us(self) -> int:
        """When the night began that the moment is in or after: at 3 in the agreement's time zone."""
        local = self.as_of.astimezone(ZoneInfo(self.agreement.time_zone))
        begins = datetime.combine(local.date(), NIGHT_AT, local.tzinfo)
        return microseconds(begins if begins <= local else begins - timedelta(days=1))

    @cached_property
    def terms(self) -> ClockTerms:
        """In whose hours clocks run."""
        return ClockTerms.of(self.agreement)
