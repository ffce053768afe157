"""Addresses: where a recipient's messages go, by the settings; and which addresses are refused."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass

from pydantic import SecretStr

from features.home.settings import Settings


class NoAddress(Exception):
    """A recipient cannot be written to as things are; the text says why and what to do, and holds no secret."""


@dataclass(frozen=True)
class Address:
    """Where a message goes: an address of apprise, a secret; for mail also the person's own.

    name: the same for all that go through one server, which answers or does not.
    """

    url: SecretStr
    name: str
    person: str | None = None

    @property
    def is_channel(self) -> bool:
        """Whether several people read it."""
        return self.person is None


def address_of(recipient: str, settings: Settings) -> Address:
    """Where the messages of a person or channel go. Raises NoAddress."""
    if url := settings.channel_address(recipient):
        return Address(url, recipient)
    if "@" not in recipient:
        variable = recipient.upper().replace("-", "_").replace(" ", "_")
        raise NoAddress(f"{recipient} has no address; set LEADLIGHT_CHANNEL_{variable} to one")
    if settings.mail is None:
        raise NoAddress("there is no mail server; set LEADLIGHT_MAIL, for example to mailtos://USER:PASSWORD@HOST")
    return Address(settings.mail, "mail", recipient)


def check_public(host: str, settings: Settings) -> None:
    """Raise NoAddress where a host lies in a private network, unless the settings allow it, or is not to be found."""
    if settings.allow_private_addresses:
        return
    try:
        found = {info[4][0] for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except OSError:
        raise NoAddress("its host is not to be found") from None
    if not all(_is_public(str(address)) for address in found):
        remedy = "LEADLIGHT_ALLOW_PRIVATE_ADDRESSES=true allows it"
        raise NoAddress(f"its host lies in a private network; {remedy}")


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip).is_global and not (mapped or ip).is_multicast
