"""The outbox: messages that are to be sent, written in the transaction of what they tell; and their attempts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, and_, func, select, update

from features.home import tables
from features.home.clock import from_microseconds, microseconds
from features.home.database import insert_new
from serving.notices.notice import Notice

# Between one attempt and the next, as Standard Webhooks has it: three and a half days in all.
WAITS = tuple(timedelta(seconds=seconds) for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400))
JITTER = 0.1  # of each wait: messages that failed together do not come again together
LEASE = timedelta(minutes=2)  # how long one process has to send what it took; longer than any channel takes to answer
NEVER_US = 2**62  # due: not by itself
TAKEN = "being sent"
COLUMNS = tables.notices.c


@dataclass(frozen=True)
class Waiting:
    """One message that a process took to send. attempt: 1 for the first."""

    notice_id: int
    kind: str
    recipient: str
    handover_id: str | None
    lead_id: str | None
    facts: Mapping[str, Any]
    created_at: datetime
    attempt: int


def enqueue(connection: Connection, notices: Iterable[Notice]) -> int:
    """Write messages into the outbox, in the caller's transaction; how many were new."""
    return insert_new(connection, tables.notices, [_row(notice) for notice in notices])


def _row(notice: Notice) -> dict[str, Any]:
    return {
        "kind": notice.kind,
        "recipient": notice.recipient,
        "handover_id": notice.handover_id,
        "lead_id": notice.lead_id,
        "facts": orjson.dumps(dict(notice.facts)).decode(),
        "once": _short(notice.once),
        "created_us": microseconds(notice.created_at),
        "due_us": microseconds(notice.due_at),
        "attempts": 0,
    }


def _short(once: str) -> str:
    return once if len(once) <= 200 else f"{once[:120]}:{hashlib.sha256(once.encode()).hexdigest()}"


def due(connection: Connection, as_of: datetime, limit: int = 200) -> list[Waiting]:
    """Messages whose time has come, the oldest first."""
    wanted = and_(COLUMNS.sent_us.is_(None), COLUMNS.due_us <= microseconds(as_of))
    rows = connection.execute(
        select(tables.notices).where(wanted).order_by(COLUMNS.due_us, COLUMNS.notice_id).limit(limit)
    )
    return [_waiting(row) for row in rows.mappings()]


def _waiting(row: RowMapping) -> Waiting:
    return Waiting(
        row["notice_id"],
        row["kind"],
        row["recipient"],
        row["handover_id"],
        row["lead_id"],
        orjson.loads(row["facts"]),
        from_microseconds(row["created_us"]),
        row["attempts"] + 1,
    )


def take(connection: Connection, waiting: Waiting, as_of: datetime) -> bool:
    """Take one message to send; False where another process was first.

    A process that dies on the way loses it to the others after LEASE: better twice, after a crash, than never.
    """
    mine = and_(
        COLUMNS.notice_id == waiting.notice_id,
        COLUMNS.sent_us.is_(None),
        COLUMNS.attempts == waiting.attempt - 1,
        COLUMNS.due_us <= microseconds(as_of),
    )
    values = {"attempts": waiting.attempt, "due_us": microseconds(as_of + LEASE), "failed": TAKEN}
    return connection.execute(update(tables.notices).where(mine).values(values)).rowcount == 1


def record_sent(connection: Connection, waiting: Waiting, at: datetime) -> None:
    """Write that a message was handed to its channel; what it told is not kept."""
    _set(connection, waiting, {"sent_us": microseconds(at), "failed": None, "facts": "{}"})


def record_failed(connection: Connection, waiting: Waiting, why: str, at: datetime) -> None:
    """Write why an attempt failed, and when the next one is due; after the last there is none."""
    due_us = microseconds(at + wait_after(waiting)) if waiting.attempt <= len(WAITS) else NEVER_US
    _set(connection, waiting, {"due_us": due_us, "failed": why[:500]})


def record_dropped(connection: Connection, waiting: Waiting, why: str) -> None:
    """Write why a message is not sent at all: what it would tell is no longer so."""
    _set(connection, waiting, {"due_us": NEVER_US, "failed": f"{DROPPED}{why}"[:500], "facts": "{}"})


def put_back(connection: Connection, waiting: Waiting, at: datetime) -> None:
    """Give back a message whose channel does not answer at the moment; this was no attempt of its own."""
    _set(connection, waiting, {"attempts": waiting.attempt - 1, "due_us": microseconds(at + WAITS[0]), "failed": None})


DROPPED = "not sent: "


