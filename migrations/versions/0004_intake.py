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


def downgrade() -> None:
    op.drop_table("intake_counts")
