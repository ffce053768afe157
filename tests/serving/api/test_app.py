"""The public API: who may ask, what is answered, and what every error looks like."""

from __future__ import annotations

import asyncio
import gzip
import math
import re
import threading
import time
from datetime import UTC, datetime

import httpx
import orjson
import pytest
from api_in_process import LOOPBACK, STRANGER, StandIn, call, problem, served
from home_of_two_leads import NOW, empty_home, small_home

from features.events.event import EventRefused
from features.home.errors import LeadlightError
from serving.api.app import application
from serving.api.openapi import document
from serving.api.schemas import Scores
from serving.api.tracking import BEACON
from serving.http.auth import PROXY_HEADERS
from serving.http.keys import Keys
from serving.limits import SCORED_IN_LOOP
from serving.process import ServedHome
from serving.scoring.answer import Score

LATER = ["webhooks", "webhooks/wh_1/deliveries", "leads/next"]


def raising(error):
    def does(_asked):
        raise error

    return does


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return small_home(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def app(home):
    return served(home)[1]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """An application with keys: the one that reads, and the one that only writes events."""
    home = empty_home(tmp_path_factory.mktemp("keys"))
    reads, writes = (Keys(home).create([scope], NOW).key for scope in ("scores:read", "events:write"))
    return served(home, StandIn())[1], reads, writes


# What is answered


def test_scores_come_in_the_order_asked_with_unknown_leads_among_them(app):
    asked = [{"lead_id": "nobody"}, {"lead_id": "eu/L 2"}, {"email": " Ann@Buyer.example"}, {"lead_id": "L-1"}]
    answered = call(app, "POST", "/v1/scores", json={"leads": asked})
    assert answered.status_code == 200
    Scores.model_validate_json(answered.content)
    data = answered.json()["data"]
    assert [score["status"] for score in data] == ["unknown_lead", "scored", "scored", "scored"]
    assert [score["lead_id"] for score in data] == ["nobody", "eu/L 2", "L-1", "L-1"]
    assert data[0].get("probability") is None


def test_every_field_of_a_score_is_in_the_contract(app):
    score = Score.model_validate_json(call(app, "GET", "/v1/leads/L-1/score").content)
    assert score.as_of == NOW
    assert score.agreement.name == "default"


def test_all_contributions_and_the_baseline_are_the_logit(app):
    for lead in ({"lead_id": "L-1"}, {"traits": {"job_title": "VP Sales", "employees": 310}}):
        (score,) = call(app, "POST", "/v1/scores?reasons=all", json={"leads": [lead]}).json()["data"]
        total = score["baseline"] + sum(reason["contribution"] for reason in score["reasons"])
        assert total == pytest.approx(math.log(score["probability"] / (1 - score["probability"])), abs=1e-6)


def test_one_lead_is_scored_the_same_by_both_routes(app):
    (posted,) = call(app, "POST", "/v1/scores?reasons=1", json={"leads": [{"lead_id": "L-1"}]}).json()["data"]
    assert call(app, "GET", "/v1/leads/L-1/score?reasons=1").json() == posted
    assert len(posted["reasons"]) == 1


def test_a_lead_id_may_hold_a_slash_and_a_space(app):
    assert call(app, "GET", "/v1/leads/eu%2FL%202/score").json()["lead_id"] == "eu/L 2"
    assert call(app, "GET", "/v1/leads/eu/L 2/score").json()["lead_id"] == "eu/L 2"


@pytest.mark.parametrize("lead_id", ["nobody", "", "%00", "x" * 300, "%F0%9F%92%A1", "..%2F..%2Fetc"])
def test_a_lead_that_nobody_knows_is_a_404(app, lead_id):
    problem(call(app, "GET", f"/v1/leads/{lead_id}/score"), 404, "unknown_lead")


def test_an_inline_lead_comes_back_with_its_reference_and_is_not_stored(app):
    lead = {"client_reference_id": "row 1", "traits": {"job_title": "VP Sales"}}
    (score,) = call(app, "POST", "/v1/scores", json={"leads": [lead]}).json()["data"]
    assert (score["client_reference_id"], score["lead_id"], score["status"]) == ("row 1", None, "scored")


def test_any_content_type_and_gzip_are_read(app):
    raw = orjson.dumps({"leads": [{"lead_id": "L-1"}]})
    for kind in ("application/x-www-form-urlencoded", "text/plain", "nonsense"):
        answered = call(app, "POST", "/v1/scores", content=raw, headers={"content-type": kind})
        assert answered.json()["data"][0]["lead_id"] == "L-1"
    packed = call(app, "POST", "/v1/scores", content=gzip.compress(raw), headers={"content-encoding": "gzip"})
    assert packed.json()["data"][0]["lead_id"] == "L-1"


def test_numbers_are_not_rounded_and_nan_never_leaves(tmp_path):
    class Odd(StandIn):
        def scores(self, asked, as_of, most_reasons=3):
            return [{"status": "scored", "probability": 0.1 + 0.2, "base_rate": math.nan, "as_of": as_of}]

    _, app = served(empty_home(tmp_path), Odd())
    said = call(app, "GET", "/v1/leads/a/score").content
    assert b"0.30000000000000004" in said
    assert b"NaN" not in said
    assert b"2026-11-21T12:00:00Z" in said


def test_models_are_a_list_in_pages(app):
    assert call(app, "GET", "/v1/models").json() == {"data": [], "next_cursor": None, "has_more": False}


def test_no_cache_may_keep_a_score(app):
    assert call(app, "GET", "/v1/leads/L-1/score").headers["cache-control"] == "no-store"


# Who may ask


@pytest.mark.parametrize("host", ["127.0.0.1:3000", "localhost:3000", "[::1]:3000", "LOCALHOST", "127.9.9.9"])
def test_on_loopback_no_key_is_needed(app, host):
    for peer in ("127.0.0.1", "::1", "::ffff:127.0.0.1", "127.8.8.8"):
        assert call(app, "GET", "/v1/models", client=(peer, 1), host=host).status_code == 200


@pytest.mark.parametrize("peer", ["192.0.2.7", "10.0.0.1", "::ffff:192.0.2.7", "localhost.evil.example", None])
def test_another_machine_needs_a_key(app, peer):
    said = call(app, "GET", "/v1/models", client=peer and (peer, 40_000))
    assert "leadlight keys create --scope scores:read" in problem(said, 401, "key_needed")["message"]
    assert said.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("name", [*sorted(PROXY_HEADERS), "X-Forwarded-For", "X-Forwarded-Anything"])
def test_what_comes_through_a_proxy_is_not_from_this_machine(app, name):
    problem(call(app, "GET", "/v1/models", headers={name: "127.0.0.1"}), 401, "key_needed")


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:3000", "[::", "", "0.0.0.0"]
)
def test_a_name_that_was_pointed_at_this_machine_opens_nothing(app, host):
    problem(call(app, "GET", "/v1/models", headers={"host": host}), 401, "key_needed")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://[", "http://localhost.evil.example"])
def test_a_page_of_another_site_cannot_ask_through_a_visitor_here(app, origin):
    said = call(app, "POST", "/v1/scores", json={"leads": [{"lead_id": "L-1"}]}, headers={"origin": origin})
    problem(said, 401, "key_needed")
    assert call(app, "GET", "/v1/models", headers={"origin": "http://localhost:3000"}).status_code == 200


def test_loopback_can_be_made_to_need_a_key_too(tmp_path, monkeypatch):
    monkeypatch.setenv("LEADLIGHT_ALLOW_ANONYMOUS", "false")
    _, app = served(empty_home(tmp_path), StandIn())
    assert problem(call(app, "GET", "/v1/models"), 401, "key_needed")["message"].startswith("A key is needed")


def test_a_key_opens_from_anywhere_what_its_scope_says(guarded):
    app, reads, writes = guarded
    ask = {"client": STRANGER, "host": "leadlight.example"}
    assert call(app, "GET", "/v1/models", headers={"authorization": f"Bearer {reads}"}, **ask).status_code == 200
    assert call(app, "GET", "/v1/models", headers={"authorization": f"bearer  {reads} "}, **ask).status_code == 200
    refused = call(app, "GET", "/v1/models", headers={"authorization": f"Bearer {writes}"}, **ask)
    assert "scores:read" in problem(refused, 403, "missing_scope")["message"]


@pytest.mark.parametrize("said", ["Bearer llk_wrong", "Bearer", "Basic bGxrXzo=", "", "Bearer \u00e9"])
def test_a_wrong_key_is_refused_even_where_none_is_needed(guarded, said):
    """Whoever sends one means it, and would not notice that it does nothing."""
    header = {"authorization": said.encode()}
    problem(call(guarded[0], "GET", "/v1/models", headers=header), 401, "unknown_key")


def test_a_stranger_is_refused_before_the_body_is_read(guarded):
    problem(call(guarded[0], "POST", "/v1/scores", client=STRANGER, content=b"{"), 401, "key_needed")


def test_a_revoked_key_opens_nothing_after_the_next_look(tmp_path):
    home = empty_home(tmp_path)
    made = Keys(home).create(["scores:read"], NOW)
    live, app = served(home, StandIn())
    headers = {"authorization": f"Bearer {made.key}"}
    assert call(app, "GET", "/v1/models", client=STRANGER, headers=headers).status_code == 200
    Keys(home).revoke(made.key_id, NOW)
    live.refresh()
    problem(call(app, "GET", "/v1/models", client=STRANGER, headers=headers), 401, "unknown_key")


def test_keys_that_cannot_be_checked_are_a_503_and_never_a_401(tmp_path):
    home = empty_home(tmp_path)
    made = Keys(home).create(["scores:read"], NOW)
    live, app = served(home, StandIn())
    live.credentials.ring.refresh(-1e9)  # long ago
    said = call(app, "GET", "/v1/models", client=STRANGER, headers={"authorization": f"Bearer {made.key}"})
    problem(said, 503, "keys_unavailable")
    assert int(said.headers["retry-after"]) > 0


# What every error looks like


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"{", 400, "broken_json"),
        (b"", 400, "broken_json"),
        (b'{"leads":[{"traits":{"employees":NaN}}]}', 422, "not_a_number"),
        (b'{"leads":[{"traits":{"employees":Infinity}}]}', 422, "not_a_number"),
        (b'{"leads":[{"lead_id":"L-1","score":1}]}', 422, "invalid_request"),
        (b'{"leads":[]}', 422, "invalid_request"),
        (orjson.dumps({"leads": [{"lead_id": "L-1"}] * 1001}), 422, "invalid_request"),
        (b" " * (4 * 2**20 + 1), 413, "body_too_large"),
    ],
)
def test_a_bad_body_is_answered_with_what_is_wrong_and_where(app, content, status, code):
    said = problem(call(app, "POST", "/v1/scores", content=content), status, code)
    assert bool(said.get("errors")) == (status == 422)


