"""The tables of those who read the pages: users, their sessions, sign-ins that failed, and what was changed."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text

from features.home.table_columns import key_column, metadata, moment_column, serial_column, text_column

# One row per person who may sign in to the pages; password: argon2's own text. A user who was removed stays, closed.
users = Table(
    "users",
    metadata,
    key_column("email"),
    text_column("role", 16),
    Column("crm_id", Text),
    text_column("password"),
    moment_column("created_us"),
    Column("removed_us", BigInteger),
)

# One row per browser that is signed in; digest: SHA-256 of what its cookie holds.
sessions = Table(
    "sessions",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    text_column("email"),
    moment_column("begun_us"),
    moment_column("ends_us"),
    Column("ended_us", BigInteger),
)
Index("ix_sessions_email", sessions.c.email)

# One row per name or address with sign-ins that failed since the last one that did not.
failed_sign_ins = Table(
    "failed_sign_ins",
    metadata,
    key_column("name"),
    Column("failed", Integer, nullable=False),
    moment_column("last_us"),
)

# One row per change by a person on a page or a command, and per export: who did what, when; no contact data.
audit = Table(
    "audit",
    metadata,
    serial_column("audit_id"),
    moment_column("at_us"),
    text_column("by"),
    text_column("action", 64),
    text_column("subject"),
    Column("details", Text, nullable=False, server_default="{}"),
)
Index("ix_audit_at", audit.c.at_us)
