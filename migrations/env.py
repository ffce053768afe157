"""Alembic runs from here; `features.home.database.migrate` hands over the URL."""

from __future__ import annotations

from alembic import context

from features.home.database import engine, wait_for_writers
from features.home.settings import Home
from features.home.tables import metadata

url = context.config.attributes.get("url") or Home.open().database_url
# Several workers may start on a new database at once. A transaction of ours is around all of it, since Alembic's own on
# SQLite begin after it has looked what there is to do, and two of them would then do the same.
with engine(url).connect().execution_options(writes=True) as connection, connection.begin():
    wait_for_writers(connection)
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    context.run_migrations()
