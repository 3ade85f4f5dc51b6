"""Number of syncs in a row that could not read a device or the jobs of a source.

A successful read resets the number. Devices that were never tried have none.
"""

from sqlalchemy import Connection, delete, insert, select, update

from patchfleet.store.record.schema import unread

JOBS = ""
"""The jobs of a source, in place of a device id."""


def attempts(connection: Connection, source: int) -> dict[str, int]:
    """Return the number of failed attempts in a row, by device id."""
    rows = select(unread.c.device_id, unread.c.attempts).where(unread.c.source == source)
    return {row.device_id: row.attempts for row in connection.execute(rows)}


def failed(connection: Connection, source: int, device_id: str) -> None:
    """Count one more sync that could not read a device."""
    this = (unread.c.source == source) & (unread.c.device_id == device_id)
    more = update(unread).where(this).values(attempts=unread.c.attempts + 1)
    if not connection.execute(more).rowcount:
        row = {"source": source, "device_id": device_id, "attempts": 1}
        connection.execute(insert(unread).values(row))


def was_read(connection: Connection, source: int, device_id: str) -> None:
    """Reset the number of failed attempts."""
    this = (unread.c.source == source) & (unread.c.device_id == device_id)
    connection.execute(delete(unread).where(this))
