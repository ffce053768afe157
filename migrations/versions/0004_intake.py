"""intake"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "intake_counts",
        sa.Column("source", sa.String(length=64), primary_key=True),
        sa.Column("code", sa.String(length=64), primary_key=True),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("last_us", sa.BigInteger(), nullable=False),
    )
    clock = sa.Column("clock", sa.String(length=16), nullable=False, server_default="file")
    may_merge = sa.Column("may_merge", sa.Boolean(), nullable=False, server_default=sa.true())
    for column in (clock, may_merge, sa.Column("flags", sa.Text(), nullable=False, server_default="")):
        op.add_column("failed_events", column)


def downgrade() -> None:
    for column in ("clock", "may_merge", "flags"):
        op.drop_column("failed_events", column)
    op.drop_table("intake_counts")
