"""How Alembic runs our migrations: on the connection it is handed, within its transaction.

Law of this file: no address and no configuration here; `store.database` opens and commits.
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
