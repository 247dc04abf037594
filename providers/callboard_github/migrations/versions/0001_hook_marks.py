"""Up to when the deliveries of each webhook are settled."""

import sqlalchemy as sa
from alembic import op

revision = "github_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "github_hook_marks",
        sa.Column("hook", sa.String, primary_key=True),
        sa.Column("settled", sa.Double, nullable=False),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("github_hook_marks")
