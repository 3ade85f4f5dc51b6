"""Alembic environment: migrations run on the given connection, within its transaction.

It has no address and no configuration; `store.record.database` opens and commits.
"""

from alembic import context

from patchfleet.store.record.schema import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
