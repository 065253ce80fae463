"""Releases that share an endpoint's traffic, or see a copy of it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the shares of a candidate."""
    for name in ("weight", "mirrored"):
        column = sa.Column(name, sa.Integer, nullable=False, server_default="0")
        op.add_column("releases", column)
