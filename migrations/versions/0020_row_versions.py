"""each write of a lead's newest decision counts, and whether sales had anything to do with the lead"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
COLUMNS = (
    sa.Column("version", sa.BigInteger(), nullable=False, server_default="0"),
    sa.Column("has_sales_history", sa.Boolean(), nullable=False, server_default=sa.true()),
)


def upgrade() -> None:
    for column in COLUMNS:
        op.add_column("lead_decisions", column)


def downgrade() -> None:
    for column in COLUMNS:
        op.drop_column("lead_decisions", column.name)
