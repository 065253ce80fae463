"""Alembic's entry: migrate on the connection that ``labline.database.engine.migrate`` holds."""

from alembic import context

from labline.database.engine import SCHEMA, VERSION_TABLE
from labline.database.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    version_table_schema=SCHEMA if connection.dialect.name == "postgresql" else None,
    transactional_ddl=False,
)
context.run_migrations()
