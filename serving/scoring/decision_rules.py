"""The rules of a decision in their fixed order, whatever that of the agreement's file; the first that holds decides."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Literal

from features.agreement.working_time import WorkingTime
from features.home.clock import MICROSECOND, from_microseconds
from serving.scoring.decision_case import (
    A_DAY,
    ASK_RULE,
    CODES_OF_KINDS,
    OBJECTED,
    OPPORTUNITY_RULE,
    Case,
    date_moment,
    objects,
)
from serving.scoring.lead_now import Decided, Queue
from serving.scoring.past import CONTACT_UNWANTED, KEPT_IN_NURTURE, STALE, counted_since, days_us

CUSTOMER_RULE: Literal["existing_customer"] = "existing_customer"
HALF_A_YEAR = timedelta(days=180)
ANOTHER_KIND_DAYS = 30.0  # an inquiry that is no lead's counts as one while nothing else counted for so long


def _own_people(case: Case) -> Decided | None:
    is_own = case.facts.traits.get("email_domain") in case.agreement.our_domains
    return case.closed("disqualified", "own_people") if is_own else None


def _objecting(case: Case) -> Decided | None:
    """Without a profile nothing is decided but what the lead itself asked for."""
    if not objects(case.agreement, case.facts):
        return None
    if asked := _asked(case):
        return asked
    handover = case.lead.handover
    if handover and (handover.kind == "inbound" or case.says(ASK_RULE)):
        return case.with_owner()  # it asked, and somebody is about to answer, however long that takes
    ends = "objected_to_profiling" if handover else None
    again = case.as_of + HALF_A_YEAR
    return case.decided(OBJECTED, "objected_to_profiling", "marketing", again, rule=OBJECTED, withdraws=ends)


def _disqualified(case: Case) -> Decided | None:
    """By the rule, or rejected by sales with nothing since that opened it again."""
    if case.says("disqualified"):
        return case.closed("disqualified", "disqualified_by_rule", "disqualified")
    past, ended = case.past, case.past.ended
    if case.facts.traits.get("rejected") is True:
        code = f"rejected_{past.reject_reason or 'not_a_fit'}"
        return case.closed("disqualified", code) if code != CONTACT_UNWANTED else None
    if ended and ended.code == "redirected" and not counted_since(case.lead, case.agreement, ended.at_us):
        return case.closed("disqualified", "redirected")
    return None


def _asked(case: Case) -> Decided | None:
    """It asked for us, and nobody answered yet: over at once, or its owner hears again."""
    if not case.says(ASK_RULE):
        return None
    handover = case.lead.handover
    if handover:
        asked_us, known_us = case.past.asked_us, max(handover.asked_us or 0, handover.offered_us)
        return case.with_owner(asks_again=True) if asked_us is not None and asked_us > known_us else None
    if not case.past.is_open_ask():
        return None
    queue: Queue = "sales"
    if case.says(CUSTOMER_RULE):
        queue = "account_owner"
    elif case.has_opportunity:
        queue = "opportunity_owner"
    return case.over("asked_for_sales", "inbound", queue, ASK_RULE)


def _asked_its_owner(case: Case) -> Decided | None:
    """The account's or the opportunity's owner has an ask of it that is not done with."""
    handover = case.lead.handover
    return case.with_owner() if handover and handover.queue in ("account_owner", "opportunity_owner") else None


def _customer(case: Case) -> Decided | None:
    if not case.says(CUSTOMER_RULE):
        return None
    more = {"owner": case.kept_owner("account_owner"), "withdraws": CUSTOMER_RULE if case.lead.handover else None}
    return case.decided(
        CUSTOMER_RULE, CUSTOMER_RULE, "account_owner", case.as_of + HALF_A_YEAR, rule=CUSTOMER_RULE, **more
    )


def _opportunity(case: Case) -> Decided | None:
    """An opportunity is open; silent for `stale_after` it is named, silent for twice that it is given up."""
    if not case.has_opportunity:
        return None
    opportunity = case.past.opportunity
    stale_after = days_us(case.agreement.handover.stale_after) * MICROSECOND
    last_at = from_microseconds(opportunity.last_us) if opportunity else _with_owner_since(case)
    given_up_at = last_at + 2 * stale_after
    if case.as_of >= given_up_at:
        return case.nurture(STALE)
    is_stale = case.as_of >= last_at + stale_after
    owner = opportunity.owner if opportunity else case.kept_owner("opportunity_owner")
    again = given_up_at if is_stale else last_at + stale_after
    rule = None if opportunity else OPPORTUNITY_RULE
    code = STALE if is_stale else "opportunity_open"
    return case.decided("with_sales", code, "opportunity_owner", again, rule=rule, owner=owner)


def _with_owner_since(case: Case) -> datetime:
    """Since when the opportunity is known, where only a trait tells of it."""
    before = case.lead.before
    if before and before.decision == "with_sales" and before.queue == "opportunity_owner":
        return from_microseconds(before.since_us)
    return case.as_of


def _converted(case: Case) -> Decided | None:
    return case.closed("converted", "converted", withdraws=False) if case.past.outcome_us is not None else None


def _handed_over(case: Case) -> Decided | None:
    return case.with_owner() if case.lead.handover else None


def _sent(case: Case) -> Decided | None:
    """A person of ours wants it handed over, whatever the numbers say."""
    kind: Any = case.past.sent
    return case.over(CODES_OF_KINDS[kind], kind) if kind else None


def _rep_working(case: Case) -> Decided | None:
    """A person of sales works it on his own; of a lead whose history is not at hand, its state says so."""
    until_us = case.past.rep_until_us
    if case.lead.history is None and case.facts.traits.get("with_sales") is True:
        return case.decided("with_sales", "rep_working", "sales", case.as_of + A_DAY)
    if until_us is None or until_us <= case.as_of_us:
        return None
    return case.decided("with_sales", "rep_working", "sales", from_microseconds(until_us), owner=case.past.rep)


def _replied(case: Case) -> Decided | None:
    """It answered a mail, and nobody answered that: for the time of tries, whoever qualifies says what it wants."""
    if case.past.replied_us is None:
        return None
    if case.as_of >= from_microseconds(case.past.replied_us) + case.agreement.handover.tries.within:
        return None  # nobody did: the other rules and the numbers say what becomes of it
    queue = case.qualifiers
    office = WorkingTime.of(case.agreement.people, None, case.agreement.time_zone)
    due = office.after(from_microseconds(case.past.replied_us), case.agreement.handover.first_contact.inbound)
    again = due if due > case.as_of else case.as_of + A_DAY
    return case.decided("needs_data", "replied", queue, again, owner=case.kept_owner(queue))


def _not_a_lead(case: Case) -> Decided | None:
    """An inquiry that is none, while nothing of another kind counted in 30 days."""
    if not case.says("not_a_lead"):
        return None
    clauses = [clause for clauses in case.agreement.rules["not_a_lead"].any_of for clause in clauses]
    inquiries = {clause.name for clause in clauses}
    lines = case.agreement.behaviours.values()
    others = (line.name for line in lines if line.name not in inquiries and line.direction != "down")
    if any(case.facts.count_within(name, ANOTHER_KIND_DAYS) for name in others):
        return None
    goes_to = case.agreement.people.goes_to
    made = (clause.name for clause in clauses if clause.holds(case.facts) and clause.name in goes_to)
    place = goes_to.get(next(made, ""))
    return case.decided("not_a_lead", "not_a_lead", None, None, rule="not_a_lead", goes_to=place)


def _no_contact(case: Case) -> Decided | None:
    """It wants to hear nothing: handed over only if it asks."""
    past = case.past
    is_unwanted = past.reject_reason == "no_contact_wanted" or (past.ended and past.ended.code == CONTACT_UNWANTED)
    return case.nurture(CONTACT_UNWANTED, case.as_of + HALF_A_YEAR) if is_unwanted else None


def _waits(case: Case) -> Decided | None:
    """It waits for a date: that on which its work ended, or one that it named itself; a lost one for new interest."""
    ended, traits = case.past.ended, case.facts.traits
    if ended and ended.code in KEPT_IN_NURTURE and case.as_of_us < ended.look_again_us:
        return case.nurture(ended.code, from_microseconds(ended.look_again_us))
    if traits.get("closed") is True and not (ended and ended.code == "lost"):
        return case.nurture("lost", case.as_of + HALF_A_YEAR)
    before = case.agreement.nurture.come_back.get("revisit_on")
    named = date_moment(traits.get("revisit_on"), before) if before is not None else None
    return case.nurture("not_now", named) if named and named > case.as_of else None


def _nurture_by_rule(case: Case) -> Decided | None:
    return case.nurture("nurture_by_rule", rule="nurture") if case.says("nurture") else None


RULES: tuple[Callable[[Case], Decided | None], ...] = (
    _own_people,
    _objecting,
    _disqualified,
    _asked,
    _asked_its_owner,
    _customer,
    _opportunity,
    _converted,
    _handed_over,
    _sent,
    _rep_working,
    _replied,
    _not_a_lead,
    _no_contact,
    _waits,
    _nurture_by_rule,
)
