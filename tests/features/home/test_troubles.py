"""What goes on being wrong is two lines in the log: one as it begins, one as it ends."""

from __future__ import annotations

from structlog.testing import CapturingLogger

from features.home.troubles import MOST_REASONS, Troubles


def lines(log: CapturingLogger) -> list[tuple[str, str]]:
    return [(call.method_name, call.args[0]) for call in log.calls]


def test_a_trouble_that_lasts_is_one_line_as_it_begins_and_one_as_it_ends() -> None:
    log = CapturingLogger()
    troubles = Troubles(log)
    for _ in range(3_000):
        troubles.met("disk full", "OperationalError")
    troubles.over("disk full")
    troubles.over("disk full")
    assert lines(log) == [("error", "disk full"), ("info", "over: disk full")]


def test_another_reason_and_another_beginning_are_news() -> None:
    log = CapturingLogger()
    troubles = Troubles(log)
    for why in ("locked", "full", "locked", "full"):
        troubles.met("could not refresh", why, "keys")
    troubles.met("could not refresh", "locked", "deployment")
    troubles.over("could not refresh", "keys")
    troubles.met("could not refresh", "locked", "keys")
    said = [(call.kwargs["what"], call.kwargs.get("why")) for call in log.calls]
    assert said == [("keys", "locked"), ("keys", "full"), ("deployment", "locked"), ("keys", None), ("keys", "locked")]


def test_an_error_that_says_something_else_each_time_fills_no_disk() -> None:
    log = CapturingLogger()
    troubles = Troubles(log)
    for number in range(100):
        troubles.met("down", f"attempt {number}")
    assert len(log.calls) == MOST_REASONS
