"""Published files: columns, types, and the queries that write them from the record.

Times are instants in UTC. Ids are those of the source, beside names for people; only `patch_id` is
ours, and it is the same in every run. A published column keeps its name, type and meaning: stores
of earlier versions have these files, so `begun`, `ended`, `struck`, `word` and `over_count` keep
their names until the format has a new version.
"""

import json
from collections.abc import Iterable, Iterator, Sequence

from patchfleet.store.attributes import (
    DEVICE,
    JOB,
    JOB_RESULT,
    JOB_RUN,
    PATCH,
    STATUS,
    TABLE_TYPES,
    Attribute,
)
from patchfleet.store.publication.storage import Storage

_TIME = "BIGINT"
_RECORDED = {**TABLE_TYPES, "time": _TIME, "texts": "VARCHAR"}
_IN_JSON = {**TABLE_TYPES, "texts": ["VARCHAR"]}


def _recorded(columns: Iterable[Attribute]) -> dict[str, str]:
    """Return the columns of attributes with their types, as they leave the record."""
    return {one.recorded: _RECORDED[one.type] for one in columns}


def _published(columns: Iterable[Attribute], table: str) -> str:
    """Return the columns of attributes as they are written, from a table of the record."""
    forms = {
        "time": "make_timestamptz({}) AS {}",
        "texts": "CAST(json({}) AS VARCHAR[]) AS {}",
    }
    return ", ".join(
        forms.get(one.type, "{} AS {}").format(f'{table}."{one.recorded}"', f'"{one.name}"')
        for one in columns
    )


COLUMNS = {
    "customers": {"source": "VARCHAR", "customer_id": "VARCHAR", "customer": "VARCHAR"},
    "sites": {
        "source": "VARCHAR",
        "site_id": "VARCHAR",
        "customer_id": "VARCHAR",
        "site": "VARCHAR",
    },
    "devices": {
        "source": "VARCHAR",
        "key": "BIGINT",
        "device_id": "VARCHAR",
        "device": "VARCHAR",
        "customer_id": "VARCHAR",
        "site_id": "VARCHAR",
        **_recorded(DEVICE),
        "scanned_at": _TIME,
    },
    "patches": {"source": "VARCHAR", "key": "BIGINT", **_recorded(PATCH)},
    "conditions": {"key": "BIGINT", **_recorded(STATUS)},
    "members": {
        "machine": "VARCHAR",
        "source": "VARCHAR",
        "device_id": "VARCHAR",
        "device_key": "BIGINT",
        "score": "INTEGER",
        "reasons": "VARCHAR",
    },
    "look_alikes": {
        "left_source": "VARCHAR",
        "left_id": "VARCHAR",
        "right_source": "VARCHAR",
        "right_id": "VARCHAR",
        "kind": "VARCHAR",
        "score": "INTEGER",
        "reasons": "VARCHAR",
        "against": "VARCHAR",
    },
    "jobs": {"source": "VARCHAR", "document": "VARCHAR"},
    "job_runs": {"source": "VARCHAR", "document": "VARCHAR"},
    "job_results": {"source": "VARCHAR", "document": "VARCHAR"},
}
"""The tables as exported from the record, one JSON object a row."""

WORDS = ("decision", "vendor_status", "vendor_decision")
"""The texts of a condition that are numbers while they are written. Such a column has no statistics
by row group. `state` needs them, so that a query of some states skips the other row groups."""

FINDING_COLUMNS = {
    "finding_id": "VARCHAR",
    "device_key": "BIGINT",
    "patch_id": "BIGINT",
    "condition": "BIGINT",
    "installed_at": _TIME,
    "first_seen_at": _TIME,
    "changed_at": _TIME,
    "from_run": "BIGINT",
}
"""The findings as exported from the record, one line of CSV a finding."""

MOVED_COLUMNS = {**FINDING_COLUMNS, "to_run": "BIGINT"}
"""Begun and ended findings as exported from the record."""


def _at(column: str) -> str:
    return f"make_timestamptz({column}) AS {column.rpartition('.')[2]}"


_FINDING = f"""? AS source, f.device_key, f.finding_id, f.patch_id, {_published(STATUS, "c")},
        {_at("f.installed_at")}, {_at("f.first_seen_at")}, {_at("f.changed_at")}, f.from_run"""
ROWS = ("findings.parquet", "begun.parquet")
"""The files whose rows are addressed by number."""
STRIKING = ("ended.parquet", "struck.parquet")
"""The files that address rows of earlier files."""
HISTORY = ("devices.parquet", "patches.parquet", "ended.parquet")
"""The files that history reads, of publications before the current chain."""
NUMBERED = "(SELECT *, row_number() OVER () - 1 AS number FROM {rows})"
"""Rows in the order of the input. After a join, DuckDB would hold all rows to number them."""
FINDINGS = f"""
    SELECT {_FINDING}, CAST({{first_word}} + (f.number >> 6) AS INTEGER) AS word
    FROM {{rows}} AS f JOIN raw_conditions AS c ON c.key = f.condition
"""
"""Each block of 64 rows has a number that continues from file to file of a chain. DuckDB knows its
bounds, unlike those of its own row number."""
ENDED = f"""
    SELECT {_FINDING}, f.to_run, p.file_run, p.file_row, p.word
    FROM {{rows}} AS f
        JOIN raw_conditions AS c ON c.key = f.condition
        LEFT JOIN ({{places}}) AS p USING ({{key}})
"""
NO_PLACES = """
    SELECT NULL::BIGINT AS device_key, NULL::BIGINT AS patch_id, NULL::BIGINT AS from_run,
        NULL::BIGINT AS file_run, NULL::BIGINT AS file_row, NULL::INTEGER AS word
    WHERE false
"""
"""No addresses: a full publication has no earlier rows to mark as deleted."""
PLACE_KEYS = ("device_key, patch_id, from_run", "device_key, finding_id, from_run")
"""The keys that find a row. Joining numbers takes half the time, but two findings of a device may
be of one patch; the finding's own id always works."""
STRUCK = """
    SELECT CAST(number AS INTEGER) AS word, bit_or(bits) AS bits FROM (
        SELECT number, 0::UBIGINT AS bits FROM range({words}) AS all_words (number)
        UNION ALL SELECT word, bits FROM {before}
        UNION ALL SELECT word, 1::UBIGINT << (file_row & 63)::UBIGINT FROM {ended}
    ) GROUP BY ALL ORDER BY word
"""
"""The deletion vector of a chain, one bit a row; words without a bit are there too."""


