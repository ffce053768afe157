"""What clients put on the wire and what they were answered: a listener that passes every byte on unchanged."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from threading import Thread
from typing import Any

import h11

AT_ONCE_BYTES = 2**16


@dataclass
class Exchange:
    """One whole request and the whole response to it; status None and no answer where none came."""

    headers: dict[str, str]
    body: bytes
    status: int | None
    answer: bytes

    @cached_property
    def events(self) -> list[dict[str, Any]]:
        """The batch that was sent."""
        is_packed = self.headers.get("content-encoding") == "gzip"
        return json.loads(gzip.decompress(self.body) if is_packed else self.body)["batch"]

    @property
    def ids(self) -> list[str]:
        return [event["messageId"] for event in self.events]


@dataclass
class Connection:
    """The bytes of one connection: said to the server, and heard from it."""

    said: bytearray = field(default_factory=bytearray)
    heard: bytearray = field(default_factory=bytearray)
    is_over: bool = False

    @property
    def exchanges(self) -> list[Exchange]:
        return self._all if self.is_over else list(_exchanges(self.said, self.heard))

    @cached_property
    def _all(self) -> list[Exchange]:
        return list(_exchanges(self.said, self.heard))


@dataclass
class Wire:
    """Where clients connect instead of to the server, and all connections since the start."""

    url: str = ""
    connections: list[Connection] = field(default_factory=list)

    def exchanges(self, since: int = 0) -> list[Exchange]:
        """What was said, in the order of the connections; since so many of them."""
        return [exchange for connection in self.connections[since:] for exchange in connection.exchanges]


def acknowledged(exchanges: list[Exchange]) -> list[str]:
    """The messageIds that were answered with 200, as often as they were."""
    return [message_id for exchange in exchanges if exchange.status == 200 for message_id in exchange.ids]


def _exchanges(said: bytes, heard: bytes) -> Iterator[Exchange]:
    server, client = h11.Connection(h11.SERVER), h11.Connection(h11.CLIENT)
    for connection, read in ((server, said), (client, heard)):
        if read:  # nothing read would mean the end of the connection
            connection.receive_data(bytes(read))
    while request := _whole(server):
        # Only an h11 that has sent the request knows how its response ends, and the other way around.
        for event in request:
            client.send(event)
        response = _whole(client)
        yield _exchange(request, response)
        for event in response:
            server.send(event)
        if client.our_state is not h11.DONE or client.their_state is not h11.DONE:
            return
        server.start_next_cycle()
        client.start_next_cycle()


def _whole(connection: h11.Connection) -> list[Any]:
    """The events of the next message; empty if it did not come to its end."""
    events: list[Any] = []
    while not events or not isinstance(events[-1], h11.EndOfMessage):
        event = connection.next_event()
        if event in (h11.NEED_DATA, h11.PAUSED) or isinstance(event, h11.ConnectionClosed):
            return []
        events.append(event)
    return events


def _exchange(request: list[Any], response: list[Any]) -> Exchange:
    headers = {name.decode(): value.decode() for name, value in request[0].headers}
    status = response[0].status_code if response else None
    return Exchange(headers, _body(request), status, _body(response))


def _body(events: list[Any]) -> bytes:
    return b"".join(bytes(event.data) for event in events if isinstance(event, h11.Data))


@contextmanager
def listening_in(port: int) -> Iterator[Wire]:
    """A wire to the server at `port` of this machine, which may come and go."""
    wire, began = Wire(), Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]]()
    thread = Thread(target=asyncio.run, args=(_listen(wire, port, began),), daemon=True)
    thread.start()
    loop, is_over = began.result()
    try:
        yield wire
    finally:
        loop.call_soon_threadsafe(is_over.set)
        thread.join()


async def _listen(wire: Wire, port: int, began: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]]) -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            from_server, to_server = await asyncio.open_connection("127.0.0.1", port)
        except OSError:  # the server is down: its client sees the connection end
            writer.close()
            return
        wire.connections.append(noted := Connection())
        await asyncio.gather(_pass_on(reader, to_server, noted.said), _pass_on(from_server, writer, noted.heard))
        noted.is_over = True

    server = await asyncio.start_server(connected, "127.0.0.1", 0, backlog=2048)
    wire.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    is_over = asyncio.Event()
    began.set_result((asyncio.get_running_loop(), is_over))
    await is_over.wait()
    server.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, noted: bytearray) -> None:
    try:
        with suppress(OSError):
            while chunk := await reader.read(AT_ONCE_BYTES):
                writer.write(chunk)
                await writer.drain()
                noted += chunk
    finally:
        writer.close()
