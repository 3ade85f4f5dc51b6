"""Value types of the record: runs, gaps, publications and journal entries.

Importing them loads no database.
"""

import secrets
from datetime import date, datetime
from typing import Any, Literal, TypeAlias

from msgspec import Struct

from patchfleet.models import Gap

RunState = Literal["running", "incomplete", "complete", "abandoned", "pruned"]
"""State of a run; `pruned` is a complete run whose content was deleted."""
UNFINISHED_STATES: tuple[RunState, ...] = ("running", "incomplete")
"""States in which a run can be resumed."""

ChangeOutcome = Literal["sent", "confirmed", "skipped", "failed", "unknown"]
"""Outcome of one change; `unknown` is a request whose answer never came."""

RecordedOutcome = Literal["confirmed", "skipped", "failed", "unknown", "unfinished"]
"""Outcome of a change on record; `unfinished` is one that was sent and has no outcome."""

Json: TypeAlias = bool | int | float | str | list[Any] | dict[str, Any] | None


class Delta(Struct, frozen=True, gc=False):
    """Differences between one listing of a device and the record, in findings."""

    new: int
    changed: int
    gone: int
    unchanged: int


class ListedRow(Struct, frozen=True, gc=False):
    """Last listing of a device: its time, its number of findings, the digest of the answer."""

    at: datetime
    findings: int
    fingerprint: str | None


class KnownDevice(Struct, frozen=True, gc=False):
    """What identifies a recorded device: its name, serial number and network cards."""

    name: str
    serial: str | None
    mac_addresses: tuple[str, ...]


class RunRow(Struct, frozen=True):
    """One run: `as_of` is the source's own clock, None unless the run is complete.

    `devices` and `findings` count what was recorded, `problems` what was not. Queries read the run
    that `is_current`.
    """

    id: int
    source: str
    state: RunState
    started_at: datetime
    ended_at: datetime | None
    as_of: datetime | None
    devices: int
    findings: int
    problems: int
    is_current: bool


class RunSummary(Struct, frozen=True):
    """A run as the history of a finding names it: its number, source, state and time."""

    id: int
    source: str
    state: RunState
    as_of: datetime | None


class RunGaps(Struct, frozen=True):
    """Gaps of one run behind a publication, or of a later run that is not complete."""

    run_id: int
    source: str
    state: RunState
    started_at: datetime
    gaps: tuple[Gap, ...]


class PublicationRow(Struct, frozen=True):
    """One published run: its source, its time, and the folders of its rows.

    `folders` begins with the last whole publication and ends with this run's own; those between
    hold changes. `all_publications` are all folders of the source up to this run if the snapshot
    is opened with its history. `recognition` numbers the match runs: a later one is higher.
    """

    run_id: int
    source: str
    as_of: datetime
    folders: tuple[str, ...]
    all_publications: tuple[str, ...] = ()
    recognition: int = 0


class IntelRow(Struct, frozen=True):
    """One file about vulnerabilities: its kind, the day of its data, its number of rows."""

    kind: str
    dated: date
    name: str
    version: str
    rows: int
    loaded_at: datetime
    digest: str


class ViewColumn(Struct, frozen=True):
    """One column of a view that can be queried in SQL."""

    view: str
    column: str
    kind: str
    meaning: str


class ChangeEntry(Struct, frozen=True, kw_only=True):
    """One line of the journal: a change of the patches of a device, or of jobs, and its outcome.

    `finding_ids` are the ids of what changed: findings of the device, or jobs without a device.
    `before` and `after` are JSON of the state before and after the change. `marker` finds what had
    no id yet, `asked` is the request. `line`, on a line with an outcome, is the number of the line
    that was written when the change was sent.
    """

    plan_id: str
    at: datetime
    source: str
    device_id: str
    finding_ids: tuple[str, ...]
    action: str
    outcome: ChangeOutcome
    before: Json = None
    after: Json = None
    reason: str = ""
    marker: str = ""
    asked: Json = None
    line: int | None = None


class Author(Struct, frozen=True, kw_only=True):
    """Who wrote a line of the journal, and how; None is unknown.

    `person` is who acts, `os_user` the user of the operating system that the process runs as,
    `command` the command line without values that may be secret.
    """

    person: str | None = None
    os_user: str | None = None
    host: str | None = None
    command: str | None = None


class JournalLine(Struct, frozen=True):
    """One line of the journal with its number, who wrote it, and what the vendor answered."""

    number: int
    entry: ChangeEntry
    author: Author
    answer: str | None


class RecordedChange(Struct, frozen=True, kw_only=True):
    """A change with its outcome, from all its lines in the journal.

    `number` is that of its first line. A change whose items have several outcomes is one of these
    for each outcome. `requested_at` is when it was sent, or when it was decided not to send it.
    `device` and `customer` are the last names on record.
    """

    number: int
    plan_id: str
    requested_at: datetime
    ended_at: datetime | None
    source: str
    device_id: str
    device: str | None
    customer: str | None
    action: str
    items: tuple[str, ...]
    outcome: RecordedOutcome
    reason: str
    asked: Json
    answer: str | None
    before: Json
    after: Json
    marker: str
    author: Author


class JournalFilter(Struct, frozen=True, kw_only=True):
    """Selection of changes; what is not given selects all.

    `accounts`, `devices` and `customers` are names or ids with the wildcards * and ?. `item` is the
    id of a patch or job, or the marker of a created job. `known_at` leaves out lines written later.
    """

    number: int | None = None
    plan_id: str | None = None
    item: str | None = None
    accounts: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    known_at: datetime | None = None
    devices: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()
    is_unfinished: bool = False


class OpenChange(Struct, frozen=True):
    """A change that was sent and has no line with an outcome, with its line number."""

    line: int
    entry: ChangeEntry


class ReadBack(Struct, frozen=True):
    """State of a finding read after a change of ours, None if it was not read, and the time."""

    at: datetime
    now: Json


def change_id(at: datetime) -> str:
    """Return a new id for a plan, or for a change that is sent without one."""
    return f"{at:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
