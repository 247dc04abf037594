"""What providers add to entities that others own, and the entity as it is shown then."""

import sqlalchemy as sa
from alembic import op

revision = "catalog_0003"
down_revision = "catalog_0002"
branch_labels = None
depends_on = None

_JSON = sa.LargeBinary
_TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add supplements."""
    op.create_table(
        "catalog_supplements",
        sa.Column("id", _ID, primary_key=True, autoincrement=False),
        sa.Column("about", _TEXT, nullable=False),
        sa.Column("provider", _TEXT, nullable=False),
        sa.Column("location_key", _TEXT, nullable=False),
        sa.Column("digest", sa.String(40), nullable=False),
        sa.Column("as_of", sa.Double, nullable=False),
        sa.Column("changed_as_of", sa.Double, nullable=False),
        sa.Column("withdrawn", sa.Boolean, nullable=False),
        sa.Column("document", _JSON, nullable=False),
        sa.UniqueConstraint(
            "about", "provider", "location_key", name="catalog_supplements_key"
        ),
    )
    op.create_index(
        "catalog_supplements_provider",
        "catalog_supplements",
        ["provider", "location_key"],
    )
    op.create_index("catalog_claims_location", "catalog_claims", ["location_key"])
    op.add_column("catalog_entities", sa.Column("document", _JSON))


def downgrade() -> None:
    """Drop them; an entity shows what its owner says alone once that is written anew."""
    op.drop_column("catalog_entities", "document")
    op.drop_index("catalog_claims_location", "catalog_claims")
    op.drop_table("catalog_supplements")
