"""the best version so far, which a new one is held against"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "anchors",
        sa.Column("deployment_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("anchor_id", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("anchors")
