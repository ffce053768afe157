"""The versions of the agreement that a home has worked with: each new content is a new version, and all are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from sqlalchemy import insert, select

from features.agreement.agreement import Agreement
from features.home import tables
from features.home.clock import microseconds
from features.home.database import database_exists, migrate, reading, writing
from features.home.errors import LeadlightError
from features.home.settings import Home

# What every score says, and every command that goes by it, while the default agreement answers.
NOT_AGREED = (
    "not agreed yet: this home keeps no agreement, so Leadlight's default decides; draft yours with leadlight init and "
    "hand it in with: leadlight serve --agreement agreement.toml, or leadlight ingest FILE --agreement agreement.toml"
)


class NoAgreement(LeadlightError):
    """The home was never given an agreement."""

    code = "no_agreement"

    def __init__(self, home: Home) -> None:
        remedy = "run: leadlight ingest FILE --agreement agreement.toml, or leadlight demo"
        super().__init__(f"the home {home.path.name} holds no agreement yet; {remedy}")


NOT_KEPT = 0  # the version of an agreement that no home numbered: it travels with a model, is tried, or is the default


@dataclass(frozen=True)
class AgreementVersion:
    """One version of the agreement of a home; NOT_KEPT for one that no home keeps.

    is_agreed: False for the default agreement where it answers in place of one that people agreed to.
    """

    agreement: Agreement
    version: int
    is_agreed: bool = True


def save_version(home: Home, agreement: Agreement, now: datetime) -> AgreementVersion:
    """Save `agreement` as the newest version of this home, unless its content is that of the newest already.

    One that names its question in place of the old `never_contacted = "unknown"` is a new version with the same digest.
    """
    migrate(home)
    columns = tables.agreements.c
    with writing(home) as connection:
        wanted = select(columns.version, columns.text).order_by(columns.version.desc())
        newest = connection.execute(wanted).first()
        if newest and _says_the_same(newest.text, agreement):
            return AgreementVersion(agreement, newest.version)
        version = newest.version + 1 if newest else 1
        row = {name: getattr(agreement, name) for name in ("name", "digest", "feature_digest", "text")}
        connection.execute(insert(tables.agreements).values(**row, version=version, kept_us=microseconds(now)))
    return AgreementVersion(agreement, version)


def _says_the_same(kept_text: str, agreement: Agreement) -> bool:
    """Whether the kept text means the same as it is read now; its stored digest may be of an older reading."""
    kept = Agreement.parse(kept_text, file="the kept agreement")
    is_succeeded = kept.outcome.leaves_untried_out and not agreement.outcome.leaves_untried_out
    return kept.digest == agreement.digest and not is_succeeded


def current_version(home: Home) -> AgreementVersion:
    """The agreement that this home works with now. Raises NoAgreement."""
    if not database_exists(home):
        raise NoAgreement(home)
    columns = tables.agreements.c
    with reading(home) as connection:
        newest = connection.execute(select(columns.version, columns.text).order_by(columns.version.desc())).first()
    if newest is None:
        raise NoAgreement(home)
    return AgreementVersion(kept_agreement(newest.text), newest.version)


@lru_cache(maxsize=32)
def kept_agreement(text: str) -> Agreement:
    """The agreement in a text that a home keeps; read once, for it is asked for with each page and never changes."""
    return Agreement.parse(text, file="the kept agreement")


def version_in_force(home: Home) -> AgreementVersion:
    """The agreement by which this home answers now: until it keeps one, the default, which nobody agreed to yet.

    Raises NoAgreement where there is no database yet, so nothing to answer about.
    """
    try:
        return current_version(home)
    except NoAgreement:
        if not database_exists(home):
            raise
        return AgreementVersion(Agreement.default(), NOT_KEPT, is_agreed=False)


def agreement_with_digest(home: Home, feature_digest: str) -> Agreement | None:
    """The newest version, else the default, whose feature digest starts with `feature_digest`; None: neither has."""
    columns = tables.agreements.c
    is_it = columns.feature_digest.startswith(f"sha256:{feature_digest}")
    with reading(home) as connection:
        text = connection.scalar(select(columns.text).where(is_it).order_by(columns.version.desc()).limit(1))
    if text:
        return kept_agreement(text)
    default = Agreement.default()
    return default if default.feature_digest.startswith(f"sha256:{feature_digest}") else None


def tried_version(home: Home, path: Path) -> AgreementVersion:
    """The agreement in the file at `path`, which the home does not keep; the kept version where it says the same."""
    agreement = Agreement.read(path)
    try:
        kept = current_version(home)
    except NoAgreement:
        return AgreementVersion(agreement, NOT_KEPT)
    return kept if kept.agreement.digest == agreement.digest else AgreementVersion(agreement, NOT_KEPT)


def chosen_version(home: Home, path: Path | None, now: datetime) -> AgreementVersion:
    """The agreement in the file at `path`, saved as a version.

    Without a path: the file that LEADLIGHT_AGREEMENT names, else the home's current version.
    """
    path = path or home.settings.agreement
    return save_version(home, Agreement.read(path), now) if path else current_version(home)
