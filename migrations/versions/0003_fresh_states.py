"""fresh states"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        # Before the indexes are made: SQLite counts up for good only in a table that was made so.
        with op.batch_alter_table("events", recreate="always", table_kwargs={"sqlite_autoincrement": True}):
            pass
    for name, where in (("user_id", "user_id IS NOT NULL"), ("anonymous_id", "user_id IS NULL")):
        of = sa.text(where)
        op.create_index(
            f"ix_events_{name}", "events", [name], postgresql_using="hash", postgresql_where=of, sqlite_where=of
        )
    op.create_index("ix_events_recorded_us", "events", ["recorded_us"])
    about_groups = sa.text("type = 'group'")
    op.create_index(
        "ix_events_group_id", "events", ["group_id"], sqlite_where=about_groups, postgresql_where=about_groups
    )
    op.create_table(
        "links",
        sa.Column("kind", sa.String(length=64), primary_key=True),
        sa.Column("value", sa.Text(), primary_key=True),
        sa.Column("user_id", sa.Text(), primary_key=True),
    )
    op.create_index("ix_links_user_id", "links", ["user_id"])
    op.create_table(
        "online_pending",
        sa.Column("kind", sa.String(length=64), primary_key=True),
        sa.Column("value", sa.Text(), primary_key=True),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("whole", sa.Integer(), nullable=False, server_default="0"),
    )
    op.create_table(
        "feature_views",
        sa.Column(
            "build_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True
        ),
        sa.Column("suffix", sa.String(length=64), nullable=False),
        sa.Column("generation", sa.String(length=32), nullable=False),
        sa.Column("layout", sa.Integer(), nullable=False),
        sa.Column("agreement", sa.Text(), nullable=False),
        sa.Column("last_event_id", sa.BigInteger(), nullable=False),
        sa.Column("folded_us", sa.BigInteger(), nullable=False),
        sa.Column("published_us", sa.BigInteger(), nullable=False),
        sa.Column("built_us", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "account_states",
        sa.Column("generation", sa.String(length=32), primary_key=True),
        sa.Column("account_id", sa.Text(), primary_key=True),
        sa.Column("known_us", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
    )


def downgrade() -> None:
    for table in ("account_states", "feature_views", "online_pending", "links"):
        op.drop_table(table)
    for index in ("ix_events_group_id", "ix_events_recorded_us", "ix_events_anonymous_id", "ix_events_user_id"):
        op.drop_index(index, "events")
