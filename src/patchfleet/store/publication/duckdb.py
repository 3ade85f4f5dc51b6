"""DuckDB in memory, which reads and writes Parquet and is silent.

Law of this file: nothing is ever printed, since a library does not know whose terminal it is; and
its days are those of UTC, wherever it runs.
"""

import duckdb


def connect(**config: str | int) -> duckdb.DuckDBPyConnection:
    """Open a database of its own; in a shell or a notebook it would show how far it is."""
    connection = duckdb.connect(":memory:", config=dict(config))
    connection.execute("SET enable_progress_bar = false; SET GLOBAL TimeZone = 'UTC'")
    return connection
