"""The tables of a home's database; SQLite and PostgreSQL share them. Their history is in migrations/."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
    true,
)

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
    sqlite_autoincrement=True,  # or the id of the newest event would be given again once that is deleted
)

# An event with a user id is found by it, any other by its visitor's. Only ever looked up, never ordered: a hash takes
# names of any length, which PostgreSQL's trees do not.
OF_USERS, OF_VISITORS = events.c.user_id.is_not(None), events.c.user_id.is_(None)
for name, of in (("user_id", OF_USERS), ("anonymous_id", OF_VISITORS)):
    Index(f"ix_events_{name}", events.c[name], postgresql_using="hash", postgresql_where=of, sqlite_where=of)
Index("ix_events_recorded_us", events.c.recorded_us)
# What is said of groups: a handful of events among many that name the group they were sent from.
ABOUT_GROUPS = events.c.type == literal_column("'group'")
Index("ix_events_group_id", events.c.group_id, sqlite_where=ABOUT_GROUPS, postgresql_where=ABOUT_GROUPS)

# grain: one event that could not be used, with the reason and what came.
failed_events = Table(
    "failed_events",
    metadata,
    Column("failed_event_id", Serial, primary_key=True),
    Column("source", String(64), nullable=False),
    Column("clock", String(16), nullable=False, server_default="file"),  # with the next two, how it was read
    Column("may_merge", Boolean, nullable=False, server_default=true()),
    Column("flags", Text, nullable=False, server_default=""),
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

# grain: one thing that ties an identifier to a user id: what a component of leads is found by.
links = Table(
    "links",
    metadata,
    Column("kind", String(64), primary_key=True),  # anonymous, email, a CRM's name, merge
    Column("value", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
)
Index("ix_links_user_id", links.c.user_id)

# grain: one identifier (user or anonymous) with events that the online store does not show yet.
online_pending = Table(
    "online_pending",
    metadata,
    Column("kind", String(64), primary_key=True),
    Column("value", Text, primary_key=True),
    Column("event_id", BigInteger, nullable=False),  # the newest of them
    Column("whole", Integer, nullable=False, server_default="0"),  # how often more than what is new was to be written
)

# grain: one build of the Feast views for one feature part; the newest of each suffix is read.
feature_views = Table(
    "feature_views",
    metadata,
    Column("build_id", Serial, primary_key=True),
    Column("suffix", String(64), nullable=False),
    Column("generation", String(32), nullable=False),  # what the names of this build's views end in
    Column("layout", Integer, nullable=False),
    Column("agreement", Text, nullable=False),  # the text of the one whose feature part it is
    Column("last_event_id", BigInteger, nullable=False),  # what the offline files hold
    Column("folded_us", BigInteger, nullable=False),  # account states hold what was known up to here
    Column("published_us", BigInteger, nullable=False),  # event time of the newest online rows
    Column("built_us", BigInteger, nullable=False),
)

# grain: one account of one build that several leads have been in: what they did together.
account_states = Table(
    "account_states",
    metadata,
    Column("generation", String(32), primary_key=True),
    Column("account_id", Text, primary_key=True),
    Column("known_us", BigInteger, nullable=False),
    Column("state", LargeBinary, nullable=False),
)

# grain: one source and one thing that intake noticed of its events, counted.
intake_counts = Table(
    "intake_counts",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("code", String(64), primary_key=True),
    Column("events", BigInteger, nullable=False),
    Column("last_us", BigInteger, nullable=False),
)

# grain: one random key of this home that never leaves it; here and not in a file, since several hosts may share it.
secrets = Table(
    "secrets",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", LargeBinary(32), nullable=False),
)

# grain: one identifier of an erased lead, as an HMAC: its later events are refused, and it cannot be read back.
erased = Table(
    "erased",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("erased_us", BigInteger, nullable=False),
)

# grain: one event that was deleted for its age, as a digest: it may come again, and is no new one then.
retired = Table("retired", metadata, Column("digest", LargeBinary(16), primary_key=True), sqlite_with_rowid=False)

# grain: one answer to a request that named an Idempotency-Key, kept for a day.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("caller", String(64), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("request_digest", LargeBinary(32), nullable=False),
    Column("status", Integer),  # null while the first request runs
    Column("body", Text),
    Column("lead_id", Text),
    Column("created_us", BigInteger, nullable=False),
)

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

# grain: one thing that somebody should be told of one model in one week. Whoever delivers alerts reads them here.
alerts = Table(
    "alerts",
    metadata,
    Column("alert_id", Serial, primary_key=True),
    Column("type", String(32), nullable=False),
    Column("model_digest", String(80), nullable=False),
    Column("what", String(200), nullable=False),
    Column("week", String(8), nullable=False),  # ISO: 2026-W48
    Column("body", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    UniqueConstraint("model_digest", "what", "week", "type", name="uq_alerts_model_what_week"),
)

# grain: one training that came to its end: its model was promoted, or held back by a gate.
trainings = Table(
    "trainings",
    metadata,
    Column("training_id", Serial, primary_key=True),
    Column("model_name", Text, nullable=False),
    Column("feature_digest", String(80), nullable=False),
    Column("model_version", Text, nullable=False),
    Column("is_promoted", Boolean, nullable=False),
    Column("outcomes", BigInteger, nullable=False),  # with the next two: what it could learn from
    Column("conversions", BigInteger, nullable=False),
    Column("newest_us", BigInteger, nullable=False),
    Column("finished_us", BigInteger, nullable=False),
)

# grain: one key. The secret itself is nowhere; its digest finds it.
api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", String(32), primary_key=True),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("scopes", Text, nullable=False),
    Column("label", Text, nullable=False, default=""),
    Column("created_us", BigInteger, nullable=False),
    Column("revoked_us", BigInteger),
)