def _json_columns(table: str, fields: Iterable[Attribute], order: str) -> str:
    """Return the query that splits a JSON column into columns; times become instants."""
    columns = ", ".join(
        f"make_timestamptz(epoch_us(fields.{one.recorded})) AS {one.recorded}"
        if one.type == "time"
        else f"fields.{one.recorded} AS {one.recorded}"
        for one in fields
    )
    structure = json.dumps({one.recorded: _IN_JSON[one.type] for one in fields})
    return f"""
        SELECT source, {columns}
        FROM (SELECT source, from_json(document, '{structure}') AS fields FROM raw_{table})
        ORDER BY {order}
    """


PARQUET = {
    "customers": "SELECT * FROM raw_customers ORDER BY customer_id",
    "sites": """
        SELECT s.source, s.customer_id, c.customer, s.site_id, s.site
        FROM raw_sites AS s JOIN raw_customers AS c USING (customer_id) ORDER BY s.site_id
    """,
    "devices": f"""
        SELECT d.source, d.customer_id, c.customer, d.site_id, s.site, d.device_id, d.device,
            {_published(DEVICE, "d")}, {_at("d.scanned_at")}, d.key AS device_key
        FROM raw_devices AS d
            JOIN raw_sites AS s USING (site_id)
            JOIN raw_customers AS c ON c.customer_id = d.customer_id
        ORDER BY d.device_id
    """,
    "patches": f"""
        SELECT p.source, p.key AS patch_id, {_published(PATCH, "p")}
        FROM raw_patches AS p WHERE p.key IN (SELECT patch_id FROM used) ORDER BY p.key
    """,
    "machines": """
        SELECT machine AS machine_id, source, device_id, device_key, score,
            CAST(json(reasons) AS VARCHAR[]) AS reasons
        FROM raw_members ORDER BY device_key
    """,
    "look_alikes": """
        SELECT left_source, left_id, right_source, right_id, kind, score,
            CAST(json(reasons) AS VARCHAR[]) AS reasons,
            CAST(json(against) AS VARCHAR[]) AS against
        FROM raw_look_alikes ORDER BY left_source, left_id, right_source, right_id
    """,
    "jobs": _json_columns("jobs", JOB, "id"),
    "job_runs": _json_columns("job_runs", JOB_RUN, "job_id, id"),
    "job_results": _json_columns("job_results", JOB_RESULT, "job_id, run_id, device_id"),
}
"""The small files, each as a query over the tables above; `used` are the patches of its findings.

A full publication has `findings` too; an incremental one has `begun` and `ended`, the changes since
the one before.
"""


def _times(columns: Iterable[str]) -> tuple[str, ...]:
    return tuple(column for column in columns if column.endswith("_at"))


TIMES = {
    **dict.fromkeys(PARQUET, ()),
    **{name: _times(COLUMNS[name]) for name in ("devices", "patches")},
    **{name: _times(FINDING_COLUMNS) for name in ("findings", "ended")},
    "jobs": _times(one.name for one in JOB),
    "job_runs": _times(one.name for one in JOB_RUN),
    "job_results": _times(one.name for one in JOB_RESULT),
}
"""The columns of each file that are times."""


def folder_of(source: str, run_id: int) -> str:
    """Return the folder of a run, relative to that of all publications."""
    return f"source={source}/run={run_id}"


def run_of(folder: str) -> int:
    """Return the run of a folder, read from its name."""
    return int(folder.rpartition("run")[2][1:])


def files(storage: Storage, folders: Sequence[str], name: str, options: str = "") -> str:
    """Return the table expression in SQL for the files of one name in some folders."""
    listed = ", ".join(_quoted(storage.name_of(folder, f"{name}.parquet")) for folder in folders)
    return f"read_parquet([{listed}], hive_partitioning = false{options})"


def numbered_rows(storage: Storage, folders: Sequence[str]) -> Iterator[str]:
    """Return a query for each findings file of a chain, with file_run, file_row and word.

    The first folder is of a full publication. Later ones address ended rows by these columns.
    """
    for place, folder in enumerate(folders):
        path = _quoted(storage.name_of(folder, f"{'begun' if place else 'findings'}.parquet"))
        yield (
            f"SELECT * RENAME (file_row_number AS file_row), {run_of(folder)} AS file_run "
            f"FROM read_parquet({path}, hive_partitioning = false, file_row_number = true)"
        )


def _quoted(path: str) -> str:
    return "'" + path.replace("'", "''") + "'"
