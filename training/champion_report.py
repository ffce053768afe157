"""Writing the champion's report: what was found when it was trained, drawn again without training anew."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from features.home.errors import LeadlightError
from features.home.settings import Home
from training.candidate import REPORT, named
from training.report.facts import ReportFacts
from training.report.report import report
from training.watch import newest, served, watch


class NothingServed(LeadlightError):
    """A home whose answers come from the criteria's prior alone."""

    code = "nothing_served"


class NoFolder(LeadlightError):
    """The folder that a page is to be written to is not there."""

    code = "no_folder"


def write_report(home: Home, out: Path | None, now: datetime, bar: float | None = None) -> Path:
    """Write the report of what this home serves, and what changed since it was trained; the path it was written to.

    bar: the probability from which on a lead is ready for sales.
    """
    row = served(home)
    if row is None:
        raise NothingServed(f"{home.path} serves no model yet; run: leadlight train --promote")
    facts = ReportFacts.read((row.folder(home) / REPORT).read_bytes())
    found = watch(home, row, newest(home, now), bar)
    if found:
        facts = replace(facts, watch=found.watched, watch_pictured=found.pictured)
    path = out or home.path / "report.html"
    if not path.parent.is_dir():
        raise NoFolder(f"{path} cannot be written: there is no folder {path.parent}; make it, or give another --out")
    beside = path.with_suffix(".part")
    beside.write_text(report(named(facts, row.model_version, row.digest)))
    os.replace(beside, path)
    return path
