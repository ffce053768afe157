"""Delivery: what is due goes once, what fails comes again later, and a channel that is down holds up nobody else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import handmade_handovers as hand
import pytest
from sqlalchemy import select
from told_home import SETTINGS, Sent, told, told_home

from commands import notices as commands
from features.home import tables
from features.home.database import reading, writing
from features.home.settings import Home, Settings
from features.ledger.ledger import Ledger
from features.records.erasure import erase_from_ledger
from serving.handovers.acts import FeedbackAct, UndoAct
from serving.handovers.clocks import working_times
from serving.handovers.store import write
from serving.handovers.transitions import after
from serving.health.notice_delivery import notice_checks
from serving.notices import delivery, outbox
from serving.notices.delivery import Delivery, deliver
from serving.notices.occasions import Change, tell
from serving.notices.outbox import undelivered


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return told_home(tmp_path)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    made = Sent()
    monkeypatch.setattr(delivery, "send", made)
    return made


def test_the_owner_gets_five_lines_and_the_channel_the_same_without_a_person(home: Home, sent: Sent) -> None:
    told(home, None, hand.handover(), None, hand.NOW)
    assert deliver(home, hand.minutes(0.1)) == 2
    (own,), (shared,) = sent.to(hand.OWNER), sent.to(hand.CHANNEL)
    lines = own.text.splitlines()
    assert own.title == "Asked for us: Maria Lind, Nordwind"
    assert lines[:4] == [
        "Maria Lind, VP Sales, Nordwind. Asked for a demo 20 minutes ago",
        "Why: requested a demo, 20 min ago; on pricing pages 3 times (12 min), last 2 days ago; VP, software",
        "From: webinar, campaign spring-launch; lately email, campaign pricing-news",
        "First try due 14:35, 30 min left",
    ]
    assert lines[4].startswith("https://leads.ours.example/h/")
    assert len(lines) == len(shared.text.splitlines()) == 5
    for personal in ("Maria", "Nordwind", "VP Sales", "49 30", "maria@", "ann@"):
        assert personal not in shared.title + shared.text
    assert "With ann. First try due 13:35 UTC, 30 min left" in shared.text
    assert lines[4] not in shared.text  # the owner's link is the owner's alone


def test_what_was_rolled_back_is_never_sent_and_nothing_is_sent_twice(home: Home, sent: Sent) -> None:
    with writing(home) as connection:
        write(connection, [(None, hand.handover())])
        tell(connection, Change(None, hand.handover(), None, hand.NOW), hand.agreement())
        connection.rollback()
    assert deliver(home, hand.minutes(1)) == 0
    assert told(home, None, hand.handover(), None, hand.NOW) == 2
    with writing(home) as connection:
        assert tell(connection, Change(None, hand.handover(), None, hand.NOW), hand.agreement()) == 0
    assert [deliver(home, hand.minutes(1)), deliver(home, hand.minutes(2))] == [2, 0]
    assert len(sent.messages) == 2


def test_several_processes_send_each_message_once(home: Home, sent: Sent) -> None:
    told(home, None, hand.handover(), None, hand.NOW)
    with ThreadPoolExecutor(4) as pool:
        processes = [Delivery(home, pool, lambda: hand.minutes(1)) for _ in range(4)]
        wait([job for process in processes for job in process.start()])
    assert len(sent.messages) == 2
    assert sum(process.sent for process in processes) == 2


def test_a_channel_that_is_down_is_tried_again_later_and_holds_up_nobody_else(home: Home, sent: Sent) -> None:
    sent.down = {hand.CHANNEL}
    told(home, None, hand.handover(), None, hand.NOW)
    assert deliver(home, hand.minutes(1)) == 1
    with reading(home) as connection:
        (failed,) = undelivered(connection)
    assert (failed.recipient, failed.waiting, failed.given_up) == (hand.CHANNEL, 1, 0)
    assert failed.why == "it does not answer"
    sent.down = set()
    assert deliver(home, hand.minutes(1) + timedelta(seconds=4)) == 0
    assert deliver(home, hand.minutes(1) + timedelta(seconds=6)) == 1
    with reading(home) as connection:
        assert not undelivered(connection)


def test_after_the_last_attempt_it_is_given_up_and_said_and_can_be_sent_again(home: Home, sent: Sent) -> None:
    sent.down = {hand.CHANNEL, "mail"}
    # A handover that is worked for long, so that its message stays true.
    told(home, None, hand.handover(), None, hand.NOW)
    at, times = hand.minutes(1), 0
    for _ in range(len(outbox.WAITS) + 3):
        deliver(home, at)
        at, times = at + timedelta(days=2), times + 1
    with reading(home) as connection:
        failed = undelivered(connection)
        attempts = set(connection.scalars(select(tables.notices.c.attempts)))
    assert {(one.waiting, one.given_up) for one in failed} == {(0, 1)}
    assert attempts == {10}
    sent.down = set()
    with writing(home) as connection:
        assert outbox.retry(connection, at) == 2
    assert deliver(home, at) == 2


def test_what_is_no_longer_true_is_not_sent(home: Home, sent: Sent) -> None:
    offered = hand.handover("crossing", at=datetime.fromisoformat("2026-11-28T10:00:00+00:00"))  # a Saturday
    told(home, None, offered, None, offered.offered_at)
    assert deliver(home, offered.offered_at) == 0
    moved = replace(offered, owner=hand.OTHER, version=1)
    with writing(home) as connection:
        assert not write(connection, [(offered, moved)])
    deliver(home, hand.NOW)
    assert not sent.to(hand.OWNER)
    with reading(home) as connection:
        why = connection.scalar(select(tables.notices.c.failed).where(tables.notices.c.recipient == hand.OWNER))
    assert why == "not sent: somebody else has it now"


def test_what_was_taken_back_is_corrected_where_it_was_sent_and_else_not_sent(home: Home, sent: Sent) -> None:
    agreed, offered = hand.agreement(), hand.handover()
    hours = working_times(agreed.people, agreed.time_zone)
    told(home, None, offered, None, hand.NOW)
    deliver(home, hand.minutes(1))
    # A manager's word: its owner is told that there is nothing left to do, and then that there is.
    word = FeedbackAct(hand.minutes(9), hand.BOSS, 5, "rejected", reason="not_a_fit", feedback_id="fb_1")
    rejected = after(offered, word, agreed, hours)
    told(home, offered, replace(rejected, version=1), word, word.at)
    deliver(home, hand.minutes(10))
    assert [one.title for one in sent.to(hand.OWNER)][1:] == ["Nothing to do any more: Maria Lind, Nordwind"]
    back = UndoAct(hand.minutes(12), hand.BOSS, 6, "fb_1")
    undone = after(replace(rejected, version=1), back, agreed, hours)
    told(home, replace(rejected, version=1), replace(undone, version=2), back, back.at)
    deliver(home, hand.minutes(13))
    correction = sent.to(hand.OWNER)[-1]
    assert correction.title == "Correction: Maria Lind, Nordwind"
    assert "It is open again; it is with ann." in correction.text


def test_a_name_without_an_address_is_said_and_stops_nobody(home: Home, sent: Sent) -> None:
    nameless = Home(home.path, SETTINGS.model_copy(update={"channels": {}}))
    told(nameless, None, hand.handover(), None, hand.NOW)
    assert deliver(nameless, hand.minutes(1)) == 1
    with reading(nameless) as connection:
        (failed,) = undelivered(connection)
    assert failed.why == "sales-slack has no address; set LEADLIGHT_CHANNEL_SALES_SLACK to one"
    assert Ledger.open(home).count() == 1


def test_doctor_says_who_has_no_address_what_was_not_delivered_and_that_cards_have_no_link(
    home: Home, sent: Sent
) -> None:
    def doubts(settings: Settings) -> list[str]:
        with reading(home) as connection:
            checks = notice_checks(connection, hand.agreement(), settings, hand.minutes(3))
            return [check.sentence for check in checks if not check.ok]

    assert doubts(SETTINGS) == []
    bare = doubts(Settings())
    assert bare[0].startswith("ann@ours.example, ben@ours.example, lead@ours.example: there is no mail server; set")
    assert bare[1] == "sales-slack has no address; set LEADLIGHT_CHANNEL_SALES_SLACK to one"
    assert bare[2].startswith("LEADLIGHT_PUBLIC_URL is not set")
    sent.down = {hand.CHANNEL}
    told(home, None, hand.handover(), None, hand.NOW)
    deliver(home, hand.minutes(1))
    assert doubts(SETTINGS) == [
        "1 message to sales-slack not delivered since 2026-11-30 13:05 UTC: it does not answer; it is tried again"
    ]


def test_an_erased_lead_leaves_no_message_behind(home: Home) -> None:
    told(home, None, hand.handover(), None, hand.NOW)
    erase_from_ledger(home, hand.agreement(), "L-1", hand.NOW)
    with reading(home) as connection:
        assert not connection.scalars(select(tables.notices.c.notice_id)).all()


def test_the_command_lists_messages_without_what_they_say_and_sends_again(
    home: Home, sent: Sent, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent.down = {hand.CHANNEL, "mail"}
    told(home, None, hand.handover(), None, hand.NOW)
    deliver(home, hand.minutes(1))
    monkeypatch.setattr(commands, "home", lambda: home)
    monkeypatch.setattr(commands, "now", lambda: hand.minutes(2))
    commands.list_notices(as_json=False)
    listed = capsys.readouterr().out
    assert "sales-slack" in listed
    assert "waits: it does not answer" in listed
    assert "Maria" not in listed
    sent.down = set()
    commands.retry(as_json=False)
    assert "2 were due again, 2 sent by this command" in capsys.readouterr().out
