"""Events that were deleted for their age: a digest of each stays, so that one that comes again adds nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from features import tables
from features.erasure import digest, kept_secret, secret, standing
from features.many_rows import insert_new

STRIPPED = "stripped"  # the flag of an event of which only its identifiers are left
RETIRED = "retired"  # the name of the key that the digests are made with
DIGEST_BYTES = 16  # of as many events as a ledger may ever hold, no two have the same


def retire(connection: Connection, keys: Iterable[tuple[str, str]]) -> None:
    """Keep a digest of each event that is deleted, by source and messageId; needs a writing transaction."""
    found = list(keys)
    if found:
        key = secret(connection, RETIRED)
        digests = sorted({_digest(key, one) for one in found})
        insert_new(connection, tables.retired, [{"digest": one} for one in digests])


def retired(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> set[int]:
    """The positions of the rows of `tables.events` that were there once and were deleted for their age.

    Where none ever was, this is one look at one small table.
    """
    key = kept_secret(connection, RETIRED)
    if key is None:
        return set()
    digests = [_digest(key, (row["source"], row["message_id"])) for row in rows]
    found = standing(connection, tables.retired, set(digests))
    return {place for place, one in enumerate(digests) if one in found}


def _digest(key: bytes, event: tuple[str, str]) -> bytes:
    return digest(key, event)[:DIGEST_BYTES]
