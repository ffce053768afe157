"""The page and the route of the hole: of an empty home, and of one handover that was made by hand."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import handmade_handovers as hand
import orjson
import pytest
from api_in_process import call, opened
from told_home import told_home

from features.home.database import engine, writing
from serving.funnel.first_count import first_count
from serving.handovers.store import write
from serving.pages.hole.figure_words import of_100


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The report as JSON and as a page, of a home with one handover, beside a count that was made before."""
    home = told_home(tmp_path_factory.mktemp("hole"))
    with writing(home) as connection:
        write(connection, [(None, hand.handover())])
    figure = {"name": "never_tried", "value": 0.4, "interval": [0.3, 0.5], "count": 40, "of": 100}
    before = {"made_at": "2026-06-01T00:00:00Z", "files": ["leads.csv"], "figures": [figure]}
    (home.path / "hole-baseline.json").write_bytes(orjson.dumps({"baselines": [before]}))
    _, app = opened(home, now=lambda: hand.minutes(600))
    asked = [call(app, "GET", "/v1/hole", headers={"accept": accept}) for accept in ("*/*", "text/html")]
    refused = call(app, "GET", "/v1/hole?from=tomorrow")
    yield asked[0].json(), asked[1].text, refused
    engine(home.database_url).dispose()


def test_the_report_counts_the_handovers_of_a_home(answers: Any) -> None:
    report, _, refused = answers
    assert (report["handovers"], report["speed"]["never_tried"]["count"]) == (1, 1)
    assert [step["leads"] for step in report["funnel"]["steps"][1:]] == [1, 0, 0, 0]
    assert report["owners"][0]["name"] == hand.OWNER
    assert report["baseline"]["figures"]["never_tried"]["value"] == 0.4
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_from")


def test_every_table_of_the_page_says_what_the_report_says(answers: Any) -> None:
    report, page, _ = answers
    text = html.unescape(re.sub(r"<[^>]+>", " ", page))
    for share in (report["speed"]["never_tried"], report["acceptance"]["accepted"]):
        assert of_100(share) in text
    assert "before, 2026-06-01" in text
    assert "40 (30 to 50)" in text
    assert "<script" not in page


def test_a_count_that_cannot_be_read_counts_as_none(tmp_path: Path) -> None:
    from features.home.settings import Home, Settings

    home = Home(tmp_path, Settings())
    assert first_count(home) is None
    (tmp_path / "hole-baseline.json").write_text("{")
    assert first_count(home) is None
