"""Links to cards: signed, for one handover and one person; nothing in them names anybody."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import Connection

from features.agreement.people import person_key
from features.home.clock import from_microseconds, microseconds
from features.home.settings import Settings
from features.ledger.tombstones import existing_secret, secret
from serving.handovers.handover import Handover

KEY = "cards"  # its name in the table of secrets
OPEN_FOR = timedelta(days=1)  # after the handover is closed
FORM_FOR = timedelta(hours=12)  # a page that stood open for longer is shown again before it does anything
DIGEST = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}


@dataclass(frozen=True)
class Signer:
    """Signs links and forms with the home's own key."""

    key: bytes

    def token(self, handover_id: str, person: str | None) -> str:
        """What stands in the link of one handover and one person; None: of whoever reads a channel."""
        return str(self._links().dumps([handover_id, self.mark(person)]))

    def read(self, token: str) -> CardLink | None:
        """What a token was signed for; None where nobody here signed it."""
        try:
            handover_id, mark = self._links().loads(token[:500])
        except (BadData, ValueError, TypeError):
            return None
        return CardLink(str(handover_id), str(mark), self)

    def mark(self, person: str | None) -> str:
        """What stands for a person in a link: an HMAC, so that no address book can be read from links."""
        if person is None:
            return ""
        return hmac.digest(self.key, person_key(person).encode(), "sha256").hex()[:16]

    def form_token(self, token: str, nonce: str, as_of: datetime) -> str:
        """What a form of this card carries: no other site, and no other card, can make one."""
        return str(self._forms().dumps([self._short(token), nonce, microseconds(as_of)]))

    def read_form(self, form_token: str, token: str, as_of: datetime) -> str | None:
        """The nonce that a form was shown with; None for a form of another card, of nobody here, or of long ago."""
        try:
            of_link, nonce, shown_us = self._forms().loads(form_token[:500])
            age = as_of - from_microseconds(shown_us)
        except (BadData, ValueError, TypeError):
            return None
        return str(nonce) if of_link == self._short(token) and age <= FORM_FOR else None

    def _short(self, token: str) -> str:
        return hmac.digest(self.key, token.encode(), "sha256").hex()[:16]

    def _links(self) -> URLSafeSerializer:
        return URLSafeSerializer(self.key, salt="card link", signer_kwargs=DIGEST)

    def _forms(self) -> URLSafeSerializer:
        return URLSafeSerializer(self.key, salt="card form", signer_kwargs=DIGEST)


@dataclass(frozen=True)
class CardLink:
    """Whom a link was made for: a person's mark, or nobody's (a channel's)."""

    handover_id: str
    mark: str
    signer: Signer

    @property
    def is_channels(self) -> bool:
        return not self.mark

    def is_for(self, person: str | None) -> bool:
        """Whether it was made for this person."""
        return bool(person and self.mark) and hmac.compare_digest(self.mark, self.signer.mark(person))

    def person(self, handover: Handover, others: tuple[str, ...] = ()) -> str | None:
        """Whose it is: of all who had the handover, and of `others`; None where it is none of theirs."""
        known = (*(each.owner for each in handover.owners), handover.owner, *others)
        return next((one for one in known if self.is_for(one)), None)


def is_over(handover: Handover, as_of: datetime) -> bool:
    """Whether the links of a handover hold no longer: a day after it was closed."""
    return handover.closed_at is not None and as_of >= handover.closed_at + OPEN_FOR


def signer(connection: Connection) -> Signer:
    """The home's signer; its key is made at the first use, so the transaction must be one that writes."""
    return Signer(secret(connection, KEY))


def existing_signer(connection: Connection) -> Signer | None:
    """The home's signer; None while no link was ever made."""
    key = existing_secret(connection, KEY)
    return Signer(key) if key else None


def lead_link(settings: Settings, lead_id: str) -> str | None:
    """The address of a lead's page, for who may read it there; None as for a card."""
    if settings.public_url is None:
        return None
    return f"{str(settings.public_url).rstrip('/')}/leads/{quote(lead_id, safe='')}"


def link_of(settings: Settings, signed_by: Signer, handover_id: str, person: str | None) -> str | None:
    """The address of a card; None where nobody said by which address people reach the service."""
    if settings.public_url is None:
        return None
    return f"{str(settings.public_url).rstrip('/')}/h/{signed_by.token(handover_id, person)}"
