"""indexes in whose order leads are listed"""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"

BEFORE = {
    "queue_due": ["queue", "next_due_us"],
    "queue_probability": ["queue", "probability"],
    "owner": ["owner"],
    "next_due": ["next_due_us"],
    "decided_us": ["decided_us"],
}
SINCE = {
    "queue_due": ["queue", "next_due_us"],
    "queue_probability": ["queue", "probability"],
    "next_due": ["next_due_us"],
    "probability": ["probability"],
    "decided_us": ["decided_us"],
    "owner": ["owner", "next_due_us"],
    "campaign": ["campaign", "next_due_us"],
    "account": ["account"],
    "decision": ["decision", "next_due_us"],
}


def upgrade() -> None:
    for name in BEFORE:
        op.drop_index(f"ix_lead_decisions_{name}", "lead_decisions")
    for name, columns in SINCE.items():
        op.create_index(f"ix_lead_decisions_{name}", "lead_decisions", [*columns, "lead_id"])


def downgrade() -> None:
    for name in SINCE:
        op.drop_index(f"ix_lead_decisions_{name}", "lead_decisions")
    for name, columns in BEFORE.items():
        op.create_index(f"ix_lead_decisions_{name}", "lead_decisions", columns)
