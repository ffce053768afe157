"""Delivery: sends what is due in the outbox; a channel that does not answer holds up nobody else's messages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from threading import Lock

import structlog

from features.home.database import reading, writing
from features.home.settings import Home
from serving.notices import outbox
from serving.notices.addresses import Address, NoAddress, address_of
from serving.notices.channels import Message, NotDelivered, send
from serving.notices.outbox import Waiting
from serving.notices.wording import NoLongerTrue, worded

AT_ONCE = 6  # channels that are sent to at the same time
MOST_FAILURES = 2  # in a row; then the others of that channel wait, too

Clock = Callable[[], datetime]
log = structlog.get_logger(__name__)


def deliver(home: Home, as_of: datetime) -> int:
    """Send what is due at `as_of`, and wait for it; how many messages went. Never raises for a channel that is down."""
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="notices") as pool:
        delivery = Delivery(home, pool, lambda: as_of)
        wait(delivery.start())
    return delivery.sent


class Delivery:
    """What one process is sending: each channel, and the mail server, by one thread at a time."""

    def __init__(self, home: Home, pool: ThreadPoolExecutor | None = None, now: Clock = lambda: datetime.now(UTC)):
        self._home, self._now = home, now
        self._pool = pool or ThreadPoolExecutor(AT_ONCE, thread_name_prefix="notices")
        self._busy: set[str] = set()
        self._lock = Lock()
        self.sent = 0

    def start(self) -> list[Future[None]]:
        """Begin to send what is due, by channel; returns at once. What a channel is still busy with waits for it."""
        with reading(self._home) as connection:
            waiting = outbox.due(connection, self._now())
        begun = []
        for name, group in self._by_channel(waiting).items():
            with self._lock:
                if name in self._busy:
                    continue
                self._busy.add(name)
            begun.append(self._pool.submit(self._send_all, name, group))
        return begun

    def _by_channel(self, waiting: Sequence[Waiting]) -> dict[str, list[tuple[Waiting, Address | NoAddress]]]:
        groups: dict[str, list[tuple[Waiting, Address | NoAddress]]] = defaultdict(list)
        for one in waiting:
            address = self._address(one.recipient)
            groups[address.name if isinstance(address, Address) else "nowhere"].append((one, address))
        return groups

    def _address(self, recipient: str) -> Address | NoAddress:
        try:
            return address_of(recipient, self._home.settings)
        except NoAddress as missing:
            return missing

    def _send_all(self, name: str, group: Sequence[tuple[Waiting, Address | NoAddress]]) -> None:
        failures = 0
        try:
            for one, address in group:
                if not self._take(one):
                    continue
                if failures >= MOST_FAILURES:
                    self._write(lambda connection, one=one: outbox.put_back(connection, one, self._now()))
                else:
                    failures = failures + 1 if self._send(one, address) else 0
        except Exception as error:  # the database is away; what was taken comes again after its lease
            log.error("messages could not be sent", why=type(error).__name__)
        finally:
            with self._lock:
                self._busy.discard(name)

    def _take(self, one: Waiting) -> bool:
        with writing(self._home) as connection:
            return outbox.take(connection, one, self._now())

    def _send(self, one: Waiting, address: Address | NoAddress) -> bool:
        """Send one message that we took; whether nothing answered at all."""
        try:
            if isinstance(address, NoAddress):
                raise NotDelivered(str(address), is_down=False)
            send(address, self._worded(one, address), self._home.settings)
        except NoLongerTrue as why:
            reason = str(why)
            self._write(lambda connection: outbox.record_dropped(connection, one, reason))
            return False
        except NotDelivered as failed:
            why_not = str(failed)
            self._write(lambda connection: outbox.record_failed(connection, one, why_not, self._now()))
            log.warning("a message was not delivered", notice=one.notice_id, kind=one.kind, why=why_not)
            return failed.is_down
        self._write(lambda connection: outbox.record_sent(connection, one, self._now()))
        with self._lock:
            self.sent += 1
        return False

    def _worded(self, one: Waiting, address: Address) -> Message:
        try:
            title, text = worded(self._home, one, address.is_channel, self._now())
        except NoLongerTrue:
            raise
        except Exception as error:  # one message that cannot be worded holds up no other
            raise NotDelivered(f"it could not be worded ({type(error).__name__})", is_down=False) from error
        return Message(title, text, f"notice_{one.notice_id}")

    def _write(self, step: Callable[..., None]) -> None:
        with writing(self._home) as connection:
            step(connection)
