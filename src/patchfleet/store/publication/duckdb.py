"""In-memory DuckDB connections, in UTC and with the progress bar off.

A library must not write to the terminal of its caller.
"""

import duckdb


def connect(**config: str | int) -> duckdb.DuckDBPyConnection:
    """Open a database of its own; in a shell or a notebook it would show how far it is."""
    connection = duckdb.connect(":memory:", config=dict(config))
    connection.execute("SET enable_progress_bar = false; SET GLOBAL TimeZone = 'UTC'")
    return connection
