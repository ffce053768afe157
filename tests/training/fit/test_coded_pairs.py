"""Codes: a pair with thousands of small cells is found by counting, and a model says nothing of what few leads did."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from handmade_events import SMALL

from serving.scoring.reasons import LeadEvidence, reasons
from training.fit.candidate_columns import candidate_columns
from training.fit.coded_pairs import coded_inputs, coded_pairs
from training.fit.encoding_counts import CODED_WEIGHT, CellInput, encoding_counts
from training.fit.fit import fitted_blend, rows_like
from training.fit.fold_models import FoldModels
from training.labels.folds import lead_folds
from training.model.model import Model
from training.model.target_encoding import CellSizes

SEED = 3
PAIR = ("employees", "industry")  # the number is a code here: which office, say


def coded(leads: int, seed: int, together: float = 3.0, alone: float = 0.0) -> pd.DataFrame:
    """One snapshot a lead: 60 whole numbers and 12 industries, each cell of both with a rate of its own."""
    draws = np.random.default_rng(seed)
    office, industry = draws.choice(60, leads, p=_falling(60)), draws.choice(12, leads, p=_falling(12))
    of_cell, of_office = draws.normal(size=(60, 12)), draws.normal(size=60)
    margin = -1.0 + together * of_cell[office, industry] + alone * of_office[office]
    return pd.DataFrame(
        {
            "lead_id": [f"L{i}" for i in range(leads)],
            "snapshot_us": np.arange(leads),
            "is_arrival": True,
            "outcome": draws.random(leads) < 1 / (1 + np.exp(-margin)),
            "employees": office.astype(float) + 100,
            "industry": np.array([f"I-{i}" for i in range(12)])[industry].astype(object),
            "source": draws.choice(["webinar", "search"], leads).astype(object),
        }
    )


def _falling(levels: int) -> np.ndarray:
    chance = 1 / np.arange(1, levels + 1)
    return chance / chance.sum()


ROWS = coded(3_000, 1)


@pytest.fixture(scope="module")
def learned() -> tuple[Model, FoldModels]:
    blend = fitted_blend(ROWS, SMALL, SEED)
    return blend.model, blend.folds


def test_a_pair_that_carries_the_outcome_is_found_though_one_of_it_looks_like_an_amount() -> None:
    columns = candidate_columns(ROWS, SMALL)
    assert coded_pairs(ROWS, columns, SMALL, SEED) == [PAIR]
    asked = coded_inputs(ROWS, columns, SMALL, SEED)
    assert {one.of for one in asked} == {PAIR, ("employees",), ("industry",)}


def test_two_codes_that_only_add_up_are_no_pair() -> None:
    rows = coded(2_000, 2, together=0.0, alone=2.0)
    assert coded_pairs(rows, candidate_columns(rows, SMALL), SMALL, SEED) == []


def test_numbers_that_are_not_whole_or_differ_for_most_leads_are_no_codes() -> None:
    for numbers in (ROWS["employees"] + 0.5, ROWS["employees"] + np.arange(len(ROWS)) * 1_000.0):
        rows = ROWS.assign(employees=numbers)
        assert coded_pairs(rows, candidate_columns(rows, SMALL), SMALL, SEED) == []


def test_neither_a_rate_nor_a_name_is_kept_of_a_cell_that_fewer_than_five_leads_have(learned, tmp_path) -> None:
    model = learned[0]
    rate, size = (next(getattr(c, cells) for c in model.columns if getattr(c, cells) and getattr(c, cells).of == PAIR)
                  for cells in ("rates", "sizes"))  # fmt: skip
    leads = Counter(
        f"{office} × {industry}" for office, industry in zip(ROWS["employees"], ROWS["industry"], strict=True)
    )
    few = {cell for cell, count in leads.items() if count < CODED_WEIGHT}
    assert few
    assert not few & {*rate.cells, *size.cells}
    assert len(size.rare) == len(few)
    model.write(tmp_path / "model")
    written = (tmp_path / "model" / "model.json").read_text()
    assert not [cell for cell in few if f'"{cell}"'.replace("×", "\\u00d7") in written]


def test_a_cell_that_nobody_was_in_has_no_leads_and_a_rare_one_still_has_its_own() -> None:
    sizes = CellSizes.counted(("industry",), {"retail": 9, "mining": 2})
    assert sizes.encoded({"industry": np.array(["retail", "mining", "fishing", None], dtype=object)}).tolist() == [
        9, 2, 0, 0
    ]  # fmt: skip


def test_a_leads_own_rows_do_not_make_its_cell_more_common() -> None:
    twice = pd.concat([ROWS.head(200)] * 2, ignore_index=True)
    outcome = twice["outcome"].to_numpy(float)
    folds = lead_folds(outcome, list(twice["lead_id"]), SEED)
    counts = encoding_counts(twice, CellInput(("industry",), is_size=True), outcome, folds)
    leads = ROWS.head(200).groupby("industry")["lead_id"].nunique()
    assert (counts.out_of_fold() == twice["industry"].map(leads) - 1).all()
    inside, outside = folds[0]
    others = twice.iloc[inside].groupby("industry")["lead_id"].nunique()
    found = counts.out_of_fold((0,))
    assert (found[inside] == twice["industry"].iloc[inside].map(others) - 1).all()
    assert (found[outside] == twice["industry"].iloc[outside].map(others).fillna(0)).all()


def test_the_model_of_a_fold_says_of_its_leads_what_was_held_against_them(learned) -> None:
    model, folds = learned
    fold = folds.models[0]
    outside = folds.sample.folds[0][1]
    said = fold.margin(fold.matrix(ROWS.iloc[outside]))
    assert said == pytest.approx(folds.out_of_fold[outside], abs=1e-9)
    assert rows_like(ROWS, SMALL, SEED, model).columns == model.columns


def test_a_model_that_reads_sizes_is_written_and_read_alike_and_explains_itself(learned, tmp_path) -> None:
    model = learned[0]
    digest = model.write(tmp_path / "model")
    again = Model.read(tmp_path / "model", digest)
    assert again.probability(ROWS) == pytest.approx(model.probability(ROWS), abs=0)
    assert {"employees and industry", "how common employees and industry is"} <= set(model.groups[0])
    added, baseline = model.contributions(model.matrix(ROWS))
    assert added.sum(axis=1) + baseline == pytest.approx(
        model.calibrator.logit(model.margin(model.matrix(ROWS))), abs=1e-9
    )


def test_how_common_a_pair_is_is_a_reason_in_words() -> None:
    name = "how common employees and industry is"
    evidence = LeadEvidence(SMALL, {}, {"employees": 117.0, "industry": "I-3"}, 1)
    (said,) = reasons({name: -0.4}, {name: "trait"}, evidence, 1)
    assert said["text"] == "how common employees 117 with industry I-3 is"
    assert said["evidence"] == {"values": ["117", "I-3"]}
