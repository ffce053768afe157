"""The lists of a morning: once a day for each, in his own hours, and who is above has one list of everybody's."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import handmade_handovers as hand
import pytest
from sqlalchemy import select
from told_home import Sent, told, told_home

from features.home import tables
from features.home.database import reading, writing
from features.home.settings import Home
from serving.handovers.handover import HandoverClock
from serving.notices import delivery
from serving.notices.delivery import deliver
from serving.notices.for_everybody import acceptance_notices, agreement_notices, stale_notices
from serving.notices.morning import morning_notices
from serving.notices.outbox import enqueue


@pytest.fixture
def home(tmp_path: Any) -> Home:
    return told_home(tmp_path)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    made = Sent()
    monkeypatch.setattr(delivery, "send", made)
    return made


def morning(home: Home, at: Any) -> int:
    with writing(home) as connection:
        return morning_notices(connection, hand.agreement(), at)


def test_each_has_one_list_as_his_office_opens_and_names_are_written_only_as_it_is_sent(home: Home, sent: Sent) -> None:
    told(home, None, hand.handover(), None, hand.NOW)
    deliver(home, hand.NOW)
    sent.messages.clear()
    tuesday = hand.NOW + timedelta(hours=19)  # 8:05 UTC, five past nine in Berlin; London's office is not open yet
    assert morning(home, tuesday) == 1
    assert morning(home, tuesday + timedelta(minutes=1)) == 0
    with reading(home) as connection:
        facts = connection.scalars(select(tables.notices.c.facts).where(tables.notices.c.kind == "morning")).one()
    assert "Maria" not in facts
    deliver(home, tuesday)
    (own,) = sent.to(hand.OWNER)
    assert own.title == "Your day: 1 overdue, 0 due today"
    assert "- Maria Lind, Nordwind: first try due yesterday 14:35" in own.text.splitlines()
    # At nine in UTC the others' office opens; ben has nothing, and the manager the whole.
    assert morning(home, tuesday + timedelta(hours=1)) == 2
    deliver(home, tuesday + timedelta(hours=1))
    assert not sent.to(hand.OTHER)
    (team,) = sent.to(hand.BOSS)
    assert team.title == "The team's day: 1 overdue, 0 with nobody"
    assert "- ann: 1" in team.text.splitlines()
    with reading(home) as connection:
        assert set(connection.scalars(select(tables.notices.c.facts))) == {"{}"}


def test_a_list_of_yesterday_is_not_sent_today(home: Home, sent: Sent) -> None:
    told(home, None, hand.handover(), None, hand.NOW)
    tuesday = hand.NOW + timedelta(hours=19)
    morning(home, tuesday)
    sent.down = {"mail"}
    deliver(home, tuesday)
    sent.down = set()
    deliver(home, tuesday + timedelta(days=1))
    assert not [one for one in sent.to(hand.OWNER) if one.title.startswith("Your day")]


def test_a_changed_agreement_is_told_to_everybody_once(home: Home, sent: Sent) -> None:
    notices = agreement_notices(hand.agreement(), 2, hand.NOW, by="kim", changed_since_signed=True)
    with writing(home) as connection:
        assert (enqueue(connection, notices), enqueue(connection, notices)) == (4, 0)
    deliver(home, hand.NOW)
    assert {name for name, _ in sent.messages} == {hand.OWNER, hand.OTHER, hand.BOSS, hand.CHANNEL}
    assert "It changed since it was signed" in sent.to(hand.CHANNEL)[0].text


def test_low_acceptance_is_said_of_enough_handovers_only(home: Home) -> None:
    with reading(home) as connection:
        assert acceptance_notices(connection, hand.agreement(), hand.NOW) == []


def test_a_silent_opportunity_of_nobody_is_a_line_of_the_list_above_and_no_message() -> None:
    assert stale_notices([("L-1", None)], hand.agreement(), hand.NOW) == []


def test_what_is_due_as_the_office_opens_is_due_today(home: Home, sent: Sent) -> None:
    opens = hand.NOW.replace(hour=8) + timedelta(days=1)  # nine in Berlin
    told(home, None, replace(hand.handover(), clocks={"next_try": HandoverClock(opens)}), None, hand.NOW)
    sent.messages.clear()
    morning(home, opens)
    deliver(home, opens)
    assert "Your day: 0 overdue, 1 due today" in {one.title for one in sent.to(hand.OWNER)}


def test_a_silent_opportunity_is_told_its_owner(home: Home, sent: Sent) -> None:
    with writing(home) as connection:
        enqueue(connection, stale_notices([("L-1", hand.OWNER)], hand.agreement(), hand.NOW))
    deliver(home, hand.NOW)
    (own,) = sent.to(hand.OWNER)
    assert own.text.splitlines()[0] == "Maria Lind, Nordwind: Nothing has happened for 90 days."
