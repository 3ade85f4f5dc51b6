"""Former names of views: a statement that reads one still works, with a warning.

Invariant: every row of the table works and warns (tests/store/test_former_views.py).
"""

import duckdb

from patchfleet._renamed.lookup import warn
from patchfleet.store.views.named_tables import tables_named


def create_former_views(connection: duckdb.DuckDBPyConnection, sql: str) -> bool:
    """Create the former views that `sql` reads, and warn; return whether there are any."""
    from patchfleet._renamed.table import VIEW_COLUMNS, VIEWS

    names = tables_named(connection, sql, VIEWS.keys())
    for old in sorted(names):
        new, columns = VIEWS[old], VIEW_COLUMNS.get(old, {})
        renamed = ", ".join(f"{now} AS {before}" for before, now in columns.items())
        listed = ", ".join(f"{before} is {now}" for before, now in columns.items())
        connection.execute(
            f"CREATE VIEW IF NOT EXISTS {old} AS "
            f"SELECT * {renamed and f'RENAME ({renamed})'} FROM {new}"
        )
        warn(f"view {old}", f"{new} ({listed})" if listed else new, level=4)
    return bool(names)
