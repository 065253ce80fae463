"""The labline database: ledger, endpoints, releases, API-key ids and worker heartbeats.

SQLite for one machine, Postgres (schema ``labline``) for several; Alembic brings either to the
present schema when it is first opened.
"""

from labline.database.engine import Database
from labline.database.tables import api_keys, endpoints, ledger, releases, workers

__all__ = ["Database", "api_keys", "endpoints", "ledger", "releases", "workers"]
