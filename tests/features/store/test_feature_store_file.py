"""Feast's own command line sees the store, by a file that holds no password."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from handmade_events import LATER, SMALL, identify, page

from features.agreement.versions import save_version
from features.home.settings import Home, Settings
from features.ledger.ledger import Ledger
from features.store.builds import build_of
from features.store.feast_views import FeastRepository
from features.store.feature_store_file import FEATURE_STORE, FROM_ENVIRONMENT, feature_store_text
from features.store.materialize import materialized


@pytest.mark.slow
def test_feast_lists_the_views_of_the_build_that_is_read(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", Settings())
    save_version(home, SMALL, LATER)
    list(Ledger.open(home).append([identify("ann", 1), page("ann", 2)], source="web", received_at=LATER))
    materialized(home, SMALL)
    list(Ledger.open(home).append([page("ann", 3)], source="web", received_at=LATER))
    repository = materialized(home, SMALL).repository
    assert build_of(home, SMALL).generation == repository.generation  # type: ignore[union-attr]
    command = [str(Path(sys.executable).parent / "feast"), "-c", str(home.features), "feature-views", "list"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=180)
    listed = [line.split()[0] for line in done.stdout.splitlines()[1:] if line.strip()]
    assert sorted(listed) == sorted([repository.account_view, repository.behaviour_view, repository.trait_view]), done


def test_the_password_of_redis_is_read_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "redis.example:6380,password=secret,ssl=true"
    home = Home(tmp_path / "home", Settings(online_store="redis", redis_url=url))
    text = feature_store_text(FeastRepository.of(home, SMALL, "0a1b2c"))
    assert "secret" not in text
    assert FROM_ENVIRONMENT in text
    usual = Home(tmp_path / "home", Settings(online_store="redis"))
    assert "localhost:6379" in feature_store_text(FeastRepository.of(usual, SMALL, "0a1b2c"))
    monkeypatch.setenv("LEADLIGHT_REDIS_URL", url)
    assert url in os.path.expandvars(text)  # as Feast reads it


def test_a_home_without_a_build_has_no_file_yet(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", Settings())
    save_version(home, SMALL, LATER)
    assert not (home.features / FEATURE_STORE).exists()
