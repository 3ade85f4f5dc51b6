"""Every change of the tables, oldest first; run by `store.database` through Alembic."""
