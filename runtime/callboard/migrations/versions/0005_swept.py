"""Up to when the journal may have gaps that retention made."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; what went before now was older than the oldest that is left."""
    swept = op.create_table(
        "swept",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("until", sa.Double, nullable=False),
    )
    deliveries = sa.table("deliveries", sa.column("received_at", sa.Double))
    oldest = sa.select(sa.func.coalesce(sa.func.min(deliveries.c.received_at), 0.0))
    until = op.get_bind().execute(oldest).scalar_one()
    op.bulk_insert(swept, [{"id": 1, "until": until}])