def test_a_body_in_pieces_is_held_to_the_limit_as_it_comes(app):
    sent = 0

    async def pieces():
        nonlocal sent
        while sent < 64 * 2**20:
            sent += 2**20
            yield b" " * 2**20

    problem(call(app, "POST", "/v1/scores", content=pieces()), 413, "body_too_large")
    assert sent <= 6 * 2**20


def test_reasons_that_are_no_number_are_refused(app):
    problem(call(app, "GET", "/v1/leads/L-1/score?reasons=many"), 422, "bad_reasons")


def test_a_wrong_method_is_told_the_right_one(app):
    for method, path, right in (("GET", "/v1/scores", "POST"), ("DELETE", "/v1/models", "GET, HEAD")):
        said = call(app, method, path)
        problem(said, 405, "wrong_method")
        assert said.headers["allow"] == right


@pytest.mark.parametrize("path", [*LATER, "scores/more", "nothing", "openapi.json/more"])
def test_what_is_not_there_yet_is_absent_and_never_a_redirect(app, path):
    problem(call(app, "GET", f"/v1/{path}"), 404, "no_such_route")


def test_an_empty_home_scores_by_the_default_agreement_and_says_that_nobody_agreed_to_it(tmp_path):
    live, app = served(empty_home(tmp_path))
    problem(call(app, "GET", "/v1/leads/L-1/score"), 404, "unknown_lead")
    asked = {"leads": [{"traits": {"job_title": "VP Sales"}}, {"lead_id": "L-1"}]}
    scores = call(app, "POST", "/v1/scores", json=asked).json()["data"]
    assert [score["status"] for score in scores] == ["scored", "unknown_lead"]
    for score in scores:
        assert (score["agreement"]["name"], score["agreement"]["version"], score["model"]) == ("default", 0, None)
        assert [warning["code"] for warning in score["warnings"]] == ["not_agreed"]
        assert "--agreement agreement.toml" in score["warnings"][0]["message"]
    assert live.credentials.ring.key("llk_any", time.monotonic()) is None


