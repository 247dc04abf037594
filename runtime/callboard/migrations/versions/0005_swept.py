"""Since when the journal is whole: retention removes what is older."""

import time

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; until now, what went was older than the oldest that is left."""
    swept = op.create_table(
        "swept",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("until", sa.Double, nullable=False),
    )
    deliveries = sa.table("deliveries", sa.column("received_at", sa.Double))
    oldest = sa.select(sa.func.min(deliveries.c.received_at))
    since = op.get_bind().execute(oldest).scalar_one()
    # A new journal is whole from now on: what was sent before was not sent to it. Senders
    # may count in whole seconds.
    until = int(time.time()) - 1 if since is None else since
    op.bulk_insert(swept, [{"id": 1, "until": until}])
