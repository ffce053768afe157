"""The checks of a home for `leadlight doctor`: can it do its work, and is what arrives what it used to be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain

from features.agreement.agreement import Agreement
from features.agreement.kept_signatures import standing_in_force
from features.agreement.scale import scale_problem
from features.agreement.standing import standing_lines
from features.agreement.versions import NOT_AGREED, NoAgreement, version_in_force
from features.home.alerts import alerts_of
from features.home.clock import from_microseconds
from features.home.database import consistent_read, reading
from features.home.deployments import deployment_in_force, deployments
from features.home.errors import LeadlightError
from features.home.settings import Home
from features.ledger.ledger import Ledger
from features.store.builds import build_of
from serving.decisions.queues import queues
from serving.health.event_quality import Check, event_checks
from serving.health.lead_sources import lead_source_checks, tool_checks
from serving.health.notice_delivery import notice_checks
from serving.health.status_words import status_word_checks
from serving.scoring.scorer import Scorer

A_WEEK = timedelta(days=7)


def home_checks(home: Home, now: datetime) -> list[Check]:
    """The agreement, the ledger, what is served, then what arrives; later checks need the earlier ones."""
    try:
        agreed = version_in_force(home)
    except (NoAgreement, LeadlightError) as error:
        return [Check("agreement", False, str(error))]
    agreement = agreed.agreement
    kept = f"{agreement.name}, version {agreed.version}"
    first = Check("agreement", agreed.is_agreed, kept if agreed.is_agreed else NOT_AGREED)
    checks = (
        _signed(home),
        _ledger(home, now),
        _served(home),
        _queues(home, now),
        _drifts(home, agreement.name, now),
        _arrives(home, agreement, now),
    )
    return [first, *chain.from_iterable(checks)]


def _signed(home: Home) -> Iterator[Check]:
    """Whether both sides signed what the home works by; a trial that nobody wants live yet is fine."""
    kept, stands = standing_in_force(home)
    if kept.is_agreed:
        lines = [*standing_lines(stands), *kept.agreement.notes]
        wants_live = kept.agreement.handover.live and not stands.is_live
        yield Check("signed", not (stands.changed_since_signed or wants_live), "; ".join(lines))


def _ledger(home: Home, now: datetime) -> Iterator[Check]:
    ledger = Ledger.open(home)
    count = ledger.count()
    if not count:
        yield Check("ledger", False, "it holds no event; run: leadlight ingest FILE")
        return
    age = now - from_microseconds(ledger.newest_recorded_us())
    yield Check("ledger", True, f"{count:,} events, the newest recorded {max(age.days, 0)} days ago")


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
    if scoring.caution:
        yield Check("labels", False, scoring.caution)
    average = scoring.open_average
    if average is not None and (problem := scale_problem(scoring.kept.agreement, average)):
        yield Check("scale", False, problem)
    if scoring.features_by.feature_digest != scoring.kept.agreement.feature_digest:
        changed = "the agreement's first part changed since this model learned; run: leadlight train --promote"
        yield Check("agreement part 1", False, changed)


def _queues(home: Home, now: datetime) -> Iterator[Check]:
    """Whether every lead is in one queue or closed: where the sums differ, somebody falls into the hole."""
    with consistent_read(home) as connection:
        found = queues(connection, now)
    if not found["queues"]:
        if found["all"]:
            yield Check("queues", False, f"none of {found['all']:,} leads is decided yet; run: leadlight sweep")
        return
    sums = f"{found['open']:,} open and {found['closed']:,} closed of {found['all']:,} leads"
    late = sum(row["overdue"] for row in found["queues"])
    said = f"{sums}, {late:,} late" + (f", {found['undecided']:,} not decided yet" if found["undecided"] else "")
    remedy = "; the sums differ, so somebody has no queue; run: leadlight sweep --night"
    yield Check("queues", found["adds_up"], said if found["adds_up"] else f"{sums}{remedy}")


def _drifts(home: Home, name: str, now: datetime) -> Iterator[Check]:
    """The alerts that `leadlight watch` raised about the served model within a week."""
    row = deployment_in_force(home, name)
    raised = [alert for alert in alerts_of(home, row.digest) if now - alert.created_at < A_WEEK] if row else []
    if raised:
        what = ", ".join(sorted({alert.what for alert in raised}))
        yield Check("drift", False, f"changed since this model was trained: {what}; see: leadlight watch")


def _arrives(home: Home, agreement: Agreement, now: datetime) -> Iterator[Check]:
    with reading(home) as connection:
        yield from event_checks(connection, agreement, now)
        yield from notice_checks(connection, agreement, home.settings, now)
        yield from status_word_checks(connection, agreement)
        yield from tool_checks(connection)
    if build := build_of(home, agreement):
        repository = build.repository(home)
        yield from lead_source_checks(repository.source_of(repository.trait_view), agreement)


__all__ = ["Check", "home_checks"]
