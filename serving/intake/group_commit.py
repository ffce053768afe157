"""Group commit: the events of concurrent requests go into the ledger in one transaction, and are published after it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Generic, TypeVar

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from features.events.validation import EventResult, ValidatedBatch
from features.home.settings import Home
from features.ledger.ledger import Ledger
from serving import limits
from serving.http.problems import unavailable

if TYPE_CHECKING:
    from features.store.publisher import Publisher

Now = Callable[[], datetime]

log = structlog.get_logger(__name__)


class EventQueue:
    """The way into one home's ledger for all requests of a process.

    Concurrent requests share one transaction (group commit), and one publication to the online store after it. The
    home may be empty: the first event fills it.
    """

    def __init__(self, home: Home, publisher: Publisher) -> None:
        self._home, self._publisher = home, publisher
        self._ledger: Ledger | None = None
        self._writes = GroupCommit(self._write, limits.ONE_COMMIT, lambda sent: len(sent[0].results))
        self._publications = GroupCommit(self._publish, limits.ONE_COMMIT, lambda _is_drain: 1)
        self._taken_bytes = 0

    @contextmanager
    def room(self, size: int) -> Iterator[None]:
        """Room for a body of `size` bytes until its events are written. Raises Problem 503 where there is none."""
        taken = max(size, limits.LEAST_QUEUE_BYTES)
        if self._taken_bytes + taken > limits.QUEUE_BYTES:
            raise unavailable("busy", "Too many events are on their way in; send these again.", retry_after_s=2)
        self._taken_bytes += taken
        try:
            yield
        finally:
            self._taken_bytes -= taken

    async def append(self, read: ValidatedBatch, now: Now) -> list[EventResult]:
        """What became of each event, once all are committed to the ledger and, within a second, published.

        now: gives the time at the moment of the transaction.

        Raises Problem 503 while the ledger cannot be written; the events may be sent again.
        """
        try:
            results = await asyncio.wait_for(asyncio.wrap_future(self._writes.submit((read, now))), limits.COMMIT_S)
        except TimeoutError:
            raise unavailable("ledger_busy", "The ledger is busy; send these events again.", retry_after_s=5) from None
        if any(result.status == "accepted" for result in results):
            await self.wait_for_publication()
        return results

    async def wait_for_publication(self) -> None:
        """Wait until what was committed is published, a second at most."""
        publication = asyncio.wrap_future(self._publications.submit(False))
        # Accepted is accepted: what is not published in time is published by the next `publish_pending`.
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(publication), limits.PUBLISH_S)

    def migrate(self) -> None:
        """Bring the home's database to the newest schema; a home without one gets it, so that it can be asked."""
        if self._ledger is None:
            self._opened()

    def publish_pending(self) -> None:
        """Publish what the online store lost, and what another process accepted and could not publish.

        Raises whatever the publisher raises.
        """
        self.migrate()
        if self._ledger is not None:
            # Not in the thread that publishes: to derive a home anew may take minutes, and senders wait for that one.
            self._publisher.check()
            self._publications.submit(True).result()

    def _opened(self) -> Ledger:
        if self._ledger is None:
            self._ledger = Ledger.open(self._home)
        return self._ledger

    def _write(self, sent: list[tuple[ValidatedBatch, Now]]) -> Sequence[list[EventResult] | Exception]:
        try:
            return self._opened().append_validated([read for read, _ in sent], sent[0][1])
        except (OperationalError, InterfaceError):  # the database is away, full or locked: nobody's events fit
            raise
        except Exception as error:
            # One sender's events must not keep out the others'.
            return [error] if len(sent) == 1 else [self._write([one])[0] for one in sent]

    def _publish(self, drains: list[bool]) -> Sequence[Exception | None]:
        try:
            self._publisher.publish()
        except Exception as error:  # for `publish_pending`; who sent events waits too, and cannot do anything about it
            return [error if is_drain else None for is_drain in drains]
        return [None for _ in drains]


Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class GroupCommit(Generic[Item, Outcome]):
    """One thread that works through submitted items in order, all that wait at a time as one group.

    work: takes a group of items, and returns for each its outcome or the error that it ended in.
    most, size: a group is complete once the sizes of its items reach `most`.

    Example: while the thread commits the items of request A, requests B, C and D submit theirs; then B, C and D are one
    group, and one transaction.
    """

    def __init__(
        self, work: Callable[[list[Item]], Sequence[Outcome | Exception]], most: int, size: Callable[[Item], int]
    ) -> None:
        self._work, self._most, self._size = work, most, size
        self._waiting: deque[tuple[Item, Future[Outcome]]] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="group-commit")

    def submit(self, item: Item) -> Future[Outcome]:
        """The item's outcome, once there is one. An item that is cancelled while it waits is left out."""
        future: Future[Outcome] = Future()
        self._waiting.append((item, future))
        self._thread.submit(self._work_on_group)  # does nothing where an earlier group has taken the item
        return future

    def _work_on_group(self) -> None:
        group = [(item, future) for item, future in self._next_group() if future.set_running_or_notify_cancel()]
        if not group:
            return
        for (_, future), outcome in zip(group, self._outcomes([item for item, _ in group]), strict=True):
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)

    def _next_group(self) -> Iterator[tuple[Item, Future[Outcome]]]:
        total = 0
        while self._waiting and total < self._most:
            waiting = self._waiting.popleft()
            total += self._size(waiting[0])
            yield waiting

    def _outcomes(self, items: list[Item]) -> Sequence[Outcome | Exception]:
        try:
            return self._work(items)
        except Exception as error:
            return [error for _ in items]
