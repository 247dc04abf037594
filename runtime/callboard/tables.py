"""The journal's tables.

Owns their names and columns as the newest migration leaves them. Large columns come
last, so that SQLite reads the small ones without touching overflow pages.
"""

import sqlalchemy as sa

metadata = sa.MetaData()
Json = sa.LargeBinary
"""UTF-8 JSON, encoded by msgspec."""

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", sa.String(13), primary_key=True),
    sa.Column("source", sa.String, nullable=False),
    sa.Column("hook", sa.String, nullable=False),
    sa.Column("guid", sa.String, nullable=False),
    sa.Column("event", sa.String, nullable=False),
    sa.Column("action", sa.String),
    sa.Column("organization", sa.String),
    sa.Column("repository", sa.String),
    sa.Column("received_at", sa.Double, nullable=False),
    # The order in which deliveries are run; a redelivery goes to the end.
    sa.Column("turn", sa.String(13), nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("redeliveries", sa.Integer, nullable=False),
    # Unix seconds before which a failed delivery is not run again.
    sa.Column("not_before", sa.Double),
    sa.Column("run", sa.String(13)),
    sa.Column("started_at", sa.Double),
    sa.Column("ended_at", sa.Double),
    sa.Column("replay_of", sa.String(13)),
    sa.Column("reason", sa.String),
    sa.Column("keys", Json, nullable=False),
    # Handlers that already completed, so that a further attempt leaves them alone.
    sa.Column("done", Json, nullable=False),
    sa.Column("headers", Json, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    # Deliveries with the same value may be folded, the older into the newer.
    sa.Column("fold", sa.String),
    sa.Column("folded_into", sa.String(13)),
    sa.UniqueConstraint("source", "hook", "guid", name="deliveries_key"),
    sa.Index("deliveries_turn", "state", "organization", "turn"),
    sa.Index("deliveries_received", "received_at"),
)

# One row: everything received after this is here, in Unix seconds.
swept = sa.Table(
    "swept",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("until", sa.Double, nullable=False),
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.String(13), primary_key=True),
    sa.Column("delivery", sa.String(13), nullable=False, index=True),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("started_at", sa.Double, nullable=False),
    sa.Column("ended_at", sa.Double),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("cause", sa.String),
    # A TreeRecord, deflated; null until the run ends.
    sa.Column("tree", sa.LargeBinary),
    # Their names, each between commas.
    sa.Column("providers", sa.String),
)

effects = sa.Table(
    "effects",
    metadata,
    sa.Column(
        "id",
        sa.BigInteger().with_variant(sa.Integer, "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    sa.Column("run", sa.String(13), nullable=False, index=True),
    sa.Column("task", sa.Integer, nullable=False),
    sa.Column("delivery", sa.String(13), nullable=False),
    sa.Column("provider", sa.String, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("subject", sa.String, nullable=False),
    sa.Column("operation", sa.String, nullable=False),
    sa.Column("before", sa.LargeBinary),
    sa.Column("after", sa.LargeBinary),
    sa.Index("effects_subject", "subject", "at"),
    sa.Index("effects_any_case", sa.text("lower(subject)")),
)

actions = sa.Table(
    "actions",
    metadata,
    sa.Column(
        "id",
        sa.BigInteger().with_variant(sa.Integer, "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("who", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    # A task, a delivery or a provider, as the kind wants it.
    sa.Column("target", sa.String, nullable=False, index=True),
    # Whose task it was, or what a replay made; null for a provider's.
    sa.Column("delivery", sa.String(13), index=True),
    sa.Column("until", sa.Double),
)
