"""A file is there whole or as it was before, whatever happens while it is written."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest
from repository import FILES, parsed

from features.home.whole_files import FOR_ITS_OWNER, FileNotWritten, NoFolder, whole_file, write_whole


def test_a_failure_half_way_leaves_what_was_there_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("yesterday's")

    def half() -> None:
        with whole_file(path) as beside:
            beside.write_text("half of today's")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert [file.name for file in tmp_path.iterdir()] == ["scores.csv"]
    assert path.read_text() == "yesterday's"


def test_a_reader_sees_the_old_file_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "scores.xlsx"
    path.write_text("old")
    with whole_file(path) as beside:
        beside.write_text("new")
        assert (path.read_text(), beside.suffix, beside.parent) == ("old", ".xlsx", tmp_path)
    assert path.read_text() == "new"


def test_a_full_disk_is_one_sentence_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "scores.csv").symlink_to("/dev/full")
    with pytest.raises(FileNotWritten, match=r"scores\.csv cannot be written: No space left on device; .*make room"):
        write_whole(tmp_path / "scores.csv", "text")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoFolder, match=r"there is no folder .*nowhere"):
        write_whole(tmp_path / "nowhere" / "scores.csv", "text")


def test_a_device_is_written_to_and_a_link_stays_a_link(tmp_path: Path) -> None:
    write_whole(Path("/dev/null"), "text")
    assert Path("/dev/null").is_char_device()
    (tmp_path / "link").symlink_to(tmp_path / "place")
    write_whole(tmp_path / "link", "text")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "place").read_text() == "text"


def test_a_new_file_has_the_mode_that_is_asked_for_and_a_written_one_keeps_its_own(tmp_path: Path) -> None:
    private, shared = tmp_path / "private", tmp_path / "shared"
    write_whole(private, "text", FOR_ITS_OWNER)
    shared.touch()
    shared.chmod(0o640)
    write_whole(shared, "text")
    assert [oct(os.stat(path).st_mode & 0o777) for path in (private, shared)] == ["0o600", "0o640"]


# Locks hold nothing. Folders that others write to, whose files are renamed once they are whole, stand for themselves.
WRITERS = {"write_text", "write_bytes", "to_csv", "to_parquet", "to_excel", "write_table", "ParquetWriter", "copyfile"}
WHOLE = {"whole_file", "write_whole"}


def test_every_file_is_written_by_whole_file() -> None:
    for path in FILES:
        nodes = list(ast.walk(parsed(path)))
        called = {node.attr for node in nodes if isinstance(node, ast.Attribute)} & WRITERS
        imported = {each.name for node in nodes if isinstance(node, ast.ImportFrom) for each in node.names}
        assert not called or imported & WHOLE or path.name == "whole_files.py", f"{path}: {called}"
