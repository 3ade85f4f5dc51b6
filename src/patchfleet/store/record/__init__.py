"""The database of record: schema, migrations, and what writes to it."""
