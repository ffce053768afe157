"""`import leadlight` finds the home of its repository from any folder of it, and no other."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import leadlight


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a home and a folder of notebooks."""
    monkeypatch.delenv("LEADLIGHT_HOME", raising=False)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "put back after the test")
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    for folder in (".git", ".leadlight", "mlruns", "notebooks/deep"):
        (tmp_path / "project" / folder).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "project" / "notebooks" / "deep")
    return tmp_path / "project"


def test_a_notebook_finds_the_home_and_the_registry_of_its_repository(project: Path) -> None:
    assert leadlight.open().home.path == project / ".leadlight"
    assert os.environ["MLFLOW_TRACKING_URI"] == f"sqlite:///{project / 'mlruns' / 'mlflow.db'}"


def test_what_is_named_or_nearer_comes_first(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert leadlight.open(project / "other").home.path == project / "other"
    Path(".leadlight").mkdir()
    assert leadlight.open().home.path == project / "notebooks" / "deep" / ".leadlight"
    monkeypatch.setenv("LEADLIGHT_HOME", str(project / "named"))
    assert leadlight.open().home.path == project / "named"
    assert "MLFLOW_TRACKING_URI" not in os.environ


def test_a_home_outside_of_the_repository_is_not_found(project: Path) -> None:
    (project / "notebooks" / "pyproject.toml").touch()
    assert leadlight.open().home.path == project / "notebooks" / "deep" / ".leadlight"
