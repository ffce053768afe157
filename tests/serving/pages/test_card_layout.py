"""The card in a real browser: on a phone, on a screen and on paper nothing of it is cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import handmade_handovers as hand
import pytest
from browser_layout import chromium, layouts

from features.agreement.working_time import WorkingTime
from features.records.contacts import Contact
from serving.handovers.acts import Act, FeedbackAct
from serving.handovers.handover import Handover
from serving.pages.card.card import Card, CardFacts, Viewer
from serving.pages.page import html_page

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(chromium() is None, reason="there is no browser here: apt-get install chromium"),
]
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft mbH"
FACTS = CardFacts(
    contact=Contact("Maria Lindqvist-Oppenheimer", "VP Sales", LONG, "+49 30 1234 5678", f"m@{'x' * 60}.example"),
    openers=("Asked: “Can we import our price lists?”, 13:45", "Watched “Faster quotes” for 41 min, Thu 26 Nov 15:00"),
    before=("Mon 12 Oct 10:02: ben called, no answer", "Mon 12 Oct 10:04: ben noted “back in November”"),
    colleagues=("Jonas Weber, Head of IT: ben has this lead",),
    allowed=("Unsubscribed from our mails: call, or answer what was asked; no campaigns and no sequences.",),
    may_mail=False,
    zone=ZoneInfo("Europe/Berlin"),
)
LATER = hand.NOW + timedelta(minutes=9)


def said(**fields: str) -> Sequence[Act]:
    return [FeedbackAct(LATER, hand.OWNER, 5, feedback_id="fb_1", **fields)]  # type: ignore[arg-type]


def page(handover: Handover, as_of: datetime, person: str | None = hand.OWNER) -> str:
    agreed = hand.agreement()
    viewer = Viewer(person, WorkingTime.of(agreed.people, person, agreed.time_zone))
    until = as_of + timedelta(days=1) if handover.undo_to else None
    card = Card(handover, FACTS if person else CardFacts(), viewer, as_of, until)
    return html_page("card.html.j2", card=card, form_token="token" if person else None, problem=None, owner="ann")


CASES = {
    "fresh": (hand.handover("returned", offer=replace(hand.OFFER, why_now=f"read about {LONG}")), LATER),
    "overdue": (hand.handover(), hand.NOW + timedelta(minutes=72)),
    "tried": (hand.handover(acts=said(kind="tried", medium="call", result="no_answer")), LATER),
}


@pytest.mark.parametrize("case", CASES)
def test_nothing_of_a_card_is_cut_on_a_phone_or_on_a_screen(case: str, tmp_path: Path) -> None:
    for layout in layouts(page(*CASES[case]), tmp_path).values():
        assert layout.needed <= layout.width
        assert layout.cut == []
