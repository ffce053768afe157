"""The examination of a training: which fields are left out of it, what is worth a look, what was proved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from features.agreement.agreement import Agreement
from features.agreement.criteria import all_asked_of
from features.lifecycle.milestones import known_by
from features.snapshots.criteria_columns import PREFIX
from features.snapshots.point_in_time import group_of, model_traits
from features.store.feast_views import LEAD, Repository, seen
from features.store.materialize import Derived
from training.leakage import ids
from training.leakage.fields import Fields
from training.leakage.filled_when import Filling, fillings
from training.leakage.point_in_time_proof import ROWS, Proof, zero_leak
from training.leakage.suspects import FOLLOWS_FROM, Suspect, suspects
from training.model.columns import NOT_FEATURES


@dataclass(frozen=True)
class Examination:
    """What was found of leaks before a model was fitted.

    auc: of all fields together on the training leads, cross-fitted. id_tells: how well a lead's id alone tells the
    outcome, where that gives it away. proof: that the rows saw nothing that was known later; None where none was asked.
    """

    suspects: tuple[Suspect, ...] = ()
    auc: float | None = None
    id_tells: float | None = None
    proof: Proof | None = None

    @property
    def quarantined(self) -> tuple[Suspect, ...]:
        return tuple(one for one in self.suspects if one.use == "quarantined")

    @property
    def leaks(self) -> tuple[tuple[str, str, float | None, float | None], ...]:
        """For the report: field, reason, AUC alone, AUC that the rest loses without it."""
        return tuple((one.name, one.reason, one.auc_alone, one.auc_drop) for one in self.suspects)

    @property
    def sentences(self) -> list[str]:
        """What every output of the model must say."""
        found = [one.sentence for one in self.suspects]
        if self.id_tells is not None:
            found.append(f"{ids.sentence('lead_id', self.id_tells)}.")
        return [*found, *([self.proof.sentence] if self.proof else [])]

    def without_quarantined(self, labelled: pd.DataFrame, agreement: Agreement) -> pd.DataFrame:
        """The labelled snapshots without the inputs of the fields in quarantine, criteria that ask for one included."""
        names = {one.name for one in self.quarantined}
        names |= {name for name, origin in FOLLOWS_FROM.items() if origin in names}
        features = map(str, labelled.columns.drop(NOT_FEATURES, errors="ignore"))
        return labelled.drop(columns=[column for column in features if names & _read_by(column, agreement)])

    def as_json(self) -> dict[str, Any]:
        """What `train --json` prints of it."""
        return {
            "suspects": [one.__dict__ for one in self.suspects],
            "auc_of_all_fields": self.auc,
            "id_tells": self.id_tells,
            "proof": self.proof.as_json() if self.proof else None,
        }


def _read_by(column: str, agreement: Agreement) -> set[str]:
    """The traits and behaviours that a feature is made of."""
    if column.startswith(PREFIX):
        return all_asked_of(agreement, column.removeprefix(PREFIX))
    return {group_of(column, agreement)[0]}


NOT_EXAMINED = Examination()


def examination(labelled: pd.DataFrame, found: Derived, agreement: Agreement, until_us: int, seed: int) -> Examination:
    """What the training rows tell of leaks; nothing of the later spans is looked at.

    labelled: labelled snapshots of the train span. until_us: up to when the ledger is believed.
    """
    fields = Fields.of(labelled, agreement, seed)
    signals = fields.signals()
    whole = fields.drops(fields.strong(signals))
    filled = dict(_filled(found, agreement, until_us)) if not agreement.outcome.undated else {}
    return Examination(
        suspects(signals, fields.kinds, filled, whole, agreement),
        whole[0],
        _id_tells(labelled, agreement),
        zero_leak(found.repository.home, agreement, labelled, ROWS, seed),
    )


def _filled(found: Derived, agreement: Agreement, until_us: int) -> Iterator[tuple[str, Filling]]:
    used = {*model_traits(agreement), *FOLLOWS_FROM.values()}
    names = [name for name in agreement.traits if name in used and name in found.repository.traits]
    traits = trait_history(found.repository, names)
    yield from fillings(traits, known_by(found.leads, until_us), names, until_us).items()


def trait_history(repository: Repository, names: list[str]) -> pd.DataFrame:
    """One row per lead and moment at which something new was known: lead_id, known_us, and these traits."""
    known = seen(repository.trait_view)
    rows = pq.read_table(repository.source_of(repository.trait_view), columns=[LEAD, known, *names]).to_pandas()
    named: pd.DataFrame = rows.rename(columns={LEAD: "lead_id", known: "known_us"})
    return named


def _id_tells(labelled: pd.DataFrame, agreement: Agreement) -> float | None:
    """Of each lead: whether any of its looks was followed by the outcome, and its first look."""
    by_lead: Any = labelled.groupby("lead_id", sort=False)
    won: Mapping[str, bool] = by_lead["outcome"].any()
    came = None if agreement.outcome.undated else by_lead["snapshot_us"].min().to_numpy(np.float64)
    leads = list(by_lead.groups)
    return ids.id_tells(leads, np.array([won[lead] for lead in leads], dtype=bool), came)
