"""The catalog's tables.

Owns their names and columns as the newest migration leaves them. Documents are UTF-8
JSON. Texts that are compared or sorted use byte order on every database.
"""

import sqlalchemy as sa

metadata = sa.MetaData()

Json = sa.LargeBinary
Text = sa.String().with_variant(sa.String(collation="C"), "postgresql")
Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")

state = sa.Table(
    "catalog_state",
    metadata,
    # One row. Every write begins by touching it, which makes its transaction the only
    # one that writes: numbers are given in the order of commits.
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("change", Id, nullable=False),
    sa.Column("entity", Id, nullable=False),
    sa.Column("claim", Id, nullable=False),
    # Names the database for followers, whose positions mean nothing in another one.
    sa.Column("epoch", sa.String(32), nullable=False),
    sa.Column("pruned_at", sa.Double, nullable=False),
)

providers = sa.Table(
    "catalog_providers",
    metadata,
    sa.Column("name", Text, primary_key=True),
    # False once a start of the program no longer knew it: its entities are orphans.
    sa.Column("present", sa.Boolean, nullable=False),
)

claims = sa.Table(
    "catalog_claims",
    metadata,
    # Grows with time: the smallest of an entity is the oldest, and holds it.
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("ref", Text, nullable=False),
    sa.Column("provider", Text, nullable=False),
    # Empty only on a withdrawn claim: withdrawn under every key.
    sa.Column("location_key", Text, nullable=False),
    sa.Column("digest", sa.String(40), nullable=False),
    # Unix seconds of the newest knowledge that confirmed it …
    sa.Column("as_of", sa.Double, nullable=False),
    # … and of that which last changed it.
    sa.Column("changed_as_of", sa.Double, nullable=False),
    # Kept so that older knowledge does not bring the claim back.
    sa.Column("withdrawn", sa.Boolean, nullable=False),
    sa.Column("document", Json, nullable=False),
    sa.UniqueConstraint("ref", "provider", "location_key", name="catalog_claims_key"),
    sa.Index("catalog_claims_provider", "provider", "location_key"),
    sa.Index("catalog_claims_location", "location_key"),
)

supplements = sa.Table(
    "catalog_supplements",
    metadata,
    # As claims, so that the same rules decide which word is the newest. In place of a
    # ref they have what they are about: the beginning of location keys.
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("about", Text, key="ref", nullable=False),
    sa.Column("provider", Text, nullable=False),
    sa.Column("location_key", Text, nullable=False),
    sa.Column("digest", sa.String(40), nullable=False),
    sa.Column("as_of", sa.Double, nullable=False),
    sa.Column("changed_as_of", sa.Double, nullable=False),
    sa.Column("withdrawn", sa.Boolean, nullable=False),
    sa.Column("document", Json, nullable=False),
    sa.UniqueConstraint(
        "ref", "provider", "location_key", name="catalog_supplements_key"
    ),
    sa.Index("catalog_supplements_provider", "provider", "location_key"),
)

reads = sa.Table(
    "catalog_reads",
    metadata,
    # The last full mutation of a provider, and of each of its locations since.
    sa.Column("provider", Text, primary_key=True),
    # Empty: of the whole provider.
    sa.Column("location_key", Text, primary_key=True),
    sa.Column("as_of", sa.Double, nullable=False),
    sa.Column("given", sa.Integer, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("run", sa.String, nullable=False),
    sa.Column("task", sa.String, nullable=False),
    sa.Column("delivery", sa.String, nullable=False),
)

entities = sa.Table(
    "catalog_entities",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("ref", Text, nullable=False, unique=True),
    sa.Column("uid", sa.String(36), nullable=False, unique=True),
    # The claim that is shown, and the digest of what is.
    sa.Column("claim", Id, nullable=False),
    sa.Column("digest", sa.String(40), nullable=False),
    sa.Column("added_at", sa.Double, nullable=False),
    sa.Column("changed_at", sa.Double, nullable=False),
    # The claim's document with its supplements; null without any.
    sa.Column("document", Json),
)
shown_document = sa.func.coalesce(entities.c.document, claims.c.document).label(
    "document"
)
"""What an entity shows, where both tables are read."""

search = sa.Table(
    "catalog_search",
    metadata,
    # Both lower case; the value is empty when it is null or too long to look for.
    sa.Column("key", Text, primary_key=True),
    sa.Column("value", Text, primary_key=True),
    sa.Column("entity", Id, primary_key=True, autoincrement=False),
    # As it was written; null when the same as value, or when there is none.
    sa.Column("original", Text),
    sa.Index("catalog_search_entity", "entity", "key"),
    sqlite_with_rowid=False,
)

relations = sa.Table(
    "catalog_relations",
    metadata,
    # Both directions are rows.
    sa.Column("source", Text, primary_key=True),
    sa.Column("type", Text, primary_key=True),
    sa.Column("target", Text, primary_key=True),
    # The entity that says so.
    sa.Column("entity", Id, primary_key=True, autoincrement=False),
    sa.Index("catalog_relations_target", "type", "target"),
    sqlite_with_rowid=False,
)

problems = sa.Table(
    "catalog_problems",
    metadata,
    # What stands against a claim now. The ref is empty when it could not be read: then
    # it stands against all that the provider holds under the key.
    sa.Column("ref", Text, primary_key=True),
    sa.Column("provider", Text, primary_key=True),
    sa.Column("location_key", Text, primary_key=True),
    # "conflict", "rejected", or "unread": what was rejected, while all of its location
    # is, so that no problem of its own is told.
    sa.Column("kind", sa.String, primary_key=True),
    sa.Column("message", sa.String, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("run", sa.String, nullable=False),
    sa.Column("task", sa.String, nullable=False),
    sa.Column("delivery", sa.String, nullable=False),
    # Unix seconds of the newest knowledge that said so …
    sa.Column("as_of", sa.Double, nullable=False, server_default="0"),
    # … and of the newest full mutation that could read what is rejected, if one could.
    sa.Column("read_until", sa.Double),
    sa.Index("catalog_problems_provider", "provider", "location_key"),
)

history = sa.Table(
    "catalog_history",
    metadata,
    # The number of the change, also the position in the change feed.
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("ref", Text, nullable=False),
    sa.Column("uid", sa.String(36)),
    sa.Column("operation", sa.String, nullable=False),
    sa.Column("provider", Text, nullable=False),
    sa.Column("location_key", Text, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("run", sa.String, nullable=False),
    sa.Column("task", sa.String, nullable=False),
    sa.Column("delivery", sa.String, nullable=False),
    sa.Column("message", sa.String),
    # The document before the change, and the JSON Patch that made the next of it.
    sa.Column("before", Json),
    sa.Column("patch", Json),
    sa.Index("catalog_history_ref", "ref", "id"),
    sa.Index("catalog_history_at", "at"),
)
