"""rights"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "secrets",
        sa.Column("name", sa.String(length=32), primary_key=True),
        sa.Column("value", sa.LargeBinary(length=32), nullable=False),
    )
    op.create_table(
        "erased",
        sa.Column("digest", sa.LargeBinary(length=32), primary_key=True),
        sa.Column("erased_us", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "retired",
        sa.Column("digest", sa.LargeBinary(length=16), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("caller", sa.String(length=64), primary_key=True),
        sa.Column("key", sa.String(length=255), primary_key=True),
        sa.Column("request_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("lead_id", sa.Text(), nullable=True),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    for table in ("idempotency_keys", "retired", "erased", "secrets"):
        op.drop_table(table)
