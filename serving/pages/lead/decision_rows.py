"""What was decided on a lead and handed over, in words, with the score of each moment as it was served then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from features.home import tables
from features.home.clock import from_microseconds
from serving.code_words import KINDS, STATES, cause_words, code_words, decision_words, ended_words, queue_words
from serving.handovers.handover import Handover
from serving.handovers.store import handover_in
from serving.handovers.tries import tries
from serving.notices.short_texts import colleague, moment_text, sentence
from serving.pages.card.card_facts import Reader


@dataclass(frozen=True)
class DecisionRow:
    """One change of a decision. at: its moment, for the address of what changed since."""

    at: str
    when: str
    decision: str
    why: str
    whose: str
    score: str
    cause: str


@dataclass(frozen=True)
class HandoverRow:
    """One handover of the lead, open or closed."""

    when: str
    kind: str
    state: str
    owner: str
    tries: str
    is_open: bool


def decision_rows(
    log: Sequence[Any], history: Sequence[Mapping[str, Any]], events: Mapping[str, str], reader: Reader
) -> Iterator[DecisionRow]:
    """The rows of the log of decisions, each with its score.

    history: `score_history` of the same rows. events: what each event of the lead is called, by its id.
    """
    for row, then in zip(log, history, strict=True):
        score = f"{then['score']}, {then['grade']}" if then["score"] is not None else ""
        whose = queue_words(row.queue) if row.queue else "nobody: it is closed"
        yield DecisionRow(
            then["at"],
            reader.moment(row.decided_us),
            sentence(decision_words(row.decision)),
            code_words(row.code),
            f"{whose}, {colleague(row.owner)}" if row.owner else whose,
            score,
            events.get(row.cause_ref) or cause_words(row.cause_kind),
        )


def scores_of(log: Sequence[Any], history: Sequence[Mapping[str, Any]]) -> list[tuple[datetime, int]]:
    """The scores of the log in the order of time."""
    pairs = zip(reversed(log), reversed(history), strict=True)
    return [(from_microseconds(row.decided_us), then["score"]) for row, then in pairs if then["score"] is not None]


def handovers_of(connection: Connection, lead_id: str) -> list[Handover]:
    """All handovers of a lead, the newest first."""
    columns = tables.handovers.c
    wanted = select(tables.handovers).where(columns.lead_id == lead_id)
    rows = connection.execute(wanted.order_by(columns.offered_us.desc(), columns.handover_id)).mappings()
    return [handover_in(row) for row in rows]


def handover_rows(handovers: Sequence[Handover], reader: Reader) -> Iterator[HandoverRow]:
    """The handovers in words."""
    for one in handovers:
        closed = moment_text(one.closed_at, reader.as_of, reader.zone) if one.closed_at else ""
        ended = f"{STATES[one.state]}: {ended_words(one.code or one.state)} ({closed})"
        trial = ", in the trial" if one.is_trial else ""
        yield HandoverRow(
            moment_text(one.offered_at, reader.as_of, reader.zone),
            sentence(f"{KINDS[one.kind]}{trial}"),
            sentence(STATES[one.state] if one.is_open else ended),
            colleague(one.owner),
            f"{len(tries(one.touches))} of {one.tries_of}",
            one.is_open,
        )
