"""Tombstones: HMACs of erased identifiers and digests of deleted events, so that neither is stored a second time."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Table, func, insert, select

from features.events.event import RecordId, identifier_text
from features.home import tables
from features.home.database import batched, insert_new
from features.identity.claims import crm_key, normal_email

IdentifierName = tuple[str, str]  # a kind of identifier, and its value: ("id", "u_42"), ("email", "ann@buyer.example")

ID, EMAIL = "id", "email"  # a user id and an anonymous id are one kind: what was one may come back as the other
TOMBSTONES = "tombstones"  # the name of the key that the HMACs are made with
AT_ONCE = 500  # digests in one question: databases limit how many values a statement may hold
STALE = -1  # in place of a build's last event id: its files hold a lead or old events that were deleted since
IN_THE_ENVELOPE = ("userId", "anonymousId", "previousId")
IN_THE_CRM = ("crm_lead_id", "previous_crm_lead_id", "contact_id")


def erased_rows(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> set[int]:
    """The positions of the rows that name an erased lead; nothing of them may be stored.

    rows: as `tables.events` takes them: user_id, anonymous_id and the JSON text `body`. Where nobody was erased, this
    is one query of one small table.
    """
    return erased_raws(connection, map(_of_row, rows))


def erased_raws(connection: Connection, raws: Iterable[Mapping[str, Any]]) -> set[int]:
    """The positions of the raw events that name an erased lead: they may not be stored as failed events either."""
    key = existing_secret(connection)
    return set() if key is None else _positions_of_erased(connection, key, raws)


def erased_among(connection: Connection, asked: Iterable[IdentifierName]) -> set[IdentifierName]:
    """Those of the identifiers that an erased lead had."""
    key = existing_secret(connection)
    if key is None:
        return set()
    names = {plain_name(name) for name in asked}
    digests = {name: digest(key, name) for name in names}
    found = existing_digests(connection, tables.erased, set(digests.values()))
    return {name for name in asked if digests[plain_name(name)] in found}


def recently_erased(connection: Connection, hours: float = 2.0) -> Callable[[IdentifierName], bool]:
    """A function that tells whether an identifier is of a lead erased within `hours` before the newest erasure.

    An online store that was down during the erasure may hold such a lead until new files are built. The tombstones are
    read once, so that the function can be called for each row.
    """
    key, erased_us = existing_secret(connection), tables.erased.c.erased_us
    newest = connection.scalar(select(func.max(erased_us))) or 0
    since = newest - round(hours * 3.6e9)
    buried = frozenset(connection.scalars(select(tables.erased.c.digest).where(erased_us >= since))) if key else None
    return lambda name: bool(buried) and digest(key or b"", plain_name(name)) in (buried or ())


def erased_leads(connection: Connection, leads: Mapping[IdentifierName, str], before: int) -> set[str]:
    """Of leads by identifier, those erased since `leads` was read, when there were `before` tombstones."""
    if tombstones(connection) == before:
        return set()
    return {leads[name] for name in erased_among(connection, list(leads))}


def entomb(connection: Connection, names: Iterable[IdentifierName], erased_us: int) -> int:
    """Write a tombstone for each identifier that has none yet; how many identifiers there are."""
    key = secret(connection, TOMBSTONES)
    digests = {digest(key, plain_name(name)) for name in names}
    new = sorted(digests - existing_digests(connection, tables.erased, digests))
    if new:
        connection.execute(insert(tables.erased), [{"digest": one, "erased_us": erased_us} for one in new])
    return len(digests)


def tombstones(connection: Connection) -> int:
    """How many tombstones of identifiers there are: once there are more than before, a lead was erased."""
    return int(connection.scalar(select(func.count()).select_from(tables.erased)) or 0)


def secret(connection: Connection, name: str) -> bytes:
    """The home's random key of this name, made at its first use; the transaction must be one that writes."""
    found = existing_secret(connection, name)
    if found is None:
        # Of two that make it at once the first has made it, and the other takes that one.
        insert_new(connection, tables.secrets, [{"name": name, "value": secrets.token_bytes(32)}])
        found = existing_secret(connection, name)
        assert found is not None
    return found


