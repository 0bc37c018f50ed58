"""Runs revisions on the connection, and in the transaction, that the caller lends."""

from alembic import context

import sidecar.storage.client_tables
import sidecar.storage.replica_tables
import sidecar.storage.tables  # noqa: F401 - they all name their tables to the metadata
from sidecar.storage.columns import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
