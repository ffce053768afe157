"""Whatever ends a command is one sentence, with --json one document too, and never a traceback."""

from __future__ import annotations

import errno
import json
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from command_line import Shell

from commands import entry
from commands.failures import failure_of
from features.home.database import engine
from features.home.errors import STOPPED, LeadlightError

NOBODY_LISTENS = "postgresql+psycopg://ann:secret@127.0.0.1:1/leads"


@pytest.fixture
def leadlight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    monkeypatch.chdir(tmp_path)
    yield Shell(capfd)
    engine.cache_clear()


def failed(leadlight: Shell, *words: str, status: int = 1) -> dict:
    """The document of a command that fails, whose sentence is the one line on stderr."""
    told = leadlight(*words, "--json")
    assert told.status == status
    assert told.err == f"leadlight: {told.json['message']}\n"
    assert set(told.json) == {"code", "message"}
    plain = leadlight(*words)
    assert (plain.status, plain.out, plain.err.count("\n")) == (status, "", 1)
    return told.json


COMMANDS = [
    ("score",), ("train",), ("models",), ("report",), ("watch",), ("doctor",), ("keys", "list"), ("erase", "u1"),
    ("export", "u1"), ("merge",), ("rebuild",), ("failed-events", "list"), ("failed-events", "replay"),
    ("agreement", "show"), ("rollback",), ("recalibrate",),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_database_that_is_down_is_one_sentence(leadlight: Shell, monkeypatch, words: tuple[str, ...]) -> None:
    monkeypatch.setenv("LEADLIGHT_DATABASE_URL", NOBODY_LISTENS)
    told = failed(leadlight, *words)
    assert told["code"] == "database_unavailable"
    assert "Connection refused; start it" in told["message"]
    assert "secret" not in told["message"]


def test_a_home_that_cannot_be_made_is_one_sentence(leadlight: Shell, monkeypatch, tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text('{"type":"page","userId":"a","messageId":"1","timestamp":"2026-01-01"}\n')
    monkeypatch.setenv("LEADLIGHT_HOME", "/dev/null/home")
    assert failed(leadlight, "ingest", "events.jsonl")["message"].startswith("/dev/null/home: Not a directory; ")


def test_a_database_file_that_is_none_is_one_sentence(leadlight: Shell, tmp_path: Path) -> None:
    (tmp_path / ".leadlight").mkdir()
    (tmp_path / ".leadlight" / "leadlight.db").write_bytes(b"no database at all, and long enough to be looked at" * 99)
    assert "file is not a database; name another" in failed(leadlight, "keys", "list")["message"]


def test_a_file_that_does_not_fit_on_the_disk_is_one_sentence(leadlight: Shell, tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("id,won\n" + "".join(f"{i},{i % 2}\n" for i in range(50)))
    (tmp_path / "full.toml").symlink_to("/dev/full")
    told = failed(leadlight, "init", "leads.csv", "--outcome", "won", "--out", "full.toml", "--force")
    assert told["code"] == "not_written"
    assert "No space left on device" in told["message"]


@pytest.mark.parametrize(("name", "value"), [("ONLINE_STORE", "foo"), ("DATABASE_URL", "nonsense")])
def test_a_setting_that_cannot_be_used_is_named(leadlight: Shell, monkeypatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"LEADLIGHT_{name}", value)
    told = failed(leadlight, "keys", "list")
    assert told["code"] == "bad_setting"
    assert told["message"].startswith(f"a setting cannot be used: LEADLIGHT_{name}")


@pytest.mark.parametrize("words", [("score", "--nope"), ("nothing",), ("failed-events", "list", "--limit", "many")])
def test_a_command_line_that_cannot_be_read_is_one_sentence(leadlight: Shell, words: tuple[str, ...]) -> None:
    told = failed(leadlight, *words, status=2)
    assert told["code"] == "bad_usage"
    assert told["message"].endswith("--help")


@pytest.mark.parametrize("where", ["in a command", "while it is imported"])
def test_ctrl_c_is_one_sentence(leadlight: Shell, monkeypatch, capfd, where: str) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    if where == "in a command":
        monkeypatch.setattr("serving.http.keys.Keys.all", stopped)
        told = failed(leadlight, "keys", "list", status=130)
        assert told == {"code": "interrupted", "message": STOPPED}
        return
    monkeypatch.setitem(sys.modules, "commands.app", SimpleNamespace(run=stopped))
    assert entry.main(["score", "--json"]) == 130
    printed = capfd.readouterr()
    assert json.loads(printed.out) == {"code": "interrupted", "message": STOPPED}
    assert printed.err == f"leadlight: {STOPPED}\n"


def test_an_error_of_our_own_is_one_sentence_that_says_how_to_see_more(leadlight: Shell, monkeypatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("division by zero\nand more")

    monkeypatch.setattr("serving.http.keys.Keys.all", broken)
    told = failed(leadlight, "keys", "list")
    assert told["code"] == "internal_error"
    assert "(ZeroDivisionError: division by zero); set LEADLIGHT_TRACEBACK=1" in told["message"]


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk_full", "make room"),
        (
            PermissionError(errno.EACCES, "Permission denied", "/home/x"),
            "no_access",
            "/home/x: Permission denied; give",
        ),
        (OSError(errno.EROFS, "Read-only file system", "/mnt/y"), "no_access", "/mnt/y: Read-only"),
        (sqlite3.OperationalError("database or disk is full"), "database_unavailable", "make room on its disk"),
        (sqlite3.OperationalError("attempt to write a readonly database"), "database_unavailable", "write access"),
        (sqlite3.OperationalError("database is locked"), "database_unavailable", "another command writes"),
        (MemoryError(), "out_of_memory", "not enough memory"),
        (LeadlightError("it is Monday; wait", code="monday"), "monday", "it is Monday; wait"),
    ],
)
def test_each_failure_says_what_to_do(error: BaseException, code: str, said: str) -> None:
    told = failure_of(error)
    assert (told.code, told.status) == (code, 1)
    assert said in told.sentence
