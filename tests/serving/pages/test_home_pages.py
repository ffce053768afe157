"""The pages of the whole home: what commands print, each to whom it concerns, linked from the worklist."""

from __future__ import annotations

from collections.abc import Iterator

import lead_pages as leads
import pytest
from decided_homes import ANN, DecidedHome
from lead_pages import LeadPages

from features.home.database import engine
from serving.health.doctor import home_checks


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DecidedHome]:
    made = leads.world_of_leads(tmp_path_factory.mktemp("leads"))
    yield made
    engine(made.home.database_url).dispose()


@pytest.fixture
def pages(world: DecidedHome) -> LeadPages:
    return leads.pages_of(world)


def test_the_agreement_is_for_everybody_and_figures_are_for_managers(pages: LeadPages) -> None:
    for path, words in (("agreement", "What marketing and sales agreed"), ("team", "handed over"), ("data", "ledger")):
        assert words in pages.get(f"/{path}?me={leads.MANAGER}").text
    assert pages.by_proxy(ANN, "/agreement").status_code == 200
    assert [pages.by_proxy(ANN, f"/{path}").status_code for path in ("team", "data", "model")] == [403] * 3


def test_the_page_of_the_data_says_what_doctor_says(pages: LeadPages, world: DecidedHome) -> None:
    shown = pages.get("/data").text
    checks = home_checks(pages.world.home, world.now)
    assert [check.name for check in checks if f'<th scope="row">{check.name}</th>' not in shown] == []


def test_the_model_s_page_is_the_report_that_was_written(pages: LeadPages, world: DecidedHome) -> None:
    assert pages.get("/model").status_code == 404
    (world.home.path / "report.html").write_text("<!doctype html><title>r</title><style>p{}</style><p>of the model")
    answer = pages.get("/model")
    assert "of the model" in answer.text
    assert "style-src 'sha256-" in answer.headers["content-security-policy"]


def test_the_worklist_leads_to_the_pages_that_its_reader_may_read(pages: LeadPages) -> None:
    assert 'href="team"' in pages.get("/worklist").text
    rep = pages.by_proxy(ANN, "/worklist").text
    assert 'href="agreement"' in rep
    assert 'href="team"' not in rep
