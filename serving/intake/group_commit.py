"""Events of concurrent requests in one transaction, published together afterwards."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Generic, Protocol, TypeVar

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from features.events.validation import Reading, Result
from features.home.database import exists
from features.home.settings import Home
from features.ledger.ledger import Ledger
from serving.http.problems import unavailable

AT_ONCE = 5_000  # events in one transaction, about
WAIT_S = 8.0  # for the commit; after that a client had better come again
PUBLISH_S = 1.0  # for the online store; until it is there scores come from the ledger
ROOM_BYTES = 128 * 2**20  # of bodies whose events wait to be written, in one process
LEAST_BYTES = 2**16  # what the smallest request takes of it

Now = Callable[[], datetime]

log = structlog.get_logger(__name__)


class Publishes(Protocol):
    """What intake needs of a publisher; `features.store.publisher.Publisher` is the real one."""

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


Asked = TypeVar("Asked")
Done = TypeVar("Done")


class Together(Generic[Asked, Done]):
    """One thread that takes what waits, in order, and does it together: about `most` at once, measured by `size`.

    does: what was done for each asked, or the error that it ended in.
    """

    def __init__(
        self, does: Callable[[list[Asked]], Sequence[Done | Exception]], most: int, size: Callable[[Asked], int]
    ) -> None:
        self._does, self._most, self._size = does, most, size
        self._waiting: deque[tuple[Asked, Future[Done]]] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="together")

    def submit(self, asked: Asked) -> Future[Done]:
        """What will have been done. What is cancelled while it waits is not done at all."""
        future: Future[Done] = Future()
        self._waiting.append((asked, future))
        self._thread.submit(self._turn)  # a turn that finds nothing waiting does nothing
        return future

    def _turn(self) -> None:
        taken = [(asked, future) for asked, future in self._taken() if future.set_running_or_notify_cancel()]
        if not taken:
            return
        for (_, future), done in zip(taken, self._done([asked for asked, _ in taken]), strict=True):
            if isinstance(done, Exception):
                future.set_exception(done)
            else:
                future.set_result(done)

    def _taken(self) -> Iterator[tuple[Asked, Future[Done]]]:
        total = 0
        while self._waiting and total < self._most:
            one = self._waiting.popleft()
            total += self._size(one[0])
            yield one

    def _done(self, asked: list[Asked]) -> Sequence[Done | Exception]:
        try:
            return self._does(asked)
        except Exception as error:
            return [error for _ in asked]
