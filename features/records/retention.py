"""Retention: deletes events older than agreed, and keeps their totals in one event for each lead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import orjson
from sqlalchemy import Connection, and_, delete, insert, not_, or_, select, update

from features.agreement.agreement import Agreement
from features.agreement.checks import CRM_EVENTS, SALES_EVENTS
from features.arrays import DAY_US, NOT_YET, Ints
from features.behaviour.columns import BehaviourState
from features.behaviour.decayed_counters import FIRST, behaviour_states
from features.derived import Derived, DerivedRows, derive
from features.events.event_table import HISTORY_KEPT, EventTable
from features.events.trust import OURSELVES
from features.home import tables
from features.home.clock import from_microseconds, microseconds
from features.home.database import batched, reading, wait_for_writers, writing
from features.home.locks import builder_lock
from features.home.progress import Progress
from features.home.settings import Home
from features.identity.claims import ANONYMOUS, USER
from features.identity.identities import Identities
from features.ledger.decision_marks import mark_due
from features.ledger.outbox import enqueue_whole
from features.ledger.tombstones import STALE, STRIPPED, record_deleted_events
from features.records.erased_decisions import strip_old_decisions
from features.traits.history import FIRST_OF_PUBLIC, trait_columns
from features.traits.values import FIRST_TOUCH, TraitValues, trait_values

RetainedTotals = dict[str, Any]  # the properties of an event "History Kept"


def retained_totals(
    table: EventTable, rows: DerivedRows, agreement: Agreement, events: Sequence[int]
) -> dict[int, RetainedTotals]:
    """The totals of some events by lead, as one "History Kept" event says them; no entry for a lead without any.

    events: rows of the table. returns: by the lead's position in `rows.identities.lead_ids`
    {"behaviours": {name: {"count", "minutes", "first_us", "latest": [[us, minutes], ...]}},
     "traits": {name: [value, occurred_us]}}, and "public_traits" like "traits", where public keys said any.
    """
    found: dict[int, RetainedTotals] = {}
    for lead, name, totals in _behaviours(rows, agreement, events):
        found.setdefault(lead, {"behaviours": {}, "traits": {}})["behaviours"][name] = totals
    for lead, name, value, is_public in _traits(table, rows, agreement, events):
        totals = found.setdefault(lead, {"behaviours": {}, "traits": {}})
        totals.setdefault("public_traits" if is_public else "traits", {})[name] = value
    return found


def _behaviours(
    rows: DerivedRows, agreement: Agreement, events: Sequence[int]
) -> Iterator[tuple[int, str, RetainedTotals]]:
    """By the same recurrence that makes states, so that the totals equal the features made of the events."""
    observed = rows.observed.taken(np.isin(rows.observed.event, np.asarray(events, dtype=np.int64)))
    newest = observed.is_newest()[observed.is_last_known()]
    folded = behaviour_states(observed, len(agreement.behaviours), agreement.half_lives)
    leads = observed.lead[observed.is_newest()].tolist()
    for place, lead in zip(np.flatnonzero(newest).tolist(), leads, strict=True):
        for name, ragged in zip(agreement.behaviours, folded, strict=True):
            if len(state := ragged.row(place)):
                yield lead, name, _behaviour(BehaviourState(state, len(agreement.half_lives)))


def _behaviour(state: BehaviourState) -> RetainedTotals:
    latest = [[int(us), minutes] for us, minutes in state.latest.tolist()]
    return {"count": state.count, "minutes": state.minutes, "first_us": int(state.state[FIRST]), "latest": latest}


def _traits(
    table: EventTable, rows: DerivedRows, agreement: Agreement, events: Sequence[int]
) -> Iterator[tuple[int, str, Any, bool]]:
    """Of each trait the newest value among these events, of the CRM and of public keys; of first touches the oldest."""
    columns = trait_columns(agreement)
    said_values = trait_values(table, rows.identities, agreement, rows.observed, rows.account_periods, columns)
    names, kinds = list(columns), list(columns.values())
    chosen: dict[tuple[int, int, bool], tuple[tuple[int, str], int]] = {}
    stands = np.isin(said_values.row, np.asarray(events, dtype=np.int64)) & (said_values.until_us == NOT_YET)
    for place in np.flatnonzero(stands).tolist():
        is_public = bool(said_values.is_public[place])
        key = int(said_values.lead[place]), int(said_values.trait[place]), is_public
        rank = int(said_values.occurred_us[place]), str(table.message_id[int(said_values.row[place])])
        before = chosen.get(key)
        is_first = names[key[1]] in (FIRST_TOUCH | FIRST_OF_PUBLIC if is_public else FIRST_TOUCH)
        if before is None or (rank < before[0] if is_first else rank > before[0]):
            chosen[key] = rank, place
    for (lead, trait, is_public), ((us, _), place) in sorted(chosen.items()):
        yield lead, names[trait], [_value(said_values, place, kinds[trait]), us], is_public


def _value(said_values: TraitValues, place: int, kind: str) -> Any:
    value = said_values.values[said_values.value[place]]
    if kind == "date" and value is not None:
        return from_microseconds(round(value * DAY_US)).isoformat()
    return value


AT_ONCE = 500  # ids whose events are read and replaced in one transaction: other writers wait meanwhile
IN_A_STATEMENT = 5_000
IDENTIFYING = ("identify", "alias")
KEYS = ("email", "crm", "crm_lead_id")  # the traits that say who somebody is


@dataclass(frozen=True)
class Retained:
    """How many events a retention deleted or stripped, of how many leads it kept totals, and how many failed events
    and decisions, of these what they stood on, it deleted.
    """

    events: int = 0
    leads: int = 0
    failed_events: int = 0
    decisions: int = 0

    def __add__(self, other: Retained) -> Retained:
        events, leads, failed = self.events, self.leads, self.failed_events
        more = (failed + other.failed_events, self.decisions + other.decisions)
        return Retained(events + other.events, leads + other.leads, *more)

    def sentences(self) -> Iterator[str]:
        """What the retention did, for people; no sentence where it did nothing."""
        if self.events:
            stays = f"the totals of {self.leads:,} leads stay"
            yield f"{self.events:,} events older than the agreement keeps them are gone; {stays}"
        if self.failed_events:
            yield f"{self.failed_events:,} failed events as old are gone"
        if self.decisions:
            yield f"what {self.decisions:,} decisions as old stood on is gone; that they were made stays"


@dataclass
class _RetentionChanges:
    """What one retention writes.

    deleted: events to delete. stripped: events of which only the identifiers stay, as rows. kept: new events with the
    totals of both. rounded: all events of leads whose totals say less than the events did.
    """

    deleted: list[Any] = field(default_factory=list)
    stripped: list[dict[str, Any]] = field(default_factory=list)
    kept: list[dict[str, Any]] = field(default_factory=list)
    rounded: list[Any] = field(default_factory=list)


def apply_retention(home: Home, agreement: Agreement, now: datetime, progress: Progress = lambda _: None) -> Retained:
    """Delete events older than the agreement's `keep_events`, and keep their totals for each lead.

    What stays as it was: lifetime totals, the latest 32 moments of each behaviour, traits, identity, and what became of
    a lead. What is lost: the decayed counts of older moments, which are small by then. Applying it twice changes
    nothing, and a deleted event that is sent again is a duplicate. The files of every build still hold the events;
    `features.records.housekeeping` builds new ones.
    """
    until_us = microseconds(now - agreement.privacy.keep_events)
    done = _no_events(home, until_us)
    with builder_lock(home):  # a build made meanwhile would hold what is deleted, and not be marked as stale
        for identifiers in batched(_with_old_events(home, agreement, until_us), AT_ONCE):
            with writing(home) as connection:
                wait_for_writers(connection)
                done += _retain(connection, identifiers, agreement, until_us)
            progress(f"{done.events:,} old events replaced by totals")
    return done


def _is_old(agreement: Agreement, until_us: int) -> Any:
    columns = tables.events.c
    is_ours = and_(columns.name == HISTORY_KEPT, columns.source == OURSELVES)
    stays = or_(columns.type == "group", columns.name.in_(permanent_events(agreement)), is_ours)
    return and_(columns.occurred_us < until_us, not_(columns.flags.contains(STRIPPED)), not_(stays))


def permanent_events(agreement: Agreement) -> frozenset[str]:
    """Events that stay whole: what became of leads, what sales did for it, and who objected to profiling."""
    return CRM_EVENTS | SALES_EVENTS | {agreement.outcome.event, agreement.privacy.objected, agreement.privacy.allowed}


def _with_old_events(home: Home, agreement: Agreement, until_us: int) -> list[tuple[str, str]]:
    columns = tables.events.c
    asked = select(columns.user_id, columns.anonymous_id).where(_is_old(agreement, until_us)).distinct()
    with reading(home) as connection:
        rows = connection.execute(asked).all()
    return sorted({(USER, row.user_id) if row.user_id is not None else (ANONYMOUS, row.anonymous_id) for row in rows})


def _no_events(home: Home, until_us: int) -> Retained:
    is_old = tables.failed_events.c.received_us < until_us
    with writing(home) as connection:
        wait_for_writers(connection)
        failed = connection.execute(delete(tables.failed_events).where(is_old)).rowcount
        return Retained(failed_events=failed, decisions=strip_old_decisions(connection, until_us))


def _retain(connection: Connection, names: Iterable[tuple[str, str]], agreement: Agreement, until_us: int) -> Retained:
    around = derive(connection, agreement, names)
    own = np.array([(event.user_id or event.anonymous_id) in around.ids for event in around.events], dtype=bool)
    going = np.flatnonzero(own & np.array([_is_going(row, agreement, until_us) for row in around.events], dtype=bool))
    changes = _changes(around, going.tolist())
    _apply(connection, changes)
    return Retained(len(changes.deleted) + len(changes.stripped), len(changes.kept))


def _is_going(event: Any, agreement: Agreement, until_us: int) -> bool:
    stays = event.type == "group" or event.name in permanent_events(agreement) or STRIPPED in event.flags
    return event.occurred_us < until_us and not stays and not _is_kept(event)


def _is_kept(event: Any) -> bool:
    return bool(event.name == HISTORY_KEPT and event.source == OURSELVES)


def _changes(around: Derived, going: Sequence[int]) -> _RetentionChanges:
    changes, events, found = _RetentionChanges(), around.events, around.identities
    leads = sorted({int(found.lead[row]) for row in going} - {-1})
    of_lead: dict[int, list[int]] = {lead: [] for lead in leads}
    for row in going:
        of_lead.setdefault(int(found.lead[row]), []).append(row)
    # The totals of still older events are replaced by totals of all.
    for row in np.flatnonzero(np.isin(found.lead, leads)).tolist():
        if _is_kept(events[row]):
            of_lead[int(found.lead[row])].append(row)
    rows = [row for lead in leads for row in of_lead[lead]]
    history = retained_totals(around.table, around.rows, around.agreement, rows)
    for lead, own in of_lead.items():
        needed = _needed(events, own, found.known_us) | _opening(events, own, found, lead)
        changes.stripped += [_stripped(events[row]) for row in own if row in needed]
        changes.deleted += [events[row] for row in own if row not in needed]
        if totals := history.get(lead):
            replaced = [events[row] for row in own]
            changes.kept.append(_event(found.lead_ids[lead], replaced, totals, _known_at(own, found)))
            if _is_rounded(totals):
                changes.rounded += [events[row] for row in np.flatnonzero(found.lead == lead).tolist()]
    return changes


def _is_rounded(totals: RetainedTotals) -> bool:
    """Whether some moments are only counted, without their times: their decayed counts are not as they were."""
    return any(each["count"] > len(each["latest"]) for each in totals["behaviours"].values())


def _needed(events: Sequence[Any], own: Sequence[int], known_us: Ints) -> set[int]:
    """Events whose identifiers must stay: those with claims of identity, and those that put a lead into an account."""
    needed = {row for row in own if events[row].type in IDENTIFYING}
    grouped = sorted((row for row in own if events[row].group_id is not None), key=lambda row: int(known_us[row]))
    groups = [events[row].group_id for row in grouped]
    needed |= {row for place, row in enumerate(grouped) if place == 0 or groups[place] != groups[place - 1]}
    if grouped:
        needed.add(max(grouped, key=lambda row: (events[row].occurred_us, events[row].message_id)))
    return needed


def _opening(events: Sequence[Any], own: Sequence[int], resolved: Identities, lead: int) -> set[int]:
    """The event by which a lead was first known, where it is one of `own`: the lead is open since then."""
    named = [row for row in own if events[row].user_id is not None and not _is_kept(events[row])]
    if lead < 0 or not named:
        return set()
    first = min(named, key=lambda row: (int(resolved.known_us[row]), events[row].occurred_us, events[row].message_id))
    return {first} if resolved.known_us[first] == resolved.known_us[resolved.lead == lead].min() else set()


def _stripped(event: Any) -> dict[str, Any]:
    """The event with its identifiers alone; any but an identify or alias becomes an identify that links no ids."""
    links = event.type in IDENTIFYING
    body = orjson.loads(event.body)
    traits = (body.get("traits") or (body.get("context") or {}).get("traits") or {}) if links else {}
    keys = {key: traits[key] for key in KEYS if key in traits}
    left = ({"traits": keys} if keys else {}) | {part: body[part] for part in ("previousId",) if links and part in body}
    return {
        "event_id": event.event_id,
        "type": event.type if links else "identify",
        "name": event.name if links else "identify",
        "anonymous_id": event.anonymous_id if links or event.user_id is None else None,
        "flags": ",".join(filter(None, (event.flags, STRIPPED))),
        "body": orjson.dumps(left).decode(),
    }


def _known_at(own: Iterable[int], resolved: Identities) -> int:
    return max(int(resolved.known_us[row]) for row in own)


def _event(lead_id: str, events: Sequence[Any], totals: dict[str, Any], known_us: int) -> dict[str, Any]:
    newest = max(event.event_id for event in events)
    return {
        "source": OURSELVES,
        "message_id": f"kept-{newest}",  # that event is deleted: no other event can get this id
        "type": "track",
        "name": HISTORY_KEPT,
        "user_id": lead_id,
        "anonymous_id": None,
        "group_id": None,
        "occurred_us": max(event.occurred_us for event in events),
        "recorded_us": known_us,
        "flags": "",
        "body": orjson.dumps({"properties": totals}).decode(),
    }


def _apply(connection: Connection, changes: _RetentionChanges) -> None:
    column = tables.events.c.event_id
    record_deleted_events(connection, ((event.source, event.message_id) for event in changes.deleted))
    for batch in batched([event.event_id for event in changes.deleted], IN_A_STATEMENT):
        connection.execute(delete(tables.events).where(column.in_(batch)))
    for row in changes.stripped:
        connection.execute(update(tables.events).where(column == row["event_id"]).values(row))
    if changes.kept:
        connection.execute(insert(tables.events), changes.kept)
    # The online store still shows the old counts, and the files hold the events themselves.
    rounded = [event._mapping for event in changes.rounded]
    enqueue_whole(connection, rounded)
    mark_due(connection, rounded, in_bulk=True)
    if changes.deleted or changes.stripped:
        connection.execute(update(tables.feature_views).values(last_event_id=STALE))
