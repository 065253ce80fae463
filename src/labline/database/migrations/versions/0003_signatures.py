"""Signatures of the ledger's entries."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Give each entry room for who signed it; the hash does not cover that."""
    op.add_column("ledger", sa.Column("signer", sa.String(60), nullable=True))
    op.add_column("ledger", sa.Column("signature", sa.String(100), nullable=True))
