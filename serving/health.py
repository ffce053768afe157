"""`leadlight doctor`: whether a home can do its work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from features.agreement_versions import NoAgreement, kept
from features.deployments import deployments
from features.errors import LeadlightError
from features.ledger import Ledger, from_microseconds
from features.settings import Home
from serving.scorer import Scorer


@dataclass(frozen=True)
class Check:
    """One thing that must hold, and in a sentence what was found."""

    name: str
    ok: bool
    sentence: str


def checks(home: Home, now: datetime) -> list[Check]:
    """The agreement, the ledger, and what is served; later checks need the earlier ones."""
    try:
        agreed = kept(home)
    except (NoAgreement, LeadlightError) as error:
        return [Check("agreement", False, str(error))]
    found = [Check("agreement", True, f"{agreed.agreement.name}, version {agreed.version}")]
    return [*found, *_ledger(home, now), *_served(home)]


def _ledger(home: Home, now: datetime) -> Iterator[Check]:
    ledger = Ledger.open(home)
    count = ledger.count()
    if not count:
        yield Check("ledger", False, "it holds no event; run: leadlight ingest FILE")
        return
    age = now - from_microseconds(ledger.newest_recorded_us())
    yield Check("ledger", True, f"{count:,} events, the newest recorded {max(age.days, 0)} days ago")
    refused = ledger.count_failed()
    if refused:
        yield Check("failed events", False, f"{refused:,} events could not be used; see the table failed_events")


def _served(home: Home) -> Iterator[Check]:
    try:
        scoring = Scorer(home).scoring
    except LeadlightError as error:
        yield Check("model", False, str(error))
        return
    if scoring.model is None:
        yield Check("model", False, "no model is served, the criteria's prior answers; run: leadlight train --promote")
        return
    yield Check("model", True, f"version {scoring.version}, {len(deployments(home))} promotions so far")
    if scoring.features_by.feature_digest != scoring.kept.agreement.feature_digest:
        changed = "the agreement's first part changed since this model learned; run: leadlight train --promote"
        yield Check("agreement part 1", False, changed)
