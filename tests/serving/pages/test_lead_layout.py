"""The page of a lead in a real browser: on a phone, a screen and paper nothing of it is cut or lies on another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import lead_pages as leads
import pytest
from browser_layout import chromium, layouts
from decided_homes import DecidedHome

from features.home.database import engine

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(chromium() is None, reason="there is no browser here: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DecidedHome]:
    made = leads.world_of_leads(tmp_path_factory.mktemp("leads"))
    yield made
    engine(made.home.database_url).dispose()


@pytest.mark.parametrize("lead_id", ["L-1", "odd%2Fone", "hostile", "bare"])
def test_nothing_of_a_lead_s_page_is_cut_anywhere(world: DecidedHome, lead_id: str, tmp_path: Path) -> None:
    page = leads.pages_of(world).get(f"/leads/{lead_id}?me={leads.owner_of(world, 'L-1')}").text
    for name, layout in layouts(page, tmp_path).items():
        assert layout.needed <= layout.width, name
        assert layout.cut == [], name
        assert layout.outside == [], name
        assert layout.touching == [], name
