"""The page of the hole: what stands on it, and that a phone and a screen show all of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import browser_layout
import hole_world
import pytest
from browser_layout import Layout
from hole_world import LEADS

from features.home.settings import Home
from training.hole.baseline import baseline_of, keep_baseline
from training.hole.hole import Hole, HoleRequest, hole_in_files
from training.hole.page import hole_page

NOW = datetime(2025, 7, 1, tzinfo=UTC)
NASTY = '<script>alert("1")</script>'
LONG = "Donaudampfschifffahrtsgesellschaftskapitänsvertretung und Geschäftsführungsangelegenheiten"


@pytest.fixture(scope="module")
def hole(tmp_path_factory: pytest.TempPathFactory) -> Hole:
    """Ten leads, two of them from a source and with an owner as long or as nasty as a stranger's file may have."""
    leads = [replace(LEADS[0], source=NASTY, campaign=LONG, owner=LONG), *LEADS[1:]]
    written = hole_world.salesforce(tmp_path_factory.mktemp("exports"), leads)
    return hole_in_files(written, HoleRequest(cost_per_lead=120.0), NOW)


@pytest.fixture(scope="module")
def pages(hole: Hole, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = Home.open(tmp_path_factory.mktemp("home"))
    keep_baseline(home, replace(hole, files=("LeadHistory-of-the-year-before-last.csv",)))
    return {"first": hole_page(hole), "beside a baseline": hole_page(hole, baseline_of(home))}


def test_the_page_needs_nothing_else_and_runs_nothing(pages: dict[str, str]) -> None:
    for page in pages.values():
        assert "default-src 'none'" in page
        assert "<script" not in page
        assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")
        assert "&lt;script&gt;" in page


def test_the_page_says_each_figure_which_column_and_what_is_kept(pages: dict[str, str], hole: Hole) -> None:
    for figure in hole.figures:
        assert figure.label in pages["first"]
    assert "Status: the status that sales works by" in pages["first"]
    assert "This count is the baseline from now on" in pages["first"]
    assert "baseline, 2025-07-01" in pages["beside a baseline"]


def test_a_file_that_tells_nothing_makes_a_page_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("Id,Employees\n1,10\n2,20\n")
    page = hole_page(hole_in_files([tmp_path / "leads.csv"], HoleRequest(), NOW))
    assert page.count("not in the file") >= 8
    assert "It would take" in page
    assert "<svg" not in page


@pytest.fixture(scope="module", params=["first", "beside a baseline"])
def laid_out(
    request: pytest.FixtureRequest, pages: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Layout]:
    if browser_layout.chromium() is None:
        pytest.skip("Chromium is not installed here: apt-get install chromium")
    return browser_layout.layouts(pages[request.param], tmp_path_factory.mktemp("browser"))


@pytest.mark.parametrize("place", ["phone", "screen", "paper"])
def test_nothing_is_cut_off_clipped_or_broken_apart(laid_out: dict[str, Layout], place: str) -> None:
    seen = laid_out[place]
    assert seen.pictures == 2
    assert seen.needed <= seen.width, "nobody scrolls sideways"
    assert (seen.cut, seen.outside, seen.touching, seen.broken) == ([], [], [], [])
