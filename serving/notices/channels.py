"""Channels: hands one worded message to mail, Slack, Teams or a webhook, by apprise; and says why it could not."""

from __future__ import annotations

import logging
import re
import threading
from dataclasses import dataclass
from functools import cache
from typing import Any

from features.home.settings import Settings
from serving.notices.addresses import Address, NoAddress, check_public

STATUS = re.compile(r"error=(\d{3})")


@dataclass(frozen=True)
class Message:
    """What is said: a title and lines of plain text. message_id: the same at each attempt."""

    title: str
    text: str
    message_id: str


class NotDelivered(Exception):
    """A message could not be handed over; the text says why, without an address. is_down: nothing answered at all."""

    def __init__(self, why: str, is_down: bool) -> None:
        super().__init__(why)
        self.is_down = is_down


def send(address: Address, message: Message, settings: Settings) -> None:
    """Hand a message to its channel. Raises NotDelivered; only an answer of 2xx counts, and no redirect is followed."""
    channel = _channel(address, message)
    try:
        if host := _host(channel):
            check_public(host, settings)
    except NoAddress as refused:
        raise NotDelivered(str(refused), is_down=True) from None
    with _Overheard() as overheard:
        try:
            is_sent = channel.notify(body=message.text, title=message.title, body_format="text")
        except Exception as error:  # of a plugin, with the address in its text
            raise NotDelivered(f"the channel failed ({type(error).__name__})", is_down=True) from None
    if not is_sent:
        raise overheard.reason()


def problem_of(address: Address) -> str | None:
    """Why nothing could be sent to an address as it is written; None where it can be read."""
    try:
        _channel(address, Message("", "", ""))
    except NotDelivered as wrong:
        return str(wrong)
    return None


def _channel(address: Address, message: Message) -> Any:
    from apprise import Apprise  # a tenth of a second, which only who sends should wait for

    with _Overheard():
        parts = _parts(address.url.get_secret_value())
        if parts and address.person:
            parts |= {"targets": [address.person], "format": "text"}
        if parts:
            parts["redirect"] = False  # where it leads was not checked, and 3xx is no success
        if parts and parts["schema"] in ("json", "jsons"):
            parts["payload"] = {**(parts.get("payload") or {}), "id": message.message_id}
        made = Apprise.instantiate(parts, asset=_asset()) if parts else None
    if made is None:
        raise NotDelivered("its address cannot be read; write it as apprise has it, such as slack://...", is_down=True)
    return made


def _parts(url: str) -> dict[str, Any] | None:
    from apprise.plugins import url_to_dict

    parts: dict[str, Any] | None = url_to_dict(url, secure_logging=True)
    return parts


@cache
def _asset() -> Any:
    from apprise import AppriseAsset

    return AppriseAsset(
        app_id="Leadlight",
        app_desc="Leadlight",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        http_redirects=False,
        async_mode=False,
    )


def _host(channel: Any) -> str | None:
    """The host that an address names; None where the service has its own, as Slack has."""
    if not any("{host}" in template for template in channel.templates):
        return None
    return str(getattr(channel, "smtp_host", None) or channel.host)


class _Overheard(logging.Handler):
    """What apprise logs while we send in this thread: it says there, and only there, why something failed.

    It goes no further, for it names addresses and people.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self._thread = 0

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self.lines.append(record.getMessage())

    def __enter__(self) -> _Overheard:
        self._thread = threading.get_ident()
        logger = logging.getLogger("apprise")
        logger.propagate = False
        logger.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("apprise").removeHandler(self)

    def reason(self) -> NotDelivered:
        """Why it was not sent."""
        said = " ".join(self.lines)
        if status := STATUS.search(said):
            return NotDelivered(f"it answered {status[1]}", is_down=status[1] in ("502", "503", "504"))
        is_down = "onnection" in said
        return NotDelivered("it does not answer" if is_down else "it refused the message", is_down)
