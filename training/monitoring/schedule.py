"""The schedule of trainings: whether there is anything new to learn from, and what the last training learned from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import insert, select

from features.agreement.agreement import Agreement
from features.home import tables
from features.home.clock import microseconds
from features.home.database import database_exists, migrate, reading, writing
from features.home.settings import Home
from features.lifecycle.milestones import known_by
from features.snapshots.schedule import snapshot_schedule
from features.store.materialize import materialized
from training.labels.outcomes import with_known_outcome


@dataclass(frozen=True)
class MaturedOutcomes:
    """The outcomes that a training could learn from: how many, how many are conversions, the newest snapshot."""

    outcomes: int
    conversions: int
    newest_us: int


@dataclass(frozen=True)
class Training:
    """One training that came to its end, its model promoted or held back, and the outcomes that it learned from."""

    model_name: str
    feature_digest: str
    model_version: str
    is_promoted: bool
    matured: MaturedOutcomes


def insert_training(home: Home, training: Training, now: datetime) -> None:
    """Write the row of a training, after its model was promoted or held back.

    A training that dies before has no row, and is done again.
    """
    migrate(home)
    row = asdict(training)
    with writing(home) as connection:
        connection.execute(insert(tables.trainings).values(**row.pop("matured"), **row, finished_us=microseconds(now)))


def last_training(home: Home, model_name: str, feature_digest: str) -> Training | None:
    """The newest training of a model name with this digest of the agreement's feature part; None: there is none."""
    if not database_exists(home):
        return None
    columns = tables.trainings.c
    is_it = (columns.model_name == model_name) & (columns.feature_digest == feature_digest)
    with reading(home) as connection:
        row = connection.execute(select(tables.trainings).where(is_it).order_by(columns.training_id.desc())).first()
    if row is None:
        return None
    matured = MaturedOutcomes(row.outcomes, row.conversions, row.newest_us)
    return Training(row.model_name, row.feature_digest, row.model_version, row.is_promoted, matured)


def matured_outcomes(home: Home, agreement: Agreement, known_until: datetime) -> MaturedOutcomes:
    """The outcomes that are known by a moment; no feature is read to count them."""
    known_until_us = microseconds(known_until)
    leads = known_by(materialized(home, agreement).leads, known_until_us)
    looked_at = snapshot_schedule(leads, agreement, known_until_us)
    known = with_known_outcome(looked_at, leads, agreement, known_until_us)
    newest_us = int(known["snapshot_us"].max()) if len(known) else 0
    return MaturedOutcomes(len(known), int(known["outcome"].sum()), newest_us)


def reason_to_skip(home: Home, agreement: Agreement, now: MaturedOutcomes) -> str | None:
    """Why a scheduled training would learn nothing new, as a sentence; None where it should run.

    It should run where the known outcomes are not those of the last training by the same feature part: other outcomes
    matured, or the outcome of a lead was corrected. New events alone teach nothing before their horizon has closed.
    """
    if not now.outcomes:
        return "no outcome is known yet, so there is nothing to train on"
    last = last_training(home, agreement.name, agreement.feature_digest)
    if last is None or last.matured != now:
        return None
    became = f"{now.outcomes:,} known outcomes, {now.conversions:,} of them conversions"
    return f"nothing matured since version {last.model_version} was trained: still {became}"


def record_training(
    home: Home, agreement: Agreement, version: str, is_promoted: bool, known: MaturedOutcomes, now: datetime
) -> None:
    """Write the row of a training by this agreement that came to its end, promoted or held back."""
    insert_training(home, Training(agreement.name, agreement.feature_digest, version, is_promoted, known), now)
