"""Bulk statements: values in batches, rows inserted once, and rows overwritten or summed up by their key."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from features.home import tables
from features.home.database import batched, insert_new, insert_or_update, migrate, reading, writing
from features.home.settings import Home, Settings


def test_batches_hold_every_value_once_in_order_and_only_the_last_is_shorter() -> None:
    assert list(batched(iter(range(7)), 3)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(batched([1, 2], 2)) == [[1, 2]]


def test_no_values_make_no_batch() -> None:
    assert list(batched([], 3)) == []


def test_a_row_that_is_there_is_not_inserted_again(tmp_path: Path) -> None:
    home = migrated(tmp_path)
    links = [{"kind": "email", "value": "ann@buyer.example", "user_id": user} for user in ("u1", "u2")]
    with writing(home) as connection:
        assert insert_new(connection, tables.links, links[:1]) == 1
        assert insert_new(connection, tables.links, links) == 1
        assert insert_new(connection, tables.links, []) == 0


def test_a_row_with_the_same_key_is_overwritten_and_its_counts_are_summed_up(tmp_path: Path) -> None:
    home = migrated(tmp_path)
    count = {"source": "web", "code": "bad_time", "events": 5, "last_us": 1}
    with writing(home) as connection:
        insert_or_update(connection, tables.intake_counts, [count], added=("events",))
        insert_or_update(connection, tables.intake_counts, [count | {"events": 3, "last_us": 2}], added=("events",))
    with reading(home) as connection:
        (row,) = connection.execute(select(tables.intake_counts)).all()
    assert (row.events, row.last_us) == (8, 2)


def migrated(folder: Path) -> Home:
    home = Home(folder / "home", Settings())
    migrate(home)
    return home
