"""Event quality: what fell silent, what counts for nothing, what failed, what several leads share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, join, select

from features.agreement.agreement import Agreement
from features.agreement.checks import CRM_EVENTS, PAGE_AND_MAIL_EVENTS, SALES_EVENTS
from features.arrays import DAY_US
from features.events.event import ASSUMED
from features.events.event_table import HISTORY_KEPT
from features.events.trust import NOT_TRUSTED
from features.home import tables
from features.home.clock import from_microseconds, microseconds
from features.identity.components import PLACEHOLDER, shared_addresses, shared_addresses_sentence
from features.ledger.arrival_counts import DAYS, ArrivalCounts, EventGroup, Stream, arrival_counts, event_groups
from features.ledger.tombstones import STRIPPED
from features.records.retention import permanent_events
from serving.health.silence import UsualRate, usual_rate
from serving.health.similar_names import name_likeness, nearest_name

# Sources that are read from files: they are heard up to their own newest event, not up to now.
FROM_FILES = frozenset({"file", "crm", "customers", "leadlight"})
# Names that mean something to Leadlight itself, whatever the agreement counts.
LEADLIGHT_NAMES = SALES_EVENTS | CRM_EVENTS | PAGE_AND_MAIL_EVENTS | {HISTORY_KEPT}
SURE_LIKENESS = 0.75  # so alike that the name is probably meant; below it is only asked
SHOWN = 5
NOTICED_FOR = timedelta(days=28)  # so long an event that is not followed asks for somebody to look
PUBLISHED_WITHIN = timedelta(minutes=1)  # a served home publishes within seconds


@dataclass(frozen=True)
class Check:
    """One row per check of `leadlight doctor`: whether it is ok, and a sentence on what was found.

    data: what the sentence says, row by row, for programs.
    """

    name: str
    ok: bool
    sentence: str
    data: Sequence[Mapping[str, Any]] = field(default=())

    def as_json(self) -> dict[str, Any]:
        members: dict[str, Any] = {"name": self.name, "ok": self.ok, "sentence": self.sentence}
        return members | ({"data": list(self.data)} if self.data else {})


def event_checks(connection: Connection, agreement: Agreement, now: datetime) -> Iterator[Check]:
    """The checks of what arrives, from aggregates of the ledger's tables that the database makes."""
    groups = event_groups(connection)
    arrivals = arrival_counts(connection, agreement, heard_until(groups, now))
    yield from behaviour_checks(arrivals, groups, agreement, now)
    yield from unknown_name_checks(groups, agreement)
    yield from unmatched_checks(arrivals)
    yield from flag_checks(groups)
    yield from trust_checks(groups, now)
    yield from identity_checks(connection)
    yield from retention_checks(groups, agreement, now)
    yield from intake_warning_checks(connection)
    yield from failed_event_checks(connection)
    yield from online_store_checks(connection, now)


def heard_until(groups: Sequence[EventGroup], now: datetime) -> dict[str, int]:
    """Up to when each source was heard (us): now for a source that sends, the newest event's record for files.

    Example: source "web" sends, so a silence until today counts. A file that ends on 3 March says nothing of 4 March.
    """
    newest: Counter[str] = Counter()
    for group in groups:
        newest[group.source] = max(newest[group.source], group.recorded_us)
    return {source: us if source in FROM_FILES else microseconds(now) for source, us in newest.items()}


def behaviour_checks(
    arrivals: ArrivalCounts, groups: Sequence[EventGroup], agreement: Agreement, now: datetime
) -> Iterator[Check]:
    """One check over all behaviours, with a row per behaviour and source; then one per stream that fell silent."""
    until = heard_until(groups, now)
    found = {stream: usual_rate(windows, age_of(windows)) for stream, windows in sorted(arrivals.windows.items())}
    rows = [_row(stream, found[stream], arrivals) for stream in found]
    heard = {stream.behaviour for stream in found}
    rows += [_never(name) for name in agreement.behaviours if name not in heard]
    silent = [stream for stream, rate in found.items() if rate.is_silent]
    seen = f"{len(heard)} of {len(agreement.behaviours)} behaviours in {DAYS // 7} weeks"
    yield Check("behaviours", True, f"{seen}, {len(silent) or 'none'} fell silent", rows)
    for name in sorted({stream.source for stream in silent}):
        mine = [stream for stream in found if stream.source == name]
        if len(mine) > 2 and all(stream in silent for stream in mine):
            last = max(arrivals.last_us[stream] for stream in mine)
            rate = sum(found[stream].per_day or 0.0 for stream in mine)
            said = f"source {name} fell silent: nothing since {_day(last)}, usually {rate:,.0f} events a day that count"
            yield Check("silent", False, f"{said}; look at what sends it")
            continue
        for stream in (stream for stream in mine if stream in silent):
            yield Check("silent", False, _silence(stream, found[stream], arrivals.last_us[stream], until[name]))


