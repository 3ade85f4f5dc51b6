"""User SQL over the published data, read-only.

One SELECT statement over the views and the published files; it can reach no other file, no network
and no setting.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb

from patchfleet.errors import StoreError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

T = TypeVar("T")

_MOMENT = "TIMESTAMP WITH TIME ZONE"
_READING = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}


class Answer:
    """Result of one statement: names and types of its columns, and its rows.

    The statement runs again for each form that is asked for: `rows()`, `to_arrow()`,
    `to_polars()`, `to_pandas()`.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, query: str) -> None:
        relation = _relation(connection, query)
        if _MOMENT in map(str, relation.types):
            query = _in_utc(query, relation)
            relation = _relation(connection, query)
        self._connection, self._query, self._relation = connection, query, relation
        self.columns: tuple[str, ...] = tuple(relation.columns)
        self.types: tuple[str, ...] = tuple(str(kind) for kind in relation.types)

    def rows(self, batch: int = 5000) -> Iterator[tuple[Any, ...]]:
        """Yield the rows, `batch` at a time; times are aware UTC.

        Raises StoreError where a list or a structure holds times that say their zone.
        """
        for name, kind in zip(self.columns, self.types, strict=True):
            if _MOMENT in kind:
                raise StoreError(
                    f"{name} holds times with a zone within {kind}, which cannot be shown",
                    hint="cast it, for example to TIMESTAMP[]: its times are then those of UTC",
                )
        timed = [place for place, kind in enumerate(self.types) if kind.startswith("TIMESTAMP")]
        with self._connection.cursor() as cursor:
            result = _explained(lambda: cursor.execute(self._query))
            while rows := _explained(lambda: result.fetchmany(batch)):
                yield from (_aware(row, timed) for row in rows) if timed else rows

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


def _relation(connection: duckdb.DuckDBPyConnection, query: str) -> duckdb.DuckDBPyRelation:
    relation = _explained(lambda: connection.sql(query))
    assert relation is not None, "what reads has an answer"
    return relation


def _in_utc(query: str, relation: duckdb.DuckDBPyRelation) -> str:
    """Return the query with its times in UTC without a zone, as the views have them."""
    places, cells = [], []
    for number, (name, kind) in enumerate(zip(relation.columns, relation.types, strict=True)):
        places.append(f"c{number}")
        cell = f"timezone('UTC', c{number})" if str(kind) == _MOMENT else f"c{number}"
        cells.append(f"{cell} AS {_quoted(name)}")
    return f"SELECT {', '.join(cells)} FROM ({_bare(query)}) AS answer ({', '.join(places)})"


def _bare(query: str) -> str:
    """Leave out the semicolon and the comments that a statement ends with."""
    text = query.encode()
    end = len(text)
    for place, kind in reversed(duckdb.tokenize(query)):
        if kind != duckdb.token_type.comment and text[place : place + 1] != b";":
            break
        end = place
    return text[:end].decode()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _aware(row: tuple[Any, ...], timed: Sequence[int]) -> tuple[Any, ...]:
    """Say of the times in a row that they are UTC."""
    cells = list(row)
    for place in timed:
        if isinstance(cells[place], datetime):
            cells[place] = cells[place].replace(tzinfo=UTC)
    return tuple(cells)


def ask(connection: duckdb.DuckDBPyConnection, sql: str) -> Answer:
    """Run one statement; raise StoreError, with DuckDB's message, if it does not only read."""
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
    """Restrict a connection to reading paths that begin with `readable`, irreversibly."""
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
            f"the statement failed: {lines[0]}",
            hint=next((line for line in lines[1:] if "Did you mean" in line or "Candidate" in line),
                      "the views and their columns are listed by `patchfleet sql --views`"),
        ) from error  # fmt: skip
