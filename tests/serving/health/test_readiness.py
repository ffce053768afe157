"""Ready is who can write the ledger and read a model; who cannot says why in one sentence."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from features.agreement.versions import NoAgreement
from features.home.database import engine, writing
from features.home.settings import Home, Settings
from features.ledger.ledger import Ledger
from serving.health import readiness
from serving.health.readiness import Readiness
from training.model.manifest import ModelDamaged


class Scores:
    """A scorer that has what it needs, or lacks it."""

    def __init__(self, lacks: Exception | None = None) -> None:
        self._lacks = lacks

    @property
    def scoring(self) -> None:
        if self._lacks:
            raise self._lacks


@pytest.fixture
def home(tmp_path: Path) -> Iterable[Home]:
    made = Home(tmp_path / "home", Settings()).created()
    Ledger.open(made)
    yield made
    engine(made.database_url).dispose()


def why_not(home: Home, lacks: Exception | None = None) -> str | None:
    scorer: Any = Scores(lacks)
    return asyncio.run(Readiness(home, scorer).why_not())


def test_a_home_that_can_write_and_score_is_ready(home: Home) -> None:
    assert why_not(home) is None


def test_without_an_agreement_events_are_taken(home: Home) -> None:
    assert why_not(home, NoAgreement(home)) is None


def test_a_model_that_cannot_be_read_is_not_ready(home: Home) -> None:
    assert why_not(home, ModelDamaged("trees.txt is not what its manifest says")) == "No model can be read."


def test_a_ledger_that_cannot_be_written_is_not_ready(home: Home) -> None:
    with writing(home) as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    assert why_not(home) == "The ledger cannot be written."


def test_a_database_that_does_not_answer_is_waited_for_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "PATIENCE_S", 0.05)
    monkeypatch.setattr(readiness, "RECENT_S", 0.0)

    async def asked_twice() -> list[str | None]:
        scorer: Any = Scores()
        ready = Readiness(home, scorer)
        with writing(home):  # another writer holds the only lock
            said = [await ready.why_not(), await ready.why_not()]
        await asyncio.sleep(0.3)
        return [*said, await ready.why_not()]

    assert asyncio.run(asked_twice()) == ["The database does not answer."] * 2 + [None]