def age_of(windows: Sequence[int]) -> int:
    """For how many days a stream is known: days before its first event are no history."""
    first = max((place for place, events in enumerate(windows) if events), default=-1)
    return first + 1


def _row(stream: Stream, rate: UsualRate, arrivals: ArrivalCounts) -> dict[str, Any]:
    came = {"events": sum(arrivals.windows[stream]), "last_at": from_microseconds(arrivals.last_us[stream])}
    return stream._asdict() | came | {"per_day": rate.per_day, "is_silent": rate.is_silent}


def _never(behaviour: str) -> dict[str, Any]:
    nothing = {"source": None, "events": 0, "last_at": None, "per_day": None, "is_silent": False}
    return {"behaviour": behaviour} | nothing


def _silence(stream: Stream, rate: UsualRate, last_us: int, until_us: int) -> str:
    days = (until_us - last_us) / DAY_US
    since = f"nothing since {_day(last_us)} ({days:.0f} days)" if days >= 1.5 else f"nothing since {_day(last_us)}"
    missed = f"where about {rate.missed:,.0f} events would have come (usually {rate.per_day:,.1f} a day)"
    return f"{stream.behaviour} from {stream.source} fell silent: {since}, {missed}; look at what sends it"


def _day(us: int) -> str:
    return f"{from_microseconds(us):%Y-%m-%d %H:%M}"


def unknown_name_checks(groups: Sequence[EventGroup], agreement: Agreement) -> Iterator[Check]:
    """One check per name of track events that the agreement does not know: they are stored and count for nothing."""
    known = {behaviour.event for behaviour in agreement.behaviours.values()} - {"page"}
    own = LEADLIGHT_NAMES | {agreement.outcome.event, agreement.privacy.objected, agreement.privacy.allowed}
    counts: Counter[str] = Counter()
    for group in groups:
        if group.type == "track" and group.name not in known | own:
            counts[group.name] += group.events
    asked = sorted(known | {agreement.outcome.event})
    far = []
    for name, many in sorted(counts.items(), key=lambda one: (-one[1], one[0])):
        near = nearest_name(name, asked)
        if near is None:
            far.append(name)
            continue
        sure = name_likeness(name, near) >= SURE_LIKENESS
        yield Check("unknown event", not sure, f"{many:,} events named {name} count for nothing; did you mean {near}?")
    if far:
        shown = ", ".join(far[:SHOWN]) + (", ..." if len(far) > SHOWN else "")
        said = f"{len(far):,} other names of events count for nothing: {shown}"
        yield Check("unknown event", True, f"{said}; a line in [behaviours] would count them")


def unmatched_checks(arrivals: ArrivalCounts) -> Iterator[Check]:
    """One check per event name that the agreement counts, where properties of some events match none of its lines."""
    totals: Counter[str] = Counter()
    for (name, _), events in arrivals.unmatched.items():
        totals[name] += events
    for name, events in totals.most_common(SHOWN):
        said = Counter({words: n for (event, words), n in arrivals.unmatched.items() if event == name}).most_common(3)
        shown = "; ".join(f"{n:,} say {words}" for words, n in said)
        yield Check("no line matches", True, f"{events:,} events named {name} match no behaviour's where: {shown}")


def flag_checks(groups: Sequence[EventGroup]) -> Iterator[Check]:
    """Checks of the flags that intake gave to stored events: unknown record times."""
    counts: Counter[str] = Counter()
    for group in groups:
        for flag in filter(None, group.flags.split(",")):
            counts[flag] += group.events
    if counts[ASSUMED]:
        said = f"when {counts[ASSUMED]:,} events were recorded is not known"
        yield Check("record times", True, f"{said}: it is taken to be when they happened")


def trust_checks(groups: Sequence[EventGroup], now: datetime) -> Iterator[Check]:
    """One check per source whose key may only write events and said what is the CRM's to say: it is not followed."""
    told: dict[str, Counter[str]] = {}
    newest: Counter[str] = Counter()
    for group in groups:
        if NOT_TRUSTED in group.flags.split(","):
            told.setdefault(group.source, Counter())[group.name] += group.events
            newest[group.source] = max(newest[group.source], group.recorded_us)
    for source, counts in sorted(told.items()):
        names = ", ".join(f"{many:,} {name}" for name, many in counts.most_common(SHOWN))
        said = f"{counts.total():,} events of source {source} are not followed, since their key may only write events"
        remedy = "where the CRM sends them: leadlight keys trust, and a key of scope crm:write"
        ok = newest[source] < microseconds(now - NOTICED_FOR)
        yield Check("not trusted", ok, f"{said} ({names}); {remedy}", [{"source": source, **counts}])


