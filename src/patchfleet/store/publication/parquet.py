"""Parquet export of a table, for notebooks and query engines.

Each value keeps its type; a column of mixed types becomes text.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from patchfleet.errors import StoreError


def write_parquet(columns: Mapping[str, str], rows: Iterable[Sequence[Any]], path: Path) -> None:
    """Write rows as one Parquet file; `columns` maps each name to its SQL type.

    Times are aware and become UTC. Raises OSError if the file cannot be written, and `StoreError`
    for a value that Parquet cannot hold.
    """
    import duckdb

    from patchfleet.store.publication.duckdb import connect

    encode = msgspec.json.Encoder().encode
    with TemporaryDirectory(prefix="patchfleet-") as folder, connect() as memory:
        lines = Path(folder) / "rows.json"
        with lines.open("wb") as out:
            for row in rows:
                out.write(encode(dict(zip(columns, row, strict=True))) + b"\n")
        path.write_bytes(b"")  # raises OSError where DuckDB would raise its own error
        try:
            source = memory.read_json(str(lines), columns=dict(columns), format="newline_delimited")
            source.write_parquet(str(path), compression="zstd")
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise StoreError(f"cannot write {path.name} as Parquet: {reason}") from error
