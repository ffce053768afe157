"""The watch of a home: its reference beside the model, alerts once a week, and training on a schedule."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from handmade_events import LATER, SMALL, at, identify, market, track, us
from sqlalchemy import select
from structlog.testing import capture_logs

import leadlight
from commands import train
from commands.watch import watch as watch_command
from features.agreement.versions import save_version
from features.home import tables
from features.home.alerts import DRIFT, LARGEST_BODY, Alert, alerts_of, raise_alerts, week_of
from features.home.database import engine, reading
from features.home.deployments import deployments
from features.home.errors import LeadlightError
from features.home.locks import trainer_lock
from features.home.settings import Home, Settings
from features.home.whole_files import NoFolder
from features.ledger.ledger import Ledger
from serving.health.doctor import home_checks
from training.champion_report import write_report
from training.evaluate.evaluate import evaluate
from training.model.model import Model, ModelDamaged
from training.monitoring import schedule
from training.monitoring.alerts import raise_drift_alerts
from training.monitoring.reference import REFERENCE_FILE, MonitoringReference
from training.monitoring.result import MonitoringFigures, MonitoringResult, MonitoringRun
from training.monitoring.schedule import MaturedOutcomes, last_training
from training.registry.mlflow_registry import ModelRegistry
from training.registry.promotion import promote
from training.watch import monitoring_run, newest_known, served_deployment

pytestmark = pytest.mark.slow

DAYS = 300.0
TOLD = market(200, days=DAYS)


@dataclass(frozen=True)
class Scheduled:
    """A home that was trained on schedule, and what that said."""

    home: Home
    done: dict


@pytest.fixture(scope="module")
def scheduled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scheduled]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("watched")
        patch.chdir(folder)  # where mlruns/ will be
        patch.setenv("LEADLIGHT_HOME", str(folder / "home"))
        home = Home.open()
        early = [told for told in TOLD if told["receivedAt"] < at(250).isoformat()]
        list(Ledger.open(home).append(early, source="web", received_at=LATER))
        save_version(home, SMALL, LATER)
        done = train.train_on_schedule(None, None, 7, lambda _: None)
        if not done["promoted"]:  # a toy market: whether a gate holds is luck, and what follows needs a served model
            promote(home, ModelRegistry(SMALL.name), done["model_version"], "a test", LATER)
        yield Scheduled(home, done)
        engine(home.database_url).dispose()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path / "home", Settings())
    Ledger.open(home)
    yield home
    engine(home.database_url).dispose()


# the reference


def test_the_reference_is_one_of_the_models_checked_files_and_holds_no_lead(scheduled: Scheduled) -> None:
    row = deployments(scheduled.home)[0]
    file = row.folder(scheduled.home) / REFERENCE_FILE
    kept = MonitoringReference.read(file.read_bytes())
    assert MonitoringReference.read(kept.json()) == kept
    assert set(kept.inputs) == {column.name for column in Model.read(row.folder(scheduled.home), row.digest).columns}
    assert "lead-" not in file.read_text()
    assert len(file.read_bytes()) < 100_000
    written = file.read_bytes()
    try:
        file.write_bytes(written.replace(b"0", b"1", 1))
        with pytest.raises(ModelDamaged):
            monitoring_run(scheduled.home, row, LATER)
    finally:
        file.write_bytes(written)


def test_on_the_day_of_the_training_there_is_nothing_to_compare(scheduled: Scheduled) -> None:
    row = served_deployment(scheduled.home)
    assert row is not None
    found = monitoring_run(scheduled.home, row, newest_known(scheduled.home, LATER))
    assert found is not None
    assert found.watched == ()


def test_a_model_without_a_reference_is_not_watched(scheduled: Scheduled) -> None:
    row = deployments(scheduled.home)[0]
    assert monitoring_run(scheduled.home, replace(row, digest="sha256:none"), LATER) is None


# trained on schedule


def test_a_second_run_on_schedule_does_nothing_and_says_so(scheduled: Scheduled) -> None:
    assert scheduled.done["trained"]
    before = len(deployments(scheduled.home))
    again = train.train_on_schedule(None, None, 7, lambda _: None)
    assert (again["trained"], again["promoted"]) == (False, False)
    version = scheduled.done["model_version"]
    assert again["why"].startswith(f"nothing matured since version {version} was trained: still ")
    assert len(deployments(scheduled.home)) == before


def test_what_counts_as_new_is_an_outcome_and_not_an_event(scheduled: Scheduled) -> None:
    home = scheduled.home
    last = last_training(home, SMALL.name, SMALL.feature_digest)
    assert last is not None
    assert schedule.reason_to_skip(home, SMALL, last.matured) is not None
    for changed in ("outcomes", "conversions", "newest_us"):
        more = replace(last.matured, **{changed: getattr(last.matured, changed) + 1})
        assert schedule.reason_to_skip(home, SMALL, more) is None
    other = SMALL.model_copy(update={"our_domains": ("other.example",)})
    assert schedule.reason_to_skip(home, other, last.matured) is None  # it learns from something else
    assert "no outcome is known yet" in (schedule.reason_to_skip(home, SMALL, MaturedOutcomes(0, 0, 0)) or "")


def test_outcomes_are_counted_as_they_mature(empty: Home) -> None:
    told = [identify("ann", 1), track("ann", "Call Attempted", 9)]
    told += [identify("bob", 2), track("bob", "Call Attempted", 9), track("bob", "Lead Converted", 20)]
    list(Ledger.open(empty).append(told, source="web", received_at=LATER))
    counts = [schedule.matured_outcomes(empty, SMALL, at(day)) for day in (10, 31.5, 60)]
    assert counts[0] == MaturedOutcomes(0, 0, 0)
    assert (counts[1].outcomes, counts[1].newest_us) == (1, us(1) + 1)
    assert counts[2].outcomes > counts[1].outcomes
    assert counts[2].conversions > 0


def test_a_run_that_died_before_it_was_decided_is_done_again(scheduled: Scheduled, monkeypatch) -> None:
    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    served_before, known = deployments(scheduled.home), last_training(scheduled.home, SMALL.name, SMALL.feature_digest)
    monkeypatch.setattr("training.monitoring.schedule.reason_to_skip", lambda *_: None)
    monkeypatch.setattr("training.pipeline.train", dies)
    with pytest.raises(KeyboardInterrupt):
        train.train_on_schedule(None, None, 7, lambda _: None)
    assert deployments(scheduled.home) == served_before
    assert last_training(scheduled.home, SMALL.name, SMALL.feature_digest) == known
    with trainer_lock(scheduled.home) as is_ours:
        assert is_ours


def test_scheduled_without_promote_says_what_to_write() -> None:
    with pytest.raises(LeadlightError, match="--promote --scheduled"):
        train.print_scheduled_training(None, None, False, 7, True, False)


HOLDS = """
import sys, time
from pathlib import Path
from features.home.settings import Home, Settings
from features.home.whole_files import NoFolder
from features.home.locks import trainer_lock
with trainer_lock(Home(Path(sys.argv[1]), Settings(database_url=sys.argv[2] or None))) as is_ours:
    print(is_ours, flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_one_trains_at_a_time_and_one_that_is_killed_leaves_no_lock(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres_url") if database == "postgresql" else None
    home = Home(tmp_path / "home", Settings(database_url=url)).created()
    # With PostgreSQL the other is on another host: its home is another folder.
    other = tmp_path / ("home" if url is None else "elsewhere")
    command = [sys.executable, "-c", HOLDS, str(other), url or ""]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holding:
        assert holding.stdout is not None
        assert holding.stdout.readline() == "True\n"
        with trainer_lock(home) as is_ours:
            assert not is_ours
        holding.send_signal(signal.SIGKILL)
        holding.wait()
        assert any(_is_ours(home) for _ in range(100))
    engine(home.database_url).dispose()


def _is_ours(home: Home) -> bool:
    with trainer_lock(home) as is_ours:
        return is_ours


def test_the_second_of_two_at_once_does_no_work(scheduled: Scheduled) -> None:
    with trainer_lock(scheduled.home) as is_ours:
        assert is_ours
        idle = train.train_on_schedule(None, None, 7, lambda _: None)
    assert (idle["trained"], idle["why"]) == (False, "another training of this home is running")


# alerts


def test_an_alert_is_raised_once_a_week_for_one_model(empty: Home) -> None:
    alert = Alert(DRIFT, "sha256:one", "scores", {"sentence": "they moved"})
    first = raise_alerts(empty, [alert], at(0))
    assert [raised.what for raised in first] == ["scores"]
    assert raise_alerts(empty, [alert], at(0)) == []
    assert raise_alerts(empty, [alert, replace(alert, what="bar")], at(1))[0].what == "bar"
    assert len(raise_alerts(empty, [alert], at(7))) == 1
    assert len(raise_alerts(empty, [replace(alert, model_digest="sha256:two")], at(0))) == 1
    assert [raised.what for raised in alerts_of(empty, "sha256:one")] == ["scores", "bar", "scores"]
    assert raise_alerts(empty, [], at(0)) == []


def test_the_week_is_the_iso_week() -> None:
    assert [week_of(at(days)) for days in (0, 3.9, 4, -1)] == ["2026-W01", "2026-W01", "2026-W02", "2026-W01"]


def test_a_body_is_a_webhooks_and_never_too_large(empty: Home) -> None:
    (raised,) = raise_alerts(empty, [Alert(DRIFT, "sha256:one", "scores", {"value": 0.3})], at(0))
    body = json.loads(raised.body)
    assert body == {"type": "drift.alert", "timestamp": "2026-01-01T00:00:00Z", "data": {"value": 0.3}}
    with pytest.raises(ValueError, match="at most 20,000"):
        raise_alerts(empty, [Alert(DRIFT, "sha256:one", "bar", {"text": "x" * LARGEST_BODY})], at(0))
    with reading(empty) as connection:
        assert len(connection.execute(select(tables.alerts)).all()) == 1


def test_only_what_needs_somebody_becomes_an_alert_and_is_logged(scheduled: Scheduled) -> None:
    row = deployments(scheduled.home)[0]
    said = [
        MonitoringResult("early", "alert", "41 of 20", 2.05, 1.25),
        MonitoringResult("bar", "notice", "more", 0.2, 0.1),
    ]
    found = MonitoringRun(at(250), at(290), tuple(said))
    with capture_logs() as logged:
        raised = raise_drift_alerts(scheduled.home, row, found, LATER)
    assert [(line["event"], line["what"]) for line in logged] == [("drift.alert", "early")]
    assert [alert.what for alert in raised] == ["early"]
    data = json.loads(raised[0].body)["data"]
    assert data["model"]["digest"] == row.digest
    assert (data["value"], data["limit"], data["sentence"]) == (2.05, 1.25, "41 of 20")
    assert raise_drift_alerts(scheduled.home, row, found, LATER + timedelta(hours=1)) == []
    for days, names in ((1, ["drift"]), (8, [])):
        looked = home_checks(scheduled.home, LATER + timedelta(days=days))
        assert [check.name for check in looked if check.name == "drift"] == names


# seen by people: last, for more of the market arrives here


def test_watch_and_report_tell_what_changed_since(scheduled: Scheduled, tmp_path: Path, capsys) -> None:
    home = scheduled.home
    list(Ledger.open(home).append(TOLD, source="web", received_at=LATER))
    row = served_deployment(home)
    assert row is not None
    watch_command(as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert {"early", "matured"} <= {one["name"] for one in document["watched"]}
    assert document["as_of"] > document["trained_until"]
    assert [alert["what"] for alert in document["alerts"]][-1] == "early"
    assert "lead-" not in json.dumps(document)
    watch_command()
    assert "days later" in capsys.readouterr().out
    assert list(leadlight.open(home.path).watch()["name"]) == [one["name"] for one in document["watched"]]
    page = write_report(home, tmp_path / "report.html", LATER, 0.3).read_text()
    with pytest.raises(NoFolder, match="there is no folder"):
        write_report(home, tmp_path / "nowhere" / "report.html", LATER, 0.3)
    assert "Since it was trained" in page
    assert "<script" not in page


def test_the_pictures_are_drawn_where_there_are_figures() -> None:
    from training.charts.charts import svg
    from training.charts.drift import drift_charts
    from training.monitoring.result import EarlyWeek, InputDrift

    assert drift_charts(None) == drift_charts(MonitoringFigures()) == {}
    drift = InputDrift("visits", "pricing_page", "pricing pages", 0.3, 0.1, 0, 0, status="alert")
    shown = evaluate([0.1, 0.4] * 40, [False, True] * 40, list(range(80)), resamples=2)
    charts = drift_charts(MonitoringFigures((drift,), shown, (EarlyWeek(at(0), 4.2, 7, 1.0, 8.0),)))
    assert list(charts) == ["since_weeks", "since_reliability", "since_inputs"]
    assert all(svg(chart).startswith("<svg") for chart in charts.values())
