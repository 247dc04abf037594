"""Claims, entities, what they are found by, and their history."""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "catalog_0001"
down_revision = None
branch_labels = None
depends_on = None

_JSON = sa.LargeBinary
_TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create the catalog."""
    op.create_table(
        "catalog_state",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("change", _ID, nullable=False),
        sa.Column("entity", _ID, nullable=False),
        sa.Column("claim", _ID, nullable=False),
        sa.Column("epoch", sa.String(32), nullable=False),
        sa.Column("pruned_at", sa.Double, nullable=False),
    )
    op.create_table(
        "catalog_providers",
        sa.Column("name", _TEXT, primary_key=True),
        sa.Column("present", sa.Boolean, nullable=False),
    )
    op.create_table(
        "catalog_claims",
        sa.Column("id", _ID, primary_key=True, autoincrement=False),
        sa.Column("ref", _TEXT, nullable=False),
        sa.Column("provider", _TEXT, nullable=False),
        sa.Column("location_key", _TEXT, nullable=False),
        sa.Column("digest", sa.String(40), nullable=False),
        sa.Column("as_of", sa.Double, nullable=False),
        sa.Column("changed_as_of", sa.Double, nullable=False),
        sa.Column("withdrawn", sa.Boolean, nullable=False),
        sa.Column("document", _JSON, nullable=False),
        sa.UniqueConstraint(
            "ref", "provider", "location_key", name="catalog_claims_key"
        ),
    )
    op.create_table(
        "catalog_reads",
        sa.Column("provider", _TEXT, primary_key=True),
        sa.Column("location_key", _TEXT, primary_key=True),
        sa.Column("as_of", sa.Double, nullable=False),
        sa.Column("given", sa.Integer, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("run", sa.String, nullable=False),
        sa.Column("task", sa.String, nullable=False),
        sa.Column("delivery", sa.String, nullable=False),
    )
    op.create_table(
        "catalog_entities",
        sa.Column("id", _ID, primary_key=True, autoincrement=False),
        sa.Column("ref", _TEXT, nullable=False, unique=True),
        sa.Column("uid", sa.String(36), nullable=False, unique=True),
        sa.Column("claim", _ID, nullable=False),
        sa.Column("digest", sa.String(40), nullable=False),
        sa.Column("added_at", sa.Double, nullable=False),
        sa.Column("changed_at", sa.Double, nullable=False),
    )
    op.create_table(
        "catalog_search",
        sa.Column("key", _TEXT, primary_key=True),
        sa.Column("value", _TEXT, primary_key=True),
        sa.Column("entity", _ID, primary_key=True, autoincrement=False),
        sa.Column("original", _TEXT),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "catalog_relations",
        sa.Column("source", _TEXT, primary_key=True),
        sa.Column("type", _TEXT, primary_key=True),
        sa.Column("target", _TEXT, primary_key=True),
        sa.Column("entity", _ID, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "catalog_problems",
        sa.Column("ref", _TEXT, primary_key=True),
        sa.Column("provider", _TEXT, primary_key=True),
        sa.Column("location_key", _TEXT, primary_key=True),
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("message", sa.String, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("run", sa.String, nullable=False),
        sa.Column("task", sa.String, nullable=False),
        sa.Column("delivery", sa.String, nullable=False),
    )
    op.create_table(
        "catalog_history",
        sa.Column("id", _ID, primary_key=True, autoincrement=False),
        sa.Column("ref", _TEXT, nullable=False),
        sa.Column("uid", sa.String(36)),
        sa.Column("operation", sa.String, nullable=False),
        sa.Column("provider", _TEXT, nullable=False),
        sa.Column("location_key", _TEXT, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("run", sa.String, nullable=False),
        sa.Column("task", sa.String, nullable=False),
        sa.Column("delivery", sa.String, nullable=False),
        sa.Column("message", sa.String),
        sa.Column("before", _JSON),
        sa.Column("patch", _JSON),
    )
    op.create_index(
        "catalog_claims_provider", "catalog_claims", ["provider", "location_key"]
    )
    op.create_index("catalog_relations_target", "catalog_relations", ["type", "target"])
    op.create_index(
        "catalog_problems_provider", "catalog_problems", ["provider", "location_key"]
    )
    op.create_index("catalog_history_ref", "catalog_history", ["ref", "id"])
    op.create_index("catalog_history_at", "catalog_history", ["at"])
    state = sa.table(
        "catalog_state",
        *map(sa.column, ("id", "change", "entity", "claim", "epoch", "pruned_at")),
    )
    first = {"id": 1, "change": 0, "entity": 0, "claim": 0, "pruned_at": 0.0}
    op.bulk_insert(state, [{**first, "epoch": uuid4().hex}])


def downgrade() -> None:
    """Drop the catalog; a full read by every provider makes it again."""
    for name in (
        "history",
        "problems",
        "relations",
        "search",
        "entities",
        "reads",
        "claims",
        "providers",
        "state",
    ):
        op.drop_table(f"catalog_{name}")
