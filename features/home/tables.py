"""The tables of a home's database, as SQLite and PostgreSQL share them; their history is in migrations/."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table, UniqueConstraint, false, literal_column, true
from sqlalchemy.types import BigInteger, Boolean, Float, Integer, LargeBinary, String, Text

from features.home.table_columns import key_column, moment_column, number_column, serial_column, text_column
from features.home.table_columns import metadata as metadata
from features.home.user_tables import audit as audit
from features.home.user_tables import failed_sign_ins as failed_sign_ins
from features.home.user_tables import sessions as sessions
from features.home.user_tables import users as users

# One row per event.
events = Table(
    "events",
    metadata,
    serial_column("event_id"),
    text_column("source", 64),
    text_column("message_id", 100),
    text_column("type", 16),
    text_column("name", 200),
    Column("user_id", Text),
    Column("anonymous_id", Text),
    Column("group_id", Text),
    moment_column("occurred_us"),
    moment_column("recorded_us"),
    Column("flags", Text, nullable=False, default=""),
    text_column("body"),
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
    serial_column("failed_event_id"),
    text_column("source", 64),
    Column("clock", String(16), nullable=False, server_default="file"),  # with the next two, how it was read
    Column("is_trusted", Boolean, nullable=False, server_default=true()),
    Column("flags", Text, nullable=False, server_default=""),
    moment_column("received_us"),
    text_column("code", 64),
    text_column("message"),
    text_column("raw"),
    text_column("raw_digest", 64),
    UniqueConstraint("source", "raw_digest", name="uq_failed_events_source_raw"),
)

# One row per version of the agreement that this home worked with.
agreements = Table(
    "agreements",
    metadata,
    Column("version", Integer, primary_key=True),
    text_column("name"),
    text_column("digest", 80),
    text_column("feature_digest", 80),
    text_column("text"),
    moment_column("kept_us"),
)

# One row per signature under an agreement: who, for which side, and the signed digest of what was signed.
signatures = Table(
    "signatures",
    metadata,
    key_column("digest", 80),
    key_column("side", 16),
    key_column("signed_by"),
    moment_column("signed_us"),
)

# One row per identifier of one lead (user_id, email, crm_lead_id, ...): how outsiders name it.
identities = Table("identities", metadata, key_column("kind", 64), key_column("value"), text_column("lead_id"))
Index("ix_identities_lead_id", identities.c.lead_id)

# One row per thing that ties an identifier to a user id: what a component of leads is found by.
links = Table(
    "links",
    metadata,
    key_column("kind", 64),  # anonymous, email, a CRM's name, merge
    key_column("value"),
    key_column("user_id"),
)
Index("ix_links_user_id", links.c.user_id)

# One row per identifier (user or anonymous) with events that the online store does not show yet.
online_pending = Table(
    "online_pending",
    metadata,
    key_column("kind", 64),
    key_column("value"),
    number_column("event_id"),  # the newest of them
    Column("whole", Integer, nullable=False, server_default="0"),  # how often more than what is new was to be written
)

# One row per build of the Feast views for one feature part; the newest of each suffix is read.
feature_views = Table(
    "feature_views",
    metadata,
    serial_column("build_id"),
    text_column("suffix", 64),
    text_column("generation", 32),  # what the names of this build's views end in
    Column("layout", Integer, nullable=False),
    text_column("agreement"),  # the text of the one whose feature part it is
    number_column("last_event_id"),  # what the offline files hold
    moment_column("folded_us"),  # account states hold what was known up to here
    moment_column("published_us"),  # event time of the newest online rows
    moment_column("built_us"),
)

# One row per account of one build that several leads have been in: what they did together.
account_states = Table(
    "account_states",
    metadata,
    key_column("generation", 32),
    key_column("account_id"),
    moment_column("known_us"),
    Column("state", LargeBinary, nullable=False),
)

# One row per source and one thing that intake noticed of its events, counted.
intake_counts = Table(
    "intake_counts",
    metadata,
    key_column("source", 64),
    key_column("code", 64),
    number_column("events"),
    moment_column("last_us"),
)

# One row per random key of this home that never leaves it; here and not in a file, since several hosts may share it.
secrets = Table("secrets", metadata, key_column("name", 32), Column("value", LargeBinary(32), nullable=False))

# One row per identifier of an erased lead, as an HMAC: its later events are refused, and it cannot be read back.
erased = Table("erased", metadata, Column("digest", LargeBinary(32), primary_key=True), moment_column("erased_us"))

# One row per event that was deleted for its age, as a digest: it may come again, and is no new one then.
retired = Table("retired", metadata, Column("digest", LargeBinary(16), primary_key=True), sqlite_with_rowid=False)

# One row per answer to a request that named an Idempotency-Key, kept for a day.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    key_column("caller", 64),
    key_column("key", 255),
    Column("request_digest", LargeBinary(32), nullable=False),
    Column("status", Integer),  # null while the first request runs
    Column("body", Text),
    Column("lead_id", Text),
    moment_column("created_us"),
)

# One row per promotion or rollback; the newest row is what is served.
deployments = Table(
    "deployments",
    metadata,
    serial_column("deployment_id"),
    text_column("model_name"),
    text_column("model_version"),
    text_column("digest", 80),
    text_column("view_suffix"),
    text_column("why"),
    moment_column("deployed_us"),
    Column("if_tried_digest", String(80)),  # of the version that answers "if sales tries now"; null where none does
)

# One row per deployment that was not shown to be better than the best so far: the deployment of that best, its anchor.
anchors = Table(
    "anchors",
    metadata,
    Column("deployment_id", BigInteger, primary_key=True, autoincrement=False),
    number_column("anchor_id"),
)

# One row per thing that somebody should be told of one model in one week. Whoever delivers alerts reads them here.
alerts = Table(
    "alerts",
    metadata,
    serial_column("alert_id"),
    text_column("type", 32),
    text_column("model_digest", 80),
    text_column("what", 200),
    text_column("week", 8),  # ISO: 2026-W48
    text_column("body"),
    moment_column("created_us"),
    UniqueConstraint("model_digest", "what", "week", "type", name="uq_alerts_model_what_week"),
)

# One row per training that came to its end: its model was promoted, or held back by a gate.
trainings = Table(
    "trainings",
    metadata,
    serial_column("training_id"),
    text_column("model_name"),
    text_column("feature_digest", 80),
    text_column("model_version"),
    Column("is_promoted", Boolean, nullable=False),
    number_column("outcomes"),  # with the next two: what it could learn from
    number_column("conversions"),
    moment_column("newest_us"),
    moment_column("finished_us"),
)

# One row per key. The secret itself is nowhere; its digest finds it.
api_keys = Table(
    "api_keys",
    metadata,
    key_column("key_id", 32),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    text_column("scopes"),
    Column("label", Text, nullable=False, default=""),
    moment_column("created_us"),
    Column("revoked_us", BigInteger),
    Column("side", String(16)),  # of the touches that it sends without one
)

# One row per identifier (user, anonymous, group) with events after which its lead is not decided yet. Apart from
# `online_pending`: decisions go on while the online store is down, and before there is one.
decisions_due = Table(
    "decisions_due",
    metadata,
    key_column("kind", 64),
    key_column("value"),
    number_column("event_id"),
    Column("live", Integer, nullable=False, server_default="0"),  # how often a sender asked, who waits for it
    Column("in_bulk", Integer, nullable=False, server_default="0"),  # how often a file or our own upkeep did
)
Index("ix_decisions_due_live", decisions_due.c.live, decisions_due.c.event_id)

# One row per change of a lead's decision, code, queue or owner.
decisions = Table(
    "decisions",
    metadata,
    key_column("decision_id", 40),
    text_column("lead_id"),
    moment_column("decided_us"),
    text_column("decision", 32),
    text_column("code", 64),
    Column("queue", String(32)),  # whose turn it is; null where nobody's
    Column("owner", Text),
    Column("look_again_us", BigInteger),
    Column("probability", Float),
    Column("threshold", Float),
    Column("points", Integer),
    text_column("facts"),  # JSON: the rule, the behaviours and traits it stood on
    Column("model_digest", String(80)),  # with the next two: what it was decided under
    text_column("policy_digest", 80),
    Column("bar_id", BigInteger),
    text_column("cause_kind", 32),
    text_column("cause_ref"),
)
Index("ix_decisions_lead_id", decisions.c.lead_id, decisions.c.decided_us)
Index("ix_decisions_decided_us", decisions.c.decided_us)

# One row per lead: its newest decision, with what lists need.
lead_decisions = Table(
    "lead_decisions",
    metadata,
    key_column("lead_id"),
    text_column("decision_id", 40),
    moment_column("decided_us"),
    moment_column("since_us"),  # since when it has this decision
    text_column("decision", 32),
    text_column("code", 64),
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
    moment_column("arrived_us"),
    Column("reason", Text),  # the first one, in words
    Column("source", Text),
    Column("campaign", Text),
    Column("account", Text),
    Column("handover_id", String(40)),
    Column("model_digest", String(80)),
    text_column("policy_digest", 80),
    Column("bar_id", BigInteger),
    Column("ranks_by", Float),  # its place in the line of those who wait: the highest first
    Column("peaks", Text, nullable=False, server_default="[]"),  # JSON: (us, probability) as its highest rose
    Column("version", BigInteger, nullable=False, server_default="0"),  # a number that each write makes new
    # Whether sales had anything to do with it: without, its state alone says all that a night has to know.
    Column("has_sales_history", Boolean, nullable=False, server_default=true()),
    Column("nurture", Text),  # JSON: what is planned for it; null where nothing is
)
WAITS = lead_decisions.c.in_backlog | (lead_decisions.c.code == literal_column("'waits_for_capacity'"))
Index("ix_lead_decisions_waits", lead_decisions.c.ranks_by, sqlite_where=WAITS, postgresql_where=WAITS)
# A list is read in the order of an index; the lead's id parts those that are due at the same moment.
for name, listed in {
    "queue_due": ("queue", "next_due_us"), "queue_probability": ("queue", "probability"), "next_due": ("next_due_us",),
    "probability": ("probability",), "decided_us": ("decided_us",), "owner": ("owner", "next_due_us"),
    "campaign": ("campaign", "next_due_us"), "account": ("account",), "decision": ("decision", "next_due_us"),
    "counts": ("queue", "decision", "since_us"), "source": ("source", "next_due_us"),
}.items():  # fmt: skip
    Index(f"ix_lead_decisions_{name}", *(lead_decisions.c[column] for column in (*listed, "lead_id")))

# One row per handover of one lead to sales, as it stands now.
handovers = Table(
    "handovers",
    metadata,
    key_column("handover_id", 40),
    text_column("lead_id"),
    text_column("decision_id", 40),
    text_column("kind", 32),
    text_column("state", 16),
    text_column("stage", 8),
    Column("is_trial", Boolean, nullable=False, server_default=false()),
    text_column("queue", 32),
    Column("owner", Text),
    moment_column("offered_us"),
    Column("closed_us", BigInteger),
    Column("code", String(64)),
    Column("next_due_us", BigInteger),  # the next clock that runs out; null in the trial and where it is closed
    Column("is_overdue", Boolean, nullable=False, server_default=false()),  # a clock ran out and nothing stopped it yet
    text_column("clocks"),  # JSON: first_contact, acceptance, next_try, outcome, each with due_us and stopped_us
    text_column("tries"),  # JSON: made, of, until_us, last_us, last_result, next_us
    text_column("offered"),  # JSON: what the rep is told, as it was when it was offered: score, reasons, why now
    text_column("owners"),  # JSON: who had it, since when
    number_column("last_event_id"),  # the newest event of the ledger that it follows
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
absences = Table("absences", metadata, key_column("person"), text_column("until", 10))

# One row per rep and day of his: how many handovers he was given on it.
rep_loads = Table(
    "rep_loads",
    metadata,
    key_column("person"),
    key_column("day", 10),
    Column("given", Integer, nullable=False),
    moment_column("last_us"),
)

# One row per regular pass over all leads: the last lead that was decided in it, so that one that breaks off goes on.
_PASS = (key_column("name", 32), moment_column("begun_us"), text_column("up_to"), Column("ended_us", BigInteger))
passes = Table("passes", metadata, *_PASS)

# One row per bar that was in force: from which probability on a lead is over it.
bars = Table(
    "bars",
    metadata,
    serial_column("bar_id"),
    Column("model_digest", String(80)),
    text_column("policy_digest", 80),
    Column("bar", Float, nullable=False),
    text_column("population"),  # JSON: of which leads it was taken, how many, since when
    moment_column("computed_us"),
)

# One row per message to one person or channel: an outbox, written with what it tells of and deleted with nothing.
notices = Table(
    "notices",
    metadata,
    serial_column("notice_id"),
    text_column("kind", 32),
    text_column("recipient"),  # an e-mail address or the name of a channel; its address is a setting
    Column("handover_id", String(40)),
    Column("lead_id", Text),
    text_column("facts"),  # JSON: what it tells; worded when it is sent
    text_column("once", 200),  # two rows with the same are one message
    moment_column("created_us"),
    moment_column("due_us"),  # not before: the next attempt
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("sent_us", BigInteger),
    Column("failed", Text),  # why the last attempt failed
    UniqueConstraint("once", name="uq_notices_once"),
)
Index("ix_notices_due", notices.c.sent_us, notices.c.due_us)
