"""A rebuild of one ledger is the same, byte for byte, whoever reads while it is made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from handmade_events import LATER, SMALL, Told, at, identify, market, page, says, track
from online_store_checks import arrive, shows_the_ledger
from sqlalchemy import func, select

from commands.app import run
from features.agreement.versions import save_version
from features.home import tables
from features.home.database import engine, reading
from features.home.settings import Home, Settings
from features.ledger.ledger import Ledger
from features.store.builds import all_builds, build_of
from features.store.materialize import materialized, rebuild
from features.store.offline import files_digest

TOLD: list[Told] = [
    *market(60, days=40),
    identify("ann", 1, visitor="visitor-1", email="ann@firm1.example"),
    page("visitor-1", 0.5),
    page("ann", 2, page_view_id="1"),
    track("ann", "Page Left", 2.001, known=3, page_view_id="1", engaged_ms=60_000),
    identify("bob", 2, email="bob@firm1.example"),
    page("bob", 3),
    track("ann", "Lead Merged", 5, previous_lead_id="bob"),
    says("group", 6, userId="ann", groupId="other"),
]


def home_of(folder: Path, told: list[Told]) -> Home:
    home = Home(folder, Settings()).created()
    save_version(home, SMALL, at(0))
    list(Ledger.open(home).append(told, source="web", received_at=LATER))
    return home


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = home_of(tmp_path / "home", TOLD)
    yield home
    engine(home.database_url).dispose()


def test_a_rebuild_of_the_same_ledger_has_the_same_files(home: Home, tmp_path: Path) -> None:
    materialized(home, SMALL)
    first, second = rebuild(home, SMALL), rebuild(home, SMALL)
    assert first.before is not None
    assert first.before == first.digest == second.before == second.digest
    assert first.is_the_same
    assert set(first.views).isdisjoint(second.views)
    elsewhere = home_of(tmp_path / "elsewhere", TOLD)
    assert rebuild(elsewhere, SMALL).digest == first.digest
    engine(elsewhere.database_url).dispose()


def test_the_command_says_what_it_made(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LEADLIGHT_HOME", str(home.path))
    assert run(["rebuild"]) == 0
    assert "there were none before" in capsys.readouterr().out
    assert run(["rebuild", "--json"]) == 0
    (built,) = json.loads(capsys.readouterr().out)["builds"]
    assert built["is_the_same"]
    assert built["leads"] == len(materialized(home, SMALL).leads)
    assert [view.split("_")[0] for view in built["views"]] == ["behaviour", "traits", "account"]


def test_another_event_makes_other_files(home: Home) -> None:
    before = rebuild(home, SMALL)
    arrive(home, [page("ann", 60)])
    after = rebuild(home, SMALL)
    assert (after.before, after.is_the_same) == (before.digest, False)


def test_states_are_the_same_in_whatever_order_events_were_appended(home: Home, tmp_path: Path) -> None:
    shuffled = home_of(tmp_path / "shuffled", list(reversed(TOLD)))
    for file in ("behaviour.parquet", "traits.parquet", "account.parquet"):
        one, other = (
            pq.read_table(materialized(h, SMALL).repository.folder / file).to_pylist() for h in (home, shuffled)
        )
        assert len(one) == len(other) > 0
        for left, right in zip(one, other, strict=True):
            assert close(left, right), file
    engine(shuffled.database_url).dispose()


def close(left: object, right: object) -> bool:
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(close(left[name], right[name]) for name in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(close, left, right))
    return left == (pytest.approx(right, rel=1e-9) if isinstance(right, float) else right)


def test_the_observations_can_be_looked_into(home: Home) -> None:
    """One row per thing that became known of one occurrence, with the event by which it did."""
    found = materialized(home, SMALL)
    table = pq.read_table(found.repository.folder / "observations.parquet").to_pandas()
    assert list(table.columns) == [
        "lead_id", "account", "behaviour", "minutes", "occurred_at", "known_at", "sign", "event_id",
    ]  # fmt: skip
    bob = table[table["lead_id"] == "bob"]
    assert bob["sign"].tolist() == [1, -1]  # what he did is ann's since they are one
    assert bob["account"].tolist() == ["firm1.example", None]
    ann = table[table["lead_id"] == "ann"]
    assert (ann["sign"] == 0).any()  # the minutes of a page that she left
    with reading(home) as connection:
        newest = connection.scalar(select(func.max(tables.events.c.event_id)))
    assert table["event_id"].between(1, newest).all()
    assert (table["known_at"] >= table["occurred_at"]).all()


def test_files_are_sorted_by_lead_and_moment_and_say_nothing_of_when_they_were_written(home: Home) -> None:
    folder = materialized(home, SMALL).repository.folder
    rows = pq.read_table(folder / "behaviour.parquet", columns=["lead_id", "event_timestamp"]).to_pandas()
    assert rows.equals(rows.sort_values(["lead_id", "event_timestamp"], kind="stable"))
    before = files_digest(folder)
    assert before == files_digest(folder)


def test_only_accounts_with_several_leads_have_states(home: Home) -> None:
    """Of any other account, a lead's colleagues do nothing; most homes have more of these."""
    arrive(home, [identify("zoe", 50, email="zoe@alone.example"), page("zoe", 51)])
    folder = materialized(home, SMALL).repository.folder
    accounts = set(pq.read_table(folder / "account.parquet", columns=["account_id"])["account_id"].to_pylist())
    assert "alone.example" not in accounts
    assert "firm1.example" in accounts
    with reading(home) as connection:
        kept = set(connection.scalars(select(tables.account_states.c.account_id)))
    assert kept == accounts


def test_builds_that_nobody_reads_are_removed_with_all_they_have(home: Home) -> None:
    for _ in range(4):
        rebuild(home, SMALL)
    left = all_builds(home)
    assert len(left) == 2
    build = build_of(home, SMALL)
    assert build is not None
    folder = build.repository(home).folder
    assert {path.name for path in folder.parent.iterdir()} == {each.generation for each in left}
    with reading(home) as connection:
        states = set(connection.scalars(select(tables.account_states.c.generation)))
    assert states == {each.generation for each in left}


def test_what_a_build_left_that_was_broken_off_is_removed(home: Home) -> None:
    folder = materialized(home, SMALL).repository.folder.parent / "brokenoff000"
    folder.mkdir()
    (folder / "behaviour.parquet.part").touch()
    rebuild(home, SMALL)
    assert not folder.exists()


def test_a_build_of_another_release_is_made_anew(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from features.store import materialize

    first = materialized(home, SMALL).repository.generation
    assert materialized(home, SMALL).repository.generation == first
    monkeypatch.setattr(materialize, "LAYOUT", materialize.LAYOUT + 1)
    assert materialized(home, SMALL).repository.generation != first


def test_after_a_rebuild_the_online_store_shows_the_ledger(home: Home) -> None:
    rebuild(home, SMALL)
    assert shows_the_ledger(home)
