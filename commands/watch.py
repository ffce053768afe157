"""`leadlight watch`: shows what changed since the served model was trained, and raises alerts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands import console
from commands.options import Json, home, moment_at, now, print_answer
from features.home.alerts import RaisedAlert, alerts_of
from features.home.settings import Home
from serving import logs

if TYPE_CHECKING:
    from training.monitoring.result import MonitoringRun


STATUS_MARKS = {"ok": "ok    ", "notice": "notice", "alert": "ALERT "}


def watch(
    as_of: Annotated[
        str | None, typer.Option(help="Look as of then; default: when the ledger's newest event was.")
    ] = None,
    as_json: Json = False,
) -> None:
    """What changed since the served model was trained: conversions, calibration, scores, inputs; alerts are kept."""
    from training.watch import existing_deployment, newest_known

    row = existing_deployment(home())
    moment = now()
    with console.progress_line("watching") as progress:
        progress("comparing now with the training")
        run, raised = watch_once(home(), moment_at(as_of, newest_known(home(), moment)), moment)
    alerts = alerts_of(home(), row.digest)
    document = {"model": {"version": row.model_version, "digest": row.digest}, **_document(run)}
    document |= {"raised": [alert.as_json for alert in raised], "alerts": [alert.as_json for alert in alerts]}
    first, *others = _lines(run, alerts)
    print_answer(document, [f"version {row.model_version}, {first}", *others], as_json)


def watch_once(of: Home, as_of: datetime, moment: datetime) -> tuple[MonitoringRun | None, list[RaisedAlert]]:
    """What changed since the served model was trained, and the alerts that this raised, which are stored and logged.

    None where no model is served, or where it was registered without what the watch compares with.
    """
    from serving.scoring.scorer import served_bar
    from training.monitoring.alerts import raise_drift_alerts
    from training.watch import monitoring_run, served_deployment

    row = served_deployment(of)
    run = monitoring_run(of, row, as_of, served_bar(of)) if row else None
    if row is None or run is None:
        return None, []
    logs.configure()  # on stderr
    return run, raise_drift_alerts(of, row, run, moment)


def _document(run: MonitoringRun | None) -> dict[str, Any]:
    if run is None:
        return {"trained_until": None, "as_of": None, "watched": [], "inputs": [], "weeks": []}
    from pydantic import TypeAdapter

    from training.monitoring.result import MonitoringRun

    plain = TypeAdapter(MonitoringRun).dump_python(run, mode="json")
    pictured = plain.pop("pictured")
    return {**plain, "inputs": pictured["inputs"], "weeks": pictured["weeks"], "matured": pictured["matured"]}


def _lines(run: MonitoringRun | None, alerts: list[RaisedAlert]) -> Iterator[str]:
    if run is None:
        yield "registered by an earlier release without what the watch compares with; run: leadlight train --promote"
        return
    from training.monitoring.result import summary_sentence

    days = (run.as_of - run.trained_until).days
    yield f"trained on what was known until {run.trained_until:%Y-%m-%d}, seen {days} days later"
    for measure in run.watched:
        yield f"{STATUS_MARKS[measure.status]} {measure.name:<12} {measure.sentence}"
    nothing = "nothing to compare yet: no event is newer than the training"
    yield summary_sentence(run.watched) if run.watched else nothing
    if alerts:
        yield f"{len(alerts)} alerts about this model so far, the last in {alerts[0].week}: leadlight watch --json"
