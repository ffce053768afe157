"""indexes by which leads are counted by queue, and listed by source"""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"

INDEXES = {"counts": ["queue", "decision", "since_us"], "source": ["source", "next_due_us"]}


def upgrade() -> None:
    for name, columns in INDEXES.items():
        op.create_index(f"ix_lead_decisions_{name}", "lead_decisions", [*columns, "lead_id"])


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(f"ix_lead_decisions_{name}", "lead_decisions")
