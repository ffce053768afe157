"""which version answers "if sales tries now", beside the one that answers as things are"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("deployments", sa.Column("if_tried_digest", sa.String(length=80), nullable=True))


def downgrade() -> None:
    op.drop_column("deployments", "if_tried_digest")
