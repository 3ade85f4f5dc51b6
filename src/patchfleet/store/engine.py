"""The engine that reads and writes Parquet, in memory and silent.

Law of this file: nothing is ever printed, since a library does not know whose terminal it is.
"""

import duckdb


def connect(**config: str | int) -> duckdb.DuckDBPyConnection:
    """Open an engine with settings of its own; in a shell or a notebook it would show progress."""
    connection = duckdb.connect(":memory:", config=dict(config))
    connection.execute("SET enable_progress_bar = false")
    return connection
