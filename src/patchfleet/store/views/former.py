"""Former names of views: a statement that reads one still works, with a warning.

Invariant: every row of the table works and warns (tests/store/test_former_views.py).
"""

import duckdb

from patchfleet._renamed.lookup import warn


def create_former_views(connection: duckdb.DuckDBPyConnection, sql: str) -> bool:
    """Create the former views that `sql` reads, with a warning each; return whether there are any.

    DuckDB itself names the tables of a statement, so that a name of a common table expression, a
    column or a text is not taken for a view.
    """
    from patchfleet._renamed.table import VIEW_COLUMNS, VIEWS

    try:
        names = {name.lower() for name in connection.get_table_names(sql)} & VIEWS.keys()
    except duckdb.Error:
        return False  # a statement that DuckDB cannot parse; running it gives the error
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
