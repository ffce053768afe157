"""Events into the ledger: many senders' in one transaction, each event with what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice

import orjson
from sqlalchemy import Connection, select

from features.clocks import microseconds
from features.components import note, note_links, pend
from features.database import wait_in_line
from features.erasure import refused, refused_raws
from features.many_rows import insert_new, insert_or_update
from features.readings import Reading, Result, Row
from features.retired import STRIPPED, retired
from features.tables import events, failed_events, intake_counts

# One at a time: of two maxima in one query SQLite takes neither from its index.
NEWEST = """
SELECT coalesce((SELECT max(recorded_us) FROM events), 0), coalesce((SELECT max(event_id) FROM events), 0)
"""
LOOKED_UP = 500  # messageIds in one query: databases limit how many parameters it may have
SAID = ("type", "name", "user_id", "anonymous_id", "group_id")  # with the body, what makes two events the same
# What becomes of a row; a conflict came again with other words than the first, which stays.
ACCEPTED, DUPLICATE, CONFLICT, ERASED = "accepted", "duplicate", "conflict", "erased"

Key = tuple[str, str]  # source and messageId: what an event is known by for good


def write(
    connection: Connection, readings: Sequence[Reading], now: Callable[[], datetime], is_unseen: bool = False
) -> list[list[Result]]:
    """Write what was read, within the caller's transaction: for each reading a result for each of its events.

    Live events are recorded at one moment, after everything that was recorded before. An event that was there already
    (by source and messageId) is left as it was. is_unseen: also history is published, not only what is live.
    """
    wait_in_line(connection)
    newest_us, newest_id = connection.exec_driver_sql(NEWEST).one()
    recorded_us = max(microseconds(now()), newest_us + 1)
    for row in (row for read in readings if read.sender.is_live for row in read.rows):
        row["recorded_us"] = recorded_us
    rows = [row for read in readings for row in read.rows]
    failed = [row for read in readings for row in read.failed]
    statuses = _statuses(connection, rows, newest_id)
    insert_new(connection, failed_events, _not_of_erased(connection, failed))
    _count(connection, rows, statuses, recorded_us)
    rest = iter(statuses)
    parts = [(read, list(islice(rest, len(read.rows)))) for read in readings]
    _note(connection, parts, is_unseen)
    return [_results(read, its) for read, its in parts]


def _statuses(connection: Connection, rows: Sequence[Row], newest_id: int) -> list[str]:
    known = dict.fromkeys(retired(connection, rows), DUPLICATE)
    # Events of erased leads go nowhere, not even among the failed ones.
    known |= dict.fromkeys(refused(connection, rows), ERASED)
    inserted = iter(_inserted(connection, [row for place, row in enumerate(rows) if place not in known], newest_id))
    return [known[place] if place in known else next(inserted) for place in range(len(rows))]


def _not_of_erased(connection: Connection, failed: Sequence[Row]) -> Sequence[Row]:
    if not failed:
        return failed
    raws = [orjson.loads(row["raw"]) for row in failed]
    gone = refused_raws(connection, [raw if isinstance(raw, dict) else {} for raw in raws])
    return [row for place, row in enumerate(failed) if place not in gone]


def _inserted(connection: Connection, rows: Sequence[Row], newest_id: int) -> list[str]:
    first: dict[Key, Row] = {}
    for row in rows:
        first.setdefault(_key(row), row)
    is_all_new = insert_new(connection, events, list(first.values())) == len(first)
    if is_all_new and len(first) == len(rows):
        return [ACCEPTED] * len(rows)
    before = {} if is_all_new else dict(_earlier(connection, list(first), newest_id))
    return [_status(row, first[_key(row)], before.get(_key(row))) for row in rows]


def _status(row: Row, first: Row, before: Row | None) -> str:
    if row is first and before is None:
        return ACCEPTED
    return DUPLICATE if _says_the_same(row, before or first) else CONFLICT


def _says_the_same(row: Row, other: Row) -> bool:
    if STRIPPED in other["flags"]:  # what it said is gone
        return True
    # Times are left out: a resend has another sentAt, and so another correction.
    is_same = all(row[part] == other[part] for part in SAID)
    return is_same and (row["body"] == other["body"] or orjson.loads(row["body"]) == orjson.loads(other["body"]))


def _earlier(connection: Connection, keys: Sequence[Key], newest_id: int) -> Iterator[tuple[Key, Row]]:
    """Of these, the events that were there before this transaction."""
    columns = [events.c[part] for part in ("source", "message_id", "flags", "body", *SAID)]
    for source in {source for source, _ in keys}:
        ids = [message_id for its_source, message_id in keys if its_source == source]
        for start in range(0, len(ids), LOOKED_UP):
            is_one = (events.c.source == source) & events.c.message_id.in_(ids[start : start + LOOKED_UP])
            for found in connection.execute(select(*columns).where(is_one, events.c.event_id <= newest_id)):
                yield (found.source, found.message_id), found._asdict()


def _count(connection: Connection, rows: Sequence[Row], statuses: Sequence[str], now_us: int) -> None:
    """Add what intake noticed to `intake_counts`: warnings of accepted events, and conflicts."""
    noticed: Counter[Key] = Counter()
    for row, status in zip(rows, statuses, strict=True):
        flags = (CONFLICT,) if status == CONFLICT else _flags(row) if status == ACCEPTED else ()
        noticed.update((row["source"], flag) for flag in flags)
    counts = [{"source": source, "code": code, "events": n, "last_us": now_us} for (source, code), n in noticed.items()]
    insert_or_update(connection, intake_counts, counts, added=("events",))


def _note(connection: Connection, parts: Sequence[tuple[Reading, Sequence[str]]], is_unseen: bool) -> None:
    """Write what the new events tie, and of whom the online store must hear."""
    _, newest_id = connection.exec_driver_sql(NEWEST).one()
    told: dict[bool, list[Row]] = {True: [], False: []}
    for read, statuses in parts:
        new = [row for row, status in zip(read.rows, statuses, strict=True) if status == ACCEPTED]
        told[read.sender.is_live] += [row | {"event_id": newest_id} for row in new]
    note(connection, told[True])
    note_links(connection, told[False])
    if is_unseen:
        # History was known long ago: it is not in what came since the online store was last written.
        pend(connection, told[False])


def _results(read: Reading, statuses: Sequence[str]) -> list[Result]:
    written = map(_result, read.rows, statuses)
    return [found or next(written) for found in read.results]


def _result(row: Row, status: str) -> Result:
    if status == ERASED:
        said = "this lead was erased; no event of it is kept any more"
        return Result("rejected", row["message_id"], ERASED, said)
    if status == ACCEPTED:
        return Result("accepted", row["message_id"], flags=_flags(row))
    return Result("duplicate", row["message_id"], flags=(CONFLICT,) if status == CONFLICT else ())


def _flags(row: Row) -> tuple[str, ...]:
    return tuple(row["flags"].split(",")) if row["flags"] else ()


def _key(row: Row) -> Key:
    return row["source"], row["message_id"]
