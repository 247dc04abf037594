"""Runs migration scripts on a connection that the caller opened.

Serves every package that keeps tables in callboard's database; each has its own
version table, named by the caller.
"""

from alembic import context

attributes = context.config.attributes
context.configure(
    connection=attributes["connection"],
    version_table=attributes["version_table"],
    # SQLite cannot alter most things in place.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
