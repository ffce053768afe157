"""Drift alerts: one per thing that changed too much, in the shape of a webhook, without personal data."""

from __future__ import annotations

from datetime import datetime

import structlog

from features.home.alerts import DRIFT, Alert, RaisedAlert, raise_alerts
from features.home.clock import rfc3339
from features.home.deployments import Deployment
from features.home.settings import Home
from training.monitoring.result import MonitoringResult, MonitoringRun

log = structlog.get_logger(__name__)


def raise_drift_alerts(home: Home, row: Deployment, run: MonitoringRun, now: datetime) -> list[RaisedAlert]:
    """Write and log an alert for each result with the status "alert" that has none yet in this week."""
    raised = raise_alerts(home, [_alert(row, run, one) for one in run.watched if one.status == "alert"], now)
    for alert in raised:
        sentence = next(one.sentence for one in run.watched if one.name == alert.what)
        log.warning(DRIFT, what=alert.what, sentence=sentence, model=row.model_version, alert_id=alert.alert_id)
    return raised


def _alert(row: Deployment, run: MonitoringRun, result: MonitoringResult) -> Alert:
    model = {"name": row.model_name, "version": row.model_version, "digest": row.digest}
    since = {"trained_until": rfc3339(run.trained_until), "as_of": rfc3339(run.as_of)}
    what = {"what": result.name, "sentence": result.sentence, "value": result.value, "limit": result.limit}
    return Alert(DRIFT, row.digest, result.name, {"model": model, **since, **what})
