"""Migrations of the tables, oldest first, which `store.record.database` runs through Alembic."""
