"""Signing: a signature is written into the agreement's text, for everybody to see, and kept in the home."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import tomlkit
from sqlalchemy import Connection, select
from tomlkit.items import Array

from features.agreement.agreement import Agreement
from features.agreement.signatures import SIDES, Signature, SigningSide
from features.agreement.standing import Standing, signatures_in, standing
from features.agreement.versions import AgreementVersion, current_version, save_version, version_in_force
from features.home import tables
from features.home.clock import from_microseconds, microseconds
from features.home.database import insert_or_update, migrate, reading, writing
from features.home.errors import LeadlightError
from features.home.settings import Home
from features.home.whole_files import write_whole

_LONGEST_NAME = 200


class NotSigned(LeadlightError):
    """A signature that was not taken: nobody named, or a side that does not sign."""

    code = "not_signed"


def new_signature(agreement: Agreement, by: str, side: str, at: datetime) -> Signature:
    """A person's signature under parts 1 and 2 of this agreement. Raises NotSigned."""
    name = " ".join(by.split())
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise NotSigned(f'{by[:80]!r} names nobody; write who signs, --by "Ann Smith"')
    sides: dict[str, SigningSide] = {known: known for known in SIDES}
    if side not in sides:
        raise NotSigned(f"{side!r} is no side that signs; write --side marketing or --side sales")
    return Signature(name, sides[side], at.astimezone(UTC).replace(microsecond=0), agreement.signed_digest)


def signed_text(text: str, signature: Signature) -> str:
    """The text of an agreement with the signature as a line of `agreed_by`; every other line stays as it was.

    An earlier signature of the same person for the same side makes room.
    """
    document = tomlkit.parse(text)
    lines = document.get("agreed_by")
    if not isinstance(lines, Array):
        lines = tomlkit.array()
        document["agreed_by"] = lines
    same = (signature.by, signature.side)
    for place in reversed(range(len(lines))):
        line = lines[place]
        if isinstance(line, dict) and (line.get("by"), line.get("side")) == same:
            del lines[place]
    line = tomlkit.inline_table()
    line.update({key: getattr(signature, key) for key in ("by", "side", "at", "digest")})
    lines.append(line)
    lines.multiline(True)
    lines.trivia.comment_ws = "   " if lines.trivia.comment else ""
    return tomlkit.dumps(document)


def sign_file(home: Home, path: Path, by: str, side: str, at: datetime) -> Signature:
    """Sign the agreement in a file: the file gets the line, and the home keeps the signature.

    Where the home works by an agreement of the same parts 1 and 2, it keeps the signed text as well.
    Raises NotSigned, AgreementError, FileNotWritten.
    """
    agreement = Agreement.read(path)
    signature = new_signature(agreement, by, side, at)
    text = signed_text(path.read_text(encoding="utf-8-sig"), signature)
    signed = Agreement.parse(text, file=path.name)
    write_whole(path, text)
    _keep(home, signature)
    if works_by(home, signed):
        save_version(home, signed, at)
    return signature


def sign_kept(home: Home, by: str, side: str, at: datetime) -> Signature:
    """Sign the agreement that the home keeps. Raises NotSigned, NoAgreement."""
    kept = current_version(home).agreement
    signature = new_signature(kept, by, side, at)
    signed = Agreement.parse(signed_text(kept.text, signature), file="the kept agreement")
    _keep(home, signature)
    save_version(home, signed, at)
    return signature


def works_by(home: Home, agreement: Agreement) -> bool:
    """Whether the home keeps an agreement whose parts 1 and 2 are those of this one."""
    try:
        return current_version(home).agreement.signed_digest == agreement.signed_digest
    except LeadlightError:
        return False


def _keep(home: Home, signature: Signature) -> None:
    migrate(home)
    row = {"digest": signature.digest, "side": signature.side, "signed_by": signature.by}
    with writing(home) as connection:
        insert_or_update(connection, tables.signatures, [{**row, "signed_us": microseconds(signature.at)}])


def kept_signatures(connection: Connection) -> list[Signature]:
    """The signatures that the home keeps, the oldest first."""
    columns = tables.signatures.c
    rows = connection.execute(select(tables.signatures).order_by(columns.signed_us, columns.side)).all()
    sides: dict[str, SigningSide] = {known: known for known in SIDES}
    return [Signature(row.signed_by, sides[row.side], from_microseconds(row.signed_us), row.digest) for row in rows]


def signatures_of(connection: Connection, agreement: Agreement) -> list[Signature]:
    """Those that the home keeps with those in the agreement's own text, the oldest first, each once."""
    known = [*kept_signatures(connection), *signatures_in(agreement)]
    each = {(one.by, one.side, one.digest): one for one in reversed(known)}
    return sorted(each.values(), key=lambda one: (one.at, one.side, one.by))


def standing_of(connection: Connection, agreement: Agreement) -> Standing:
    """How the agreement stands, by what the home keeps and by its own text."""
    return standing(agreement, kept_signatures(connection))


def standing_in_force(home: Home) -> tuple[AgreementVersion, Standing]:
    """The agreement by which the home answers, and how it stands. Raises NoAgreement."""
    kept = version_in_force(home)
    with reading(home) as connection:
        return kept, standing_of(connection, kept.agreement)
