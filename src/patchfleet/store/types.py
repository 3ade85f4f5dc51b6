"""Value types of the record: runs, gaps, publications and journal entries.

Importing them loads no database.
"""

import secrets
from datetime import date, datetime
from typing import Any, Literal, TypeAlias

from msgspec import Struct

from patchfleet.models import Gap

RunState = Literal["running", "incomplete", "complete", "abandoned"]
UNFINISHED_STATES: tuple[RunState, ...] = ("running", "incomplete")
"""States in which a run can be resumed."""

ChangeOutcome = Literal["sent", "confirmed", "skipped", "failed", "unknown"]
"""What became of one change; `unknown` is a request whose answer never came."""

Json: TypeAlias = bool | int | float | str | list[Any] | dict[str, Any] | None


class Delta(Struct, frozen=True, gc=False):
    """How one listing of a device differs from what was on record."""

    new: int
    changed: int
    gone: int
    unchanged: int


class ListedRow(Struct, frozen=True, gc=False):
    """How a device was last listed: when, how many findings, and what knows the answer again."""

    at: datetime
    findings: int
    fingerprint: str | None


class RunRow(Struct, frozen=True):
    """One run: `as_of` is the source's own clock and stands only on a complete run.

    `devices` and `findings` count what was recorded, `problems` what was not. `is_current` says
    that questions are answered from this run.
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
    """A run in the history of findings: its number, source and time."""

    id: int
    source: str
    state: RunState
    as_of: datetime | None


class RunGaps(Struct, frozen=True):
    """One run behind what is published, or after it and not complete, and what it lacks."""

    run_id: int
    source: str
    state: RunState
    started_at: datetime
    gaps: tuple[Gap, ...]


class PublicationRow(Struct, frozen=True):
    """One published run: its source, its time, and the folders of its files.

    `folders` begins with the last publication that was whole and ends with this run's own; what
    lies between are changes. `since_ever` are all folders of the source up to this run, where the
    facts are opened with their history. `recognition` is higher the later it was recognised which
    devices are one machine.
    """

    run_id: int
    source: str
    as_of: datetime
    folders: tuple[str, ...]
    all_publications: tuple[str, ...] = ()
    recognition: int = 0


class IntelRow(Struct, frozen=True):
    """One file about vulnerabilities: what it is, the day of its data, how many rows it has."""

    kind: str
    dated: date
    name: str
    version: str
    rows: int
    loaded_at: datetime
    digest: str


class ViewColumn(Struct, frozen=True):
    """One column of a view that a person may ask in SQL."""

    view: str
    column: str
    kind: str
    meaning: str


class ChangeEntry(Struct, frozen=True, kw_only=True):
    """One line of the journal: what was done to the patches of a device, or to jobs, and its end.

    `finding_ids` are the ids of what changed: findings of the device, or jobs where there is none.
    `before` and `after` are whatever JSON is to be kept of the state that was met and made.
    `marker` finds what had no id yet, `asked` is what was asked for; `line` is the number of the
    line that says that it was sent, on a line that says what came of it.
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


class OpenChange(Struct, frozen=True):
    """A change that was sent and has no recorded outcome, with its number."""

    line: int
    entry: ChangeEntry


class ReadBack(Struct, frozen=True):
    """How a finding was read after a change of ours, None where it was not, and when that was."""

    at: datetime
    now: Json


def change_id(at: datetime) -> str:
    """Return a new name for what is done at once, as the journal has it."""
    return f"{at:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
