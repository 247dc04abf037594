"""The queue of each organization is found by an index of its own."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Replace the index on turns."""
    op.drop_index("deliveries_turn", "deliveries")
    op.create_index("deliveries_turn", "deliveries", ["state", "organization", "turn"])
