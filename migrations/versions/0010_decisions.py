"""decisions that are kept, handovers, and messages about them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")
IS_OPEN = sa.text("closed_us IS NULL")


def upgrade() -> None:
    op.create_table(
        "decisions_due",
        sa.Column("kind", sa.String(64), primary_key=True),
        sa.Column("value", sa.Text(), primary_key=True),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "decisions",
        sa.Column("decision_id", sa.String(40), primary_key=True),
        sa.Column("lead_id", sa.Text(), nullable=False),
        sa.Column("decided_us", sa.BigInteger(), nullable=False),
        sa.Column("decision", sa.String(32), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("queue", sa.String(32)),
        sa.Column("owner", sa.Text()),
        sa.Column("look_again_us", sa.BigInteger()),
        sa.Column("probability", sa.Float()),
        sa.Column("threshold", sa.Float()),
        sa.Column("points", sa.Integer()),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("model_digest", sa.String(80)),
        sa.Column("policy_digest", sa.String(80), nullable=False),
        sa.Column("bar_id", sa.BigInteger()),
        sa.Column("cause_kind", sa.String(32), nullable=False),
        sa.Column("cause_ref", sa.Text(), nullable=False),
    )
    op.create_index("ix_decisions_decided_us", "decisions", ["decided_us"])
    op.create_index("ix_decisions_lead_id", "decisions", ["lead_id", "decided_us"])
    op.create_table(
        "lead_decisions",
        sa.Column("lead_id", sa.Text(), primary_key=True),
        sa.Column("decision_id", sa.String(40), nullable=False),
        sa.Column("decided_us", sa.BigInteger(), nullable=False),
        sa.Column("since_us", sa.BigInteger(), nullable=False),
        sa.Column("decision", sa.String(32), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("queue", sa.String(32)),
        sa.Column("owner", sa.Text()),
        sa.Column("look_again_us", sa.BigInteger()),
        sa.Column("next_due_us", sa.BigInteger()),
        sa.Column("in_backlog", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("probability", sa.Float()),
        sa.Column("score", sa.Integer()),
        sa.Column("grade", sa.String(1)),
        sa.Column("points", sa.Integer()),
        sa.Column("threshold", sa.Float()),
        sa.Column("peak_probability", sa.Float()),
        sa.Column("arrived_us", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("source", sa.Text()),
        sa.Column("campaign", sa.Text()),
        sa.Column("account", sa.Text()),
        sa.Column("handover_id", sa.String(40)),
        sa.Column("model_digest", sa.String(80)),
        sa.Column("policy_digest", sa.String(80), nullable=False),
        sa.Column("bar_id", sa.BigInteger()),
    )
    op.create_index("ix_lead_decisions_decided_us", "lead_decisions", ["decided_us"])
    op.create_index("ix_lead_decisions_next_due", "lead_decisions", ["next_due_us"])
    op.create_index("ix_lead_decisions_owner", "lead_decisions", ["owner"])
    op.create_index("ix_lead_decisions_queue_due", "lead_decisions", ["queue", "next_due_us"])
    op.create_index("ix_lead_decisions_queue_probability", "lead_decisions", ["queue", "probability"])
    op.create_table(
        "handovers",
        sa.Column("handover_id", sa.String(40), primary_key=True),
        sa.Column("lead_id", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("stage", sa.String(8), nullable=False),
        sa.Column("is_trial", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("queue", sa.String(32), nullable=False),
        sa.Column("owner", sa.Text()),
        sa.Column("offered_us", sa.BigInteger(), nullable=False),
        sa.Column("closed_us", sa.BigInteger()),
        sa.Column("code", sa.String(64)),
        sa.Column("next_due_us", sa.BigInteger()),
        sa.Column("is_overdue", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("clocks", sa.Text(), nullable=False),
        sa.Column("tries", sa.Text(), nullable=False),
        sa.Column("offered", sa.Text(), nullable=False),
        sa.Column("owners", sa.Text(), nullable=False),
        sa.Column("last_event_id", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_handovers_lead_id", "handovers", ["lead_id"])
    op.create_index("ix_handovers_next_due", "handovers", ["next_due_us"])
    op.create_index("ix_handovers_owner", "handovers", ["owner"])
    op.create_index(
        "uq_handovers_open", "handovers", ["lead_id"], unique=True, sqlite_where=IS_OPEN, postgresql_where=IS_OPEN
    )
    op.create_table(
        "bars",
        sa.Column("bar_id", SERIAL, primary_key=True),
        sa.Column("model_digest", sa.String(80)),
        sa.Column("policy_digest", sa.String(80), nullable=False),
        sa.Column("bar", sa.Float(), nullable=False),
        sa.Column("population", sa.Text(), nullable=False),
        sa.Column("computed_us", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "notices",
        sa.Column("notice_id", SERIAL, primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("handover_id", sa.String(40)),
        sa.Column("lead_id", sa.Text()),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("once", sa.String(200), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("due_us", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("sent_us", sa.BigInteger()),
        sa.Column("failed", sa.Text()),
        sa.UniqueConstraint("once", name="uq_notices_once"),
    )
    op.create_index("ix_notices_due", "notices", ["sent_us", "due_us"])


def downgrade() -> None:
    for name in ("notices", "bars", "handovers", "lead_decisions", "decisions", "decisions_due"):
        op.drop_table(name)
