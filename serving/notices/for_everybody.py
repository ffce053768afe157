"""Messages that are about no single handover: a changed agreement, low acceptance, opportunities that fell silent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from features.agreement.agreement import Agreement
from features.agreement.signatures import Signature
from features.home import tables
from features.home.clock import microseconds
from serving.code_words import reject_words
from serving.notices.notice import Notice
from serving.notices.occasions import due_at, everybody

COUNTED_DAYS = 28
LEAST_HANDOVERS = 20  # fewer say nothing of a share


def agreement_notices(
    agreement: Agreement, version: int, as_of: datetime, by: str | None = None, changed_since_signed: bool = False
) -> list[Notice]:
    """A changed agreement is told to everybody whom it names, and to who signed it."""
    facts = {"name": agreement.name, "version": version, "by": by, "changed_since_signed": changed_since_signed}
    names = dict.fromkeys((*everybody(agreement), *signers(agreement)))
    return [
        Notice(
            "agreement_changed",
            name,
            f"agreement:{agreement.name}:{version}:{name}",
            as_of,
            due_at(name, agreement, as_of),
            facts=facts,
        )
        for name in names
    ]


def signers(agreement: Agreement) -> Iterator[str]:
    """Who signed for marketing and for sales, as far as their names are e-mail addresses."""
    names = (line.by if isinstance(line, Signature) else line.split()[0] for line in agreement.agreed_by if line)
    yield from dict.fromkeys(name.strip("<>(),;").lower() for name in names if "@" in name)


def acceptance_notices(connection: Connection, agreement: Agreement, as_of: datetime) -> list[Notice]:
    """Where sales accepts fewer than agreed, both sides hear of it, once a week."""
    columns = tables.handovers.c
    until = as_of - timedelta(days=1)
    span = (microseconds(until - timedelta(days=COUNTED_DAYS)), microseconds(until))
    counted = columns.offered_us.between(*span) & columns.is_trial.is_(False) & (columns.kind != "explored")
    rows = connection.execute(select(columns.state, columns.stage, columns.code).where(counted)).all()
    judged = [row for row in rows if row.state not in ("withdrawn", "redirected")]
    accepted = sum(row.state != "rejected" and row.stage != "MQL" for row in judged)
    floor = agreement.handover.accept_at_least
    if len(judged) < LEAST_HANDOVERS or accepted >= floor * len(judged):
        return []
    rejected = [row.code for row in judged if row.code and row.code.startswith("rejected_")]
    reasons = Counter(reject_words(code.removeprefix("rejected_")) for code in rejected)
    facts = {"accepted": accepted, "offered": len(judged), "at_least": floor, "days": COUNTED_DAYS,
             "reasons": reasons.most_common(3)}  # fmt: skip
    week = f"{as_of:%G-W%V}"
    people = dict.fromkeys((*signers(agreement), *agreement.people.escalate_to, *agreement.people.notify))
    return [
        Notice("acceptance_low", name, f"acceptance:{week}:{name}", as_of, due_at(name, agreement, as_of), facts=facts)
        for name in people
    ]


def stale_notices(stale: Iterable[tuple[str, str | None]], agreement: Agreement, as_of: datetime) -> list[Notice]:
    """Opportunities (lead, owner) that fell silent: their owner hears; those of nobody stand in the list of above."""
    days = round(agreement.handover.stale_after.count)
    return [
        Notice(
            "opportunity_stale",
            owner,
            f"stale:{lead_id}:{as_of:%Y-%m}:{owner}",
            as_of,
            due_at(owner, agreement, as_of),
            lead_id=lead_id,
            facts={"days": days},
        )
        for lead_id, owner in stale
        if owner
    ]
