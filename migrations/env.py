"""Alembic runs from here; `features.database.migrate` hands over the URL."""

from __future__ import annotations

from alembic import context

from features.database import engine, wait_in_line
from features.settings import Home
from features.tables import metadata

url = context.config.attributes.get("url") or Home.open().database_url
with engine(url).connect().execution_options(writes=True) as connection:
    wait_in_line(connection)  # several workers may start on a new database at once
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
