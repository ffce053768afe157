"""The tables of a home's database, as SQLite and PostgreSQL share them; their history is in migrations/."""

from __future__ import annotations

from sqlalchemy import Column, Index, MetaData, Table, UniqueConstraint, false, literal_column, true
from sqlalchemy.types import BigInteger, Boolean, Float, Integer, LargeBinary, String, Text

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

# One row per signature under an agreement: who, for which side, and the signed digest of what was signed.
signatures = Table(
    "signatures", metadata, _key("digest", 80), _key("side", 16), _key("signed_by"), _moment("signed_us")
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

# One row per identifier (user, anonymous, group) with events after which its lead is not decided yet; apart from
# `online_pending`, for decisions go on without an online store. live, in_bulk: how often a sender asked, or a file.
_COUNTS = [Column(name, Integer, nullable=False, server_default="0") for name in ("live", "in_bulk")]
decisions_due = Table("decisions_due", metadata, _key("kind", 64), _key("value"), _number("event_id"), *_COUNTS)
Index("ix_decisions_due_live", decisions_due.c.live, decisions_due.c.event_id)

# One row per change of a lead's decision, code, queue or owner.
decisions = Table(
    "decisions",
    metadata,
    _key("decision_id", 40),
    _text("lead_id"),
    _moment("decided_us"),
    _text("decision", 32),
    _text("code", 64),
    Column("queue", String(32)),  # whose turn it is; null where nobody's
    Column("owner", Text),
    Column("look_again_us", BigInteger),
    Column("probability", Float),
    Column("threshold", Float),
    Column("points", Integer),
    _text("facts"),  # JSON: the rule, the behaviours and traits it stood on
    Column("model_digest", String(80)),  # with the next two: what it was decided under
    _text("policy_digest", 80),
    Column("bar_id", BigInteger),
    _text("cause_kind", 32),
    _text("cause_ref"),
)
Index("ix_decisions_lead_id", decisions.c.lead_id, decisions.c.decided_us)
Index("ix_decisions_decided_us", decisions.c.decided_us)

# One row per lead: its newest decision, with what lists need.
lead_decisions = Table(
    "lead_decisions",
    metadata,
    _key("lead_id"),
    _text("decision_id", 40),
    _moment("decided_us"),
    _moment("since_us"),  # since when it has this decision
    _text("decision", 32),
    _text("code", 64),
    Column("queue", String(32)),
    Column("owner", Text),
    Column("look_again_us", BigInteger),
    Column("next_due_us", BigInteger),  # the next date of any kind: to look again, a clock, its turn in the backlog
    Column("in_backlog", Boolean, nullable=False, server_default=false()),
    Column("probability", Float),
    Column("score", Integer),
    Column("grade", String(1)),
    Column("points", Integer),
    Column("threshold", Float),
    Column("peak_probability", Float),  # the highest so far, by which the bar counts first crossings
    _moment("arrived_us"),
    Column("reason", Text),  # the first one, in words
    Column("source", Text),
    Column("campaign", Text),
    Column("account", Text),
    Column("handover_id", String(40)),
    Column("model_digest", String(80)),
    _text("policy_digest", 80),
    Column("bar_id", BigInteger),
    Column("ranks_by", Float),  # its place in the line of those who wait: the highest first
    Column("peaks", Text, nullable=False, server_default="[]"),  # JSON: (us, probability) as its highest rose
)
WAITS = lead_decisions.c.in_backlog | (lead_decisions.c.code == literal_column("'waits_for_capacity'"))
Index("ix_lead_decisions_waits", lead_decisions.c.ranks_by, sqlite_where=WAITS, postgresql_where=WAITS)
Index("ix_lead_decisions_queue_due", lead_decisions.c.queue, lead_decisions.c.next_due_us)
Index("ix_lead_decisions_queue_probability", lead_decisions.c.queue, lead_decisions.c.probability)
Index("ix_lead_decisions_owner", lead_decisions.c.owner)
Index("ix_lead_decisions_next_due", lead_decisions.c.next_due_us)
Index("ix_lead_decisions_decided_us", lead_decisions.c.decided_us)

# One row per handover of one lead to sales, as it stands now.
handovers = Table(
    "handovers",
    metadata,
    _key("handover_id", 40),
    _text("lead_id"),
    _text("decision_id", 40),
    _text("kind", 32),
    _text("state", 16),
    _text("stage", 8),
    Column("is_trial", Boolean, nullable=False, server_default=false()),
    _text("queue", 32),
    Column("owner", Text),
    _moment("offered_us"),
    Column("closed_us", BigInteger),
    Column("code", String(64)),
    Column("next_due_us", BigInteger),  # the next clock that runs out; null in the trial and where it is closed
    Column("is_overdue", Boolean, nullable=False, server_default=false()),  # a clock ran out and nothing stopped it yet
    _text("clocks"),  # JSON: first_contact, acceptance, next_try, outcome, each with due_us and stopped_us
    _text("tries"),  # JSON: made, of, until_us, last_us, last_result, next_us
    _text("offered"),  # JSON: what the rep is told, as it was when it was offered: score, reasons, source, why now
    _text("owners"),  # JSON: who had it, since when
    _number("last_event_id"),  # the newest event of the ledger that it follows
    Column("runs_out_us", BigInteger),  # when the first of its running clocks runs out: overdue from then on
    Column("course", Text, nullable=False, server_default="{}"),  # JSON: all else that its course is computed from
    Column("version", Integer, nullable=False, server_default="0"),  # counted up by each change: compare-and-set
)
IS_OPEN = handovers.c.closed_us.is_(None)
Index("uq_handovers_open", handovers.c.lead_id, unique=True, sqlite_where=IS_OPEN, postgresql_where=IS_OPEN)
Index("ix_handovers_lead_id", handovers.c.lead_id)
Index("ix_handovers_owner", handovers.c.owner)
Index("ix_handovers_next_due", handovers.c.next_due_us)
Index("ix_handovers_runs_out", handovers.c.runs_out_us)

# One row per person who said that he is away: until which day, that day included ("2026-12-31").
absences = Table("absences", metadata, _key("person"), _text("until", 10))

# One row per rep and day of his: how many handovers he was given on it.
rep_loads = Table(
    "rep_loads", metadata, _key("person"), _key("day", 10), Column("given", Integer, nullable=False), _moment("last_us")
)

# One row per regular pass over all leads: the last lead that was decided in it, so that one that breaks off goes on.
_PASS = (_key("name", 32), _moment("begun_us"), _text("up_to"), Column("ended_us", BigInteger))
passes = Table("passes", metadata, *_PASS)

# One row per bar that was in force: from which probability on a lead is over it.
bars = Table(
    "bars",
    metadata,
    _serial("bar_id"),
    Column("model_digest", String(80)),
    _text("policy_digest", 80),
    Column("bar", Float, nullable=False),
    _text("population"),  # JSON: of which leads it was taken, how many, since when
    _moment("computed_us"),
)

# One row per message to one person or channel: an outbox, written with what it tells of and deleted with nothing.
notices = Table(
    "notices",
    metadata,
    _serial("notice_id"),
    _text("kind", 32),
    _text("recipient"),  # an e-mail address or the name of a channel; its address is a setting
    Column("handover_id", String(40)),
    Column("lead_id", Text),
    _text("facts"),  # JSON: what it tells; worded when it is sent
    _text("once", 200),  # two rows with the same are one message
    _moment("created_us"),
    _moment("due_us"),  # not before: the next attempt
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("sent_us", BigInteger),
    Column("failed", Text),  # why the last attempt failed
    UniqueConstraint("once", name="uq_notices_once"),
)
Index("ix_notices_due", notices.c.sent_us, notices.c.due_us)
