"""how far a pass over all leads came"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "passes",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("begun_us", sa.BigInteger(), nullable=False),
        sa.Column("up_to", sa.Text(), nullable=False),
        sa.Column("ended_us", sa.BigInteger()),
    )


def downgrade() -> None:
    op.drop_table("passes")
