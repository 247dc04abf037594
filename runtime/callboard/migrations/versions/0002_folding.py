"""Folding of deliveries, and the providers of a run."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what is older has none of it."""
    op.add_column("deliveries", sa.Column("fold", sa.String))
    op.add_column("deliveries", sa.Column("folded_into", sa.String(13)))
    op.add_column("runs", sa.Column("providers", sa.String))
