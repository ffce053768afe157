"""What waits while something is done is done together, next; nobody waits for others' mistakes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from serving.intake.group_commit import GroupCommit

PATIENCE_S = 30


@contextmanager
def doing(
    does: Callable[[list[int]], Sequence[int | Exception]], most: int = 100
) -> Iterator[tuple[GroupCommit, Callable]]:
    """A GroupCommit at which the first that is asked for takes until the second value is called."""
    goes_on, has_begun, is_first = threading.Event(), threading.Event(), [True]

    def held(asked: list[int]) -> Sequence[int | Exception]:
        if is_first.pop() if is_first else False:
            has_begun.set()
            assert goes_on.wait(PATIENCE_S)
        return does(asked)

    together: GroupCommit[int, int] = GroupCommit(held, most, lambda asked: asked)
    first = together.submit(1)
    assert has_begun.wait(PATIENCE_S)
    yield together, goes_on.set
    goes_on.set()
    first.exception(PATIENCE_S)


def test_what_waits_is_done_together_in_order_and_each_gets_its_own() -> None:
    groups: list[list[int]] = []

    def does(asked: list[int]) -> list[int]:
        groups.append(asked)
        return [10 * one for one in asked]

    with doing(does) as (together, go_on):
        waiting = [together.submit(n) for n in (2, 3, 4)]
        go_on()
        assert [future.result(PATIENCE_S) for future in waiting] == [20, 30, 40]
    assert groups == [[1], [2, 3, 4]]


def test_so_much_at_once_and_at_least_one() -> None:
    groups: list[list[int]] = []
    with doing(lambda asked: groups.append(asked) or asked, most=10) as (together, go_on):
        waiting = [together.submit(n) for n in (6, 6, 6, 50, 1)]
        go_on()
        assert [future.result(PATIENCE_S) for future in waiting] == [6, 6, 6, 50, 1]
    assert groups == [[1], [6, 6], [6, 50], [1]]


def test_what_is_given_up_while_it_waits_is_not_done() -> None:
    groups: list[list[int]] = []
    with doing(lambda asked: groups.append(asked) or asked) as (together, go_on):
        given_up, kept = together.submit(2), together.submit(3)
        assert given_up.cancel()
        go_on()
        assert kept.result(PATIENCE_S) == 3
    assert groups == [[1], [3]]


def test_an_error_is_told_to_those_it_concerns() -> None:
    def does(asked: list[int]) -> list[int | Exception]:
        if 4 in asked:
            raise RuntimeError("all of them")
        return [ValueError("only this") if one == 2 else one for one in asked]

    with doing(does) as (together, go_on):
        bad, good = together.submit(2), together.submit(3)
        go_on()
        with pytest.raises(ValueError, match="only this"):
            bad.result(PATIENCE_S)
        assert good.result(PATIENCE_S) == 3
        with pytest.raises(RuntimeError, match="all of them"):
            together.submit(4).result(PATIENCE_S)
        assert together.submit(5).result(PATIENCE_S) == 5
