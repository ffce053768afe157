"""who signed the agreement"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "signatures",
        sa.Column("digest", sa.String(80), primary_key=True),
        sa.Column("side", sa.String(16), primary_key=True),
        sa.Column("signed_by", sa.Text(), primary_key=True),
        sa.Column("signed_us", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("signatures")
