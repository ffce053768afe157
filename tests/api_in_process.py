"""The public API in this process, for tests of what goes in and out: a home, opened as at the start of a service."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
from starlette.applications import Starlette

from features.home.settings import Home
from serving.api.app import application
from serving.api.schemas import ProblemDetails
from serving.process import ServedHome

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LOOPBACK, STRANGER = ("127.0.0.1", 40_000), ("192.0.2.7", 40_000)


class StandIn:
    """A scorer that knows leads by name and does to each request what a test wants."""

    def __init__(self, does: Callable[[Any], object] | None = None) -> None:
        self.does, self.looks = does, 0

    def scores(self, asked: Any, as_of: datetime, most_reasons: int | None = 3) -> list[dict[str, Any]]:
        if self.does:
            self.does(asked)
        return [{"lead_id": lead.get("lead_id"), "status": "scored", "probability": 0.1 + 0.2} for lead in asked]

    def refresh(self) -> None:
        self.looks += 1

    def models(self) -> list[dict[str, Any]]:
        return []


class Published:
    """A publisher that counts how often it was asked, and does then what a test wants."""

    def __init__(self, does: Callable[[], object] | None = None) -> None:
        self.does, self.times = does, 0

    def publish(self) -> int:
        self.times += 1
        if self.does:
            self.does()
        return 0

    def check(self) -> None:
        pass


def opened(
    home: Home, publisher: Published | None = None, now: Callable[[], datetime] = lambda: NOW
) -> tuple[ServedHome, Starlette]:
    """What serves a home, without a scorer, and its application."""
    live = ServedHome(lambda: home, lambda _: StandIn(), lambda _: publisher or Published())
    live.open()
    return live, application(live, now)


def call(
    app: Starlette, method: str, path: str, client: Any = LOOPBACK, host: str = "127.0.0.1:3000", **request: Any
) -> httpx.Response:
    """One request and its answer."""
    (answered,) = calls(app, [(method, path, request)], client, host)
    return answered


def calls(
    app: Starlette, asked: Sequence[tuple[str, str, Any]], client: Any = LOOPBACK, host: str = "127.0.0.1:3000"
) -> list[httpx.Response]:
    """The answers to requests (method, path, keywords) that are made at the same time."""

    async def at_once() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=app, client=client)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}", timeout=60) as caller:
            return await asyncio.gather(*(caller.request(method, path, **said) for method, path, said in asked))

    return asyncio.run(at_once())


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """What a response says, held to be a problem of this kind in the shape of every problem."""
    said: dict[str, Any] = response.json()
    assert (response.status_code, said["status"], said["code"]) == (status, status, code)
    assert response.headers["content-type"] == "application/problem+json"
    assert said["request_id"] == response.headers["x-request-id"]
    assert said["message"] == said["detail"]
    ProblemDetails.model_validate(said)
    return said


def served(home, scorer=None):
    """The application for a home, opened as at the start of a service."""
    from serving.scoring.scorer import Scorer

    live = ServedHome(lambda: home, (lambda _: scorer) if scorer else Scorer)
    live.open()
    return live, application(live, lambda: NOW)
