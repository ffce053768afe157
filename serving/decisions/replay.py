"""Replay: decisions of the log computed again, each from the ledger as it was then, and held against what was kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import orjson
from sqlalchemy import select

from features.events.event_table import HISTORY_KEPT
from features.events.feedback_values import CLOSED
from features.events.touch_values import moment_us
from features.home import tables
from features.home.clock import from_microseconds
from features.home.database import reading
from features.home.progress import Progress
from features.home.settings import Home
from features.records.erased_decisions import ERASED_LEAD
from features.store.states_before import rows_before, states_in
from features.touches.history import sales_histories
from serving.decisions.served_then import ServedThen
from serving.scoring.decision import decided
from serving.scoring.lead_now import (
    BACKLOG_TURN,
    Cause,
    Decided,
    DecidedUnder,
    Ended,
    LeadDecision,
    LeadNow,
    OpenHandover,
)
from serving.scoring.lead_row import LeadRow

CLOSE = 1e-9  # so far apart may two probabilities of one state be
IN_LINE = frozenset({"in_backlog", "waits_for_capacity"})  # over the bar; which of the two, and when, the line decided
ITS_TURN = Cause("due", BACKLOG_TURN)
MOST_SHOWN = 20
COMPARED = ("decision", "code", "queue", "owner", "probability")


@dataclass
class DecisionReplay:
    """What came of a replay: how many decisions were the same, which were not, and which could not be replayed."""

    same: int = 0
    furthest: float = 0.0  # between two probabilities of one decision
    different: list[dict[str, Any]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        return {
            "replayed": self.same + len(self.different),
            "same": self.same,
            "different": len(self.different),
            "examples": self.different[:MOST_SHOWN],
            "furthest_probability": self.furthest,
            "left_out": dict(self.left_out),
        }


def replay(
    home: Home, lead_id: str | None = None, limit: int | None = None, progress: Progress = lambda _: None
) -> DecisionReplay:
    """Compute decisions again, of one lead or of all, the first `limit` of the log: the same decision, code and queue.

    Each from the events that were known then, the row before, and the model, rules and bar that it was decided under.
    Of leads that were erased, or whose old events were deleted, nothing can be computed: these are counted.
    """
    done, again = DecisionReplay(), _Replay(home)
    for rows in _by_lead(home, lead_id, limit):
        before: LeadDecision | None = None
        for row in rows:
            _compare(done, again, row, before)
            before = _kept(row, before)
        progress(f"{done.same + len(done.different):,} decisions replayed")
    return done


def _by_lead(home: Home, lead_id: str | None, limit: int | None) -> Iterator[Sequence[Any]]:
    log = tables.decisions.c
    wanted = select(tables.decisions).order_by(log.lead_id, log.decided_us, log.decision_id)
    wanted = wanted.where(log.lead_id == lead_id) if lead_id is not None else wanted
    with reading(home) as connection:
        rows = connection.execute(wanted if limit is None else wanted.limit(limit)).all()
    yield from (list(some) for _, some in groupby(rows, key=lambda row: row.lead_id))


def _compare(done: DecisionReplay, again: _Replay, row: Any, before: LeadDecision | None) -> None:
    why_not = again.why_not(row)
    if why_not:
        done.left_out[why_not] += 1
        return
    found = again.decided(row, before)
    if found is None:
        done.left_out["unknown_then"] += 1
        return
    apart = _apart(found.probability, row.probability)
    is_over = row.code in IN_LINE and found.hands_over in ("crossing", "returned")
    if (is_over or _is_same(found, row)) and apart <= CLOSE:
        done.same += 1
        done.furthest = max(done.furthest, apart)
        return
    kept, now = ({name: getattr(one, name) for name in COMPARED} for one in (row, found))
    done.different.append({"decision_id": row.decision_id, "lead_id": row.lead_id, "kept": kept, "replayed": now})


def _is_same(found: Decided, row: Any) -> bool:
    """The same decision for the same queue. An owner only where the rules name one, not whose turn it was."""
    is_same = (found.decision, found.code, found.queue) == (row.decision, row.code, row.queue)
    return is_same and found.owner in (None, row.owner)


def _apart(one: float | None, other: float | None) -> float:
    if one is None or other is None:
        return 0.0 if one is other else float("inf")
    return abs(one - other)


def _kept(row: Any, before: LeadDecision | None) -> LeadDecision:
    """A row of the log as the newest decision that it was."""
    is_same = before is not None and before.decision == row.decision
    return LeadDecision(
        lead_id=row.lead_id, decision_id=row.decision_id, decided_us=row.decided_us,
        since_us=before.since_us if before and is_same else row.decided_us, decision=row.decision, code=row.code,
        queue=row.queue, owner=row.owner, look_again_us=row.look_again_us, next_due_us=row.look_again_us,
        in_backlog=row.code == "in_backlog", probability=row.probability, score=None, grade=None, points=row.points,
        threshold=row.threshold, peak_probability=None, arrived_us=0, reason=None, source=None, campaign=None,
        account=None, handover_id=None, model_digest=row.model_digest, policy_digest=row.policy_digest,
        bar_id=row.bar_id,
    )  # fmt: skip


class _Replay:
    """What replaying needs of a home: models, agreements and bars as they were, and the leads as they were known."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._served = ServedThen(home)
        with reading(home) as connection:
            events = tables.events.c
            self._retained = set(connection.scalars(select(events.user_id).where(events.name == HISTORY_KEPT)))

    def why_not(self, row: Any) -> str | None:
        """Why a row cannot be replayed; None where it can."""
        if row.lead_id == ERASED_LEAD:
            return "erased"
        if row.lead_id in self._retained:
            return "retained"
        if row.code == "merged":
            return "merged"
        if self._served.agreed_under(row.policy_digest, row.decided_us) is None:
            return "no_agreement"
        return None if row.model_digest is None or self._served.is_promoted(row.model_digest) else "no_model"

    def decided(self, row: Any, before: LeadDecision | None) -> Decided | None:
        """The decision of a row computed again; None where nobody knew the lead then."""
        scoring = self._served.of_decision(row)
        as_of, agreement = from_microseconds(row.decided_us), scoring.kept.agreement
        rows = rows_before(self.home, scoring.features_by, [row.lead_id], row.decided_us + 1)
        (state,) = states_in(rows, scoring.features_by, [row.lead_id])
        if state.known_at is None:
            return None
        known = LeadRow.of(state, "ledger")
        (numbers,) = scoring.numbers([known], as_of)
        history = sales_histories(rows, scoring.read_by, {state.lead_id}).get(state.lead_id)
        worked = history is not None and history.relation.is_handover_worked
        lead = LeadNow(state.lead_id, known, numbers, history, before, self._handover(row, worked), self._ended(row))
        under = DecidedUnder(row.model_digest, row.policy_digest, row.bar_id, row.threshold)
        cause = Cause(row.cause_kind, row.cause_ref)
        return decided(agreement, lead, under, as_of, cause if cause.is_to_qualify else ITS_TURN)

    def _handover(self, row: Any, is_worked: bool) -> OpenHandover | None:
        """The handover that was open when a row was decided, and did not begin with it."""
        columns = tables.handovers.c
        was_open = columns.closed_us.is_(None) | (columns.closed_us > row.decided_us)
        of_lead = (columns.lead_id == row.lead_id) & (columns.offered_us <= row.decided_us)
        found = select(tables.handovers).where(of_lead, was_open, columns.decision_id != row.decision_id)
        with reading(self.home) as connection:
            one = connection.execute(found.order_by(columns.offered_us.desc()).limit(1)).first()
        if one is None:
            return None
        state = "working" if is_worked else "offered"
        return OpenHandover(one.handover_id, one.kind, state, row.owner, one.queue, one.offered_us)

    def _ended(self, row: Any) -> Ended | None:
        """How a handover ended that was closed as the row was decided: in the ledger its end stands right after."""
        columns = tables.events.c
        is_end = (columns.name == CLOSED) & (columns.occurred_us == row.decided_us)
        with reading(self.home) as connection:
            one = connection.execute(select(columns.body).where(columns.user_id == row.lead_id, is_end)).first()
        if one is None:
            return None
        said = orjson.loads(one.body)["properties"]
        again_us = moment_us(said.get("look_again_at"))
        return Ended(said.get("code") or "", row.decided_us, row.decided_us if again_us is None else again_us)
