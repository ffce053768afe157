"""The baseline of a home: the first count is kept, as it was, and later ones stand beside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import hole_world
import orjson
import pytest

from features.home.errors import LeadlightError
from features.home.settings import Home
from training.hole.baseline import baseline_of, keep_baseline
from training.hole.hole import Hole, HoleRequest, hole_in_files
from training.hole.wording import hole_lines

NOW = datetime(2025, 7, 1, tzinfo=UTC)


@pytest.fixture
def hole(tmp_path: Path) -> Hole:
    return hole_in_files(hole_world.salesforce(tmp_path), HoleRequest(cost_per_lead=120.0), NOW)


def test_the_baseline_is_read_as_it_was_kept(hole: Hole, tmp_path: Path) -> None:
    home = Home.open(tmp_path / "home")
    assert baseline_of(home) is None
    keep_baseline(home, hole)
    kept = baseline_of(home)
    assert kept
    assert (kept.made_at, kept.files, kept.rows) == (NOW, hole.files, 10)
    assert (kept.figures, kept.groups) == (hole.figures, hole.groups)
    assert (home.path / "hole-baseline.json").stat().st_mode & 0o777 == 0o600
    assert "made on 2025-07-01 of 10 rows of Lead.csv, LeadHistory.csv; columns Call_Attempts__c" in kept.sentence
    assert kept.differences(hole) == []


def test_a_new_baseline_loses_none_of_those_before_it(hole: Hole, tmp_path: Path) -> None:
    home = Home.open(tmp_path / "home")
    for days in range(3):
        keep_baseline(home, replace(hole, made_at=NOW + timedelta(days=days)))
    kept = orjson.loads((home.path / "hole-baseline.json").read_bytes())["baselines"]
    assert [one["made_at"][:10] for one in kept] == ["2025-07-01", "2025-07-02", "2025-07-03"]
    newest = baseline_of(home)
    assert newest
    assert newest.made_at == NOW + timedelta(days=2)


def test_other_columns_than_the_baselines_are_named(hole: Hole, tmp_path: Path) -> None:
    home = Home.open(tmp_path / "home")
    keep_baseline(home, hole)
    (tmp_path / "plain").mkdir()
    today = hole_in_files([hole_world.plain(tmp_path / "plain")], HoleRequest(), NOW + timedelta(days=30))
    lines = [*hole_lines(today, baseline_of(home))]
    assert any("baseline 2025-07-01" in line for line in lines)
    assert "created: the baseline was made from CreatedDate, today's figures from Created" in lines


def test_a_baseline_that_cannot_be_read_is_left_alone(hole: Hole, tmp_path: Path) -> None:
    home = Home.open(tmp_path)
    (tmp_path / "hole-baseline.json").write_text('{"baselines": []}')
    for act in (lambda: baseline_of(home), lambda: keep_baseline(home, hole)):
        with pytest.raises(LeadlightError, match="move it away"):
            act()
    assert (tmp_path / "hole-baseline.json").read_text() == '{"baselines": []}'
