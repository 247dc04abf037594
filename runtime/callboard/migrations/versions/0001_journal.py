"""Deliveries, runs and effects."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the journal."""
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String(13), primary_key=True),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("hook", sa.String, nullable=False),
        sa.Column("guid", sa.String, nullable=False),
        sa.Column("event", sa.String, nullable=False),
        sa.Column("action", sa.String),
        sa.Column("organization", sa.String),
        sa.Column("repository", sa.String),
        sa.Column("received_at", sa.Double, nullable=False),
        sa.Column("turn", sa.String(13), nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("redeliveries", sa.Integer, nullable=False),
        sa.Column("not_before", sa.Double),
        sa.Column("run", sa.String(13)),
        sa.Column("started_at", sa.Double),
        sa.Column("ended_at", sa.Double),
        sa.Column("replay_of", sa.String(13)),
        sa.Column("reason", sa.String),
        sa.Column("keys", sa.LargeBinary, nullable=False),
        sa.Column("done", sa.LargeBinary, nullable=False),
        sa.Column("headers", sa.LargeBinary, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("source", "hook", "guid", name="deliveries_key"),
    )
    op.create_index("deliveries_turn", "deliveries", ["state", "turn"])
    op.create_index("deliveries_received", "deliveries", ["received_at"])
    op.create_table(
        "runs",
        sa.Column("id", sa.String(13), primary_key=True),
        sa.Column("delivery", sa.String(13), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("ended_at", sa.Double),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("cause", sa.String),
        sa.Column("tree", sa.LargeBinary),
    )
    op.create_index("ix_runs_delivery", "runs", ["delivery"])
    op.create_table(
        "effects",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("run", sa.String(13), nullable=False),
        sa.Column("task", sa.Integer, nullable=False),
        sa.Column("delivery", sa.String(13), nullable=False),
        sa.Column("provider", sa.String, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("operation", sa.String, nullable=False),
        sa.Column("before", sa.LargeBinary),
        sa.Column("after", sa.LargeBinary),
    )
    op.create_index("ix_effects_run", "effects", ["run"])
    op.create_index("effects_subject", "effects", ["subject", "at"])
