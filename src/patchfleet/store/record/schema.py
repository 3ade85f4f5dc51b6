"""Tables of the record.

What a source reports and can change is an interval of its runs: it holds from `from_run` up to, but
not including, `to_run`, and still holds if `to_run` is NULL. The state of complete run R is
therefore every row with `from_run <= R AND (to_run IS NULL OR to_run > R)`.

Only portable Core types are used. Times are whole microseconds since 1970 in UTC, ids of a source
are text, our own keys are integers. A change here is a new migration, never an edited one.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, overload

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
    true,
)
from sqlalchemy.types import TypeEngine

from patchfleet.store.attributes import DEVICE, PATCH, STATUS, Attribute, ColumnType

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011")
"""Every revision this code can read, oldest first; the last is the one it writes."""

VERSION_TABLE = "patchfleet_version"

metadata = MetaData()

Ordered = Text().with_variant(Text(collation="C"), "postgresql")
"""A text sorted by code point, in the same order in every database and in Python."""


DESCRIBED = tuple(one for one in DEVICE if one.type != "time")
SEEN = tuple(one for one in DEVICE if one.type == "time")
"""Attributes of a device that seldom change, and those that change with every run."""

_TYPES: dict[ColumnType, TypeEngine[Any]] = {
    "text": Text(), "flag": Boolean(), "integer": Integer(), "time": BigInteger(), "texts": Text()
}  # fmt: skip


def _attributes(columns: Iterable[Attribute]) -> list[Column[Any]]:
    """Return the columns of attributes of a model; lists of texts are JSON."""
    return [Column(one.recorded, _TYPES[one.type], nullable=one.is_optional) for one in columns]


def _interval() -> tuple[Column[int], Column[int | None]]:
    """Return the columns of the interval of runs of a row; `from_run` is part of the key."""
    return (
        Column("from_run", ForeignKey("run.id"), primary_key=True, autoincrement=False),
        Column("to_run", ForeignKey("run.id")),
    )


def _recognitions() -> tuple[Column[int], Column[int | None]]:
    """Return the columns of the interval of match runs of a row."""
    return (
        Column("from_recognition", Integer, primary_key=True, autoincrement=False),
        Column("to_recognition", Integer),
    )


source = Table(
    "source",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("vendor", Text),
    Column("account", Text),
)
"""Sources, each of them one account of a vendor.

`account` is a digest of the server and the key or user, NULL if it is unknown; a `run` holds the
one that it was read with.
"""

run = Table(
    "run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source", ForeignKey("source.id"), nullable=False),
    Column("state", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("as_of", BigInteger),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("calls", Integer, nullable=False, server_default="0"),
    Column("hosts_at", BigInteger),
    Column("hosts_whole_at", BigInteger),
    Column("account", Text),
    sqlite_autoincrement=True,
)
"""Runs: one sync of one source, with its state, times, process and number of API calls.

`hosts_at` is when this run read the rows of `host`, NULL if it read none; `hosts_whole_at` is when
all of them were last read, by this run or an earlier one.
"""

customer = Table(
    "customer",
    metadata,
    Column("source", ForeignKey("source.id"), primary_key=True, autoincrement=False),
    Column("id", Text, primary_key=True),
    *_interval(),
    Column("name", Text, nullable=False),
)

site = Table(
    "site",
    metadata,
    Column("source", ForeignKey("source.id"), primary_key=True, autoincrement=False),
    Column("id", Text, primary_key=True),
    *_interval(),
    Column("customer_id", Text, nullable=False),
    Column("name", Text, nullable=False),
)

device = Table(
    "device",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("source", ForeignKey("source.id"), nullable=False),
    Column("id", Text, nullable=False),
    Column("listed_at", BigInteger),
    Column("listed", Integer),
    Column("fingerprint", Text),
    UniqueConstraint("source", "id"),
)
"""All devices ever listed; their attributes are in `description` and `scan`.