def identity_checks(connection: Connection) -> Iterator[Check]:
    """E-mail addresses that identify nobody, then those and CRM ids that several leads have.

    Only a person may say that these leads are one.
    """
    nobodys = shared_addresses(connection)
    if nobodys:
        yield Check("shared addresses", True, shared_addresses_sentence(nobodys))
    links, known = tables.links.c, tables.identities.c
    is_user = (known.kind == "user") & (known.value == links.user_id)
    pair = func.min(known.lead_id).label("one"), func.max(known.lead_id).label("other")
    claimed = (
        select(links.value, *pair)
        .select_from(join(tables.links, tables.identities, is_user))
        .where(links.kind.not_in(("anonymous", "group", PLACEHOLDER)))
        .group_by(links.kind, links.value)
        .having(func.count(known.lead_id.distinct()) > 1)
        .order_by("one", "other")
    )
    pairs = [(row.one, row.other) for row in connection.execute(claimed) if row.value not in nobodys]
    if pairs:
        (one, other), said = pairs[0], f"{len(pairs):,} e-mail addresses or ids of a CRM are said of several leads"
        yield Check("identities", True, f"{said}; where these are one person: leadlight merge, as in {one} and {other}")


def retention_checks(groups: Sequence[EventGroup], agreement: Agreement, now: datetime) -> Iterator[Check]:
    """Whether events are stored whole that are older than the agreement's `keep_events`."""
    until_us = microseconds(now - agreement.privacy.keep_events)
    stay = permanent_events(agreement) | {HISTORY_KEPT}
    if any(group.first_us < until_us and group.name not in stay and STRIPPED not in group.flags for group in groups):
        said = f"there are events older than {agreement.privacy.keep_events.days:,} days ([privacy] keep_events)"
        yield Check("retention", True, f"{said}; leadlight rebuild, or a running service, replaces them by totals")


def intake_warning_checks(connection: Connection) -> Iterator[Check]:
    """What intake counted of accepted events by source: conflicts, clocks that run ahead, values it could not read."""
    columns = tables.intake_counts.c
    rows = connection.execute(select(columns.source, columns.code, columns.events).order_by(columns.events.desc()))
    counts = [f"{row.events:,} {row.code.replace('_', ' ')} from {row.source}" for row in rows]
    if counts:
        more = f", and {len(counts) - SHOWN} more kinds" if len(counts) > SHOWN else ""
        yield Check("intake", True, f"noticed of accepted events: {', '.join(counts[:SHOWN])}{more}")


REMEDIES = {
    "bad_type": "send type track, page, screen, identify, group or alias",
    "no_identity": "send userId or anonymousId",
    "bad_message_id": "send a messageId of 1 to 100 characters",
    "bad_event_name": "send an event name of 1 to 200 characters",
    "bad_identity": "send ids of at most 255 characters",
    "event_too_large": "send less in properties and context",
    "too_deep": "send flatter properties",
    "bad_event": "send JSON objects",
}


def failed_event_checks(connection: Connection) -> Iterator[Check]:
    """One check per reason and source of failed events, with what to do about it."""
    columns = tables.failed_events.c
    counted = select(columns.code, columns.source, func.count().label("events")).group_by(columns.code, columns.source)
    for row in connection.execute(counted.order_by(func.count().desc()).limit(2 * SHOWN)):
        remedy = REMEDIES.get(row.code, "leadlight failed-events list shows why")
        said = f"{row.events:,} from {row.source} could not be used ({row.code}): {remedy}"
        yield Check("failed events", False, f"{said}; then: leadlight failed-events replay")


def online_store_checks(connection: Connection, now: datetime) -> Iterator[Check]:
    """Whether the online store lacks events of the ledger, and since when."""
    pending, events = tables.online_pending, tables.events
    count = int(connection.scalar(select(func.count()).select_from(pending)) or 0)
    if not count:
        return
    joined = select(func.min(events.c.recorded_us)).join_from(pending, events, events.c.event_id == pending.c.event_id)
    oldest = connection.scalar(joined) or 0
    since = now - from_microseconds(oldest)
    ok = since < PUBLISHED_WITHIN
    remedy = "" if ok else "; a running service publishes them, else: leadlight rebuild"
    yield Check("online store", ok, f"{count:,} ids have events that scores by the online store lack{remedy}")