def digest(key: bytes, name: IdentifierName) -> bytes:
    """The HMAC of an identifier: without the key nobody can try identifiers until one fits."""
    return hmac.digest(key, "\0".join(name).encode(), "sha256")


def names_in_event(raw: Mapping[str, Any]) -> set[IdentifierName]:
    """Every identifier of a person in a Segment-shaped event: ids, e-mail addresses, ids in a CRM."""
    return {(kind, value) for kind, value in _names_with_gaps(raw) if value}


def _names_with_gaps(raw: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    yield from ((ID, identifier_text(raw.get(part))) for part in IN_THE_ENVELOPE)
    properties, context = _object(raw.get("properties")), _object(raw.get("context"))
    yield ID, identifier_text(properties.get("previous_lead_id"))
    for part in (_object(raw.get("traits")), _object(context.get("traits")), properties):
        yield EMAIL, normal_email(part.get("email"))
        yield from (key for name in IN_THE_CRM if (key := crm_key(part, name)))


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def names_in_row(row: Mapping[str, Any]) -> set[IdentifierName]:
    """The same of a row of `tables.events`."""
    return names_in_event(_of_row(row))


def plain_name(name: IdentifierName) -> IdentifierName:
    """The identifier as tombstones have it: a lead, user or anonymous id is of the one kind "id"."""
    kind, value = name
    return (ID if kind in ("lead", "user", "anonymous", ID) else kind), value


def _of_row(row: Mapping[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = orjson.loads(row["body"])
    user = row["user_id"]
    return body | {"userId": user and RecordId(user), "anonymousId": row["anonymous_id"]}


def _positions_of_erased(connection: Connection, key: bytes, raws: Iterable[Mapping[str, Any]]) -> set[int]:
    digests = [{digest(key, name) for name in names_in_event(raw)} for raw in raws]
    found = existing_digests(connection, tables.erased, set().union(*digests))
    return {place for place, own in enumerate(digests) if own & found} if found else set()


def existing_digests(connection: Connection, table: Table, digests: set[bytes]) -> set[bytes]:
    """Those of the digests that are in the table `erased` or `retired`."""
    column, found = table.c.digest, set[bytes]()
    for batch in batched(sorted(digests), AT_ONCE):
        found |= set(connection.scalars(select(column).where(column.in_(batch))))
    return found


def existing_secret(connection: Connection, name: str = TOMBSTONES) -> bytes | None:
    """The home's random key of this name; None before its first use."""
    columns = tables.secrets.c
    return connection.scalar(select(columns.value).where(columns.name == name))


STRIPPED = "stripped"  # the flag of an event of which only its identifiers are left
REDACTED = "redacted"  # the flag of an event in which an erased lead's address was replaced
DELETED_EVENTS = "retired"  # the name of the key that the digests are made with
DIGEST_BYTES = 16  # long enough that no two events of a ledger share a digest


def record_deleted_events(connection: Connection, keys: Iterable[tuple[str, str]]) -> None:
    """Write a digest of each event that is deleted, given as (source, messageId); the transaction must write."""
    found = list(keys)
    if found:
        key = secret(connection, DELETED_EVENTS)
        digests = sorted({_digest(key, one) for one in found})
        insert_new(connection, tables.retired, [{"digest": one} for one in digests])


def deleted_events(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> set[int]:
    """The positions of the rows whose event was in the ledger once and was deleted for its age.

    Where none was ever deleted, this is one query of one small table.
    """
    key = existing_secret(connection, DELETED_EVENTS)
    if key is None:
        return set()
    digests = [_digest(key, (row["source"], row["message_id"])) for row in rows]
    found = existing_digests(connection, tables.retired, set(digests))
    return {place for place, one in enumerate(digests) if one in found}


def _digest(key: bytes, event: tuple[str, str]) -> bytes:
    return digest(key, event)[:DIGEST_BYTES]
