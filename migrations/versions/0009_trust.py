"""what a key may say that stands in web pages"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

# What the CRM and our own people say, as it was when this was written.
NAMES = frozenset({
    "Lead Converted", "Lead Disqualified", "Lead Status Changed", "Lead Merged", "Lead Merge Undone",
    "Opportunity Created", "Opportunity Won", "Opportunity Lost", "Call Attempted", "Voicemail Left", "Letter Sent",
    "Email Sent", "Meeting Booked", "Meeting Held", "Profiling Allowed",
})  # fmt: skip
TRAITS = ("customer", "open_opportunity", "crm_lead_id", "lead_status")
LONGEST_LABEL = 50
events = sa.table("events", *map(sa.column, ("source", "type", "name", "flags", "body")))
api_keys = sa.table("api_keys", *map(sa.column, ("key_id", "label", "scopes")))
agreements = sa.table("agreements", *map(sa.column, ("text",)))


def upgrade() -> None:
    """Flag what keys sent so far that may only write events: all of it "public", and what is the CRM's to say."""
    op.alter_column("failed_events", "may_merge", new_column_name="is_trusted")
    came = _by_public_key(op.get_bind())
    for_crm = events.c.name.in_(NAMES | set(_outcomes(op.get_bind())))
    told = sa.or_(*(events.c.body.contains(f'"{name}"') for name in TRAITS))
    not_trusted = sa.or_(
        sa.and_(events.c.type == "track", for_crm), sa.and_(events.c.type.in_(("identify", "group")), told)
    )
    flags = sa.func.replace(events.c.flags, "merge_refused", "public")
    has_flags, is_marked = events.c.flags != "", events.c.flags.contains("merge_refused")
    public = sa.case((is_marked, flags), (has_flags, events.c.flags + ",public"), else_="public")
    op.execute(events.update().where(sa.or_(came, is_marked)).values(flags=public))
    op.execute(events.update().where(came, not_trusted).values(flags=events.c.flags + ",not_trusted"))


def downgrade() -> None:
    op.alter_column("failed_events", "is_trusted", new_column_name="may_merge")
    for flag in ("not_trusted", "public_objection", "public"):
        for written in (f",{flag}", f"{flag},", flag):
            is_flagged = events.c.flags.contains(flag)
            op.execute(events.update().where(is_flagged).values(flags=sa.func.replace(events.c.flags, written, "")))


def _by_public_key(connection: sa.Connection) -> sa.ColumnElement[bool]:
    """Whether an event came by a key without admin, or signed by Segment, which forwards what web pages say."""
    keys = [(row.label if 0 < len(row.label) <= LONGEST_LABEL else row.key_id, row.scopes.split())
            for row in connection.execute(sa.select(api_keys))]  # fmt: skip
    # Of a label that several keys share nobody can tell which of them sent what.
    shared = {name for name, scopes in keys if "admin" not in scopes}
    trusted = {f"{way}:{name}" for way in ("live", "segment") for name, _ in keys if name not in shared}
    source = events.c.source
    by_key = sa.or_(source.startswith("live:"), source.startswith("segment:"), source == "segment")
    return sa.and_(by_key, source.not_in(sorted(trusted)))


def _outcomes(connection: sa.Connection) -> Iterator[str]:
    """The names of the events that the agreements of this home have as their outcome."""
    for text in connection.execute(sa.select(agreements.c.text)).scalars():
        try:
            agreed = tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            continue
        yield str(agreed.get("outcome", {}).get("event", ""))
        yield str(agreed.get("privacy", {}).get("allowed", ""))
