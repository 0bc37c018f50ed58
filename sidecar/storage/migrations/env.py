"""Runs revisions on the connection, and in the transaction, that the caller lends."""

from alembic import context

from sidecar.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
