"""Copy of a whole record to another database, from a file to a server or back.

The copy is one consistent moment of the record, complete or absent. It never overwrites data.
"""

from pathlib import Path

from sqlalchemy import Connection, func, select

from patchfleet.errors import StoreError
from patchfleet.store.record.database import Database
from patchfleet.store.record.schema import metadata
from patchfleet.store.record.upgrade import copy_table


def copy_record(
    database: Database, target: Path | str, *, wait_seconds: float, is_private: bool
) -> dict[str, int]:
    """Copy all tables of a record to the one at `target`; return the number of rows of each.

    Raises StoreError if `target` holds any row already, or other numbers of rows afterwards.
    """
    other = Database.open(target, create=True, wait_seconds=wait_seconds, is_private=is_private)
    try:
        with database.read() as source, other.write(durable=True, alone=True) as connection:
            _check_empty(connection, other.name)
            copied = {
                table.name: copy_table(source, connection, table)
                for table in metadata.sorted_tables
            }
            _continue_numbers(connection)
            for table in metadata.sorted_tables:
                there = connection.scalar(select(func.count()).select_from(table))
                if there != copied[table.name]:
                    raise StoreError(
                        f"{there} rows of {table.name} arrived in {other.name} and "
                        f"{copied[table.name]} were sent",
                        hint="nothing was kept of the copy; try again",
                    )
    finally:
        other.close()
    return copied


def _check_empty(connection: Connection, name: str) -> None:
    for table in metadata.sorted_tables:
        if connection.execute(select(table).limit(1)).first() is not None:
            raise StoreError(
                f"{name} holds a record already", hint="name an empty database, or another file"
            )


def _continue_numbers(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        from patchfleet.store.record.postgresql import continue_numbers

        continue_numbers(connection, metadata.sorted_tables)
