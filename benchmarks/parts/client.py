"""An HTTP client for benchmarks: some connections, each sending its next request when it has its answer.

    python benchmarks/parts/client.py HOST:PORT CONNECTIONS SECONDS CORE < requests.bin

On standard input lie whole HTTP/1.1 requests, each after its length in four bytes; they are sent in turn, over and
over for SECONDS after a second of warming up, or where SECONDS is 0 each once. Prints one JSON object. Runs as a
process of its own on a core of its own, so that it takes nothing from the server; the standard library alone, a few
dozen microseconds a request.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import cycle
from time import perf_counter
from typing import Any

WARM_UP_S = 1.0


class Connection(asyncio.Protocol):
    """One connection kept alive; seconds and status of each answer go to `seen`."""

    def __init__(self, requests: Iterator[bytes], seen: list[tuple[float, float, int]]) -> None:
        self.requests, self.seen = requests, seen
        self.read = bytearray()
        self.sent_at = 0.0
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self.read += data
        head, found, _ = self.read.partition(b"\r\n\r\n")
        if not found:
            return
        fields = dict(line.lower().split(b": ", 1) for line in bytes(head).split(b"\r\n")[1:])
        whole = len(head) + 4 + int(fields[b"content-length"])
        if len(self.read) >= whole:
            now = perf_counter()
            self.seen.append((now, now - self.sent_at, int(head[9:12])))
            del self.read[:whole]
            self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        if error is not None or not self.transport.is_closing():
            self.seen.append((perf_counter(), 0.0, 0))
        self.ended.set_result(None)

    def _ask(self) -> None:
        self.sent_at = perf_counter()
        if request := next(self.requests, None):
            self.transport.write(request)
        else:
            self.transport.close()


async def load(address: str, requests: list[bytes], connections: int, seconds: float) -> dict[str, Any]:
    """Requests per second and latencies."""
    loop, seen = asyncio.get_running_loop(), list[tuple[float, float, int]]()
    host, _, port = address.rpartition(":")
    turn = cycle(requests) if seconds else iter(requests)
    began = perf_counter() + (WARM_UP_S if seconds else 0.0)
    made = [await loop.create_connection(lambda: Connection(turn, seen), host, int(port)) for _ in range(connections)]
    if seconds:
        await asyncio.sleep(WARM_UP_S + seconds)
    else:
        await asyncio.gather(*(connection.ended for _, connection in made))
        seconds = max(at for at, *_ in seen) - began
    counted = [(took, status) for at, took, status in seen if began <= at <= began + seconds]
    latencies = sorted(took for took, _ in counted) or [float("nan")]
    return {
        "requests_per_second": len(counted) / seconds,
        "p50_ms": 1_000 * latencies[len(latencies) // 2],
        "p99_ms": 1_000 * latencies[int(len(latencies) * 0.99)],
        "requests": len(counted),
        "statuses": dict(Counter(str(status) for _, status in counted)),
    }


def framed(request: bytes) -> bytes:
    """A request as standard input takes it."""
    return len(request).to_bytes(4, "big") + request


def _unframed(read: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(read):
        size = int.from_bytes(read[at : at + 4], "big")
        yield read[at + 4 : at + 4 + size]
        at += 4 + size


if __name__ == "__main__":
    address, connections, seconds, core = sys.argv[1:]
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(core)})
    asked = list(_unframed(sys.stdin.buffer.read()))
    print(json.dumps(asyncio.run(load(address, asked, int(connections), float(seconds)))))
