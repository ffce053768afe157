"""[statuses] of the agreement: what a CRM's words for the status of a lead say of our work on it."""

from __future__ import annotations

from typing import Annotated, Any, get_args

from pydantic import BeforeValidator

from features.agreement.learning import RejectReason
from features.agreement.messages import refusal

NOTHING = "nothing"
KINDS = ("accepted", "rejected", "tried", "contacted", "qualified", "converted", "lost", "not_now", "redirected")
_MEANINGS = 'write nothing, accepted, tried, contacted, qualified, not_now, lost, or "rejected not_a_fit"'


def is_meaning(text: str) -> bool:
    """Whether a text says what a status means: NOTHING, a kind of feedback, or a reject with its reason."""
    kind, _, reason = text.partition(" ")
    if kind == "rejected":
        return reason in get_args(RejectReason)
    return not reason and kind in (NOTHING, *KINDS) and kind not in ("redirected", "converted")


def _meaning(written: Any) -> str:
    if not isinstance(written, str) or not is_meaning(written):
        raise refusal("is nothing that a status can mean", _MEANINGS)
    return written


Statuses = dict[str, Annotated[str, BeforeValidator(_meaning)]]
