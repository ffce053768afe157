"""Events into `leadlight serve` itself, by two processes that share a database."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from service_process import Served, served
from sqlalchemy import NullPool, create_engine, make_url, select, text

from features.home import tables
from features.home.database import engine, reading
from features.home.settings import Home, Settings
from features.ledger.ledger import Ledger
from serving.api.tracking import CALLS

pytestmark = pytest.mark.slow

PAGE = {"type": "page", "userId": "ann", "properties": {"path": "/pricing"}}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, Served]]:
    """A home that was empty at the start, and its service of two workers."""
    url = None if request.param == "sqlite" else empty_database(request.getfixturevalue("postgres_server"))
    home = Home(tmp_path_factory.mktemp(request.param) / "home", Settings(database_url=url)).created()
    with served(home, workers=2) as service:
        yield home, service
    engine(home.database_url).dispose()


def empty_database(server: str) -> str:
    """The URL of a database of its own, for a service that lasts for the whole module."""
    pool = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    name = f"served_{uuid4().hex}"
    with pool.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def posted(service: Served, asked: list[tuple[str, bytes]]) -> list[httpx.Response]:
    """The answers to bodies that are sent at the same time, each over a connection of its own."""

    async def at_once() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=len(asked), max_keepalive_connections=0)
        async with httpx.AsyncClient(base_url=service.url, timeout=60, limits=limits) as caller:
            return await asyncio.gather(*(caller.post(path, content=content) for path, content in asked))

    return asyncio.run(at_once())


def ids(home: Home) -> list[str]:
    return [row.message_id for chunk in Ledger(home).chunks() for row in chunk]


def test_copies_and_strangers_at_once_are_each_one_event(running: tuple[Home, Served]) -> None:
    home, service = running
    asked = [("/v1/page", orjson.dumps(PAGE | {"messageId": f"m{n % 10}"})) for n in range(100)]
    answered = [one.json() for one in posted(service, asked)]
    assert sum(one["accepted"] for one in answered) == 10
    assert sum(one["duplicates"] for one in answered) == 90
    assert sorted(ids(home)) == [f"m{n}" for n in range(10)]
    with reading(home) as connection:
        recorded = list(connection.scalars(select(tables.events.c.recorded_us).order_by(tables.events.c.event_id)))
    assert recorded == sorted(recorded)


@pytest.mark.parametrize("slash", ["", "/"])
def test_no_route_redirects_and_every_error_has_code_and_message(running: tuple[Home, Served], slash: str) -> None:
    _, service = running
    for name in CALLS:
        for content, status in ((b"{", 400), (b'"text"', 400), (b" " * (4 * 2**20 + 1), 413)):
            answered = service.post(f"/v1/{name}{slash}", content=content)
            said: dict[str, Any] = answered.json()
            assert answered.status_code == status
            assert isinstance(said["code"], str)
            assert isinstance(said["message"], str)
        assert httpx.options(f"{service.url}/v1/{name}{slash}").status_code == 204


def test_bodies_come_gzipped_in_pieces_and_by_any_name(running: tuple[Home, Served]) -> None:
    home, service = running
    packed = gzip.compress(orjson.dumps({"batch": [PAGE | {"messageId": f"gz{n}"} for n in range(500)]}))

    def pieces() -> Iterator[bytes]:
        yield from (packed[start : start + 100] for start in range(0, len(packed), 100))

    kind = {"content-encoding": "gzip", "content-type": "application/x-www-form-urlencoded"}
    assert service.post("/v1/batch", content=pieces(), headers=kind).json()["accepted"] == 500
    assert sum(name.startswith("gz") for name in ids(home)) == 500


def test_the_figures_name_routes_and_nobody(running: tuple[Home, Served]) -> None:
    _, service = running
    service.post("/v1/t/", content=orjson.dumps({"userId": "ann@buyer.example", "event": "Badge Scanned"}))
    figures = service.get("/metrics").text
    assert re.search(r'request_total\{endpoint="/v1/t",http_response_code="200".*\} \d', figures)
    assert "buyer.example" not in figures + service.log


def test_intake_did_not_fail_once(running: tuple[Home, Served]) -> None:
    assert "intake failed" not in running[1].log
    assert "Traceback" not in running[1].log
