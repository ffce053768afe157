"""The command line as people and scripts type it, on bad input first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from command_line import Shell, Typed, typed_as_process

from features.events.validation import Source
from features.home.settings import Home
from features.ledger.ledger import Ledger

pytestmark = pytest.mark.slow

ROWS = "id,origin,visits,won\n" + "".join(
    f"{i},{'web' if i % 3 else 'fair'},{i % 7},{int(i % 4 == 0)}\n"
    for i in range(1, 401)  # 0 names nobody
)


@pytest.fixture
def leadlight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Shell:
    """Type a command in a new folder, as a newcomer."""
    monkeypatch.chdir(tmp_path)
    return Shell(capfd)


@pytest.fixture
def process(tmp_path: Path) -> Callable[..., Typed]:
    """The same, as a process of its own."""
    return partial(typed_as_process, tmp_path)


def test_help_names_every_command(process) -> None:
    told = process("--help")
    assert told.status == 0
    names = "demo simulate init ingest train models promote rollback recalibrate watch score report serve keys doctor"
    for command in [*names.split(), "agreement"]:
        assert command in told.out


@pytest.mark.parametrize("words", [("score",), ("train",), ("models",), ("report",), ("rollback",), ("promote", "3")])
def test_an_empty_home_says_what_to_run(leadlight, words) -> None:
    told = leadlight(*words)
    assert told.status == 1
    assert told.err.count("\n") == 1
    assert "leadlight" in told.err


def test_an_empty_home_is_one_sentence_of_a_process_too(process) -> None:
    told = process("report")
    assert (told.status, told.err.count("\n")) == (1, 1)
    assert "leadlight" in told.err


def test_a_mistyped_option_is_no_traceback(process) -> None:
    assert process("score", "--nope").status == 2


def test_an_error_is_a_json_document_too(process) -> None:
    told = process("score", "--json")
    assert told.status == 1
    assert told.json["code"] == "no_agreement"


def test_an_export_goes_from_draft_to_scores(leadlight, tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text(ROWS)
    drafted = leadlight("init", "leads.csv", "--outcome", "won", "--json")
    assert drafted.status == 0
    assert {column["column"]: column["use"] for column in drafted.json["columns"]}["origin"] == "trait"
    assert leadlight("init", "leads.csv", "--outcome", "won").status == 1  # the draft is there already
    taken = leadlight("ingest", "leads.csv", "--json").json["files"][0]
    assert taken["accepted"] > 400
    again = leadlight("ingest", "leads.csv", "--json").json["files"][0]
    assert (again["accepted"], again["duplicates"]) == (0, taken["accepted"])
    shown = leadlight("train", "--promote", "--json")
    assert set(shown.json) >= {"run_id", "model_version", "rows", "split", "metrics", "intervals", "excluded", "gates"}
    assert shown.json["split"] == "random"
    assert (shown.status == 0) == shown.json["promoted"]
    assert ("until one is, the criteria alone make the scores" in shown.err) != shown.json["promoted"]
    reason = ("--force", "--why", "a test of what comes after")
    assert leadlight("promote", shown.json["model_version"], *reason).status == 0
    assert leadlight("score", "--out", "scored.csv").status == 0
    assert len((tmp_path / "scored.csv").read_text().splitlines()) == 401
    beside = leadlight("score", "leads.csv", "--out", "beside.csv")
    assert beside.status == 0
    assert (tmp_path / "beside.csv").read_text().startswith("id,origin,visits,won,")
    assert leadlight("report").status == 0
    assert "<script" not in (page := tmp_path / ".leadlight" / "report.html").read_text()
    assert page.stat().st_mode & 0o777 == 0o600
    assert "run: leadlight sweep" in leadlight("doctor").out  # no service runs, which would decide on its leads
    assert leadlight("sweep").status == 0
    assert leadlight("doctor").status == 0
    assert leadlight("models", "--json").json[0]["champion"] is True


def test_one_class_is_said_and_the_prior_answers(leadlight, tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text(ROWS.replace(",1\n", ",0\n"))
    drafted = leadlight("init", "leads.csv", "--outcome", "won")
    assert drafted.status == 0
    assert '"0"' in drafted.out
    assert leadlight("ingest", "leads.csv").status == 0
    refused = leadlight("train", "--promote")
    assert refused.status == 1
    assert "the criteria's prior answers" in refused.err
    scored = leadlight("score", "--json")
    assert scored.json["data"][0]["basis"] == "criteria"
    assert "no model is served, so these scores come from the agreement's criteria alone" in scored.err


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("nobody.csv", None, "does not exist"),
        ("empty.csv", b"id,won\n", "0 rows"),
        ("half.parquet", b"PAR1 and nothing more", "half.parquet"),
        ("leads.docx", b"x", "its name must end in"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence(leadlight, tmp_path: Path, name, content, said) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    told = leadlight("ingest", name)
    assert told.status == 1
    assert said in told.err


def test_a_missing_outcome_column_names_the_near_ones(leadlight, tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text(ROWS.replace("won", "Converted", 1))
    told = leadlight("init", "leads.csv", "--outcome", "Convertd")
    assert told.status == 1
    assert "Converted" in told.err


def test_an_agreement_with_an_unknown_key_is_one_sentence(leadlight, tmp_path: Path) -> None:
    (tmp_path / "agreement.toml").write_text('name = "x"\n[outcome]\nevent = "Lead Converted"\nwithin_day = 90\n')
    (tmp_path / "events.jsonl").write_text(
        '{"type":"identify","userId":"a","messageId":"1","timestamp":"2026-01-01"}\n'
    )
    told = leadlight("ingest", "events.jsonl", "--agreement", "agreement.toml")
    assert told.status == 1
    assert "within_days" in told.err


def test_an_agreement_with_the_old_line_is_named_kept_out_and_mended(leadlight, tmp_path: Path) -> None:
    """What a user of an older home types, until the new line stands in the agreement."""
    (tmp_path / "leads.csv").write_text(ROWS)
    old = 'name = "x"\n[outcome]\nevent = "Lead Converted"\nnever_contacted = "unknown"\n'
    (tmp_path / "agreement.toml").write_text(old)
    for words in (("agreement", "check"), ("ingest", "leads.csv", "--agreement", "agreement.toml"), ("train",)):
        told = leadlight(*words)
        assert (told.status, told.err.count("\n")) == (1, 1), words
        assert 'write asks = "as things are" in place of never_contacted' in told.err
    (tmp_path / "agreement.toml").write_text(old.replace('never_contacted = "unknown"', 'asks = "as things are"'))
    assert leadlight("agreement", "check").out == "agreement.toml is fine: x asks for Lead Converted, as things are\n"


def test_a_key_is_shown_once(leadlight, process) -> None:
    made = process("keys", "create", "--scope", "scores:read", "--json").json
    assert made["key"].startswith("llk_")
    listed = leadlight("keys", "list")
    assert made["id"] in listed.out
    assert made["key"] not in listed.out
    assert leadlight("keys", "revoke", made["id"]).status == 0
    assert "revoked" in leadlight("keys", "list").out


def test_what_a_key_sent_that_is_not_followed_is_listed_and_followed_on_request(leadlight, tmp_path: Path) -> None:
    made = leadlight("keys", "create", "--scope", "events:write", "--label", "shop", "--json").json
    told = {"type": "track", "messageId": "m1", "userId": "ann", "event": "Lead Converted"}
    sender = Source("live:shop", "sender", is_trusted=False)
    Ledger.open(Home.open()).record([told], received_at=datetime(2026, 11, 1, tzinfo=UTC), sender=sender)
    assert "key shop: 1 events are not followed (1 Lead Converted)" in leadlight("keys", "list").out
    assert leadlight("keys", "list", "--json").json[0]["not_followed"] == {"Lead Converted": 1}
    trusted = leadlight("keys", "trust", made["id"])
    assert (trusted.status, trusted.out.count("\n")) == (0, 2)
    assert "1 events that" in trusted.out
    assert "leadlight keys create --scope crm:write --label shop" in trusted.out
    assert "not followed" not in leadlight("keys", "list").out
    named = leadlight("keys", "create", "--scope", "crm:write", "--label", "shop").out
    assert f"key {made['id']} has the same label and may only write events" in named
    assert "same label" not in leadlight("keys", "create", "--scope", "crm:write", "--label", "crm").out
    assert leadlight("keys", "trust", made["id"], "--from-now-on", "--json").json["speaks_for_crm"] is True
    assert "crm:write" in leadlight("keys", "list").out
    other = leadlight("keys", "create", "--scope", "events:write", "--label", "shop", "--json").json["id"]
    assert f"what keys of the same label sent: {other}" in leadlight("keys", "trust", made["id"]).out
    assert leadlight("keys", "trust", "key_0").status == 1
    assert leadlight("keys", "trust", "segment", "--json").json["events"] == 0


def test_the_same_seed_simulates_the_same_market(leadlight, tmp_path: Path) -> None:
    for out in ("one", "two"):
        assert leadlight("simulate", "--leads", "50", "--out", out, "--end", "2026-10-01").status == 0
    assert (tmp_path / "one" / "events.jsonl").read_bytes() == (tmp_path / "two" / "events.jsonl").read_bytes()
