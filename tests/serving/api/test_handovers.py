"""Handovers and feedback over HTTP: lists in pages, one answer in one shape, each mistake one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from api_in_process import NOW, STRANGER, call, opened, problem
from handmade_events import identify
from offered_handovers import AGREEMENT, ANN, BEN, HOUR, handover_of
from pydantic import HttpUrl

from features.agreement.versions import save_version
from features.home.database import engine, migrate, writing
from features.home.settings import Home, Settings
from features.home.tables import lead_decisions
from features.ledger.ledger import Ledger
from serving.api.handover_schemas import HandoverAnswer, HandoverPage, NoHandover
from serving.handovers.store import write
from serving.http.keys import Keys
from serving.notices.card_links import signer

LEADS = [f"L-{place}" for place in range(5)]
OFFERED = [
    handover_of("inbound" if place == 0 else "crossing", ANN if place < 3 else BEN, NOW - place * HOUR, lead_id=lead)
    for place, lead in enumerate(LEADS)
]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[tuple[Home, Any, Any]]:
    home = Home(tmp_path / "home", Settings())
    migrate(home)
    save_version(home, AGREEMENT, NOW)
    told = [identify(lead, 1, email=f"{lead.lower()}@buyer.example", name="Ann Lee") for lead in [*LEADS, "eu/L 9"]]
    list(Ledger(home).append(told, source="crm", received_at=NOW - timedelta(days=9)))
    with writing(home) as connection:
        write(connection, [(None, handover) for handover in OFFERED])
    live, app = opened(home)
    yield home, live, app
    engine(home.database_url).dispose()


def listed(app: Any, query: str = "") -> list[str]:
    answered = call(app, "GET", f"/v1/handovers{query}")
    assert answered.status_code == 200, answered.text
    return [row["lead_id"] for row in HandoverPage.model_validate(answered.json()).model_dump()["data"]]


def told(app: Any, lead_id: str = "L-0", **body: Any) -> Any:
    return call(app, "POST", f"/v1/leads/{lead_id}/feedback", json={"by": ANN, **body})


def test_the_list_is_filtered_and_paged(service: tuple[Home, Any, Any]) -> None:
    app = service[2]
    assert listed(app) == LEADS
    assert listed(app, f"?owner={BEN}") == ["L-3", "L-4"]
    assert listed(app, "?kind=inbound") == listed(app, "?lead=L-0") == ["L-0"]
    assert listed(app, "?state=open&trial=false&overdue=false") == LEADS
    assert listed(app, "?state=lost") == listed(app, "?trial=true") == listed(app, "?overdue=true") == []
    first = call(app, "GET", "/v1/handovers?limit=2").json()
    assert (first["has_more"], [row["lead_id"] for row in first["data"]]) == (True, LEADS[:2])
    assert listed(app, f"?limit=200&cursor={first['next_cursor']}") == LEADS[2:]


@pytest.mark.parametrize("query", ["state=opn", "kind=hot", "overdue=maybe", "trial=1", "cursor=zzz", "ownr=x"])
def test_a_filter_that_is_none_is_refused(service: tuple[Home, Any, Any], query: str) -> None:
    assert call(service[2], "GET", f"/v1/handovers?{query}").status_code == 422


def test_one_handover_has_every_field_and_whom_to_call_for_those_who_may_know(
    service: tuple[Home, Any, Any],
) -> None:
    home, live, app = service
    path = f"/v1/handovers/{OFFERED[0].handover_id}"
    answer = call(app, "GET", path).json()
    HandoverAnswer.model_validate(answer)
    assert answer["contact"]["email"] == "l-0@buyer.example"
    assert (answer["state"], answer["stage"], answer["tries"]["of"]) == ("offered", "MQL", 6)
    keys = {scope: Keys(home).create([scope], NOW, scope).key for scope in ("scores:read", "feedback:write")}
    live.refresh_keys()
    read = call(app, "GET", path, STRANGER, headers={"authorization": f"Bearer {keys['scores:read']}"}).json()
    assert read["contact"] is None
    problem(call(app, "GET", "/v1/handovers/ho_none"), 404, "unknown_handover")
    headers = {"authorization": f"Bearer {keys['feedback:write']}"}
    said = {"by": ANN, "kind": "accepted"}
    said_by = call(app, "POST", "/v1/leads/L-0/feedback", STRANGER, headers=headers, json=said)
    assert said_by.json()["contact"]["name"] == "Ann Lee"


def test_feedback_answers_the_handover_as_it_now_stands(service: tuple[Home, Any, Any]) -> None:
    app = service[2]
    answer = told(app, kind="tried", medium="call", result="voicemail").json()
    HandoverAnswer.model_validate(answer)
    assert (answer["state"], answer["tries"]["made"], answer["tries"]["last_result"]) == ("working", 1, "voicemail")
    undone = told(app, kind="undo", undoes=answer["undo"]["feedback_id"]).json()
    assert (undone["state"], undone["tries"]["made"], undone["undo"]) == ("offered", 0, None)
    problem(told(app, kind="undo"), 409, "superseded")


def test_feedback_on_a_lead_without_a_handover_is_kept(service: tuple[Home, Any, Any]) -> None:
    answer = told(service[2], "eu/L 9", kind="tried", result="no_answer").json()
    assert NoHandover.model_validate(answer).lead_id == "eu/L 9"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"kind": "rejected", "reason": "dull"}, 422, "unknown_reason"),
        ({"kind": "accepted", "by": BEN}, 409, "taken"),
        ({"kind": "tried", "at": "2031-01-01T00:00:00Z"}, 422, "future_touch"),
        ({"kind": "accepted", "handover_id": "ho_none"}, 404, "unknown_handover"),
        ({"kind": "accepted", "handover_id": OFFERED[1].handover_id}, 422, "foreign_handover"),
        ({"kind": 3}, 422, "invalid_request"),
        ({"kind": "accepted", "reasn": "x"}, 422, "invalid_request"),
    ],
)
def test_each_mistake_is_one_sentence(
    service: tuple[Home, Any, Any], body: dict[str, Any], status: int, code: str
) -> None:
    problem(told(service[2], **body), status, code)
    problem(told(service[2], "nobody", kind="accepted"), 404, "unknown_lead")


def test_the_same_request_is_done_once(service: tuple[Home, Any, Any]) -> None:
    app = service[2]

    def once(kind: str) -> Any:
        headers = {"Idempotency-Key": "k1"}
        return call(app, "POST", "/v1/leads/L-0/feedback", headers=headers, json={"by": ANN, "kind": kind})

    first = once("tried")
    assert once("tried").content == first.content
    problem(once("contacted"), 422, "idempotency_key_reused")
    assert call(app, "GET", f"/v1/handovers/{OFFERED[0].handover_id}").json()["tries"]["made"] == 1


def test_who_is_away_passes_on_what_he_has_not_tried_and_who_gives_back_passes_on_one(
    service: tuple[Home, Any, Any],
) -> None:
    app = service[2]
    told(app, "L-1", kind="tried")
    passed = call(app, "POST", f"/v1/people/{ANN}/away", json={"until": "2026-12-31"}).json()["data"]
    assert {row["lead_id"] for row in passed} == {"L-0", "L-2"}
    assert ANN not in {row["owner"] for row in passed}
    assert listed(app, f"?owner={ANN}") == ["L-1"]
    path = f"/v1/handovers/{OFFERED[3].handover_id}/give-back"
    assert call(app, "POST", path, json={"by": BEN}).json()["owner"] != BEN
    problem(call(app, "POST", path, json={"by": BEN}), 409, "taken")
    problem(call(app, "POST", "/v1/people/nobody/away", json={"until": None}), 422, "unknown_person")
    problem(call(app, "POST", f"/v1/people/{ANN}/away", json={"until": "2020-01-01"}), 422, "bad_until")
    assert call(app, "POST", f"/v1/people/{ANN}/away", json={"until": None}).json() == {"data": []}


def test_a_card_is_linked_for_those_who_may_act_where_its_address_is_known(service: tuple[Home, Any, Any]) -> None:
    home, live, app = service
    path = f"/v1/handovers/{OFFERED[0].handover_id}"
    assert call(app, "GET", path).json()["links"] == {"card": None, "lead": None}
    with writing(home) as connection:
        signer(connection)
    home.settings.public_url = HttpUrl("https://leads.example")
    card = call(app, "GET", path).json()["links"]["card"]
    assert card.startswith("https://leads.example/h/")
    key = Keys(home).create(["scores:read"], NOW, "read").key
    live.refresh_keys()
    read = call(app, "GET", path, STRANGER, headers={"authorization": f"Bearer {key}"}).json()
    assert read["links"] == {"card": None, "lead": f"https://leads.example/leads/{OFFERED[0].lead_id}"}


def test_marketing_sends_one_now_and_a_rep_takes_the_best_that_waits(service: tuple[Home, Any, Any]) -> None:
    """Both are said in the ledger; the decision that follows hands over, and no lead has two handovers."""
    home, _, app = service
    sent = call(app, "POST", "/v1/leads/eu/L 9/handover", json={"by": "mia@ourcompany.example"})
    assert NoHandover.model_validate(sent.json()).lead_id == "eu/L 9"
    problem(call(app, "POST", "/v1/leads/L-0/handover", json={"by": BEN}), 409, "taken")
    problem(call(app, "POST", "/v1/handovers/take", json={"by": BEN}), 409, "nobody_waits")
    problem(call(app, "POST", "/v1/handovers/take", json={"by": "mia@ourcompany.example"}), 422, "unknown_person")
    row = {"lead_id": "eu/L 9", "decision_id": "de_1", "decided_us": 1, "since_us": 1, "decision": "sales_ready"}
    row |= {"code": "in_backlog", "in_backlog": True, "ranks_by": 0.4, "arrived_us": 1, "policy_digest": "x"}
    with writing(home) as connection:
        connection.execute(lead_decisions.insert().values(**row))
    taken = call(app, "POST", "/v1/handovers/take", json={"by": BEN})
    assert NoHandover.model_validate(taken.json()).lead_id == "eu/L 9"
