"""Trainings that came to their end: what each learned from, so that the next one knows whether there is more."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import insert, select

from features import tables
from features.clocks import microseconds
from features.database import exists, migrate, reading, writing
from features.settings import Home


@dataclass(frozen=True)
class Matured:
    """The known outcomes that a training could learn from: how many looks, how many converted, the newest look."""

    outcomes: int
    conversions: int
    newest_us: int


@dataclass(frozen=True)
class Training:
    """One training whose model was promoted or held back: from what it learned, by which feature part."""

    model_name: str
    feature_digest: str
    model_version: str
    is_promoted: bool
    matured: Matured


def keep_training(home: Home, training: Training, now: datetime) -> None:
    """Write down that a training is done, after its model was promoted or held back.

    What dies before that has no row, and is done again.
    """
    migrate(home)
    row = asdict(training)
    with writing(home) as connection:
        connection.execute(insert(tables.trainings).values(**row.pop("matured"), **row, finished_us=microseconds(now)))


def last_training(home: Home, model_name: str, feature_digest: str) -> Training | None:
    """The newest training of this name by this feature part; None where there is none."""
    if not exists(home):
        return None
    columns = tables.trainings.c
    is_it = (columns.model_name == model_name) & (columns.feature_digest == feature_digest)
    with reading(home) as connection:
        row = connection.execute(select(tables.trainings).where(is_it).order_by(columns.training_id.desc())).first()
    if row is None:
        return None
    matured = Matured(row.outcomes, row.conversions, row.newest_us)
    return Training(row.model_name, row.feature_digest, row.model_version, row.is_promoted, matured)
