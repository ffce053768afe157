"""Feedback in the ledger: what a person said counts, and what he took back counts no more."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from handmade_events import LATER, SMALL, Told, World, identify, page, track, us

from features.agreement.agreement import Agreement, AgreementError
from features.agreement.checks import HANDOVER_EVENTS
from features.events.notices import NOTICES
from features.events.touch_values import SIDE_FLAGS
from features.events.trust import SAID_BY_KEYS
from features.events.validation import Source, validate
from features.records.retention import permanent_events
from features.touches.history import Feedback, SalesHistory, sales_history

ANN = identify("ann", 0)


def history(*told: Told, until: float = 100) -> SalesHistory:
    known = [one for one in (ANN, *told) if one["receivedAt"] < track("ann", "x", until)["receivedAt"]]
    world = World.of(known)
    return sales_history(
        SimpleNamespace(table=world.log, identities=world.found, observed=world.observed), SMALL, "ann"
    )


def given(day: float, kind: str, **properties: Any) -> Told:
    return track("ann", "Feedback Given", day, kind=kind, by="rep@ours.example", **properties) | {"source": "feedback"}


def undone(feedback: Told, day: float, who: str = "ann") -> Told:
    return track(who, "Feedback Undone", day, undoes=feedback["messageId"]) | {"source": "feedback"}


def feedback(*told: Told) -> Feedback:
    (found,) = history(*told).feedback
    return found


def test_feedback_says_who_what_and_why() -> None:
    said = given(
        5, "rejected", handover_id="ho_1", reason="too_early", note="next year", revisit_on="2026-03-01", medium="phone"
    )
    found = feedback(said)
    assert (found.kind, found.by, found.handover_id, found.reason) == (
        "rejected", "rep@ours.example", "ho_1", "too_early"
    )  # fmt: skip
    assert (found.note, found.revisit_us, found.message_id) == ("next year", us(59), said["messageId"])
    assert [reject.reason for reject in history(said).rejects] == ["too_early"]


@pytest.mark.parametrize(("kind", "result"), [("tried", "no_answer"), ("contacted", "talked")])
def test_a_try_that_a_person_tells_is_a_touch(kind: str, result: str) -> None:
    (touch,) = history(given(5, kind, medium="email")).touches
    assert (touch.side, touch.by, touch.medium, touch.result) == ("sales", "rep@ours.example", "email", result)


def test_a_named_other_person_is_redirected_and_no_reject() -> None:
    said = given(5, "rejected", reason="wrong_person", redirected_to={"email": "bob@firm.example"})
    found = history(said)
    assert (found.feedback[0].kind, found.rejects) == ("redirected", ())
    assert found.feedback[0].redirected_to == {"email": "bob@firm.example"}
    assert history(given(5, "rejected", reason="wrong_person")).rejects[0].reason == "wrong_person"


def test_feedback_of_no_kind_is_kept_and_counts_as_nothing() -> None:
    found = history(given(5, "thrilled"))
    assert (found.feedback[0].kind, found.rejects, found.touches) == (None, (), ())


def test_an_undone_feedback_counts_until_its_undo_is_known() -> None:
    said = given(5, "rejected", reason="bad_data")
    assert history(said, undone(said, 6), until=6).rejects
    after = history(said, undone(said, 6), until=7)
    assert (after.rejects, after.feedback) == ((), ())


def test_the_undo_of_another_lead_takes_nothing_back() -> None:
    said = given(5, "rejected", reason="bad_data")
    assert history(identify("bob", 1), said, undone(said, 6, who="bob")).rejects


def test_only_leadlight_itself_says_what_became_of_a_handover() -> None:
    forged = track("ann", "Handover Closed", 6, handover_id="ho_1", state="lost")
    assert not history(forged).handover_events
    ours = [track("ann", "Handover Offered", 5, handover_id="ho_1"), forged]
    (offered, closed) = history(*(one | {"source": "leadlight"} for one in ours)).handover_events
    assert (offered.is_closed, closed.is_closed, closed.state) == (False, True, "lost")


def test_feedback_by_a_public_key_is_followed_only_if_that_key_may_give_it() -> None:
    said = given(5, "rejected", reason="bad_data")
    assert not history(said | {"flags": "public,not_trusted"}).rejects
    assert history(said | {"flags": "public,feedback_key"}).rejects


@pytest.mark.parametrize(
    ("status", "crm", "kind"),
    [
        ("Working - Contacted", "salesforce", "contacted"),
        ("ATTEMPTED_TO_CONTACT", "hubspot", "tried"),
        ("Bad timing", "hubspot", "not_now"),
        ("New", "salesforce", None),
        ("Escalated to the board", "salesforce", None),
        ("Connected", "another", None),
    ],
)
def test_a_crms_word_for_a_status_is_feedback_where_it_is_known(status: str, crm: str, kind: str | None) -> None:
    found = history(track("ann", "Lead Status Changed", 5, status=status, crm=crm, owner="005A"))
    assert [(one.kind, one.by, one.is_status) for one in found.feedback] == ([(kind, "005A", True)] if kind else [])


def test_a_status_without_its_date_says_nothing_of_when_somebody_worked() -> None:
    exported = track("ann", "Lead Status Changed", 5, status="Connected", crm="hubspot", field="Lead Status")
    assert not history(exported).feedback


def test_the_agreement_says_what_a_status_means_before_anybody_else() -> None:
    agreed = Agreement.parse(SMALL.text + '\n[statuses]\nConnected = "rejected no_budget"\nParked = "not_now"\n')
    told = [track("ann", "Lead Status Changed", 5, status=said, crm="hubspot") for said in ("CONNECTED", "parked")]
    world = World.of([ANN, *told], agreed)
    rows = SimpleNamespace(table=world.log, identities=world.found, observed=world.observed)
    found = sales_history(rows, agreed, "ann")
    assert {(one.kind, one.reason) for one in found.feedback} == {("rejected", "no_budget"), ("not_now", None)}
    assert [reject.reason for reject in found.rejects] == ["no_budget"]
    assert agreed.feature_digest != SMALL.feature_digest
    with pytest.raises(AgreementError, match="is nothing that a status can mean"):
        Agreement.parse(SMALL.text + '\n[statuses]\nConnected = "great"\n')


def test_what_a_key_of_one_side_sends_is_of_that_side_also_once_it_is_replayed() -> None:
    sender = Source("live:sdr", clock="sender", side="inside_sales")
    good = track("ann", "Call Attempted", 5, by="ida", result="great")
    bad = {"type": "track", "event": "Call Attempted", "messageId": "m-1"}
    batch = validate([good, bad, page("ann", 6)], sender, LATER)
    assert [row["flags"] for row in batch.rows] == ["side_inside_sales,bad_result", ""]
    assert batch.failed[0]["flags"] == "side_inside_sales"
    again = validate([{**bad, "userId": "ann"}], Source("live:sdr"), LATER, {0: ("side_inside_sales",)})
    assert again.rows[0]["flags"] == "side_inside_sales"


def test_a_key_that_may_give_feedback_is_believed_in_that_alone() -> None:
    sender = Source("live:rep", clock="sender", is_trusted=False, may_give_feedback=True)
    rows = validate([given(5, "tried"), track("ann", "Lead Converted", 6)], sender, LATER).rows
    assert [row["flags"] for row in rows] == ["public,feedback_key", "public,not_trusted"]
    (plain,) = validate([given(5, "tried")], Source("live:web", clock="sender", is_trusted=False), LATER).rows
    assert plain["flags"] == "public,not_trusted"
    refused = validate([{**given(5, "tried"), "userId": None}], sender, LATER).failed[0]
    assert refused["flags"] == "feedback_key"  # a replay, which knows the key no more, believes it as much


def test_the_side_of_a_key_is_no_warning_and_a_value_that_means_nothing_is_one() -> None:
    assert set(SIDE_FLAGS) | {"public", "feedback_key"} == SAID_BY_KEYS
    assert {"bad_side", "bad_actor", "bad_result", "bad_kind", "bad_reason", "bad_undo", "not_ours"} <= NOTICES.keys()


@pytest.mark.parametrize("name", sorted(HANDOVER_EVENTS))
def test_what_we_write_of_a_handover_is_said_by_nobody_else_and_stays(name: str) -> None:
    said = track("ann", name, 6, handover_id="ho_1")
    (crm,) = validate([said], Source("live:crm", clock="sender"), LATER).rows
    (ours,) = validate([said], Source("leadlight", clock="platform"), LATER).rows
    assert (crm["flags"], ours["flags"]) == ("not_ours", "")
    assert name in permanent_events(SMALL)
    assert World.of([ANN, said]).log.not_followed == [1]
