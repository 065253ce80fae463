"""Releases with several instances, each release on a host."""

import socket

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Turn the port into ports; on Postgres what there is belongs to the host that migrates."""
    for name, size in (("ports", 300), ("host", 200)):
        new = sa.Column(name, sa.String(size), nullable=False, server_default="")
        op.add_column("releases", new)
    releases = sa.table("releases", *(sa.column(name) for name in ("port", "ports", "host")))
    shared = op.get_bind().dialect.name == "postgresql"
    values = {
        "ports": sa.cast(releases.c.port, sa.String(300)),
        "host": socket.gethostname() if shared else "",
    }
    op.execute(sa.update(releases).values(values))
    op.drop_column("releases", "port")
