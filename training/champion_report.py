"""Writes the report of the served model: the facts kept at its training, and what monitoring shows since."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from features.agreement.agreement import Agreement
from features.home.settings import Home
from features.home.whole_files import FOR_ITS_OWNER, write_whole
from training.candidate import REPORT_FILE, with_version
from training.report.facts import ReportedCosts, ReportFacts
from training.report.report import report_page
from training.watch import existing_deployment, monitoring_run, newest_known


def champion_facts(home: Home, agreement: Agreement) -> ReportFacts:
    """What the report of the served model says, in the money of an agreement: its [costs] may have changed since."""
    row, costs = existing_deployment(home), agreement.costs
    facts = ReportFacts.read((row.folder(home) / REPORT_FILE).read_bytes())
    money = ReportedCosts(costs.currency, costs.contact, costs.conversion) if costs else None
    return replace(facts, money=money)


def write_report(home: Home, out: Path | None, now: datetime, bar: float | None = None) -> Path:
    """Write the report of what this home serves, and what changed since it was trained; the path it was written to.

    bar: the probability from which on a lead is ready for sales.
    """
    row = existing_deployment(home)
    facts = ReportFacts.read((row.folder(home) / REPORT_FILE).read_bytes())
    monitored = monitoring_run(home, row, newest_known(home, now), bar)
    if monitored:
        facts = replace(facts, watch=monitored.watched, watch_pictured=monitored.pictured)
    path = out or home.path / "report.html"
    page = report_page(with_version(facts, row.model_version, row.digest))
    write_whole(path, page, None if out else FOR_ITS_OWNER)  # all in the home is its owner's alone
    return path
