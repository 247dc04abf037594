"""From when it is known that something can not be read, and what was read before."""

import sqlalchemy as sa
from alembic import op

revision = "catalog_0004"
down_revision = "catalog_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both; of a rejection of before, any word settles it, as it did then."""
    op.add_column(
        "catalog_problems",
        sa.Column("as_of", sa.Double, nullable=False, server_default="0"),
    )
    op.add_column("catalog_problems", sa.Column("read_until", sa.Double))
    problems = sa.table(
        "catalog_problems",
        *map(sa.column, ("provider", "location_key", "kind", "read_until")),
    )
    reads = sa.table(
        "catalog_reads", *map(sa.column, ("provider", "location_key", "as_of"))
    )
    covering = sa.or_(
        reads.c.location_key == "", reads.c.location_key == problems.c.location_key
    )
    newest = sa.select(sa.func.max(reads.c.as_of)).where(
        reads.c.provider == problems.c.provider, covering
    )
    op.execute(
        problems.update()
        .where(problems.c.kind == "rejected")
        .values(read_until=newest.scalar_subquery())
    )


def downgrade() -> None:
    """Drop them, and what no older version tells."""
    op.execute("DELETE FROM catalog_problems WHERE kind = 'unread'")
    op.drop_column("catalog_problems", "read_until")
    op.drop_column("catalog_problems", "as_of")
