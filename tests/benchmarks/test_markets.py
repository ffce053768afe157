"""The heart of benchmarks/markets.py: what is said of every lead is true, whomever sales calls, or it is not said.

2,000 leads a market. The limits are what was seen with plain learners; where one differs, its reason is said.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from benchmark_scripts import script

from benchmarks.parts.market_cells import EAGER_CELL, HOT_CELL, Cell
from benchmarks.parts.nearness import rank_correlation
from training.candidate import Candidate
from training.fit.fit import fitted_model
from training.pipeline import labelled_snapshots, train
from training.simulation.simulation import simulate
from training.simulation.world import World

pytestmark = pytest.mark.slow

markets = script("markets")
LEADS, SEED = 2_000, 7
ENDS_AT = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)


def home_of(cell: Cell, folder: Path, seed: int = SEED) -> Any:
    market = simulate(LEADS, seed, ENDS_AT, None, cell.world)
    return markets.ingested_home(folder, market, ENDS_AT, markets.agreement_of(cell))


def in_hand(sim: Any) -> pd.DataFrame:
    """The leads that are open at the end and not with sales, with their features and both truths."""
    ends = sim.at_end()
    return ends[~ends["with_sales"].to_numpy(bool)].reset_index(drop=True)


@pytest.fixture(scope="module")
def eager(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Two markets, taken together: what is said varies from one market to the next."""
    folder = tmp_path_factory.mktemp("eager")
    return pd.concat([eager_leads(folder / str(seed), seed) for seed in (SEED, SEED + 1)], ignore_index=True)


def test_where_the_best_are_called_and_calls_are_nothing_open_leads_are_said_their_true_chance(
    eager: pd.DataFrame,
) -> None:
    """The rule that we had said 12 times the truth here, ranked it backwards, and passed every gate."""
    ends = eager[~eager["is_fresh"]]
    shown = markets.figures(ends["said"].to_numpy(float), ends["true"].to_numpy(float))
    assert 0.75 < shown["said_over_true"] < 1.33
    assert shown["rank"] >= 0.75


@pytest.mark.xfail(strict=True, reason="arrivals are said 0.71 times their truth here, over two markets of 2,000 leads")
def test_where_the_best_are_called_and_calls_are_nothing_arrivals_are_said_their_true_chance(
    eager: pd.DataFrame,
) -> None:
    fresh = eager[eager["is_fresh"]]
    assert 0.75 < fresh["said"].mean() / fresh["true"].mean() < 1.33


def eager_leads(folder: Path, seed: int) -> pd.DataFrame:
    """One row per lead that is in hand at the end, and per lead that arrived within the last horizon, just then."""
    folder.mkdir()
    sim = home_of(EAGER_CELL, folder, seed)
    assert sim.market.summary["tried_before"] > 0.6  # what guarded that rule: most who converted were called before
    agreement = sim.kept.agreement
    model = fitted_model(labelled_snapshots(sim.derived, agreement, ENDS_AT), agreement, seed)
    ends, fresh = in_hand(sim), markets.arrivals(sim, model)
    shown = [ends.assign(said=model.probability(ends), is_fresh=False), fresh.assign(is_fresh=True)]
    return pd.concat([rows[["said", "true", "is_fresh"]] for rows in shown])


@pytest.fixture(scope="module")
def needed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Candidate]:
    """Twice as many buy as by default, or 2,000 leads have fewer than the 100 won first tries that are asked for.

    The market ends in the middle between two idle weeks of its callers. Just before one, a third fewer of the new leads
    that nobody called yet buy within the horizon than at any other time, which no model can know.
    """
    world = World("needs_call", "habit", times=2.0, idle_week=2)
    sim = home_of(Cell("needs_call.habit", world), tmp_path_factory.mktemp("needed"))
    return sim, train(sim.home, sim.kept, ENDS_AT, SEED)


def test_where_calls_are_needed_the_first_question_says_what_comes_as_sales_works_now(
    needed: tuple[Any, Candidate],
) -> None:
    sim, candidate = needed
    ends, fresh = in_hand(sim), markets.arrivals(sim, candidate.served)
    assert 0.5 < candidate.served.probability(ends).mean() / ends["true"].mean() < 1.5
    assert 0.67 < fresh["said"].mean() / fresh["true"].mean() < 1.5


def test_where_calls_are_needed_the_second_question_knows_whom_to_call(needed: tuple[Any, Candidate]) -> None:
    sim, candidate = needed
    second = candidate.second
    assert second.shift is not None
    assert second.shift.value >= 1.5
    assert second.head is not None, second.gates
    ends = in_hand(sim).dropna(subset="if_tried_now").reset_index(drop=True)
    ends = ends[~second.head.likeness.is_unlike(ends)].reset_index(drop=True)
    said, true = second.head.answering(candidate.served).probability(ends), ends["if_tried_now"].to_numpy(float)
    first = rank_correlation(candidate.served.probability(ends), true)
    assert rank_correlation(said, true) >= 0.85 > first
    assert 0.6 < said.mean() / true.mean() < 1.5


def test_where_only_hot_leads_are_called_the_second_question_is_refused(tmp_path: Path) -> None:
    sim = home_of(HOT_CELL, tmp_path)
    second = train(sim.home, sim.kept, ENDS_AT, SEED).second
    assert second.is_asked
    assert second.head is None
    assert "overlap" in {gate.name for gate in second.gates if not gate.passed}
