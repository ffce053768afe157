"""What a lead's past says to a decision: asks and replies not answered yet, who works it, and how work on it ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from features.agreement.agreement import Agreement
from features.agreement.lengths import Span
from features.arrays import DAY_US
from features.home.clock import MICROSECOND
from features.touches.history import Opportunity, SalesHistory
from serving.scoring.lead_now import Ended, LeadDecision, LeadNow

CONTACT_UNWANTED = "rejected_no_contact_wanted"
STALE = "opportunity_stale"
# After these a lead that is over the bar goes over again only with new behaviour, once its date is past, or if it asks.
COMES_BACK_BY_BEHAVIOUR = frozenset({"no_answer", "no_outcome", "rejected_too_early", STALE, "lost"})
# Until its date, whatever its numbers are.
KEPT_IN_NURTURE = COMES_BACK_BY_BEHAVIOUR | {"not_now", "rejected_no_budget"}
# A date is named, or the lead waits so long: half a year where nobody is to call, or a deal was lost.
_WAITS_DAYS = {"rejected_too_early": 90, "rejected_no_budget": 90, "not_now": 90}
_WAITS_DAYS |= {"lost": 180, CONTACT_UNWANTED: 180, "rejected_already_customer": 180}
_CLOSED_STATES = frozenset(
    {"recycled", "rejected", "lost", "redirected"}
)  # of handovers that ended by work, or for want of it
_GIVEN_BACK = {"not_now": "not_now", "lost": "lost"}  # kinds of feedback without a handover, and their codes
_HANDS_OVER = {"qualified": "qualified", "sent_by_marketing": "sent_by_marketing", "taken": "crossing"}


@dataclass(frozen=True)
class Past:
    """One lead's past at a moment; each moment in microseconds, None where there is none.

    asked_us: an ask that nobody of sales answered yet; is_ask_known: whether anything tells when it was. replied_us: a
    reply that nobody answered yet. rep: who of sales works it on his own, until rep_until_us. sent: the kind of the
    handover that a person of ours wants now, whatever the numbers say. ended: how the newest work on it ended.
    """

    asked_us: int | None = None
    answered_us: int | None = None
    replied_us: int | None = None
    rep: str | None = None
    rep_until_us: int | None = None
    opportunity: Opportunity | None = None
    given_up_us: int | None = None
    outcome_us: int | None = None
    sent: str | None = None
    ended: Ended | None = None
    reject_reason: str | None = None
    tries: tuple[int, ...] = ()

    def is_open_ask(self) -> bool:
        """Whether an ask of this lead is still to be answered: it is newer than all that sales did for it."""
        if self.answered_us is None:
            return True
        return self.asked_us is not None and self.asked_us > self.answered_us


def past_of(lead: LeadNow, agreement: Agreement, as_of_us: int) -> Past:
    """What the history of a lead and its row before say now; an empty past of a lead that has none."""
    history = lead.history
    asked_us = _asked_us(lead, agreement)
    ended = _newest_end(lead, agreement, as_of_us)
    if history is None:
        return Past(asked_us, ended.at_us if ended else None, ended=ended)
    given_back_us = ended.at_us if ended else 0
    rep = history.relation.rep
    reached_us = [touch.occurred_us for touch in history.touches if touch.is_of_person]
    said_us = [one.occurred_us for one in history.feedback]
    opportunity = history.opportunity
    did = [*(touch.occurred_us for touch in history.touches if touch.is_of_rep), given_back_us, history.outcome_us]
    did += [opportunity.opened_us if opportunity else None]
    answered_us = max((us for us in did if us), default=None)
    return Past(
        asked_us,
        answered_us,
        _unanswered([one.occurred_us for one in history.replies], [*reached_us, *said_us, given_back_us]),
        rep.by if rep else None,
        history.rep_until_us(agreement) if rep else None,
        opportunity,
        opportunity.given_up_us(agreement) if opportunity else None,
        history.outcome_us,
        _sent(history, given_back_us),
        ended,
        _reject_reason(history),
        tuple(one.at_us for one in history.tries_since(0)),
    )


def counted_since(lead: LeadNow, agreement: Agreement, since_us: int) -> bool:
    """Whether the lead did anything since a moment that shows interest: mail programs open mails by themselves."""
    return any(last_us > since_us for last_us in _last_moments(lead, signs_of_interest(agreement)))


def look_again_us(code: str, at_us: int, named_us: int | None, agreement: Agreement) -> int:
    """When a lead may come back whose work ended with this code at a moment: on the date named, else after a while."""
    if named_us is not None and named_us > at_us:
        return named_us
    if code in ("never_tried", STALE):
        return at_us
    days = _WAITS_DAYS.get(code)
    return at_us + (days * DAY_US if days else agreement.nurture.then_every // MICROSECOND)


def _newest_end(lead: LeadNow, agreement: Agreement, as_of_us: int) -> Ended | None:
    """The newest end of work on the lead that is known."""
    ends = list(_ends_in(lead.history, agreement, as_of_us)) if lead.history is not None else []
    ends += [lead.ended] if lead.ended else []
    remembered = _remembered(lead.before)
    if remembered and remembered.code not in {end.code for end in ends}:
        ends.append(remembered)
    # A reject by feedback is an end as the handover's own closing is: of one moment, the date that is named counts.
    return max(ends, key=lambda end: (end.at_us, end.look_again_us), default=None)


def _remembered(before: LeadDecision | None) -> Ended | None:
    """An end that only the decision before tells of: nothing that happened, but tries or time that were used up."""
    if before is None or before.decision != "nurture" or before.code not in ("no_answer", STALE):
        return None
    return Ended(before.code, before.decided_us, before.look_again_us or before.decided_us)


def _ends_in(history: SalesHistory, agreement: Agreement, as_of_us: int) -> Iterator[Ended]:
    yield from _closed_handovers(history, agreement)
    yield from _given_back(history, agreement)
    rep, opportunity = history.relation.rep, history.opportunity
    if rep and not rep.is_contacted:
        until_us = history.rep_until_us(agreement)
        if until_us < min(as_of_us, rep.last_us + days_us(agreement.handover.rep_keeps)):  # used up, and no silence
            until_us = max(until_us, rep.last_us)
            yield Ended("no_answer", until_us, look_again_us("no_answer", until_us, None, agreement))
    if opportunity and opportunity.given_up_us(agreement) <= as_of_us:
        yield Ended(STALE, opportunity.given_up_us(agreement), opportunity.given_up_us(agreement))


def _closed_handovers(history: SalesHistory, agreement: Agreement) -> Iterator[Ended]:
    for event in history.handover_events:
        if event.is_closed and event.state in _CLOSED_STATES:
            code, at_us = event.code or event.state, event.occurred_us
            yield Ended(code, at_us, look_again_us(code, at_us, event.look_again_us, agreement))


def _given_back(history: SalesHistory, agreement: Agreement) -> Iterator[Ended]:
    """What a person or the CRM said of the lead itself: rejected, lost, not now; of a handover its end says it."""
    ours = {event.handover_id for event in history.handover_events}
    for one in history.feedback:
        code = _GIVEN_BACK.get(one.kind or "")
        if code and one.handover_id is None:
            yield Ended(code, one.occurred_us, look_again_us(code, one.occurred_us, one.revisit_us, agreement))
    for reject in history.rejects:
        if reject.handover_id in ours:
            continue
        code = f"rejected_{reject.reason}"
        said = (one.revisit_us for one in history.feedback if one.event_id == reject.event_id)
        named_us = next(filter(None, said), None)
        yield Ended(code, reject.occurred_us, look_again_us(code, reject.occurred_us, named_us, agreement))


def _sent(history: SalesHistory, given_back_us: int) -> str | None:
    """The kind of the handover that a person wanted since the newest one ended."""
    kinds = (_HANDS_OVER.get(one.kind or "") for one in reversed(history.feedback) if one.occurred_us > given_back_us)
    return next((kind for kind in kinds if kind), None)


def _reject_reason(history: SalesHistory) -> str | None:
    return history.rejects[-1].reason if history.rejects else None


def _unanswered(came_us: list[int], answered_us: list[int]) -> int | None:
    last_us = max(came_us, default=None)
    return None if last_us is None or last_us <= max(answered_us, default=0) else last_us


def _asked_us(lead: LeadNow, agreement: Agreement) -> int | None:
    """When the lead last asked for us, by the behaviours that the rule names; None where it is of traits alone."""
    if lead.history is not None and lead.history.asked_us is not None:
        return int(lead.history.asked_us)
    rule = agreement.rules.get("sales_ready")
    names = {clause.name for clauses in rule.any_of for clause in clauses} if rule else set()
    return max(_last_moments(lead, names), default=None)


def _last_moments(lead: LeadNow, names: set[str]) -> Iterator[int]:
    for name, state in lead.row.behaviours.items():
        if name in names and state is not None and len(state):
            yield int(state[-2])  # (us, minutes) of the latest occurrence end each state, whatever the half-lives


def signs_of_interest(agreement: Agreement) -> set[str]:
    lines = agreement.behaviours.values()
    return {line.name for line in lines if line.event != "Email Opened" and line.direction != "down"}


def days_us(span: Span) -> int:
    """A span as calendar days, in microseconds: a holiday changes nobody's decision. Five working days are seven."""
    return round(span.count * {"days": DAY_US, "working_days": DAY_US * 7 / 5, "minutes": DAY_US / 1440}[span.unit])
