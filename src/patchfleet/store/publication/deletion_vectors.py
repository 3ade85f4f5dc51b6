"""Deletion vectors over chains of publications.

Each publication lists the rows of earlier files that no longer hold: one bit a row, 64 rows a
block. Each row of a file names its block.

Invariant: a row is skipped only if its own bit is set (tests/store/test_store_chain.py).
"""

from collections.abc import Sequence

import duckdb

from patchfleet.store.publication.files import files, numbered_rows
from patchfleet.store.publication.storage import Storage

ROW_ADDRESS = "file_run, file_row, word"
"""Columns that address a row: internal to reading, not part of any view."""

_LIVE_ROWS = """
    SELECT * EXCLUDE (is_live) FROM (
        SELECT row.*, CASE WHEN (bits >> (file_row & 63)) & 1 = 0 THEN true
            ELSE random() > 2 END AS is_live
        FROM ({begun}) AS row JOIN {struck} USING (word)
    ) WHERE is_live
"""
"""DuckDB finds a word by its position, at a tenth of the cost of a lookup, if only the number is
joined. It would push a plain test of the bits into the join; `random() > 2` is always false, and
DuckDB leaves an expression that looks volatile after the join."""

_WORDS = """
    SELECT word, CASE WHEN bits <= 9223372036854775807 THEN CAST(bits AS BIGINT)
        ELSE CAST(bits - 9223372036854775808 AS BIGINT) - 9223372036854775807 - 1 END AS bits
    FROM {struck}
"""
"""Words as signed integers: DuckDB shifts and tests these in four fifths of the time."""

_STEPS = """
    SELECT device_key, patch_id, state, step FROM (
        SELECT device_key, patch_id, state, 1 AS step FROM ({begun})
        UNION ALL
        SELECT device_key, patch_id, state, -1 FROM {ended}
    ) JOIN (SELECT device_key FROM {prefix}devices WHERE scanned_at IS NOT NULL)
        USING (device_key)
"""
"""Begun and ended findings: to add these up is half the work of selecting the live rows."""

_NOTHING = "(SELECT 0 AS device_key, 0 AS patch_id, '' AS state WHERE false)"


def create(
    connection: duckdb.DuckDBPyConnection,
    prefix: str,
    storage: Storage,
    chains: Sequence[Sequence[str]],
) -> tuple[str, str]:
    """Return two queries over the folders of chains: the live rows, and the steps to them.

    The first has the columns of the files and those of `ROW_ADDRESS`. The words are loaded into
    tables of `connection` whose names begin with `prefix`.
    """
    begun, live = [], []
    for number, folders in enumerate(chains):
        rows = " UNION ALL ".join(numbered_rows(storage, folders))
        begun.append(rows)
        if len(folders) > 1:
            words = f"{prefix}struck{number}"
            newest = files(storage, folders[-1:], "struck")
            connection.execute(f"CREATE TABLE {words} AS {_WORDS.format(struck=newest)}")
            rows = _LIVE_ROWS.format(begun=rows, struck=words)
        live.append(rows)
    later = [folder for folders in chains for folder in folders[1:]]
    ended = files(storage, later, "ended") if later else _NOTHING
    steps = _STEPS.format(prefix=prefix, begun=" UNION ALL ".join(begun), ended=ended)
    return " UNION ALL ".join(live), steps
