"""Target statistics: a row's number has seen nothing of its own lead, rare cells are pooled, a pair is one reason."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from handmade_events import SMALL

from serving.scoring.reasons import LeadEvidence, reasons
from training.fit.candidate_columns import category_pairs
from training.fit.encoding_counts import FEWEST_LEADS, CellInput, encoding_counts
from training.fit.fit import fitted_model
from training.fit.training_rows import TrainingRows
from training.labels.folds import lead_folds
from training.model.columns import ModelColumn
from training.model.model import Model
from training.model.target_encoding import TargetEncoding

SEED = 3


def looks(leads: int, seed: int, together: float = 2.5) -> pd.DataFrame:
    """Labelled snapshots, two a lead: industry and source say little alone, and much together."""
    draws = np.random.default_rng(seed)
    industry, source = draws.choice(["software", "retail"], leads), draws.choice(["webinar", "search"], leads)
    is_pair = (industry == "software") == (source == "webinar")
    outcome = draws.random(leads) < 1 / (1 + np.exp(1.5 + together / 2 - together * is_pair))
    twice = np.repeat(np.arange(leads), 2)
    return pd.DataFrame(
        {
            "lead_id": [f"L{i}" for i in twice],
            "snapshot_us": np.arange(2 * leads),
            "is_arrival": np.arange(2 * leads) % 2 == 0,
            "outcome": outcome[twice],
            "industry": industry[twice].astype(object),
            "source": source[twice].astype(object),
            "employees": draws.integers(1, 500, 2 * leads).astype(float),
        }
    )


ROWS = looks(900, 1)


def folded(rows: pd.DataFrame) -> tuple[np.ndarray, list]:
    outcome = rows["outcome"].to_numpy(float)
    return outcome, lead_folds(outcome, list(rows["lead_id"]), SEED)


def test_a_rows_number_does_not_change_with_its_own_leads_outcome() -> None:
    outcome, folds = folded(ROWS)
    before = encoding_counts(ROWS, CellInput(("industry",)), outcome, folds).out_of_fold()
    mine = ROWS["lead_id"] == "L5"
    other = np.where(mine, 1 - outcome, outcome)
    after = encoding_counts(ROWS, CellInput(("industry",)), other, folds).out_of_fold()
    assert after[mine] == pytest.approx(before[mine], abs=0)
    assert (after != before).any()


def test_within_a_part_neither_side_knows_the_outcomes_outside() -> None:
    outcome, folds = folded(ROWS)
    outside = folds[0][1]
    turned = outcome.copy()
    turned[outside] = 1 - turned[outside]
    parts = [
        next(
            TrainingRows.of(
                ROWS.assign(outcome=said.astype(bool)), (), [CellInput(("industry", "source"))], 0.0, SEED
            ).fold_rows()
        )
        for said in (outcome,)
    ]
    one = encoding_counts(ROWS, CellInput(("industry", "source")), outcome, folds)
    two = encoding_counts(ROWS, CellInput(("industry", "source")), turned, folds)
    assert one.values((0,)) == pytest.approx(two.values((0,)), abs=0)
    assert parts[0].outside[:, 0] == pytest.approx(one.values((0,))[one.code[outside]])


def test_cells_of_few_leads_and_unseen_ones_share_one_number() -> None:
    rows = ROWS.copy()
    rows.loc[: 2 * (FEWEST_LEADS - 1) - 1, "industry"] = "rare"
    outcome, folds = folded(rows)
    told = encoding_counts(rows, CellInput(("industry",)), outcome, folds).encoding()
    assert set(told.cells) == {"software", "retail"}
    said = told.encoded({"industry": np.array(["rare", "never seen", None, "retail"], dtype=object)})
    assert said[:3] == pytest.approx(told.other)
    assert said[3] == told.cells["retail"]


def test_a_pair_that_tells_is_found_and_used_and_is_one_reason() -> None:
    columns = (
        ModelColumn("industry", "industry", "trait", ("a",)),
        ModelColumn("source", "source", "trait", ("b",)),
    )
    assert category_pairs(ROWS, columns, SMALL, SEED) == (("industry", "source"),)
    model = fitted_model(ROWS, SMALL, SEED)
    assert any(column.rates and column.rates.of == ("industry", "source") for column in model.columns)
    assert "industry and source" in model.groups[0]
    evidence = LeadEvidence(SMALL, {}, {"industry": "software", "source": "webinar"}, 1)
    (said,) = reasons({"industry and source": 1.0}, {"industry and source": "trait"}, evidence, 1)
    assert said["text"] == "industry software with source webinar"


def test_pairs_that_say_nothing_together_are_not_used() -> None:
    found = fitted_model(looks(900, 2, together=0.0), SMALL, SEED)
    assert not any(column.rates and len(column.rates.of) == 2 for column in found.columns)


def test_a_model_with_rates_is_written_and_read_alike(tmp_path) -> None:
    model = fitted_model(ROWS, SMALL, SEED)
    digest = model.write(tmp_path / "model")
    assert Model.read(tmp_path / "model", digest).probability(ROWS) == pytest.approx(model.probability(ROWS), abs=0)
    assert isinstance(next(c.rates for c in model.columns if c.rates), TargetEncoding)
