"""The bar takes so many of the new leads, each once; it moves by more than chance alone, and is kept with its leads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import orjson
import pytest
from decided_leads import NOW, before, us
from sqlalchemy import select

from features.agreement.agreement import DEFAULT, Agreement
from features.agreement.versions import AgreementVersion
from features.home import tables
from features.home.database import engine, migrate, writing
from features.home.settings import Home, Settings
from serving.decisions.bar import bar_in_force, next_bar, renewed_bar
from serving.decisions.store import store
from serving.scoring.bar import FirstCrossings, bar_of_facts, first_crossings_bar
from serving.scoring.points import score
from serving.scoring.score import Scoring

AGREED = Agreement.default()  # a share of 10 %
WEEKLY = Agreement.parse(DEFAULT.read_text().replace("{ share = 0.10 }", "{ per_week = 5 }"))


def crossings(*rises: tuple[float, float], arrivals: float = 100.0, weeks: float = 8.0) -> FirstCrossings:
    before, peak = np.array(rises, dtype=np.float64).reshape(-1, 2).T
    return FirstCrossings(before, peak, arrivals, weeks)


def test_a_bar_is_crossed_for_the_first_time_by_no_more_than_was_agreed() -> None:
    new = crossings(*((0.0, place / 100) for place in range(100)))
    assert new.over(first_crossings_bar(AGREED, new)) == 10
    # Who was over it before is no first crossing.
    both = crossings(*((0.0, place / 100) for place in range(100)), *((0.95, 0.99) for _ in range(50)))
    assert both.over(first_crossings_bar(AGREED, both)) == 10
    assert new.over(first_crossings_bar(WEEKLY, new)) == 40


def test_equal_leads_do_not_cross_together_unless_they_are_the_best_there_are() -> None:
    some = crossings(*[(0.0, 0.1)] * 90, *[(0.0, 0.5)] * 4)
    assert first_crossings_bar(AGREED, some) == 0.5
    assert first_crossings_bar(AGREED, crossings(*[(0.0, 0.3)] * 50)) == 0.3


def test_while_less_than_one_lead_is_to_cross_the_bar_is_where_grade_a_begins() -> None:
    assert score(first_crossings_bar(AGREED, crossings((0.0, 0.9), arrivals=9)), 0.06) == 70


def test_a_model_says_the_first_bar_by_its_snapshots() -> None:
    told = {"before": [0.0] * 100, "peak": [place / 100 for place in range(100)], "arrivals": 100.0, "weeks": 8.0}
    assert bar_of_facts(AGREED, {"first_crossings": told, "open_probabilities": [0.01] * 100}) == 0.90
    assert bar_of_facts(AGREED, {"first_crossings": None, "open_probabilities": [0.01] * 99 + [0.5] * 11}) == 0.5


def test_of_a_hundred_new_leads_ten_ever_cross_the_bar_that_is_renewed_each_night() -> None:
    """A tenth of the stock of one moment would be crossed by a quarter of them."""
    draw, days, a_day, lives = np.random.default_rng(5), 300, 15, 90
    paths = (
        -3.5 + draw.normal(0, 0.9, (days * a_day, 1)) + np.cumsum(draw.normal(0, 0.16, (days * a_day, lives)), axis=1)
    )
    peaks = 1 / (1 + np.exp(-np.maximum.accumulate(paths, axis=1)))
    arrived = np.repeat(np.arange(days), a_day)
    bars, bar = np.full(days, np.nan), 0.2
    for day in range(60, days):
        age, then = day - arrived, day - 56 - arrived
        alive = age >= 0
        now = peaks[np.arange(len(peaks)), np.clip(age, 0, lives - 1)]
        was = np.where(then >= 0, peaks[np.arange(len(peaks)), np.clip(then, 0, lives - 1)], 0.0)
        rose = alive & (now > was)
        bar = next_bar(FirstCrossings(was[rose], now[rose], 56 * a_day, 8.0), bar, AGREED)
        bars[day] = bar
    watched = np.flatnonzero((arrived >= 130) & (arrived < days - lives))
    in_force = bars[arrived[watched][:, None] + np.arange(lives)]
    probability = 1 / (1 + np.exp(-paths[watched]))
    assert 0.085 <= (probability >= in_force).any(axis=1).mean() <= 0.115
    assert len(np.unique(bars[130:])) < 40  # it does not move each night
    stock = np.quantile(1 / (1 + np.exp(-paths[:, lives // 2])), 0.9)
    assert (probability >= stock).any(axis=1).mean() > 0.2


@pytest.fixture
def home(tmp_path: Path) -> Iterable[Home]:
    made = Home(tmp_path / "home", Settings()).created()
    migrate(made)
    yield made
    engine(made.database_url).dispose()


def test_the_bar_in_force_is_made_once_and_renewed_from_what_new_leads_came_to(home: Home) -> None:
    scoring, policy = Scoring(AgreementVersion(AGREED, 1)), AGREED.policy_digest
    with writing(home) as connection:
        first = bar_in_force(connection, scoring, policy, NOW - timedelta(days=50))
        assert bar_in_force(connection, scoring, policy, NOW) == first
        rows = []
        for place in range(1, 201):
            said = orjson.dumps([(us(20), place / 300)]).decode()
            row = replace(before("nurture", "below_bar"), lead_id=f"{place:03}", decision_id=f"de_{place}", peaks=said)
            rows.append(replace(row, arrived_us=us(30), model_digest=None))
        assert store(connection, [(None, row) for row in rows]) == set()
        renewed = renewed_bar(connection, scoring, policy, NOW)
        assert renewed.bar == pytest.approx(181 / 300)
        assert renewed_bar(connection, scoring, policy, NOW + timedelta(hours=24)) == renewed
        kept = connection.execute(select(tables.bars).order_by(tables.bars.c.bar_id.desc())).first()
        assert kept is not None
        assert orjson.loads(kept.population)["crossed"] == 20
