"""Values of feedback: what a person may say of a lead, what else it means, and which of it means nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from features.agreement.learning import RejectReason
from features.agreement.statuses import KINDS
from features.events.touch_values import RESULTS, moment_us, normal_word

GIVEN, UNDONE = "Feedback Given", "Feedback Undone"
OFFERED, CLOSED = "Handover Offered", "Handover Closed"
SENDING = ("sent_by_marketing", "taken")  # kinds that hand a lead over now: marketing sends it, or a rep takes it
REASONS: tuple[str, ...] = get_args(RejectReason)
REJECTED, LOST = "Lead Disqualified", "Opportunity Lost"
REASON_IF_NONE = "not_a_fit"
REASON_OF_REDIRECTED = "wrong_person"  # with a person named it is no reject: the handover moves there


def feedback_kind(properties: Mapping[str, Any]) -> str | None:
    """What a feedback says, None where that is no kind."""
    kind = normal_word(properties.get("kind"))
    if kind == "rejected" and _is_redirected(properties):
        return "redirected"
    return kind if kind in (*KINDS, *SENDING) else None


def feedback_means(properties: Mapping[str, Any], outcome: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The events that a feedback counts as, beside itself: a reject, a loss, or the outcome, with their properties.

    A reject by a person counts exactly as the CRM's: {"kind": "rejected", "reason": "bad_data"} is a
    "Lead Disqualified" with {"reason": "bad_data"}.
    """
    kind = feedback_kind(properties)
    if kind == "rejected":
        kept = {key: properties[key] for key in ("by", "handover_id") if properties.get(key)}
        yield REJECTED, {"reason": normal_word(properties.get("reason")) or REASON_IF_NONE, **kept}
    elif kind == "lost":
        yield LOST, {}
    elif kind == "converted":
        yield outcome, {}


def learned_traits(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The traits that a feedback tells: what was learned, and the date on which the lead wants to hear of us again."""
    learned = properties.get("learned")
    revisit_on = properties.get("revisit_on")
    return {**(learned if isinstance(learned, dict) else {}), **({"revisit_on": revisit_on} if revisit_on else {})}


def answered_trait(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The trait that the answer to a question of a survey is; empty where it names none."""
    trait, answer = properties.get("trait"), properties.get("answer")
    return {trait: answer} if isinstance(trait, str) and trait.strip() and answer is not None else {}


def undone_id(properties: Mapping[str, Any]) -> str | None:
    """The messageId of the feedback that an undo takes back."""
    named = properties.get("undoes")
    return named if isinstance(named, str) and named else None


def bad_feedback_values(name: str, properties: Mapping[str, Any]) -> Iterator[str]:
    """The flags of a feedback for what it says that means nothing; such a feedback is kept and changes nothing."""
    if name == UNDONE and undone_id(properties) is None:
        yield "bad_undo"
    if name != GIVEN:
        return
    if feedback_kind(properties) is None:
        yield "bad_kind"
    if properties.get("reason") and normal_word(properties["reason"]) not in REASONS:
        yield "bad_reason"
    if properties.get("result") and normal_word(properties["result"]) not in RESULTS:
        yield "bad_result"
    if properties.get("revisit_on") and moment_us(properties["revisit_on"]) is None:
        yield "bad_revisit_on"


def _is_redirected(properties: Mapping[str, Any]) -> bool:
    return bool(properties.get("redirected_to")) and normal_word(properties.get("reason")) == REASON_OF_REDIRECTED
