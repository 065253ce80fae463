"""Endpoints that follow a stage."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Keep the stage by which an endpoint was deployed last."""
    op.add_column("endpoints", sa.Column("stage", sa.String(200), nullable=True))
