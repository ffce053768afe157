"""Who signed the agreement, from marketing and from sales, as lines of `agreed_by`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator

from features.agreement.messages import did_you_mean, refusal

SigningSide = Literal["marketing", "sales"]
SIDES: tuple[SigningSide, ...] = get_args(SigningSide)

_KEYS = ("by", "side", "at", "digest")
_EXAMPLE = "run: leadlight agreement sign --by NAME --side marketing, which writes the line"


@dataclass(frozen=True)
class Signature:
    """One person's word for one side; digest: the `signed_digest` of what was signed; at: aware, UTC."""

    by: str
    side: SigningSide
    at: datetime
    digest: str


def short_digest(digest: str) -> str:
    """The first twelve signs of a digest, by which people tell two texts apart."""
    return digest[: len("sha256:") + 12]


def _agreed_by(written: Any) -> tuple[str | Signature, ...]:
    if not isinstance(written, (list, tuple)):
        raise refusal("is no list", _EXAMPLE)
    return tuple(_signed(line, place) for place, line in enumerate(written))


def _signed(line: Any, place: int) -> str | Signature:
    """A line of words says who agreed and names no digest, so nothing is signed by it."""
    if isinstance(line, (str, Signature)):
        return line
    where = (str(place),)
    if not isinstance(line, Mapping) or set(line) != set(_KEYS):
        raise refusal("is no signature", _EXAMPLE, where, line)
    by, side, at, digest = (line[key] for key in _KEYS)
    if side not in SIDES:
        raise refusal("is no side that signs", did_you_mean(str(side), SIDES), (*where, "side"), side)
    if not isinstance(at, datetime):
        raise refusal("is no moment", _EXAMPLE, (*where, "at"), at)
    if not (isinstance(by, str) and by.strip() and isinstance(digest, str) and digest.startswith("sha256:")):
        raise refusal("is no signature", _EXAMPLE, where, line)
    return Signature(by, side, at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC), digest)


AgreedBy = Annotated[tuple[str | Signature, ...], BeforeValidator(_agreed_by)]
