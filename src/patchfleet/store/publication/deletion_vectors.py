"""Deletion vectors over chains of publications.

Each publication lists the rows of earlier files that no longer hold: one bit a row, 64 rows a
block. Each row of a file names its block.

Invariant: a row is skipped only if its own bit is set (tests/store/test_store_chain.py).
"""

from collections.abc import Sequence

import duckdb

from patchfleet.store.publication.files import files, numbered_rows
from patchfleet.store.publication.storage import Storage

PLACE = "file_run, file_row, word"
"""Where a row stands: for the reading, not for questions."""

_STANDING = """
    SELECT * EXCLUDE (stands) FROM (
        SELECT row.*, CASE WHEN (bits >> (file_row & 63)) & 1 = 0 THEN true
            ELSE random() > 2 END AS stands
        FROM ({begun}) AS row JOIN {struck} USING (word)
    ) WHERE stands
"""
"""The engine finds a word by its place, at a tenth of the cost of looking for it, where nothing but
the number joins. A plain test of the bits it would make a part of the join; `random() > 2` is false
at any time, and what looks as if it might change stays behind the join."""

_WORDS = """
    SELECT word, CASE WHEN bits <= 9223372036854775807 THEN CAST(bits AS BIGINT)
        ELSE CAST(bits - 9223372036854775808 AS BIGINT) - 9223372036854775807 - 1 END AS bits
    FROM {struck}
"""
"""With a sign: the engine shifts and tests such words in four fifths of the time."""

_STEPS = """
    SELECT device_key, patch_id, state, step FROM (
        SELECT device_key, patch_id, state, 1 AS step FROM ({begun})
        UNION ALL
        SELECT device_key, patch_id, state, -1 FROM {ended}
    ) JOIN (SELECT device_key FROM {prefix}devices WHERE scanned_at IS NOT NULL)
        USING (device_key)
"""
"""What began and what ended: to add these up is half the work of finding what stands."""

_NOTHING = "(SELECT 0 AS device_key, 0 AS patch_id, '' AS state WHERE false)"


def create(
    connection: duckdb.DuckDBPyConnection,
    prefix: str,
    shelf: Storage,
    chains: Sequence[Sequence[str]],
) -> tuple[str, str]:
    """Spell what stands over the folders of chains, and the steps to it, as two queries.

    The first has the columns of the files and those of `PLACE`. The words stand as tables in
    `connection`, `prefix` before their names.
    """
    begun, standing = [], []
    for number, folders in enumerate(chains):
        rows = " UNION ALL ".join(numbered_rows(shelf, folders))
        begun.append(rows)
        if len(folders) > 1:
            words = f"{prefix}struck{number}"
            newest = files(shelf, folders[-1:], "struck")
            connection.execute(f"CREATE TABLE {words} AS {_WORDS.format(struck=newest)}")
            rows = _STANDING.format(begun=rows, struck=words)
        standing.append(rows)
    later = [folder for folders in chains for folder in folders[1:]]
    ended = files(shelf, later, "ended") if later else _NOTHING
    steps = _STEPS.format(prefix=prefix, begun=" UNION ALL ".join(begun), ended=ended)
    return " UNION ALL ".join(standing), steps
