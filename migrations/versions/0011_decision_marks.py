"""who asked for a decision; the leads that are known already are decided once, in bulk"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

# A visitor that became a lead has an event with the lead's id: the identify that said so.
KNOWN_LEADS = """
INSERT INTO decisions_due (kind, value, event_id, live, in_bulk)
SELECT 'user', user_id, MAX(event_id), 0, 1 FROM events WHERE user_id IS NOT NULL GROUP BY user_id
"""


def upgrade() -> None:
    for name in ("live", "in_bulk"):
        op.add_column("decisions_due", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_decisions_due_live", "decisions_due", ["live", "event_id"])
    op.execute("DELETE FROM decisions_due")
    op.execute(KNOWN_LEADS)


def downgrade() -> None:
    op.drop_index("ix_decisions_due_live", "decisions_due")
    for name in ("live", "in_bulk"):
        op.drop_column("decisions_due", name)
