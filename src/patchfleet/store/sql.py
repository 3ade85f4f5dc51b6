"""A person's own question in SQL, over what is published.

Law of this file: it reads and nothing else: one statement that selects, over the views and the
published files; no other file, no network, no setting can be reached from it.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb

from patchfleet.errors import StoreError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

T = TypeVar("T")

_READING = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}


class Answer:
    """What one statement answers: names and types of its columns, and its rows.

    The statement runs anew for each form that is asked for: `rows()`, `to_arrow()`,
    `to_polars()`, `to_pandas()`.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, query: str) -> None:
        relation = _explained(lambda: connection.sql(query))
        assert relation is not None, "what reads has an answer"
        self._connection, self._query, self._relation = connection, query, relation
        self.columns: tuple[str, ...] = tuple(relation.columns)
        self.types: tuple[str, ...] = tuple(str(kind) for kind in relation.types)

    def rows(self, batch: int = 5000) -> Iterator[tuple[Any, ...]]:
        """Yield the rows, `batch` at a time; times are aware UTC."""
        timed = [place for place, kind in enumerate(self.types) if kind.startswith("TIMESTAMP")]
        with self._connection.cursor() as cursor:
            result = _explained(lambda: cursor.execute(self._query))
            while rows := _explained(lambda: result.fetchmany(batch)):
                for row in rows:
                    yield tuple(
                        value.replace(tzinfo=UTC)
                        if place in timed and isinstance(value, datetime)
                        else value
                        for place, value in enumerate(row)
                    )

    def to_arrow(self) -> "pa.Table":
        """Return an Arrow table; needs pyarrow."""
        return _explained(self._relation.to_arrow_table)

    def to_polars(self) -> "pl.DataFrame":
        """Return a Polars frame; needs polars and pyarrow."""
        frame: pl.DataFrame = _explained(self._relation.pl)
        return frame

    def to_pandas(self) -> "pd.DataFrame":
        """Return a pandas frame; needs pandas."""
        frame: pd.DataFrame = _explained(self._relation.df)
        return frame


def ask(connection: duckdb.DuckDBPyConnection, sql: str) -> Answer:
    """Ask one statement; raise StoreError, with what DuckDB says, where it is none that reads."""
    statements = _explained(lambda: connection.extract_statements(sql))
    if len(statements) != 1:
        raise StoreError(f"{len(statements)} statements, and one is asked at a time")
    (statement,) = statements
    if statement.type not in _READING:
        kind = str(statement.type).rpartition(".")[2]
        raise StoreError(
            f"only reading is allowed here, and this is {kind}",
            hint="ask a SELECT; --output saves what it answers",
        )
    return Answer(connection, statement.query)


def lock(connection: duckdb.DuckDBPyConnection, readable: list[str]) -> None:
    """Let a connection read what begins with `readable` and reach nothing else, for good."""
    listed = ", ".join("'" + place.replace("'", "''") + "'" for place in readable)
    connection.execute(f"SET allowed_directories = [{listed}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _explained(call: Callable[[], T]) -> T:
    try:
        return call()
    except ImportError as error:
        raise StoreError(
            f"this form needs a package that is not installed: {error.name}",
            hint=f"pip install {error.name}",
        ) from error
    except duckdb.Error as error:
        lines = [line for line in str(error).splitlines() if line.strip()]
        raise StoreError(
            f"the statement cannot be asked: {lines[0]}",
            hint=next((line for line in lines[1:] if "Did you mean" in line or "Candidate" in line),
                      "the views and their columns are listed by `patchfleet sql --views`"),
        ) from error  # fmt: skip
