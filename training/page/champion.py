"""Writing the champion's report: what was found when it was trained, drawn again without training anew."""

from __future__ import annotations

import os
from pathlib import Path

from features.agreement_versions import kept
from features.deployments import deployments
from features.errors import LeadlightError
from features.settings import Home
from training.candidate import REPORT, named
from training.page.facts import ReportFacts
from training.page.report import report


class NothingServed(LeadlightError):
    """A home whose answers come from the criteria's prior alone."""

    code = "nothing_served"


def write_report(home: Home, out: Path | None) -> Path:
    """Write the report of what this home serves; the path it was written to."""
    name = kept(home).agreement.name
    served = next((row for row in deployments(home) if row.model_name == name), None)
    if served is None:
        raise NothingServed(f"{home.path} serves no model yet; run: leadlight train --promote")
    facts = ReportFacts.read((served.folder(home) / REPORT).read_bytes())
    path = out or home.path / "report.html"
    beside = path.with_suffix(".part")
    beside.write_text(report(named(facts, served.model_version, served.digest)))
    os.replace(beside, path)
    return path
