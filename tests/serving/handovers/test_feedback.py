"""Feedback: an event of the ledger and what it does to the handover, in one transaction, or one sentence."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from decided_leads import before
from handmade_events import identify
from offered_handovers import AGREEMENT, ANN, BEN, DAY, HOUR, MINUTE, MONDAY, handover_of
from sqlalchemy import func, insert, select

from features.home import tables
from features.home.database import migrate, reading, writing
from features.home.settings import Home, Settings
from features.ledger.ledger import Ledger
from serving.decisions.store import store
from serving.handovers.answer import handover_answer
from serving.handovers.feedback import FeedbackRefused, feedback_said
from serving.handovers.handover import Handover
from serving.handovers.recording import Recorded, record_feedback
from serving.handovers.store import handover_by_id, open_handovers, write

NOW = MONDAY + HOUR
HANDOVER = handover_of(lead_id="ann")


@pytest.fixture
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    is_server = getattr(request, "param", "sqlite") == "postgresql"
    url = request.getfixturevalue("postgres_url") if is_server else None
    made = Home(tmp_path / "home", Settings(database_url=url))
    migrate(made)
    told = [identify(lead, 1, email=f"{lead}@buyer.example") for lead in ("ann", "bob")]
    list(Ledger(made).append(told, source="crm", received_at=MONDAY))
    with writing(made) as connection:
        write(connection, [(None, HANDOVER)])
    return made


def given(home: Home, now: datetime = NOW, lead_id: str = "ann", message_id: str = "fb_1", **body: Any) -> Recorded:
    said = feedback_said({"by": ANN, "handover_id": HANDOVER.handover_id} | body, lead_id, message_id, now)
    with writing(home) as connection:
        return record_feedback(connection, AGREEMENT, said, now)


def stored(home: Home) -> Handover:
    with reading(home) as connection:
        handover = handover_by_id(connection, HANDOVER.handover_id)
    assert handover is not None
    return handover


def events(home: Home) -> int:
    with reading(home) as connection:
        return int(connection.scalar(select(func.count()).select_from(tables.events)) or 0)


def test_feedback_is_an_event_and_the_handover_as_it_now_stands(home: Home) -> None:
    before = events(home)
    recorded = given(home, kind="tried", medium="call", result="voicemail", note="asked for June")
    assert recorded.handover == stored(home)
    assert (stored(home).state, stored(home).touches[0].result) == ("working", "voicemail")
    assert events(home) == before + 1
    with reading(home) as connection:
        answer = handover_answer(connection, AGREEMENT, stored(home), NOW)
    assert answer["contact"]["email"] is None or "@" in answer["contact"]["email"]
    assert answer["tries"]["made"] == 1
    assert answer["undo"]["feedback_id"] == "fb_1"


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"kind": "rejected"}, "missing_reason", "not_a_fit"),
    ({"kind": "rejected", "reason": "boring"}, "unknown_reason", "boring"),
    ({"kind": "tryed"}, "unknown_kind", "tried"),
    ({}, "missing_kind", "accepted"),
    ({"kind": "tried", "at": "2026-12-24T10:00:00Z"}, "future_touch", "to come"),
    ({"kind": "tried", "at": "yesterday-ish"}, "bad_at", "2026-03-01"),
    ({"kind": "tried", "result": "shrug"}, "unknown_result", "no_answer"),
    ({"kind": "accepted", "by": "nobody here"}, "unknown_person", "nobody"),
    ({"kind": "accepted", "by": None}, "unknown_person", "missing"),
    ({"kind": "accepted", "by": BEN}, "taken", ANN),
    ({"kind": "redirected"}, "missing_person", "redirected_to"),
    ({"kind": "redirected", "redirected_to": {"name": "Ben"}}, "missing_person", "e-mail"),
    ({"kind": "not_now", "revisit_on": "2026-01-01"}, "bad_revisit_on", "over"),
    ({"kind": "not_now", "revisit_on": "9999-01-01"}, "bad_revisit_on", "more than a hundred years ahead"),
    ({"kind": "tried", "call_back_at": "3026-12-01T09:00:00Z"}, "bad_call_back_at", "more than a hundred years ahead"),
    ({"kind": "accepted", "note": "x" * 2_001}, "bad_note", "2,001 characters"),
    ({"kind": "accepted", "reason": "too_early"}, "reason_without_reject", "reject"),
    ({"kind": "accepted", "learned": {"a": {"b": 1}}}, "bad_learned", "one value"),
    ({"kind": "accepted", "handover_id": "ho_none"}, "unknown_handover", "ho_none"),
    ({"kind": "accepted", "lead_id": "bob"}, "foreign_handover", "another lead"),
    ({"kind": "accepted", "lead_id": "nobody"}, "unknown_lead", "nobody"),
    ({"kind": "undo"}, "superseded", "undone"),
    ({"kind": "tried", "at": "2020-01-01T00:00:00Z"}, "bad_at", "before this handover was offered"),
    ({"kind": "redirected", "redirected_to": {"email": BEN}}, "own_person", "one of us"),
]


@pytest.mark.parametrize(("body", "code", "says"), BAD, ids=[f"{code}-{says}" for _, code, says in BAD])
def test_what_is_wrong_is_one_sentence_and_nothing_is_written(
    home: Home, body: dict[str, Any], code: str, says: str
) -> None:
    before = events(home)
    with pytest.raises(FeedbackRefused) as refused:
        given(home, **body)
    assert refused.value.code == code
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
    assert (events(home), stored(home)) == (before, HANDOVER)


def test_a_lead_that_is_named_as_the_right_one_instead_of_itself_keeps_its_handover(home: Home) -> None:
    with writing(home) as connection:
        rows = [("user", "ann"), ("email", "ann@buyer.example")]
        known = [{"kind": kind, "value": value, "lead_id": "ann"} for kind, value in rows]
        connection.execute(insert(tables.identities), known)
    with pytest.raises(FeedbackRefused, match="this lead's own address"):
        given(home, kind="redirected", redirected_to={"email": "Ann@buyer.example"})
    assert stored(home) == HANDOVER


def test_feedback_on_a_closed_handover_says_when_and_why_it_was_closed(home: Home) -> None:
    given(home, kind="lost")
    with pytest.raises(FeedbackRefused, match="2026-11-02 \\(lost\\)"):
        given(home, message_id="fb_2", kind="accepted")


def test_an_undo_restores_what_was_and_is_an_event(home: Home) -> None:
    given(home, kind="rejected", reason="not_a_fit")
    assert not stored(home).is_open
    given(home, NOW + MINUTE, message_id="fb_2", kind="undo", undoes="fb_1")
    assert (stored(home).state, stored(home).is_open) == ("offered", True)
    with pytest.raises(FeedbackRefused) as refused:
        given(home, NOW + MINUTE, message_id="fb_3", kind="undo")
    assert (refused.value.code, refused.value.status) == ("superseded", 409)


def test_an_undo_that_names_no_handover_opens_the_one_that_the_feedback_closed(home: Home) -> None:
    given(home, kind="lost")
    recorded = given(home, NOW + MINUTE, message_id="fb_2", kind="undo", handover_id=None)
    assert recorded.handover == stored(home)
    assert stored(home).state == "offered"


@pytest.mark.parametrize(
    ("now", "by", "code"),
    [
        (datetime(2026, 11, 3, 17, 59, tzinfo=UTC), ANN, None),
        (datetime(2026, 11, 3, 18, tzinfo=UTC), ANN, "superseded"),
        (NOW + MINUTE, BEN, "not_yours"),
    ],
)
def test_an_undo_is_the_same_persons_until_the_next_working_day_ends(
    home: Home, now: datetime, by: str, code: str | None
) -> None:
    given(home, kind="accepted")
    if code is None:
        assert given(home, now, message_id="fb_2", kind="undo", by=by).handover is not None
        return
    with pytest.raises(FeedbackRefused) as refused:
        given(home, now, message_id="fb_2", kind="undo", by=by)
    assert refused.value.code == code


def test_an_undo_after_something_else_happened_is_superseded(home: Home) -> None:
    given(home, kind="accepted")
    given(home, NOW + MINUTE, message_id="fb_2", kind="tried")
    with pytest.raises(FeedbackRefused) as refused:
        given(home, NOW + 2 * MINUTE, message_id="fb_3", kind="undo", undoes="fb_1")
    assert refused.value.code == "superseded"


def test_the_right_person_gets_the_handover_and_an_undo_takes_it_from_him(home: Home) -> None:
    to = {"email": "Cid@Buyer.example", "name": "Cid", "title": "CFO"}
    recorded = given(home, kind="redirected", redirected_to=to)
    assert recorded.handover is not None
    assert recorded.handover.follow is not None
    lead_id = str(recorded.handover.follow.redirected_to)
    with reading(home) as connection:
        there = open_handovers(connection, [lead_id])[lead_id]
    assert (there.owner, there.decision_id, there.offer) == (ANN, HANDOVER.decision_id, HANDOVER.offer)
    given(home, NOW + MINUTE, message_id="fb_2", kind="undo")
    with reading(home) as connection:
        assert open_handovers(connection, [lead_id, "ann"]).keys() == {"ann"}


def test_a_known_address_is_that_lead_and_an_open_handover_there_is_joined(home: Home) -> None:
    other = handover_of(lead_id="bob", owner=BEN)
    with writing(home) as connection:
        write(connection, [(None, other)])
        row = {"kind": "email", "value": "bob@buyer.example", "lead_id": "bob"}
        connection.execute(tables.identities.insert().values(**row))
    recorded = given(home, kind="rejected", reason="wrong_person", redirected_to={"email": "bob@buyer.example"})
    assert recorded.handover is not None
    assert recorded.handover.state == "redirected"
    with reading(home) as connection:
        assert open_handovers(connection, ["bob"]) == {"bob": other}


def test_a_right_person_who_is_a_customer_is_his_account_owners(home: Home) -> None:
    row = before("existing_customer", "existing_customer", "account_owner", lead_id="bob", owner=BEN)
    with writing(home) as connection:
        assert not store(connection, [(None, row)])
        known = {"kind": "email", "value": "bob@buyer.example", "lead_id": "bob"}
        connection.execute(tables.identities.insert().values(**known))
    given(home, kind="rejected", reason="wrong_person", redirected_to={"email": "bob@buyer.example"})
    with reading(home) as connection:
        there = open_handovers(connection, ["bob"])["bob"]
    assert (there.queue, there.owner, there.owners[0].why) == ("account_owner", BEN, "redirected")


def test_without_a_handover_it_is_an_event_and_can_be_undone_by_who_said_it(home: Home) -> None:
    recorded = given(home, lead_id="bob", handover_id=None, kind="qualified")
    assert (recorded.lead_id, recorded.handover) == ("bob", None)
    with pytest.raises(FeedbackRefused) as refused:
        given(home, lead_id="bob", handover_id=None, message_id="fb_2", kind="undo", by=BEN)
    assert refused.value.code == "not_yours"
    with pytest.raises(FeedbackRefused, match="ended with the next working day"):
        given(home, NOW + 9 * DAY, lead_id="bob", handover_id=None, message_id="fb_2", kind="undo")
    given(home, lead_id="bob", handover_id=None, message_id="fb_2", kind="undo")
    with pytest.raises(FeedbackRefused) as refused:
        given(home, lead_id="bob", handover_id=None, message_id="fb_3", kind="undo")
    assert refused.value.code == "superseded"


def test_the_same_feedback_twice_is_refused_and_counts_once(home: Home) -> None:
    given(home, kind="tried")
    with pytest.raises(FeedbackRefused):
        given(home, NOW + 2 * HOUR, kind="tried")
    assert len(stored(home).touches) == 1


def test_a_late_undo_of_friday_ends_on_monday(home: Home) -> None:
    friday = MONDAY + 4 * DAY
    given(home, friday, kind="accepted")
    assert given(home, friday + 3 * DAY, message_id="fb_2", kind="undo").handover is not None


@pytest.mark.parametrize("home", ["sqlite", "postgresql"], indirect=True)
def test_of_two_who_accept_at_once_one_has_it_and_the_other_hears_who(home: Home) -> None:
    nobodys = handover_of(owner=None, lead_id="bob")
    with writing(home) as connection:
        write(connection, [(None, nobodys)])

    def accepts(person: str) -> str:
        try:
            body = {"handover_id": nobodys.handover_id, "kind": "accepted", "by": person}
            given(home, lead_id="bob", message_id=f"fb_{person}", **body)
        except FeedbackRefused as refused:
            return refused.code
        return person

    with ThreadPoolExecutor(2) as threads:
        ended = list(threads.map(accepts, (ANN, BEN)))
    assert sorted(ended) in (sorted([ANN, "taken"]), sorted(["taken", BEN]))
    with reading(home) as connection:
        handover = handover_by_id(connection, nobodys.handover_id)
    assert handover is not None
    assert handover.owner in ended
    assert events(home) == 3