`listed_at` is when its findings were last read, `listed` their number, and `fingerprint` a digest
of the answer, by which the same answer is recognised without reading it.
"""

description = Table(
    "description",
    metadata,
    Column("device", ForeignKey("device.key"), primary_key=True, autoincrement=False),
    *_interval(),
    Column("customer_id", Text, nullable=False),
    Column("site_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    *_attributes(DESCRIBED),
)
"""Attributes of a device that seldom change."""

scan = Table(
    "scan",
    metadata,
    Column("run", ForeignKey("run.id"), primary_key=True, autoincrement=False),
    Column("device", ForeignKey("device.key"), primary_key=True, autoincrement=False),
    *_attributes(SEEN),
    Column("scanned_at", BigInteger),
    Column("findings", Integer),
    Column("changes", Integer, nullable=False, server_default="0"),
    sqlite_with_rowid=False,
)
"""One row per device and run, for attributes that change every time, apart from the intervals.

It is written with the inventory; `scanned_at` and `findings` stay NULL until the device's listing
is recorded or taken over from an earlier run, so it also shows the progress of a run.
`changes` counts the findings that this run began, changed or ended.
"""

patch = Table(
    "patch",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("source", ForeignKey("source.id"), nullable=False),
    *_attributes(PATCH),
)
"""Every description of a patch ever read; a changed description is another row."""

condition = Table(
    "condition",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("source", ForeignKey("source.id"), nullable=False),
    *_attributes(STATUS),
)
"""Every combination of state and decision read so far: a few dozen, shared by all findings.

A finding refers to its combination by number, which is smaller and faster than repeating it
(docs/benchmarks.md).
"""

finding = Table(
    "finding",
    metadata,
    Column("device", ForeignKey("device.key"), primary_key=True, autoincrement=False),
    Column("id", Ordered, primary_key=True),
    *_interval(),
    Column("patch", ForeignKey("patch.key"), nullable=False),
    Column("condition", ForeignKey("condition.key"), nullable=False),
    Column("installed_at", BigInteger),
    Column("first_seen_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""One patch on one device, by the source's own id of it: the one large table.

`first_seen_at` is when this id was first ever listed on this device; `changed_at` is when its
condition or `installed_at` last changed, regardless of the description of its patch. Both are scan
times, stored here because finding them would join every row with all scans.
"""

