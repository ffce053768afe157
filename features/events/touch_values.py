"""Values of touches: of which side one is, who or what did it, how it went; and which of them mean nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal, get_args

from features.agreement.checks import SALES_TOUCHES
from features.home.clock import microseconds
from features.home.dates import moment

Side = Literal["marketing", "inside_sales", "sales"]
Actor = Literal["person", "sequence", "agent"]
Result = Literal["no_answer", "voicemail", "gatekeeper", "call_back", "talked", "bounced"]
SIDES: tuple[Side, ...] = get_args(Side)
ACTORS: tuple[Actor, ...] = get_args(Actor)
RESULTS: tuple[Result, ...] = get_args(Result)

CALL_ANSWERED = "Call Answered"  # a touch where somebody of ours says so, and a behaviour of the lead
TOUCHES = SALES_TOUCHES | {CALL_ANSWERED}
# The flag of an event that came by a key of one side: who made the key said so, and it goes before what names say.
SIDE_FLAGS: dict[str, Side] = {f"side_{side}": side for side in SIDES}


def normal_word(written: object) -> str:
    """A word as the contract writes it: "Inside Sales" and "inside-sales" are "inside_sales"."""
    return "_".join(written.strip().lower().replace("-", " ").split()) if isinstance(written, str) else ""


def moment_us(written: object) -> int | None:
    """A moment as an event writes it, in microseconds; None for none, and for one that cannot be read."""
    at = None if written is None or isinstance(written, bool) else moment(written)
    return microseconds(at) if isinstance(at, datetime) else None


def bad_touch_values(name: str, properties: Mapping[str, Any]) -> Iterator[str]:
    """The flags of a touch for what it says that means nothing: such a value is kept and read as if it were missing."""
    if name not in TOUCHES:
        return
    for key, known in (("side", SIDES), ("actor", ACTORS), ("result", RESULTS)):
        if properties.get(key) not in (None, "") and normal_word(properties[key]) not in known:
            yield f"bad_{key}"
    if properties.get("call_back_at") not in (None, "") and moment_us(properties["call_back_at"]) is None:
        yield "bad_call_back_at"
