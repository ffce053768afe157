"""The agreements that a home has worked with: each new content is a new version, and none is forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import insert, select

from features.agreement.agreement import Agreement
from features.home import tables
from features.home.clock import microseconds
from features.home.database import exists, migrate, reading, writing
from features.home.errors import LeadlightError
from features.home.settings import Home


class NoAgreement(LeadlightError):
    """A home that was never given an agreement."""

    code = "no_agreement"

    def __init__(self, home: Home) -> None:
        remedy = "run: leadlight ingest FILE --agreement agreement.toml, or leadlight demo"
        super().__init__(f"the home {home.path.name} holds no agreement yet; {remedy}")


@dataclass(frozen=True)
class Kept:
    """An agreement as a home keeps it."""

    agreement: Agreement
    version: int


def keep(home: Home, agreement: Agreement, now: datetime) -> Kept:
    """Keep `agreement` as what this home works with; the same content keeps its version."""
    migrate(home)
    columns = tables.agreements.c
    with writing(home) as connection:
        newest = connection.execute(select(columns.version, columns.digest).order_by(columns.version.desc())).first()
        if newest and newest.digest == agreement.digest:
            return Kept(agreement, newest.version)
        version = newest.version + 1 if newest else 1
        connection.execute(
            insert(tables.agreements).values(
                version=version,
                name=agreement.name,
                digest=agreement.digest,
                feature_digest=agreement.feature_digest,
                text=agreement.text,
                kept_us=microseconds(now),
            )
        )
    return Kept(agreement, version)


def kept(home: Home) -> Kept:
    """The agreement that this home works with now. Raises NoAgreement."""
    if not exists(home):
        raise NoAgreement(home)
    columns = tables.agreements.c
    with reading(home) as connection:
        newest = connection.execute(select(columns.version, columns.text).order_by(columns.version.desc())).first()
    if newest is None:
        raise NoAgreement(home)
    return Kept(Agreement.parse(newest.text, file="the kept agreement"), newest.version)


def kept_with(home: Home, feature_digest: str) -> Agreement | None:
    """The newest kept agreement whose feature part has a digest that starts so; None where none has."""
    columns = tables.agreements.c
    is_it = columns.feature_digest.startswith(f"sha256:{feature_digest}")
    with reading(home) as connection:
        text = connection.scalar(select(columns.text).where(is_it).order_by(columns.version.desc()).limit(1))
    return Agreement.parse(text, file="the kept agreement") if text else None


def chosen(home: Home, path: Path | None, now: datetime) -> Kept:
    """The agreement in the file at `path`, kept; without one, LEADLIGHT_AGREEMENT's, else what the home has."""
    path = path or home.settings.agreement
    return keep(home, Agreement.read(path), now) if path else kept(home)