problem = Table(
    "problem",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", ForeignKey("run.id"), nullable=False),
    Column("subject", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("customer_id", Text),
    Column("device_id", Text),
    Column("is_general", Boolean, nullable=False, server_default=false()),
    Column("is_accepted", Boolean, nullable=False, server_default=false()),
    Index("problem_by_run", "run"),
)

unread = Table(
    "unread",
    metadata,
    Column("source", ForeignKey("source.id"), primary_key=True, autoincrement=False),
    Column("device_id", Text, primary_key=True),
    Column("attempts", Integer, nullable=False),
)
"""Number of syncs in a row that could not read a device; a successful read deletes the row.

An empty `device_id` means the jobs of the source.
"""

publication = Table(
    "publication",
    metadata,
    Column("run", ForeignKey("run.id"), primary_key=True, autoincrement=False),
    Column("source", ForeignKey("source.id"), nullable=False),
    Column("folder", Text, nullable=False),
    Column("digests", Text, nullable=False),
    Column("previous", Integer),
    Column("is_whole", Boolean, nullable=False, server_default=true()),
    Column("recognition", Integer, nullable=False, server_default="0"),
)
"""The pointer: the publication with the highest run of a source is its current one.

`folder` is relative to the folder of all publications; `digests` is JSON, file name to SHA-256.
`previous` is the run published before it; the files hold the changes since then. One that
`is_whole` holds all findings too, so that a reader needs nothing older. `recognition` is the number
of the match run whose machines it holds.
"""

change = Table(
    "change",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("plan_id", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("device_id", Text, nullable=False),
    Column("finding_ids", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("marker", Text),
    Column("asked", Text),
    Column("line", Integer),
    Column("person", Text),
    Column("os_user", Text),
    Column("host", Text),
    Column("command", Text),
    Column("answer", Text),
    Index("change_by_plan", "plan_id"),
    Index("change_by_line", "line"),
    sqlite_autoincrement=True,
)
"""The journal of writes, in the order they were made; `finding_ids`, `before`, `after` are JSON.

So is `asked`. `line`, on a row with an outcome, is the id of the row written when the change was
sent; rows from before revision 0006 have none. `person`, `os_user`, `host` and `command` are who
wrote the row and how, NULL before revision 0010. `answer` is what the vendor answered, NULL if no
answer came.
"""

membership = Table(
    "membership",
    metadata,
    Column("device", ForeignKey("device.key"), primary_key=True, autoincrement=False),
    *_recognitions(),
    Column("machine", Text, nullable=False),
    Column("score", Integer, nullable=False),
    Column("reasons", Text, nullable=False),
)
"""The machine of a device; a machine is named after its first device.

`score` is 0 to 100, `reasons` a JSON list of sentences. A match run covers the devices of all
sources, whose runs need not end in the order in which they began: each match run has a number of
its own, higher than all before it.
"""

look_alike = Table(
    "look_alike",
    metadata,
    Column("left", ForeignKey("device.key"), primary_key=True, autoincrement=False),
    Column("right", ForeignKey("device.key"), primary_key=True, autoincrement=False),
    *_recognitions(),
    Column("kind", Text, nullable=False),
    Column("score", Integer, nullable=False),
    Column("reasons", Text, nullable=False),
    Column("against", Text, nullable=False),
)
"""Match candidates: pairs of devices that may be one machine, for a person to decide."""


def _source_rows(name: str, *keys: str) -> Table:
    """Return a table of JSON payloads of a source, by `keys`, with the runs in which each holds."""
    return Table(
        name,
        metadata,
        Column("source", ForeignKey("source.id"), primary_key=True, autoincrement=False),
        *(Column(key, Text, primary_key=True) for key in keys),
        *_interval(),
        Column("said", Text, nullable=False),
    )


job = _source_rows("job", "id")
"""A job that installs patches; `said` is `models.Job` as JSON."""

job_run = _source_rows("job_run", "job_id", "id")
"""One run of a job; `said` is `models.JobRun` as JSON."""

job_result = _source_rows("job_result", "job_id", "run_id", "device_id")
"""Result of one job run on one device; `said` is `models.JobResult` as JSON."""

host = _source_rows("host", "id")
"""State that a source keeps of a host; `said` is in the format of that source."""

verdict = Table(
    "verdict",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("left_source", Text, nullable=False),
    Column("left_id", Text, nullable=False),
    Column("right_source", Text, nullable=False),
    Column("right_id", Text, nullable=False),
    Column("is_same", Boolean, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    sqlite_autoincrement=True,
)
"""Decisions of people on pairs of devices, in order; the last one on a pair counts."""

intel = Table(
    "intel",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("dated", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("loaded_at", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)
"""Files about vulnerabilities as loaded, compressed; the newest of a kind is in force."""

pace = Table(
    "pace",
    metadata,
    Column("account", Text, primary_key=True),
    Column("starts", Text, nullable=False),
    Column("not_before", BigInteger, nullable=False),
)
"""Start times of the last calls of an account, shared by all processes with the same API key.

`starts` is a JSON list of times; no process calls before `not_before`.
"""


def interval(table: Table) -> tuple[Column[Any], Column[Any]]:
    """Return the columns of a table that begin and end the interval of a row."""
    begin, end = (column for column in table.c if column.name.startswith(("from_", "to_")))
    return begin, end


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@overload
def micros(at: datetime) -> int: ...
@overload
def micros(at: datetime | None) -> int | None: ...
def micros(at: datetime | None) -> int | None:
    """Convert an aware time to microseconds since 1970; a naive one raises TypeError."""
    return None if at is None else (at - _EPOCH) // _MICROSECOND


@overload
def moment(at: int) -> datetime: ...
@overload
def moment(at: int | None) -> datetime | None: ...
def moment(at: int | None) -> datetime | None:
    """Convert microseconds since 1970 to aware UTC."""
    return None if at is None else _EPOCH + at * _MICROSECOND
