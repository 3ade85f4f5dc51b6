"""Vacuum: the space of deleted rows, returned to the disk.

Both databases write the tables again, which needs as much free space as they take.
"""

from sqlalchemy import text

from patchfleet.store.record.database import Database
from patchfleet.store.record.schema import metadata

_SIZE = text("SELECT sum(pg_total_relation_size(CAST(:name AS regclass))) AS size")


def vacuum(database: Database) -> tuple[int, int]:
    """Write the tables again without gaps; return the bytes before and after.

    No other process may write meanwhile. Raises StoreError if one does, or the disk is full.
    """
    with database.explained(), database.backend.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            tables = [table.name for table in metadata.sorted_tables]
            before = sum(int(connection.scalar(_SIZE, {"name": name})) for name in tables)
            connection.exec_driver_sql(f"VACUUM (FULL, ANALYZE) {', '.join(tables)}")
            return before, sum(int(connection.scalar(_SIZE, {"name": name})) for name in tables)
        size = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
        before = int(connection.exec_driver_sql(size).scalar_one())
        connection.exec_driver_sql("VACUUM")
        # In WAL mode the file becomes smaller only when the log is copied into it.
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return before, int(connection.exec_driver_sql(size).scalar_one())