def test_a_home_that_fills_while_it_is_served_is_served(tmp_path):
    from features.home.settings import Home, Settings

    live, app = served(Home(tmp_path / "home", Settings()))
    problem(call(app, "GET", "/v1/leads/L-1/score"), 404, "unknown_lead")
    small_home(tmp_path)
    live.refresh()
    score = call(app, "GET", "/v1/leads/L-1/score").json()
    assert (score["status"], score["agreement"]["version"], score["warnings"]) == ("scored", 1, [])


def test_an_unforeseen_error_tells_nothing_of_itself(tmp_path):
    _, app = served(empty_home(tmp_path), StandIn(raising(RuntimeError("postgresql://user:hidden@db/leads"))))
    said = call(app, "GET", "/v1/leads/L-1/score")
    problem(said, 500, "internal_error")
    assert b"hidden" not in said.content
    assert b"RuntimeError" not in said.content


def test_a_home_that_cannot_score_is_a_503_that_tells_no_paths(tmp_path):
    error = LeadlightError("/srv/home/models/ab/trees.txt: its SHA-256 is another", code="model_damaged")
    _, app = served(empty_home(tmp_path), StandIn(raising(error)))
    said = call(app, "GET", "/v1/leads/L-1/score")
    assert "/srv" not in problem(said, 503, "model_damaged")["message"]
    assert int(said.headers["retry-after"]) > 0


