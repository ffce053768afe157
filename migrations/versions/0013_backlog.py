"""the line of leads that wait for sales, and how each lead's probability rose"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

WAITS = sa.text("in_backlog OR code = 'waits_for_capacity'")


def upgrade() -> None:
    op.add_column("lead_decisions", sa.Column("ranks_by", sa.Float()))
    op.add_column("lead_decisions", sa.Column("peaks", sa.Text(), nullable=False, server_default="[]"))
    op.create_index(
        "ix_lead_decisions_waits", "lead_decisions", ["ranks_by"], sqlite_where=WAITS, postgresql_where=WAITS
    )


def downgrade() -> None:
    op.drop_index("ix_lead_decisions_waits", "lead_decisions")
    with op.batch_alter_table("lead_decisions") as table:
        table.drop_column("peaks")
        table.drop_column("ranks_by")
