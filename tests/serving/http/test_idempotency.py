"""A request with an Idempotency-Key is done once; whoever sends it again gets the same answer."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from handmade_events import LATER as NOW
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from features.home import tables
from features.home.database import engine, migrate, reading
from features.home.settings import Home, Settings
from serving.http.idempotency import Idempotency
from serving.http.keys import Key
from serving.http.problems import Boundary, Problem
from serving.limits import ABANDONED_AFTER, IDEMPOTENT_FOR

pytestmark = pytest.mark.usefixtures("migrations_as_ever")

Does = Callable[[], Awaitable[Response]]


class Counter:
    """A service with one route, which counts how often it was really done."""

    def __init__(self, home: Home) -> None:
        self.now, self.done, self.does = NOW, 0, self.count
        self.kept = Idempotency(home, lambda: self.now)

    async def count(self) -> Response:
        self.done += 1
        return JSONResponse({"done": self.done}, 201)

    async def take(self, request: Request) -> Response:
        who = request.headers.get("x-who")
        key = Key(who, frozenset(), "", NOW, None) if who else None
        try:
            return await self.kept.once(request, key, await request.body(), lambda: self.does())
        except Problem as problem:
            return problem.response(request.scope)

    async def ask(self, key: str | None, body: str = "", path: str = "/do", who: str = "") -> httpx.Response:
        routes = [Route(p, self.take, methods=["POST"]) for p in ("/do", "/other")]
        transport = httpx.ASGITransport(app=Boundary(Starlette(routes=routes)), raise_app_exceptions=False)
        headers = ({} if key is None else {"Idempotency-Key": key}) | ({"x-who": who} if who else {})
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as caller:
            return await caller.post(path, content=body, headers=headers)

    def asks(self, *asked, **more) -> httpx.Response:
        return asyncio.run(self.ask(*asked, **more))


@pytest.fixture(params=["sqlite", "postgresql"])
def counter(request: pytest.FixtureRequest, tmp_path: Path) -> Iterable[Counter]:
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    home = Home(tmp_path / "home", Settings(database_url=url)).created()
    migrate(home)
    yield Counter(home)
    engine(home.database_url).dispose()


def test_the_same_request_is_done_once_and_answered_the_same(counter: Counter) -> None:
    first, second = counter.asks("k", "a"), counter.asks("k", "a")
    assert (first.status_code, first.content) == (second.status_code, second.content) == (201, b'{"done":1}')
    assert first.headers["content-type"] == second.headers["content-type"]
    assert counter.done == 1


def test_without_a_key_each_request_is_done(counter: Counter) -> None:
    assert [counter.asks(None).json()["done"] for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize("another", [{"body": "b"}, {"path": "/other"}, {"path": "/do?now=1"}])
def test_another_request_under_the_same_key_is_refused(counter: Counter, another: dict) -> None:
    counter.asks("k", "a")
    refused = counter.asks("k", **({"body": "a"} | another))
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    assert counter.done == 1


def test_keys_of_two_callers_are_two(counter: Counter) -> None:
    assert [counter.asks("k", who=who).json()["done"] for who in ("ann", "bob", "", "ann")] == [1, 2, 3, 1]


def test_while_the_first_runs_the_second_is_told_to_wait(counter: Counter) -> None:
    async def both() -> tuple[httpx.Response, httpx.Response, httpx.Response]:
        runs, may_end = asyncio.Event(), asyncio.Event()

        async def slowly() -> Response:
            runs.set()
            await may_end.wait()
            return await counter.count()

        counter.does = slowly
        first = asyncio.create_task(counter.ask("k"))
        await runs.wait()
        second = await counter.ask("k")
        may_end.set()
        return await first, second, await counter.ask("k")

    first, second, third = asyncio.run(both())
    assert (second.status_code, second.json()["code"]) == (409, "still_running")
    assert int(second.headers["retry-after"]) > 0
    assert first.content == third.content
    assert counter.done == 1


def raising(error: Exception) -> Does:
    async def does() -> Response:
        raise error

    return does


def test_a_refusal_is_an_answer_too_with_the_same_request_id(counter: Counter) -> None:
    counter.does = raising(Problem(404, "unknown_lead", "There is no lead with this id."))
    first, second = counter.asks("k"), counter.asks("k")
    assert first.json() == second.json()
    assert second.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("error", [RuntimeError("broken"), Problem(503, "busy", "Not now.")])
def test_what_may_pass_may_be_tried_again(counter: Counter, error: Exception) -> None:
    counter.does = raising(error)
    assert counter.asks("k").status_code >= 500
    counter.does = counter.count
    assert counter.asks("k").json() == {"done": 1}


def test_an_answer_is_kept_for_a_day(counter: Counter) -> None:
    counter.asks("k")
    counter.now = NOW + IDEMPOTENT_FOR - timedelta(seconds=1)
    assert counter.asks("k").json() == {"done": 1}
    counter.now = NOW + IDEMPOTENT_FOR + timedelta(seconds=1)
    assert counter.asks("k").json() == {"done": 2}


def test_a_request_whose_process_died_may_be_sent_again(counter: Counter) -> None:
    counter.does = raising(asyncio.CancelledError())  # type: ignore[arg-type]
    moments: list[datetime] = [NOW, NOW + ABANDONED_AFTER / 2, NOW + ABANDONED_AFTER + timedelta(seconds=1)]
    release, counter.kept._release = counter.kept._release, lambda _: None  # type: ignore[method-assign]
    with pytest.raises(asyncio.CancelledError):
        counter.asks("k")
    counter.kept._release = release  # type: ignore[method-assign]
    counter.does = counter.count
    statuses = []
    for counter.now in moments:
        statuses.append(counter.asks("k").status_code)
    assert statuses == [409, 409, 201]


@pytest.mark.parametrize(("key", "status"), [("", 422), ("k" * 255, 201), ("k" * 256, 422)])
def test_a_key_has_1_to_255_characters(counter: Counter, key: str, status: int) -> None:
    assert counter.asks(key).status_code == status


def test_what_is_kept_of_a_request_names_nobody(counter: Counter) -> None:
    counter.asks("k", "ann@buyer.example")
    with reading(counter.kept.home) as connection:
        (row,) = connection.execute(select(tables.idempotency_keys))
    assert b"ann" not in row.request_digest
    assert (row.lead_id, row.body) == (None, '{"done":1}')


def test_two_first_requests_of_a_home_are_both_done(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """The home's key for them is made by the first of them: the other must not make one too."""
    both_make_one, made = threading.Barrier(2), secrets.token_bytes

    def make(size: int) -> bytes:
        with suppress(threading.BrokenBarrierError):
            both_make_one.wait(0.5)
        return made(size)

    monkeypatch.setattr(secrets, "token_bytes", make)
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(counter.asks, ("k", "l")))
    assert [answer.status_code for answer in answers] == [201, 201]
