"""what is planned for each lead that is not ready"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.add_column("lead_decisions", sa.Column("nurture", sa.Text()))


def downgrade() -> None:
    op.drop_column("lead_decisions", "nurture")
