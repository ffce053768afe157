"""The leak examination of a training: which fields are quarantined, which are worth a look, and what was proved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from features.agreement.agreement import Agreement
from features.agreement.criteria import clause_names
from features.lifecycle.milestones import known_by
from features.snapshots.criteria_columns import PREFIX
from features.snapshots.point_in_time import feature_group, model_traits
from features.store.feast_views import LEAD, FeastRepository, known_us_feature
from features.store.materialize import Materialized
from training.labels.outcomes import NOT_FEATURES
from training.leakage import ids
from training.leakage.fields import ExaminedFields
from training.leakage.filled_when import FillTime, fill_times
from training.leakage.point_in_time_proof import PROOF_ROWS, PointInTimeProof, point_in_time_proof
from training.leakage.suspects import FOLLOWS_FROM, Suspect, suspects


@dataclass(frozen=True)
class LeakExamination:
    """The leaks that were found before a model was fitted.

    auc: of all fields together on the training leads, cross-fitted. id_tells: the AUC of a lead's id alone, where the
    id gives the outcome away, else None. proof: that the rows saw nothing that was known later; None where it was not
    asked for.
    """

    suspects: tuple[Suspect, ...] = ()
    auc: float | None = None
    id_tells: float | None = None
    proof: PointInTimeProof | None = None

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
            found.append(f"{ids.id_sentence('lead_id', self.id_tells)}.")
        return [*found, *([self.proof.sentence] if self.proof else [])]

    def without_quarantined(self, labelled: pd.DataFrame, agreement: Agreement) -> pd.DataFrame:
        """The labelled snapshots without the inputs of the fields in quarantine, criteria that ask for one included."""
        names = {one.name for one in self.quarantined}
        names |= {name for name, origin in FOLLOWS_FROM.items() if origin in names}
        features = map(str, labelled.columns.drop(NOT_FEATURES, errors="ignore"))
        return labelled.drop(columns=[column for column in features if names & _read_by(column, agreement)])

    def as_json(self) -> dict[str, Any]:
        """The JSON of the examination, for `train --json`."""
        return {
            "suspects": [one.__dict__ for one in self.suspects],
            "auc_of_all_fields": self.auc,
            "id_tells": self.id_tells,
            "proof": self.proof.as_json() if self.proof else None,
        }


def _read_by(column: str, agreement: Agreement) -> set[str]:
    """The traits and behaviours that a feature is made of."""
    if column.startswith(PREFIX):
        return clause_names(agreement, column.removeprefix(PREFIX))
    return {feature_group(column, agreement)[0]}


NOT_EXAMINED = LeakExamination()


def leak_examination(
    labelled: pd.DataFrame, build: Materialized, agreement: Agreement, until_us: int, seed: int
) -> LeakExamination:
    """Examines the training rows for leaks; rows of the later spans are not looked at.

    labelled: labelled snapshots of the train span. until_us: up to when the ledger is believed.
    """
    fields = ExaminedFields.of(labelled, agreement, seed)
    signals = fields.signals()
    whole = fields.drops(fields.strong(signals))
    filled = dict(_filled(build, agreement, until_us)) if not agreement.outcome.undated else {}
    return LeakExamination(
        suspects(signals, fields.kinds, filled, whole, agreement),
        whole[0],
        _id_tells(labelled, agreement),
        point_in_time_proof(build.repository.home, agreement, labelled, PROOF_ROWS, seed),
    )


def _filled(build: Materialized, agreement: Agreement, until_us: int) -> Iterator[tuple[str, FillTime]]:
    used = {*model_traits(agreement), *FOLLOWS_FROM.values()} - agreement.unlearned
    names = [name for name in agreement.traits if name in used and name in build.repository.traits]
    traits = trait_history(build.repository, names)
    yield from fill_times(traits, known_by(build.leads, until_us), names, until_us).items()


def trait_history(repository: FeastRepository, names: list[str]) -> pd.DataFrame:
    """One row per lead and moment at which a new value was known: lead_id, known_us, and these traits."""
    known = known_us_feature(repository.trait_view)
    rows = pq.read_table(repository.source_of(repository.trait_view), columns=[LEAD, known, *names]).to_pandas()
    named: pd.DataFrame = rows.rename(columns={LEAD: "lead_id", known: "known_us"})
    return named


def _id_tells(labelled: pd.DataFrame, agreement: Agreement) -> float | None:
    """The AUC of lead ids alone; a lead counts as converted where the outcome of any of its snapshots is True."""
    by_lead: Any = labelled.groupby("lead_id", sort=False)
    won: Mapping[str, bool] = by_lead["outcome"].any()
    came = None if agreement.outcome.undated else by_lead["snapshot_us"].min().to_numpy(np.float64)
    leads = list(by_lead.groups)
    return ids.id_auc(leads, np.array([won[lead] for lead in leads], dtype=bool), came)
