"""[handover] and [touches] of the agreement: how soon sales follows up, how often, and when a lead comes back."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from features.agreement.learning import Count, Number, Section, Truth
from features.agreement.lengths import AgreedCount, AgreedSpan, CountWithin, Span

_TRIES = CountWithin(6, timedelta(days=21))


class FirstContact(Section):
    """How soon somebody tries to reach a lead: one that asked for us, and any other."""

    inbound: AgreedSpan = Span(30, "minutes")
    other: AgreedSpan = Span(1, "working_days")


class ReassignAfter(Section):
    """How long a first contact is overdue before the next one in line has the lead."""

    inbound: AgreedSpan = Span(60, "minutes")
    other: AgreedSpan = Span(2, "working_days")


class HandoverTerms(Section):
    """How a sales-ready lead is followed up: each clock of a handover, and each way back.

    live: a trial until true and signed; see `features.agreement.signatures`. tries: of sales, over several media.
    """

    live: Truth = Field(False, examples=["live = true"])
    first_contact: FirstContact = FirstContact()
    accept_within: AgreedSpan = Span(1, "days")
    accept_at_least: Annotated[Number, Field(ge=0, le=1)] = Field(0.6, examples=["accept_at_least = 0.6"])
    tries: AgreedCount = _TRIES
    decide_within: AgreedSpan = Span(30, "days")
    rep_keeps: AgreedSpan = Span(14, "days")
    stale_after: AgreedSpan = Span(90, "days")
    reassign_after: ReassignAfter = ReassignAfter()
    give_back_after: AgreedSpan = Span(10, "days")
    catch_up_per_day: Count = Field(20, examples=["catch_up_per_day = 20"])

    @property
    def spans(self) -> dict[tuple[str, ...], Span]:
        """Every span of it, by where it is written in [handover]."""
        parts = {("first_contact",): self.first_contact, ("reassign_after",): self.reassign_after}
        spans = {(*where, key): getattr(part, key) for where, part in parts.items() for key in ("inbound", "other")}
        plain = ("accept_within", "decide_within", "rep_keeps", "stale_after", "give_back_after")
        return spans | {(key,): getattr(self, key) for key in plain}


class Touches(Section):
    """The one cap over all of us: how often we reach out to a lead; None: no cap."""

    at_most: AgreedCount | None = None
