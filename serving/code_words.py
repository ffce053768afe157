"""The words of every code that people read: decisions, their codes and queues, handovers, rejects, tries and causes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

REJECTS: Mapping[str, str] = MappingProxyType(
    {
        "not_a_fit": "not a fit",
        "too_early": "too early",
        "no_budget": "no budget",
        "already_customer": "already a customer",
        "duplicate": "duplicate",
        "bad_data": "wrong data",
        "no_contact_wanted": "wants no contact",
        "wrong_person": "wrong person",
    }
)
QUEUES: Mapping[str, str] = MappingProxyType(
    {
        "sales": "sales",
        "inside_sales": "inside sales",
        "marketing": "marketing",
        "opportunity_owner": "the opportunity's owner",
        "account_owner": "the account's owner",
    }
)
CLOCKS: Mapping[str, str] = MappingProxyType(
    {
        "first_contact": "first try",
        "acceptance": "acceptance or first try",
        "next_try": "next try",
        "outcome": "outcome",
    }
)
KINDS: Mapping[str, str] = MappingProxyType(
    {
        "inbound": "asked for us",
        "crossing": "new for sales",
        "qualified": "qualified by inside sales",
        "returned": "came back",
        "explored": "new for sales",  # that it was drawn is for managers, in the data
        "sent_by_marketing": "sent by marketing",
    }
)
STATES: Mapping[str, str] = MappingProxyType(
    {
        "offered": "offered",
        "accepted": "accepted",
        "working": "being worked",
        "contacted": "in contact",
        "converted": "converted",
        "lost": "lost",
        "rejected": "rejected",
        "recycled": "given back",
        "redirected": "moved to somebody else",
        "withdrawn": "withdrawn",
    }
)
RESULTS: Mapping[str, str] = MappingProxyType(
    {
        "no_answer": "no answer",
        "voicemail": "voice mail left",
        "gatekeeper": "reached somebody else there",
        "call_back": "call back agreed",
        "talked": "talked",
        "bounced": "the mail came back",
    }
)
MEDIA: Mapping[str, str] = MappingProxyType(
    {
        "call": "by a call",
        "email": "by mail",
        "letter": "by letter",
        "meeting": "by a meeting",
        "message": "by a message",
    }
)
MOVES: Mapping[str, str] = MappingProxyType(
    {
        "away": "you are away",
        "reassigned": "it was given to somebody else",
        "given_back": "it was given back",
        "crm": "the CRM says so",
        "overdue": "its time ran out",
    }
)
_DECISIONS = {
    "sales_ready": "ready for sales",
    "needs_data": "needs answers",
    "with_sales": "with sales",
    "nurture": "nurture",
    "existing_customer": "existing customer",
    "no_profiling": "not scored",
    "disqualified": "disqualified",
    "not_a_lead": "not a lead",
    "converted": "converted",
}
_CODES = {
    "asked_for_sales": "asked for us",
    "probability_and_fit": "over the bar, with enough points",
    "still_sales_ready": "was over the bar, and has not fallen far",
    "in_backlog": "over the bar, and waits for its day",
    "waits_for_capacity": "over the bar, and waits until sales has room",
    "explored": "new for sales",
    "qualified": "qualified by inside sales",
    "sent_by_marketing": "sent by marketing",
    "replied": "answered a mail of ours",
    "handover_open": "a handover is being worked",
    "rep_working": "somebody of sales works it",
    "opportunity_open": "an opportunity is open",
    "opportunity_stale": "its opportunity fell silent",
    "converted": "converted",
    "below_bar": "below the bar",
    "best_of_nurture": "one of the best below the bar, to be asked",
    "too_few_points": "too few points in the criteria",
    "no_facts": "not enough activity yet",
    "not_now": "waits for a later date",
    "no_answer": "nobody was reached",
    "no_outcome": "nothing came of it",
    "never_tried": "nobody tried it in time",
    "lost": "lost",
    "redirected": "somebody else there is the right person",
    "merged": "one with another lead now",
    "erased": "its data were erased",
    "own_people": "one of our own people",
    "disqualified_by_rule": "disqualified by an agreed rule",
    "nurture_by_rule": "nurture by an agreed rule",
    "not_a_lead": "wrote about something else",
    "existing_customer": "a customer",
    "objected_to_profiling": "objected to profiling",
}
_CAUSES = {
    "event": "something happened",
    "due": "its date came",
    "feedback": "one of us said how it went",
    "night": "all leads were looked at overnight",
    "promotion": "another model answers",
    "recalibration": "the model was calibrated anew",
    "agreement": "the agreement changed",
    "bar": "the bar was renewed",
    "live": "the agreement went live",
    "import": "a file was read",
    "asked": "somebody asked",
}
_ENDS = {
    "never_tried": "nobody tried in time; it went back to marketing",
    "no_answer": "nobody was reached in time; it went back to marketing",
    "no_outcome": "nothing was heard of it; it went back to marketing",
    "not_now": "it waits for a later date",
    "merged": "it is one with another lead now",
    "erased": "its data were erased",
    "existing_customer": "it is a customer",
    "own_people": "it is one of our own people",
    "objected_to_profiling": "it objected to profiling",
    "disqualified_by_rule": "it is none by the agreed rules",
    "converted": "it converted",
    "lost": "it is lost",
    "redirected": "somebody else there is the right person",
}


def decision_words(decision: str) -> str:
    """What a decision is called: "sales_ready" is "ready for sales"."""
    return _words(_DECISIONS, decision)


def code_words(code: str) -> str:
    """Why it was decided so, or why a handover ended: "below_bar" is "below the bar"."""
    if code.startswith("rejected_"):
        return f"rejected: {reject_words(code.removeprefix('rejected_'))}"
    return _words(_CODES, code)


def reject_words(reason: str) -> str:
    """Why sales rejected a lead."""
    return _words(REJECTS, reason)


def queue_words(queue: str) -> str:
    """Whose turn it is, as a role."""
    return _words(QUEUES, queue)


def cause_words(kind: str) -> str:
    """What brought a decision about."""
    return _words(_CAUSES, kind)


def ended_words(code: str) -> str:
    """Why a handover is closed, as the end of a sentence that begins with the lead."""
    if code.startswith("rejected_"):
        return f"it was rejected ({reject_words(code.removeprefix('rejected_'))})"
    return _ENDS.get(code) or f"it ended: {code_words(code)}"


def _words(table: Mapping[str, str], code: str) -> str:
    # A row that a newer version wrote may hold a code of which this one has no words.
    return table.get(code) or code.replace("_", " ")
