"""what a handover's course is computed from, who is away, and how full a rep's day is"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("handovers", sa.Column("runs_out_us", sa.BigInteger()))
    op.add_column("handovers", sa.Column("course", sa.Text(), nullable=False, server_default="{}"))
    op.add_column("handovers", sa.Column("version", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_handovers_runs_out", "handovers", ["runs_out_us"])
    op.create_table(
        "absences",
        sa.Column("person", sa.Text(), primary_key=True),
        sa.Column("until", sa.String(10), nullable=False),
    )
    op.create_table(
        "rep_loads",
        sa.Column("person", sa.Text(), primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("given", sa.Integer(), nullable=False),
        sa.Column("last_us", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("rep_loads")
    op.drop_table("absences")
    op.drop_index("ix_handovers_runs_out", "handovers")
    for name in ("version", "course", "runs_out_us"):
        op.drop_column("handovers", name)
