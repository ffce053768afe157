"""The tables of a home's database, as SQLite and PostgreSQL share them; their history is in migrations/."""

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


def _serial(name: str) -> Column[int]:
    """The key of a table whose rows are counted up."""
    return Column(name, Serial, primary_key=True)


def _key(name: str, length: int | None = None) -> Column[str]:
    """A text that is the primary key, or a part of it."""
    return Column(name, String(length) if length else Text(), primary_key=True)


def _text(name: str, length: int | None = None) -> Column[str]:
    return Column(name, String(length) if length else Text(), nullable=False)


def _number(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _moment(name: str) -> Column[int]:
    """A moment in microseconds since 1970 UTC: exact in both databases, and as floats up to the year 2255."""
    return Column(name, BigInteger, nullable=False)


# One row per event.
events = Table(
    "events",
    metadata,
    _serial("event_id"),
    _text("source", 64),
    _text("message_id", 100),
    _text("type", 16),
    _text("name", 200),
    Column("user_id", Text),
    Column("anonymous_id", Text),
    Column("group_id", Text),
    _moment("occurred_us"),
    _moment("recorded_us"),
    Column("flags", Text, nullable=False, default=""),
    _text("body"),
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

# One row per event that could not be used, with the reason and what came.
failed_events = Table(
    "failed_events",
    metadata,
    _serial("failed_event_id"),
    _text("source", 64),
    Column("clock", String(16), nullable=False, server_default="file"),  # with the next two, how it was read
    Column("is_trusted", Boolean, nullable=False, server_default=true()),
    Column("flags", Text, nullable=False, server_default=""),
    _moment("received_us"),
    _text("code", 64),
    _text("message"),
    _text("raw"),
    _text("raw_digest", 64),
    UniqueConstraint("source", "raw_digest", name="uq_failed_events_source_raw"),
)

# One row per version of the agreement that this home worked with.
agreements = Table(
    "agreements",
    metadata,
    Column("version", Integer, primary_key=True),
    _text("name"),
    _text("digest", 80),
    _text("feature_digest", 80),
    _text("text"),
    _moment("kept_us"),
)

# One row per identifier of one lead (user_id, email, crm_lead_id, ...): how outsiders name it.
identities = Table("identities", metadata, _key("kind", 64), _key("value"), _text("lead_id"))
Index("ix_identities_lead_id", identities.c.lead_id)

# One row per thing that ties an identifier to a user id: what a component of leads is found by.
links = Table(
    "links",
    metadata,
    _key("kind", 64),  # anonymous, email, a CRM's name, merge
    _key("value"),
    _key("user_id"),
)
Index("ix_links_user_id", links.c.user_id)

# One row per identifier (user or anonymous) with events that the online store does not show yet.
online_pending = Table(
    "online_pending",
    metadata,
    _key("kind", 64),
    _key("value"),
    _number("event_id"),  # the newest of them
    Column("whole", Integer, nullable=False, server_default="0"),  # how often more than what is new was to be written
)

# One row per build of the Feast views for one feature part; the newest of each suffix is read.
feature_views = Table(
    "feature_views",
    metadata,
    _serial("build_id"),
    _text("suffix", 64),
    _text("generation", 32),  # what the names of this build's views end in
    Column("layout", Integer, nullable=False),
    _text("agreement"),  # the text of the one whose feature part it is
    _number("last_event_id"),  # what the offline files hold
    _moment("folded_us"),  # account states hold what was known up to here
    _moment("published_us"),  # event time of the newest online rows
    _moment("built_us"),
)

# One row per account of one build that several leads have been in: what they did together.
account_states = Table(
    "account_states",
    metadata,
    _key("generation", 32),
    _key("account_id"),
    _moment("known_us"),
    Column("state", LargeBinary, nullable=False),
)

# One row per source and one thing that intake noticed of its events, counted.
intake_counts = Table(
    "intake_counts", metadata, _key("source", 64), _key("code", 64), _number("events"), _moment("last_us")
)

# One row per random key of this home that never leaves it; here and not in a file, since several hosts may share it.
secrets = Table("secrets", metadata, _key("name", 32), Column("value", LargeBinary(32), nullable=False))

# One row per identifier of an erased lead, as an HMAC: its later events are refused, and it cannot be read back.
erased = Table("erased", metadata, Column("digest", LargeBinary(32), primary_key=True), _moment("erased_us"))

# One row per event that was deleted for its age, as a digest: it may come again, and is no new one then.
retired = Table("retired", metadata, Column("digest", LargeBinary(16), primary_key=True), sqlite_with_rowid=False)

# One row per answer to a request that named an Idempotency-Key, kept for a day.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    _key("caller", 64),
    _key("key", 255),
    Column("request_digest", LargeBinary(32), nullable=False),
    Column("status", Integer),  # null while the first request runs
    Column("body", Text),
    Column("lead_id", Text),
    _moment("created_us"),
)

# One row per promotion or rollback; the newest row is what is served.
deployments = Table(
    "deployments",
    metadata,
    _serial("deployment_id"),
    _text("model_name"),
    _text("model_version"),
    _text("digest", 80),
    _text("view_suffix"),
    _text("why"),
    _moment("deployed_us"),
    Column("if_tried_digest", String(80)),  # of the version that answers "if sales tries now"; null where none does
)

# One row per deployment that was not shown to be better than the best so far: the deployment of that best, its anchor.
anchors = Table(
    "anchors",
    metadata,
    Column("deployment_id", BigInteger, primary_key=True, autoincrement=False),
    _number("anchor_id"),
)

# One row per thing that somebody should be told of one model in one week. Whoever delivers alerts reads them here.
alerts = Table(
    "alerts",
    metadata,
    _serial("alert_id"),
    _text("type", 32),
    _text("model_digest", 80),
    _text("what", 200),
    _text("week", 8),  # ISO: 2026-W48
    _text("body"),
    _moment("created_us"),
    UniqueConstraint("model_digest", "what", "week", "type", name="uq_alerts_model_what_week"),
)

# One row per training that came to its end: its model was promoted, or held back by a gate.
trainings = Table(
    "trainings",
    metadata,
    _serial("training_id"),
    _text("model_name"),
    _text("feature_digest", 80),
    _text("model_version"),
    Column("is_promoted", Boolean, nullable=False),
    _number("outcomes"),  # with the next two: what it could learn from
    _number("conversions"),
    _moment("newest_us"),
    _moment("finished_us"),
)

# One row per key. The secret itself is nowhere; its digest finds it.
api_keys = Table(
    "api_keys",
    metadata,
    _key("key_id", 32),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    _text("scopes"),
    Column("label", Text, nullable=False, default=""),
    _moment("created_us"),
    Column("revoked_us", BigInteger),
)
