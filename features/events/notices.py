"""Notices: what intake noticed of an event that it took, in one sentence for whoever sends it."""

from __future__ import annotations

NOTICES = {
    "bad_number": "A value that is no number became null.",
    "bad_date": "A value that is no date was left out.",
    "bad_boolean": "A value that is neither yes nor no was left out.",
    "bad_time": "No time that could be read; the next one, or the time of receipt, stands in.",
    "future_time": "Its time is over 5 minutes in the future; the time of receipt stands in.",
    "bad_clock": "sentAt is over 24 hours off; its time was not corrected.",
    "bad_sent_at": "sentAt is no time; its time was not corrected.",
    "bad_properties": "properties is no JSON object; it was left out.",
    "bad_traits": "traits is no JSON object; it was left out.",
    "bad_context": "context is no JSON object; it was left out.",
    "nobody_user_id": "userId is a word for nobody, or a template that was not filled in; it was left out.",
    "nobody_anonymous_id": "anonymousId is a word for nobody, or a template that was not filled in; it was left out.",
    "nobody_previous_id": "previousId is a word for nobody, or a template that was not filled in; it was left out.",
    "nobody_group_id": "groupId is a word for nobody, or a template that was not filled in; it was left out.",
    "made_id": "It came without messageId; one was made of what it says.",
    "conflict": "This messageId was known with other content; the first stays.",
    "bad_side": "side is none of marketing, inside_sales and sales; it is read as if it were missing.",
    "bad_actor": "actor is none of person, sequence and agent; it is read as if it were missing.",
    "bad_result": "result is none of no_answer, voicemail, gatekeeper, call_back, talked and bounced; it is read as if "
    "it were missing.",
    "bad_call_back_at": "call_back_at is no time; it is read as if it were missing.",
    "bad_kind": "kind is no kind of feedback; it is kept and changes nothing.",
    "bad_reason": "reason is none of the reasons for a reject; what became of the lead is unknown by it.",
    "bad_revisit_on": "revisit_on is no date; it is read as if it were missing.",
    "bad_undo": "undoes names no feedback; it is kept and takes nothing back.",
    "not_ours": "Of handovers only Leadlight itself says this; it is kept and not followed.",
    "late_claim": "It is over a day old and came by a key that may only write events; it claims no address or visitor "
    "that somebody had before it came.",
    "not_trusted": "Only the CRM may say this; it is kept and not followed. Send it with a key of scope crm:write.",
    "public_objection": "The objection to profiling is followed; only a key of scope crm:write can take it back.",
}


def notice(code: str) -> str:
    """The sentence of a code; that of a code without one names the page that explains it."""
    return NOTICES.get(code, "docs/events.md says what this means.")
