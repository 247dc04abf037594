"""Subjects in whatever case they are asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the index."""
    op.create_index("effects_any_case", "effects", [sa.text("lower(subject)")])
