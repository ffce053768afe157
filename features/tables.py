"""The tables of a home's database; SQLite and PostgreSQL share them. Their history is in migrations/."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table, Text, UniqueConstraint

metadata = MetaData()
# SQLite counts up only an INTEGER PRIMARY KEY; PostgreSQL needs 64 bits.
Serial = BigInteger().with_variant(Integer, "sqlite")

# grain: one event. Moments are microseconds since 1970 UTC: exact in both databases, and as floats.
events = Table(
    "events",
    metadata,
    Column("event_id", Serial, primary_key=True),
    Column("source", String(64), nullable=False),
    Column("message_id", String(100), nullable=False),
    Column("type", String(16), nullable=False),
    Column("name", String(200), nullable=False),
    Column("user_id", Text),
    Column("anonymous_id", Text),
    Column("group_id", Text),
    Column("occurred_us", BigInteger, nullable=False),
    Column("recorded_us", BigInteger, nullable=False),
    Column("flags", Text, nullable=False, default=""),
    Column("body", Text, nullable=False),
    UniqueConstraint("source", "message_id", name="uq_events_source_message"),
)

# grain: one event that could not be used, with the reason and what came.
failed_events = Table(
    "failed_events",
    metadata,
    Column("failed_event_id", Serial, primary_key=True),
    Column("source", String(64), nullable=False),
    Column("received_us", BigInteger, nullable=False),
    Column("code", String(64), nullable=False),
    Column("message", Text, nullable=False),
    Column("raw", Text, nullable=False),
    Column("raw_digest", String(64), nullable=False),
    UniqueConstraint("source", "raw_digest", name="uq_failed_events_source_raw"),
)

# grain: one version of the agreement that this home worked with.
agreements = Table(
    "agreements",
    metadata,
    Column("version", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("digest", String(80), nullable=False),
    Column("feature_digest", String(80), nullable=False),
    Column("text", Text, nullable=False),
    Column("kept_us", BigInteger, nullable=False),
)

# grain: one identifier of one lead (user_id, email, crm_lead_id, ...): how outsiders name it.
identities = Table(
    "identities",
    metadata,
    Column("kind", String(64), primary_key=True),
    Column("value", Text, primary_key=True),
    Column("lead_id", Text, nullable=False),
)
Index("ix_identities_lead_id", identities.c.lead_id)

# grain: one promotion or rollback; the newest row is what is served.
deployments = Table(
    "deployments",
    metadata,
    Column("deployment_id", Serial, primary_key=True),
    Column("model_name", Text, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("digest", String(80), nullable=False),
    Column("view_suffix", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("deployed_us", BigInteger, nullable=False),
)
