"""The decision on one lead, by the agreement alone: rules in a fixed order, then the bar and the criteria's points."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from features.agreement.agreement import Agreement
from features.agreement.criteria import CriteriaPoints
from features.home.clock import MICROSECOND, from_microseconds
from serving.scoring.decision_case import A_DAY, Case
from serving.scoring.decision_rules import RULES
from serving.scoring.lead_now import Cause, Decided, DecidedUnder, HandoverKind, LeadNow
from serving.scoring.past import COMES_BACK_BY_BEHAVIOUR, counted_since

BEST_OF_NURTURE = "best_of_nurture"
NEW_FOR = timedelta(days=1)  # a lead that opened no longer ago was not there before: its first decision is no flood
# What moves many leads at once: whoever crosses the bar by it stands in line.
OF_MANY = frozenset({"promotion", "recalibration", "agreement", "bar", "live", "import"})


def decided(agreement: Agreement, lead: LeadNow, under: DecidedUnder, as_of: datetime, cause: Cause) -> Decided:
    """What is decided on one lead as of a moment (aware): the first rule of `RULES` that holds, then the numbers."""
    case = Case(agreement, lead, under, as_of, cause)
    for rule in RULES:
        if (found := rule(case)) is not None:
            return found
    return _by_numbers(case)


def _by_numbers(case: Case) -> Decided:
    """Over the bar with its points: to sales, in its turn. One bar to rise over and a lower one to fall under."""
    policy, numbers, before = case.agreement.policy, case.lead.numbers, case.lead.before
    probability, was_ready = numbers.probability, before is not None and before.decision == "sales_ready"
    if probability is None:
        return _needs_data(case, "no_facts")
    if probability < case.under.bar:
        stays = was_ready and probability >= policy.back_below * case.under.bar
        return _crossing(case, "still_sales_ready") if stays else _below_bar(case)
    if numbers.points.points >= policy.min_points:
        return _crossing(case, "probability_and_fit")
    if was_ready:
        return _crossing(case, "still_sales_ready")
    if _could_have(case.agreement, numbers.points) < policy.min_points:
        return case.nurture("too_few_points")
    return _needs_data(case, "too_few_points")


def _is_asked(case: Case) -> bool:
    return case.cause.kind == "asked"


def _below_bar(case: Case) -> Decided:
    """Marketing's to nurture; inside sales qualifies the best of them, as long as it has tries left."""
    before = case.lead.before
    is_theirs = case.cause.is_to_qualify or (before is not None and before.code == BEST_OF_NURTURE)
    if is_theirs and case.qualifiers == "inside_sales":
        return _needs_data(case, BEST_OF_NURTURE)
    return case.nurture("below_bar")


def _needs_data(case: Case, code: str) -> Decided:
    """Somebody asks what is missing; when the tries or their time are used up, it goes back to nurture."""
    before, ended, queue = case.lead.before, case.past.ended, case.qualifiers
    if ended and ended.code in COMES_BACK_BY_BEHAVIOUR and not counted_since(case.lead, case.agreement, ended.at_us):
        return case.nurture(ended.code)
    if before is None or before.decision != "needs_data":
        again = case.as_of + case.agreement.nurture.every
        return case.decided("needs_data", code, queue, again, facts=_of_bar(case))
    agreed = case.agreement.handover.tries
    ends_at = from_microseconds(before.since_us) + agreed.within
    made = [us for us in case.past.tries if us >= before.since_us]
    if case.as_of >= ends_at or len(made) >= agreed.count:
        return case.nurture("no_answer", case.as_of + case.agreement.nurture.then_every)
    again = min(case.as_of + case.agreement.nurture.every, ends_at)
    return case.decided("needs_data", code, queue, again, owner=case.kept_owner(queue), facts=_of_bar(case))


def _crossing(case: Case, code: str) -> Decided:
    """Over the bar: at once, or in the line of those who wait, or not before it shows new interest."""
    ended = case.past.ended
    if ended and ended.code in COMES_BACK_BY_BEHAVIOUR and not counted_since(case.lead, case.agreement, ended.at_us):
        return case.nurture(ended.code)
    kind: HandoverKind = "returned" if ended else "crossing"
    if case.cause.is_turn or _is_asked(case) or not _stands_in_line(case):
        again = case.as_of + A_DAY
        return case.decided("sales_ready", code, "sales", again, hands_over=kind, facts=_of_bar(case))
    before, line = case.lead.before, case.under.line
    was_in_line = before is not None and before.in_backlog
    never_tried = ended is not None and ended.code == "never_tried"
    fits = line.least is None or case.lead.numbers.orders_calls_by > line.least
    if not (was_in_line or never_tried or fits):
        return case.decided("nurture", "waits_for_capacity", "marketing", case.as_of + A_DAY, facts=_of_bar(case))
    turn_at = (
        from_microseconds(before.look_again_us) if was_in_line and before and before.look_again_us else line.last_at
    )
    again = turn_at if turn_at and turn_at > case.as_of else case.as_of + A_DAY
    return case.decided(
        "sales_ready", "in_backlog", "sales", again, in_backlog=True, goes_first=never_tried, facts=_of_bar(case)
    )


def _stands_in_line(case: Case) -> bool:
    """Whether more than this lead itself brought it over the bar, or no rep has room for it today."""
    before, under, ended = case.lead.before, case.under, case.past.ended
    if case.cause.kind in OF_MANY or not under.line.has_room or (ended and ended.code == "never_tried"):
        return True
    if before is None:
        opened_us = case.lead.row.traits.get("opened_us")
        return opened_us is None or case.as_of_us - opened_us > NEW_FOR // MICROSECOND
    if before.in_backlog or before.code == "waits_for_capacity":
        return True
    return (before.model_digest, before.policy_digest, before.bar_id) != (
        under.model_digest,
        under.policy_digest,
        under.bar_id,
    )


def _could_have(agreement: Agreement, points: CriteriaPoints) -> int:
    """The points that it would have, were every question answered at its best."""
    asked = (name for name, level in points.levels.items() if level is None and agreement.criteria[name].ask)
    return points.points + sum(agreement.criteria[name].most for name in asked)


def _of_bar(case: Case) -> dict[str, Any]:
    """What a decision by the numbers stood on."""
    return {"rule": "bar", "criteria": dict(case.lead.numbers.points.levels)}
