"""A home that an older release left: whatever is typed first brings its database to the newest schema, and says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import Shell
from decided_homes import FIT, MONDAY, DecidedHome, asks, lead, live_agreement
from migrated_databases import migrated_back, migrations_as_ever

from features.home.database import bring_up_to_date, engine

BEFORE_DECISIONS = "0009"
NEWEST_SCHEMA = "of an older release, and has the newest schema now"


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Shell:
    monkeypatch.chdir(tmp_path)
    made = DecidedHome.of(tmp_path / ".leadlight", live_agreement(), is_built=False)
    made.read([lead("ann", **FIT), asks("ann"), lead("bob", **FIT)], MONDAY)
    with migrations_as_ever():
        migrated_back(made.home, BEFORE_DECISIONS)
    engine(made.home.database_url).dispose()
    return Shell(capfd)


@pytest.mark.parametrize("words", ["doctor", "queues", "handovers", "agreement show", "keys list", "notices list"])
def test_what_only_reads_reads_an_older_home(shell: Shell, words: str) -> None:
    with migrations_as_ever():
        typed = shell(*words.split())
        assert NEWEST_SCHEMA in typed.err
        assert "cannot be used" not in typed.err
        assert NEWEST_SCHEMA not in shell("queues").err


def test_the_first_sweep_decides_each_lead_of_an_older_home_and_hands_nobody_over_at_once(shell: Shell) -> None:
    with migrations_as_ever():
        assert "2 leads decided" in shell("sweep").out
    assert {row["decision"]: row["count"] for row in shell("queues", "--json").json["queues"]} != {}
    assert shell("queues", "--json").json["adds_up"]


def test_a_home_without_a_database_stays_without_one(tmp_path: Path) -> None:
    from features.home.settings import Home, Settings

    empty = Home(tmp_path / "home", Settings())
    assert not bring_up_to_date(empty)
    assert not empty.path.exists()
