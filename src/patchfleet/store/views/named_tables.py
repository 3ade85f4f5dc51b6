"""Names of the tables that a statement reads, as DuckDB parses them."""

import re
from collections.abc import Set as AbstractSet
from contextlib import suppress

import duckdb

_TABLE = re.compile(r'"type":"BASE_TABLE".*?"table_name":"([^"\\]*)"')
_EXPRESSION = re.compile(r'"key":"([^"\\]*)"')


def tables_named(
    connection: duckdb.DuckDBPyConnection, sql: str, known: AbstractSet[str]
) -> set[str]:
    """Return which of the `known` tables, in small letters, a statement reads.

    The syntax tree names them: a common table expression, a column or a text is not taken for a
    table, and no view is bound, which fails where another table is missing. Empty for a statement
    that cannot be parsed; running it gives the error.
    """
    text = sql.lower()
    if not any(name in text for name in known):
        return set()
    tree = "SELECT json_serialize_sql(?::VARCHAR)"
    with suppress(duckdb.Error), connection.cursor() as cursor:
        ((parsed,),) = cursor.execute(tree, [sql]).fetchall()
        if '"error":true' not in parsed[:20]:
            return _lowered(_TABLE, parsed) & known - _lowered(_EXPRESSION, parsed)
        return {name.lower() for name in cursor.get_table_names(sql)} & known  # EXPLAIN
    return set()


def _lowered(names: re.Pattern[str], parsed: str) -> set[str]:
    return {name.lower() for name in names.findall(parsed)}
