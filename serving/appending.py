"""Events of concurrent requests into the ledger: what waits is written in one transaction, and published together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Protocol

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from features.database import exists
from features.ledger import Ledger
from features.readings import Reading, Result
from features.settings import Home
from serving.problems import unavailable
from serving.together import Together

AT_ONCE = 5_000  # events in one transaction, about
WAIT_S = 8.0  # for the commit; after that a client had better come again
PUBLISH_S = 1.0  # for the online store; until it is there scores come from the ledger
ROOM_BYTES = 128 * 2**20  # of bodies whose events wait to be written, in one process
LEAST_BYTES = 2**16  # what the smallest request takes of it

Now = Callable[[], datetime]

log = structlog.get_logger(__name__)


class Publishes(Protocol):
    """What intake needs of a publisher; `features.publisher.Publisher` is the real one."""

    def publish(self) -> int: ...

    def look(self) -> None: ...


class Intake:
    """The way into one home's ledger for all requests of a process. The home may be empty: the first event fills it."""

    def __init__(self, home: Home, publisher: Publishes) -> None:
        self._home, self._publisher = home, publisher
        self._ledger: Ledger | None = None
        self._writes = Together(self._write, AT_ONCE, lambda sent: len(sent[0].results))
        self._publishes = Together(self._publish, AT_ONCE, lambda _is_look: 1)
        self._taken_bytes = 0

    @contextmanager
    def room(self, size: int) -> Iterator[None]:
        """Room for a body of `size` bytes until its events are written. Raises Problem 503 where there is none."""
        taken = max(size, LEAST_BYTES)
        if self._taken_bytes + taken > ROOM_BYTES:
            raise unavailable("busy", "Too many events are on their way in; send these again.", retry_after_s=2)
        self._taken_bytes += taken
        try:
            yield
        finally:
            self._taken_bytes -= taken

    async def append(self, read: Reading, now: Now) -> list[Result]:
        """What became of each event, once all are in the ledger for good and, within a second, published.

        now: asked at the moment of the transaction.

        Raises Problem 503 while the ledger cannot be written; the events may be sent again.
        """
        try:
            results = await asyncio.wait_for(asyncio.wrap_future(self._writes.submit((read, now))), WAIT_S)
        except TimeoutError:
            raise unavailable("ledger_busy", "The ledger is busy; send these events again.", retry_after_s=5) from None
        if any(result.status == "accepted" for result in results):
            await self._published()
        return results

    async def _published(self) -> None:
        publishing = asyncio.wrap_future(self._publishes.submit(False))
        # Accepted is accepted: what is not published in time is by whoever looks next.
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(publishing), PUBLISH_S)

    def prepare(self) -> None:
        """Bring a home that has a database to the newest schema; another is left as it is."""
        if self._ledger is None and exists(self._home):
            self._opened()

    def look(self) -> None:
        """See to the online store: what it lost, and what another process accepted and could not publish.

        Raises whatever the publisher raises.
        """
        self.prepare()
        if self._ledger is not None:
            # Not in the thread that publishes: to derive a home anew may take minutes, and senders wait for that one.
            self._publisher.look()
            self._publishes.submit(True).result()

    def _opened(self) -> Ledger:
        if self._ledger is None:
            self._ledger = Ledger.open(self._home)
        return self._ledger

    def _write(self, sent: list[tuple[Reading, Now]]) -> Sequence[list[Result] | Exception]:
        try:
            return self._opened().write([read for read, _ in sent], sent[0][1])
        except (OperationalError, InterfaceError):  # the database is away, full or locked: nobody's events fit
            raise
        except Exception as error:
            # One sender's events must not keep out the others'.
            return [error] if len(sent) == 1 else [self._write([one])[0] for one in sent]

    def _publish(self, looks: list[bool]) -> Sequence[Exception | None]:
        try:
            self._publisher.publish()
        except Exception as error:  # for whoever looks; who sent events waits for it, and cannot do anything about it
            return [error if is_look else None for is_look in looks]
        return [None for _ in looks]
