"""What one entity is found by, so that a page of few does not read a whole key."""

from alembic import op

revision = "catalog_0002"
down_revision = "catalog_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index the search table by entity too."""
    op.create_index("catalog_search_entity", "catalog_search", ["entity", "key"])


def downgrade() -> None:
    """Drop the index."""
    op.drop_index("catalog_search_entity", "catalog_search")
