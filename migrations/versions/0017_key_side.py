"""the side of a key: whose the touches are that it sends without one"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("api_keys", sa.Column("side", sa.String(16)))


def downgrade() -> None:
    with op.batch_alter_table("api_keys") as table:
        table.drop_column("side")
