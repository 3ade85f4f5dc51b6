"""Names of the tables that a statement reads, as DuckDB parses them."""

from collections.abc import Set as AbstractSet

import duckdb


def tables_named(sql: str, known: AbstractSet[str]) -> set[str]:
    """Return which of the `known` tables, in small letters, a statement reads.

    DuckDB itself names them, so that a common table expression, a column or a text is not taken for
    a table. An empty database is asked: one with views binds these as well, and fails.
    Empty for a statement that cannot be parsed; running it gives the error.
    """
    text = sql.lower()
    if not any(name in text for name in known):
        return set()
    try:
        with duckdb.connect() as empty:
            return {name.lower() for name in empty.get_table_names(sql)} & known
    except duckdb.Error:
        return set()