def test_an_inline_event_that_says_nothing_is_for_the_caller_to_mend(tmp_path):
    error = EventRefused("a track event has no name; send event", code="no_name")
    _, app = served(empty_home(tmp_path), StandIn(raising(error)))
    problem(call(app, "POST", "/v1/scores", json={"leads": [{"events": [{}]}]}), 422, "no_name")


@pytest.mark.parametrize("sent", ["", "a b", "x" * 129, 'a"b', "é"])
def test_every_answer_has_a_request_id_and_a_sound_one_is_the_callers_own(app, sent):
    paths = ["/v1/models", "/v1/leads/L-1/score", "/v1/nothing", "/v1/leads/nobody/score", "/v1/openapi.json", "/"]
    for path in paths:
        assert call(app, "GET", path, headers={"x-request-id": "req-1.a:b_c"}).headers["x-request-id"] == "req-1.a:b_c"
        made = call(app, "GET", path, headers={"x-request-id": sent.encode()}).headers["x-request-id"]
        assert re.fullmatch(r"[0-9a-f]{32}", made)


def test_a_caller_who_leaves_is_no_error_of_ours(app):
    """A client that breaks off in the middle of its body waits for no answer."""
    sent = []

    async def leave():
        return {"type": "http.disconnect"}

    async def note(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/scores", "query_string": b"", "client": LOOPBACK}
    asyncio.run(app(scope | {"headers": [(b"host", b"localhost")], "http_version": "1.1"}, leave, note))
    assert sent == []


# How a process goes on


def test_a_large_request_leaves_others_free(tmp_path):
    """The large one waits inside the scorer until the small one, asked later, is answered."""
    small_is_answered = threading.Event()

    def does(asked):
        assert len(asked) <= SCORED_IN_LOOP or small_is_answered.wait(30)

    _, app = served(empty_home(tmp_path), StandIn(does))

    async def both():
        transport = httpx.ASGITransport(app=app, client=LOOPBACK)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as caller:
            leads = [{"lead_id": str(i)} for i in range(1000)]
            large = asyncio.create_task(caller.post("/v1/scores", json={"leads": leads}))
            await asyncio.sleep(0)
            small = await caller.get("/v1/leads/L-1/score")
            small_is_answered.set()
            return small, await large

    small, large = asyncio.run(both())
    assert small.status_code == 200
    assert [score["lead_id"] for score in large.json()["data"]] == [str(i) for i in range(1000)]


def test_a_large_request_that_would_wait_too_long_is_sent_away(tmp_path, monkeypatch):
    monkeypatch.setattr("serving.limits.WAIT_TO_SCORE_S", 0.01)
    second_is_answered = threading.Event()

    def does(asked):
        assert len(asked) <= SCORED_IN_LOOP or second_is_answered.wait(30)

    _, app = served(empty_home(tmp_path), StandIn(does))

    async def both():
        transport = httpx.ASGITransport(app=app, client=LOOPBACK)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as caller:
            leads = {"leads": [{"lead_id": "L-1"}] * (SCORED_IN_LOOP + 1)}
            tasks = [asyncio.create_task(caller.post("/v1/scores", json=leads)) for _ in range(2)]
            (sent_away,), (waiting,) = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            second_is_answered.set()
            return await sent_away, await waiting

    sent_away, scored = asyncio.run(both())
    problem(sent_away, 503, "busy")
    assert int(sent_away.headers["retry-after"]) > 0
    assert scored.status_code == 200


def test_a_look_that_fails_leaves_what_was_good(tmp_path):
    class Failing(StandIn):
        def refresh(self):
            super().refresh()
            if self.looks > 1:
                raise LeadlightError("a flipped byte", code="model_damaged")

    live, app = served(empty_home(tmp_path), Failing())
    live.refresh()
    live.refresh()
    assert call(app, "GET", "/v1/leads/L-1/score").status_code == 200


def test_a_running_process_looks_again_by_itself(tmp_path, monkeypatch):
    monkeypatch.setattr("serving.process.REFRESH_S", 0.001)
    scorer = StandIn()

    async def life():
        live = ServedHome(lambda: empty_home(tmp_path), lambda _: scorer)
        async with live.running():
            while scorer.looks < 3:
                await asyncio.sleep(0.001)

    asyncio.run(asyncio.wait_for(life(), 30))
    assert scorer.looks >= 3


def test_keys_are_looked_at_while_a_model_loads(tmp_path, monkeypatch):
    monkeypatch.setattr("serving.process.REFRESH_S", 0.001)
    is_loaded, home = threading.Event(), empty_home(tmp_path)

    class Loading(StandIn):
        def refresh(self):
            super().refresh()
            assert self.looks == 1 or is_loaded.wait(30)

    async def life():
        live = ServedHome(lambda: home, lambda _: Loading())
        async with live.running():
            made = Keys(home).create(["admin"], NOW)
            while live.credentials.ring.key(made.key, time.monotonic()) is None:
                await asyncio.sleep(0.001)
            is_loaded.set()

    asyncio.run(asyncio.wait_for(life(), 30))


def test_the_first_caller_does_not_wait_for_what_only_the_first_score_loads(tmp_path):
    scored = []
    _, app = served(empty_home(tmp_path), StandIn(scored.append))
    assert len(scored) == 1  # by the service itself, before it was ready
    call(app, "GET", "/v1/leads/L-1/score")
    assert len(scored) == 2


# The document


def test_the_document_has_every_route_and_no_other(app):
    (mount,) = [route for route in app.routes if route.path == "/v1"]
    declared = [(route.path_format, method) for route in mount.routes for method in route.methods - {"HEAD", "OPTIONS"}]
    routes = {(f"/v1{path}", method.lower()) for path, method in declared}
    routes.remove(("/v1/leads/{lead_id}", "get"))  # a 404 that names the addresses of a lead
    said = call(app, "GET", "/v1/openapi.json").json()
    routes.add((f"{BEACON}/batch", "post"))  # beside /v1, where a browser client of RudderStack sends it
    assert {(path, method) for path, operations in said["paths"].items() for method in operations} == routes


def test_the_document_refers_only_to_what_it_holds():
    said = document("1")
    referred = set(re.findall(r'"#/components/schemas/(\w+)"', orjson.dumps(said).decode()))
    assert referred == set(said["components"]["schemas"])
    assert said["openapi"].startswith("3.1")


def test_the_example_of_the_document_is_answered(app):
    said = call(app, "GET", "/v1/openapi.json").json()["paths"]["/v1/scores"]["post"]
    example = said["requestBody"]["content"]["application/json"]["example"]
    assert call(app, "POST", "/v1/scores", json=example).status_code == 200


def test_now_is_the_moment_of_the_request(home):
    from serving.scoring.scorer import Scorer

    live = ServedHome(lambda: home, Scorer)
    live.open()
    before = datetime.now(UTC)
    said = call(application(live), "GET", "/v1/leads/L-1/score").json()
    assert before <= datetime.fromisoformat(said["as_of"]) <= datetime.now(UTC)


def test_a_browser_that_asks_for_the_address_gets_the_page_for_people_and_a_program_the_routes(app):
    sent = call(app, "GET", "/", headers={"accept": "text/html,application/xhtml+xml"})
    assert (sent.status_code, sent.headers["location"]) == (303, "/worklist")
    assert "POST /v1/scores" in call(app, "GET", "/").text
