"""Alembic runs from here; `features.database.migrate` hands over the URL."""

from __future__ import annotations

from alembic import context

from features.database import engine
from features.settings import Home
from features.tables import metadata

url = context.config.attributes.get("url") or Home.open().database_url
with engine(url).connect().execution_options(writes=True) as connection:
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