def _set(connection: Connection, waiting: Waiting, values: Mapping[str, Any]) -> None:
    # Who took it has it: a process that was away for longer than its lease changes nothing.
    mine = and_(COLUMNS.notice_id == waiting.notice_id, COLUMNS.attempts == waiting.attempt, COLUMNS.sent_us.is_(None))
    connection.execute(update(tables.notices).where(mine).values(dict(values)))


def wait_after(waiting: Waiting) -> timedelta:
    """How long until the next attempt; the same message waits the same time whoever asks."""
    wait = WAITS[min(waiting.attempt, len(WAITS)) - 1]
    drawn = hashlib.sha256(f"{waiting.notice_id}:{waiting.attempt}".encode()).digest()
    share = int.from_bytes(drawn[:4], "big") / 2**32
    return wait * (1 + JITTER * share)


def drop_unsent(connection: Connection, handover_id: str, since: datetime, why: str) -> list[tuple[str, str]]:
    """Drop what was written of a handover since `since` and is not sent; (recipient, kind) of what was, each once."""
    about = and_(COLUMNS.handover_id == handover_id, COLUMNS.created_us >= microseconds(since))
    unsent = and_(about, COLUMNS.sent_us.is_(None), COLUMNS.due_us < NEVER_US)
    values = {"due_us": NEVER_US, "attempts": 0, "failed": f"{DROPPED}{why}"[:500]}
    connection.execute(update(tables.notices).where(unsent, COLUMNS.attempts == 0).values(values))
    # One that is on its way may have arrived: whoever was to have it is told, too.
    told = and_(about, (COLUMNS.sent_us.is_not(None)) | (COLUMNS.attempts > 0))
    rows = connection.execute(select(COLUMNS.recipient, COLUMNS.kind).where(told).order_by(COLUMNS.notice_id))
    return list(dict.fromkeys((row.recipient, row.kind) for row in rows))


@dataclass(frozen=True)
class Undelivered:
    """Messages to one recipient that could not be delivered. waiting: are tried again; given_up: are not, by itself."""

    recipient: str
    waiting: int
    given_up: int
    oldest_at: datetime
    why: str


def undelivered(connection: Connection) -> list[Undelivered]:
    """By recipient, what failed at least once and was not sent since, the longest waiting first."""
    failed = and_(COLUMNS.sent_us.is_(None), COLUMNS.failed.is_not(None), COLUMNS.failed != TAKEN)
    failed = and_(failed, COLUMNS.failed.not_like(f"{DROPPED}%"))
    given_up = func.sum(COLUMNS.due_us // NEVER_US)  # whole numbers: 1 where it is NEVER_US
    figures = (func.count(), given_up, func.min(COLUMNS.created_us), func.max(COLUMNS.failed))
    rows = connection.execute(select(COLUMNS.recipient, *figures).where(failed).group_by(COLUMNS.recipient))
    found = [
        Undelivered(recipient, count - int(over), int(over), from_microseconds(oldest), why)
        for recipient, count, over, oldest, why in rows
    ]
    return sorted(found, key=lambda one: one.oldest_at)


def waiting_count(connection: Connection, as_of: datetime) -> int:
    """How many messages should have gone by `as_of` and did not, whatever the reason."""
    late = and_(COLUMNS.sent_us.is_(None), COLUMNS.due_us <= microseconds(as_of))
    return int(connection.scalar(select(func.count()).select_from(tables.notices).where(late)) or 0)


def retry(connection: Connection, as_of: datetime, notice_ids: Sequence[int] = ()) -> int:
    """Make what failed due at once, by its ids or all of it; how many messages these are."""
    failed = and_(COLUMNS.sent_us.is_(None), COLUMNS.failed.is_not(None), COLUMNS.failed != TAKEN)
    failed = and_(failed, COLUMNS.failed.not_like(f"{DROPPED}%"))
    if notice_ids:
        failed = and_(failed, COLUMNS.notice_id.in_(notice_ids))
    values = {"due_us": microseconds(as_of), "attempts": 0}
    return int(connection.execute(update(tables.notices).where(failed).values(values)).rowcount)


def newest(connection: Connection, limit: int = 50) -> list[RowMapping]:
    """The newest messages as they stand, one row each, without what they say."""
    shown = [column for column in COLUMNS if column.name not in ("facts", "once")]
    rows = connection.execute(select(*shown).order_by(COLUMNS.notice_id.desc()).limit(limit))
    return list(rows.mappings())


def state_of(row: RowMapping) -> str:
    """What became of a message: sent, waits, is being sent, given up, or not sent, for it was no longer so."""
    if row["sent_us"] is not None:
        return "sent"
    failed = row["failed"] or ""
    if failed.startswith(DROPPED) or (row["due_us"] >= NEVER_US // 100 and not failed):
        return "dropped"
    if row["due_us"] >= NEVER_US:
        return "given up"
    return "waits"
