"""A large log arrives once in order, and once shuffled, doubled and in pieces: what is derived is the same."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from online_store_checks import same

from features.agreement.agreement import Agreement
from features.agreement.versions import save_version
from features.home.settings import Home, Settings
from features.store.builds import build_of
from features.store.online import OnlineStore
from serving.intake.file_import import ingest
from serving.scoring.bulk import home_scores
from training.simulation.simulation import Market, simulate

pytestmark = pytest.mark.slow

ENDS_AT = datetime(2026, 11, 21, tzinfo=UTC)
EVENTS = 50_000
PIECES = 7


@pytest.fixture(scope="module")
def events() -> pd.DataFrame:
    """Without the resends of the market's senders: which receipt of a message came first is what a shuffle changes."""
    return simulate(1_400, 3, ENDS_AT).events.drop_duplicates("messageId").head(EVENTS)


@pytest.fixture(params=["sqlite", "redis"])
def settings(request: pytest.FixtureRequest) -> Settings:
    if request.param == "redis":
        return Settings(online_store="redis", redis_url=request.getfixturevalue("redis_url"))
    return Settings()


@pytest.fixture(scope="module")
def in_order(events: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, dict[str, dict[str, Any]]]:
    """The home that got the events in order, and its scores: every replay is held against it, whatever its store."""
    home = filled(tmp_path_factory.mktemp("replay") / "in order", Settings(), [events])
    return home, by_lead(home)


def test_a_shuffled_doubled_and_split_replay_gives_the_same_states_and_decisions(
    events: pd.DataFrame, in_order: tuple[Home, dict[str, dict[str, Any]]], settings: Settings, tmp_path: Path
) -> None:
    assert len(events) == EVENTS
    twice = pd.concat([events, events.sample(frac=0.2, random_state=1)]).sample(frac=1.0, random_state=2)
    again = filled(tmp_path / "replayed", settings, [twice.iloc[place::PIECES] for place in range(PIECES)])
    (once, first), second = in_order, by_lead(again)
    assert first.keys() == second.keys()
    assert len(first) > 1_000
    assert same(online(again, sorted(first)), online(once, sorted(first)))
    for lead, score in first.items():
        assert second[lead]["decision_code"] == score["decision_code"]
        assert [second[lead][name] for name in NUMBERS] == pytest.approx([score[name] for name in NUMBERS], rel=1e-9)


NUMBERS = ("probability", "fit_points", "engagement_points")


def filled(folder: Path, settings: Settings, pieces: list[pd.DataFrame]) -> Home:
    """A home that got the pieces as files, one after another."""
    folder.mkdir()
    home = Home(folder / "home", settings)
    files = []
    for number, piece in enumerate(pieces):
        market = Market(piece, pd.DataFrame(), {})
        files += market.write(folder / str(number))[:1]
    ingest(home, files, save_version(home, Agreement.default(), ENDS_AT), datetime.now(UTC))
    return home


def by_lead(home: Home) -> dict[str, dict[str, Any]]:
    return {score["lead_id"]: score for chunk in home_scores(home, ENDS_AT, None) for score in chunk}


def online(home: Home, leads: list[str]) -> Any:
    build = build_of(home, Agreement.default())
    assert build is not None
    return OnlineStore(build.repository(home)).states(leads)
