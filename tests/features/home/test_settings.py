"""What stands in a home is its owner's alone, whatever wrote it."""

from __future__ import annotations

from pathlib import Path

from handmade_events import SMALL, identify, page
from online_store_checks import arrive

from features.home.database import engine
from features.home.settings import Home, Settings
from features.ledger.ledger import Ledger
from features.store.materialize import materialized


def test_every_file_of_a_home_is_its_owners(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", Settings()).created()
    Ledger.open(home)
    arrive(home, [identify("ann", 1), page("ann", 2)])
    materialized(home, SMALL)
    files = {path for path in home.path.rglob("*") if path.is_file()}
    assert {path.suffix for path in files} >= {".db", ".parquet"}
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in home.path.rglob("*") if path.is_dir()} == {0o700}
    engine(home.database_url).dispose()


def test_what_else_lies_in_the_folder_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "script").touch(mode=0o755)
    before = (tmp_path / "script").stat().st_mode
    Home(tmp_path, Settings()).created()
    assert (tmp_path / "script").stat().st_mode == before
