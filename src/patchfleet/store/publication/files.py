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
    "jobs": {"source": "VARCHAR", "said": "VARCHAR"},
    "job_runs": {"source": "VARCHAR", "said": "VARCHAR"},
    "job_results": {"source": "VARCHAR", "said": "VARCHAR"},
}
"""The tables as they leave the record, one JSON object a row."""

WORDS = ("decision", "vendor_status", "vendor_decision")
"""The texts of a condition that may be numbers while they are written; what a part of a file has of
them is not told then, and for `state` it must be: whoever asks for some skips the other parts."""

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
"""The findings as they leave the record, one line of CSV a finding."""

MOVED_COLUMNS = {**FINDING_COLUMNS, "to_run": "BIGINT"}
"""What began and what ended, as it leaves the record."""


def _at(column: str) -> str:
    return f"make_timestamptz({column}) AS {column.rpartition('.')[2]}"


_FINDING = f"""? AS source, f.device_key, f.finding_id, f.patch_id, {_published(STATUS, "c")},
        {_at("f.installed_at")}, {_at("f.first_seen_at")}, {_at("f.changed_at")}, f.from_run"""
ROWS = ("findings.parquet", "begun.parquet")
"""The files whose rows are named by their number."""
STRIKING = ("ended.parquet", "struck.parquet")
"""The files that name them so."""
HISTORY = ("devices.parquet", "patches.parquet", "ended.parquet")
"""The files that tell how all came to be what it is, of publications that say no more what is."""
NUMBERED = "(SELECT *, row_number() OVER () - 1 AS number FROM {rows})"
"""Rows as they come. Behind a join the engine would hold all of them to number them."""
FINDINGS = f"""
    SELECT {_FINDING}, CAST({{first_word}} + (f.number >> 6) AS INTEGER) AS word
    FROM {{rows}} AS f JOIN raw_conditions AS c ON c.key = f.condition
"""
"""Rows 64 at a time have a number, counted on from file to file of a chain: the engine knows its
bounds, which it does not of the number that it gives a row itself."""
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
"""Nobody strikes rows by what ended before a whole publication."""
PLACE_KEYS = ("device_key, patch_id, from_run", "device_key, finding_id, from_run")
"""What finds a row: numbers, in half of the time, where no two findings of a device are of one
patch; the finding's own id at any time."""
STRUCK = """
    SELECT CAST(number AS INTEGER) AS word, bit_or(bits) AS bits FROM (
        SELECT number, 0::UBIGINT AS bits FROM range({words}) AS all_words (number)
        UNION ALL SELECT word, bits FROM {before}
        UNION ALL SELECT word, 1::UBIGINT << (file_row & 63)::UBIGINT FROM {ended}
    ) GROUP BY ALL ORDER BY word
"""
"""What of a chain ended until now, each row a bit: every word is there, also one without any."""


def _said(table: str, fields: Iterable[Attribute], order: str) -> str:
    """Return the statement that reads JSON as columns; times become moments."""
    columns = ", ".join(
        f"make_timestamptz(epoch_us(said.{one.recorded})) AS {one.recorded}"
        if one.type == "time"
        else f"said.{one.recorded} AS {one.recorded}"
        for one in fields
    )
    structure = json.dumps({one.recorded: _IN_JSON[one.type] for one in fields})
    return f"""
        SELECT source, {columns}
        FROM (SELECT source, from_json(said, '{structure}') AS said FROM raw_{table})
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
    "jobs": _said("jobs", JOB, "id"),
    "job_runs": _said("job_runs", JOB_RUN, "job_id, id"),
    "job_results": _said("job_results", JOB_RESULT, "job_id, run_id, device_id"),
}
"""The small files, each as a query over the tables above; `used` are the patches of its findings.

Beside them stand `findings` in a publication that is whole, and `begun` and `ended` in one that
follows another: what changed since.
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
"""The columns of the files that are times."""


def folder_of(source: str, run_id: int) -> str:
    """Name the folder of a run below the folder of all publications."""
    return f"source={source}/run={run_id}"


def run_of(folder: str) -> int:
    """Read the run of a folder from its name."""
    return int(folder.rpartition("run")[2][1:])


def files(shelf: Storage, folders: Sequence[str], name: str, options: str = "") -> str:
    """Spell the files of one name in some folders as a table of SQL."""
    listed = ", ".join(_quoted(shelf.name_of(folder, f"{name}.parquet")) for folder in folders)
    return f"read_parquet([{listed}], hive_partitioning = false{options})"


def numbered_rows(shelf: Storage, folders: Sequence[str]) -> Iterator[str]:
    """Spell each file of findings of a chain as SQL: rows with file_run, file_row and word.

    The first folder is whole. What a later one ended names rows so.
    """
    for place, folder in enumerate(folders):
        path = _quoted(shelf.name_of(folder, f"{'begun' if place else 'findings'}.parquet"))
        yield (
            f"SELECT * RENAME (file_row_number AS file_row), {run_of(folder)} AS file_run "
            f"FROM read_parquet({path}, hive_partitioning = false, file_row_number = true)"
        )


def _quoted(path: str) -> str:
    return "'" + path.replace("'", "''") + "'"
