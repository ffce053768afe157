"""An agreement is checked and tried as people type it, and nothing that answers moves by it."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from command_line import Shell
from home_of_two_leads import EVENTS, NOW, small_home

from features.agreement.agreement import DEFAULT
from features.agreement.versions import current_version
from features.home.settings import Home, Settings
from features.ledger.ledger import Ledger
from features.store.builds import all_builds
from serving.scoring.scorer import Scorer, served_bar

TEXT = DEFAULT.read_text(encoding="utf-8")
LOWER = TEXT.replace("{ share = 0.10 }", "{ probability = 0.0001 }").replace("min_points = 6", "min_points = 0")
ANOTHER_PART_1 = LOWER.replace('path = "/pricing*"', 'path = "/nowhere*"')


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEADLIGHT_HOME", str(tmp_path / "home"))
    return small_home(tmp_path)


@pytest.fixture
def leadlight(capfd: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capfd)


def test_a_rule_under_its_old_name_is_fine_and_named(leadlight: Shell, home: Home) -> None:
    Path("agreement.toml").write_text(TEXT.replace("no_profiling ", "opted_out ", 1))
    told = leadlight("agreement", "check")
    assert (told.status, "rules.opted_out is named no_profiling now" in told.out) == (0, True)


def kept(home: Home) -> tuple[int, float, list[str]]:
    """What must not move: the version in force, the bar that is served, and the builds that are read."""
    return current_version(home).version, served_bar(home), [build.generation for build in all_builds(home)]


@pytest.mark.parametrize("text", [LOWER, ANOTHER_PART_1])
def test_a_trial_counts_decisions_now_and_then_and_moves_nothing(home: Home, leadlight: Shell, text: str) -> None:
    Path("trial.toml").write_text(text, encoding="utf-8")
    leadlight("agreement", "try", "trial.toml")  # the first makes the files of the agreement in force, as `score` does
    before = kept(home)
    told = leadlight("agreement", "try", "trial.toml", "--json").json
    assert kept(home) == before
    assert told["leads"] == 2
    counts = told["decisions"]
    assert counts["sales_ready"] == {"now": 0, "tried": 2}
    assert sum(count["now"] for count in counts.values()) == sum(count["tried"] for count in counts.values()) == 2
    assert sum(move["leads"] for move in told["moves"]) == 2
    assert told["bar"] == {"now": before[1], "tried": 0.0001}
    said = leadlight("agreement", "try", "trial.toml").out
    assert "nothing changed; to put it in force: leadlight agreement keep trial.toml" in said


def test_a_trial_of_the_past_knows_nothing_that_was_recorded_since(home: Home, leadlight: Shell) -> None:
    rejected = {"type": "track", "messageId": "late", "userId": "L-1", "event": "Lead Disqualified"}
    late = rejected | {"timestamp": "2026-11-05T10:00:00Z", "receivedAt": "2026-11-20T10:00:00Z"}
    Ledger.open(home).record([late], received_at=NOW)
    Path("trial.toml").write_text(TEXT.replace('path = "/pricing*"', 'path = "/nowhere*"'), encoding="utf-8")
    told = leadlight("agreement", "try", "trial.toml", "--as-of", "2026-11-10T00:00:00Z", "--json").json
    assert told["moves"] == []
    assert leadlight("agreement", "try", "trial.toml", "--json").json["decisions"]["disqualified"]["tried"] == 1


def test_a_score_by_another_agreement_moves_nothing_either(home: Home, leadlight: Shell) -> None:
    Path("trial.toml").write_text(LOWER, encoding="utf-8")
    leadlight("score")
    before = kept(home)
    tried = leadlight("score", "--agreement", "trial.toml", "--json").json["data"]
    assert {(score["decision"], score["threshold"], score["agreement"]["version"]) for score in tried} == {
        ("sales_ready", 0.0001, 0)
    }
    assert kept(home) == before
    assert {score["decision"] for score in leadlight("score", "--json").json["data"]} != {"sales_ready"}


def test_the_same_agreement_is_the_version_that_is_kept(home: Home, leadlight: Shell) -> None:
    Path("same.toml").write_text(f"# reworded\n{TEXT}", encoding="utf-8")
    told = leadlight("agreement", "try", "same.toml")
    assert "no lead would have another decision" in told.out
    assert Scorer(home).scores([{"lead_id": "L-1"}], NOW)[0]["agreement"]["version"] == 1


def test_check_names_every_problem(home: Home, leadlight: Shell) -> None:
    Path("wrong.toml").write_text(
        TEXT.replace('contract_end = "90 days', 'contract_ned = "90 days').replace(
            '"vp", "director"', '"vp", "directer"'
        ),
        encoding="utf-8",
    )
    told = leadlight("agreement", "check", "wrong.toml")
    assert told.status == 1
    assert 'did you mean "contract_end"?' in told.err
    assert "seniority = 'directer' is nothing that seniority can be; did you mean \"director\"?" in told.err
    assert leadlight("agreement", "check", str(DEFAULT)).status == 0


def test_a_home_that_was_only_served_scores_by_the_default_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leadlight: Shell
) -> None:
    monkeypatch.setenv("LEADLIGHT_HOME", str(tmp_path / "served"))
    home = Home(tmp_path / "served", Settings()).created()
    Ledger.open(home).record(EVENTS, received_at=NOW)
    told = leadlight("score", "--json")
    assert (told.status, len(told.json["data"])) == (0, 2)
    assert "not agreed yet" in told.err
    assert leadlight("doctor").err.count("not agreed yet") + leadlight("doctor").out.count("not agreed yet") >= 1
    exported = orjson.loads(leadlight("export", "L-1").out)
    assert exported["score"]["warnings"][0]["code"] == "not_agreed"
    assert leadlight("erase", "L-1").status == 0


def test_the_version_is_printed(leadlight: Shell) -> None:
    told = leadlight("--version")
    assert (told.status, told.out.split()[0]) == (0, "leadlight")


def test_a_trial_says_how_many_a_day_would_come_and_check_how_many_lack_answers(home: Home, leadlight: Shell) -> None:
    """Two leads came within these days; over a bar of nearly nothing and without points both go to sales."""
    Path("low.toml").write_text(LOWER, encoding="utf-8")
    at = ("--as-of", "2026-11-30T00:00:00Z")
    told = leadlight("agreement", "try", "low.toml", *at, "--json").json["last_28_days"]
    came = {(each["decision"], each["per_day"] * 28) for each in told["per_day"]}
    assert {leads for decision, leads in came if decision == "sales_ready"} <= {1, 2}
    assert told["to_sales_per_day"] * 28 == sum(leads for decision, leads in came if decision == "sales_ready")
    assert told["share_missing_answers"] in (0, None)
    Path("asks.toml").write_text(LOWER.replace("min_points = 0", "min_points = 12"), encoding="utf-8")
    told = leadlight("agreement", "try", "asks.toml", *at, "--json").json["last_28_days"]
    assert told["share_missing_answers"] in (1, None)
    said = leadlight("agreement", "check", "asks.toml").out
    assert "min_points = 12 leaves" in said
    assert "of 2 leads" in said
    Path("other.toml").write_text(ANOTHER_PART_1, encoding="utf-8")
    assert leadlight("agreement", "try", "other.toml", "--json").json["last_28_days"] is None


def test_a_diff_says_what_changed_and_names_whom_a_real_replay_of_the_month_decides_otherwise(
    home: Home, leadlight: Shell
) -> None:
    """The replay: the newer agreement is kept, and every lead is decided as of the end of that month by it."""
    Path("low.toml").write_text(LOWER, encoding="utf-8")
    at = ("--as-of", "2026-11-20T00:00:00Z")
    told = leadlight("agreement", "diff", "low.toml", *at, "--json").json
    [points, bar] = sorted(told["changes"], key=len)[-2:]
    assert {"the bar" in line for line in (points, bar)} == {True, False}
    assert any("the bar: a chance of 0.0% or more; before: the best 10% of the leads" in line for line in (points, bar))
    named = {lead for move in told["last_28_days"]["moves"] for lead in move["leads"]}
    before = {one["lead_id"]: one["decision"] for one in leadlight("score", *at, "--json").json["data"]}
    assert current_version(home).version == 1
    leadlight("agreement", "keep", "low.toml")
    after = {one["lead_id"]: one["decision"] for one in leadlight("score", *at, "--json").json["data"]}
    assert named == {lead for lead in after if before[lead] != after[lead]} == {"L-1", "eu/L 2"}
    said = leadlight("agreement", "diff", "low.toml").out
    assert "the kept agreement and low.toml say the same" in said


def test_a_diff_of_files_that_learn_from_other_things_says_to_retrain(home: Home, leadlight: Shell) -> None:
    Path("other.toml").write_text(ANOTHER_PART_1, encoding="utf-8")
    Path("low.toml").write_text(LOWER, encoding="utf-8")
    told = leadlight("agreement", "diff", "low.toml", "other.toml").out
    assert "behaviours.pricing_page.where.path: /nowhere*; before: /pricing*" in told
    assert "retrain with: leadlight train --agreement other.toml" in told
    assert leadlight("agreement", "diff", "low.toml", "other.toml", "--json").json["last_28_days"] is None


def test_a_diff_on_a_month_without_outcomes_says_so(home: Home, leadlight: Shell) -> None:
    Path("low.toml").write_text(LOWER, encoding="utf-8")
    said = leadlight("agreement", "diff", "low.toml", "--as-of", "2026-11-20T00:00:00Z").out
    assert "2 of 2 leads would have been decided otherwise" in said
    assert "none of them converted in these days" in said
    assert "would cross the bar" in said


def test_a_what_if_is_drawn_in_three_forms_alone(home: Home, leadlight: Shell) -> None:
    told = leadlight("agreement", "what-if", "--out", "curve.pdf")
    assert (told.status, "write a name that ends in .html, .svg or .png" in told.err) == (1, True)
