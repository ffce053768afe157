"""What many ask for at once, done in one go: the way to few transactions."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

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
