"""Tables of the journal: changes with who made them, and the details of one change."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from patchfleet.report.document import Cell, Column, Table
from patchfleet.report.wording import moment
from patchfleet.store import Json, RecordedChange

_CHANGES = (
    Column("number", "No.", "integer"),
    Column("requested_at", "When", "moment"),
    Column("person", "Person"),
    Column("account", "Account"),
    Column("subject", "Device or job", width=36),
    Column("action", "Action"),
    Column("items_count", "Items", "integer"),
    Column("outcome", "Outcome"),
    Column("reason", "Reason", width=40),
    Column("plan_id", "Plan"),
    Column("customer", "Customer", is_detail=True),
    Column("device_id", "Device id", is_detail=True),
    Column("items", "Changed", "list", is_detail=True),
    Column("ended_at", "Outcome at", "moment", is_detail=True),
    Column("before", "Before", is_detail=True),
    Column("after", "Read back", is_detail=True),
    Column("asked", "Asked", is_detail=True),
    Column("answer", "Answer", is_detail=True),
    Column("os_user", "System user", is_detail=True),
    Column("host", "Host", is_detail=True),
    Column("command", "Command", is_detail=True),
)
_DETAILS = (Column("field", "Field"), Column("value", "Value", width=100))
_UNFINISHED = (
    "An unfinished change was sent, and its outcome is unknown: the next `patchfleet sync`, or the "
    "next change of that account, reads it back."
)


def changes_table(changes: Iterable[RecordedChange]) -> Table:
    """Tabulate changes in the given order."""
    changes = list(changes)
    is_open = any(one.outcome == "unfinished" for one in changes)
    return Table(
        name="journal",
        title="Changes, newest first",
        columns=_CHANGES,
        rows=[_row(one) for one in changes],
        note=_UNFINISHED if is_open else "",
    )


def _row(one: RecordedChange) -> tuple[Cell, ...]:
    return (
        one.number,
        one.requested_at,
        one.author.person,
        one.source or None,
        subject_of(one),
        one.action.replace("_", " "),
        len(one.items) or 1,
        one.outcome,
        one.reason or None,
        one.plan_id,
        one.customer,
        one.device_id or None,
        one.items,
        one.ended_at,
        _text(one.before),
        _text(one.after),
        _text(one.asked),
        one.answer,
        one.author.os_user,
        one.author.host,
        one.author.command,
    )


def subject_of(one: RecordedChange) -> str:
    """Name what was changed: a device, or jobs by name if it is known, else by their ids."""
    if one.device_id:
        return one.device or f"id {one.device_id}"
    asked = one.asked.get("name") if isinstance(one.asked, dict) else None
    return str(asked) if asked else ", ".join(one.items) or one.marker


def change_table(changes: Sequence[RecordedChange], titles: Sequence[Mapping[str, str]]) -> Table:
    """Tabulate one change, field by field; `titles` are those of its patches for each outcome."""
    first = changes[0]
    fields: list[tuple[str, Cell]] = [
        ("Action", first.action.replace("_", " ")),
        ("Account", first.source or None),
        ("Customer", first.customer),
        ("Device", " ".join(filter(None, [first.device, first.device_id])) or None),
        ("Requested", moment(first.requested_at)),
        ("Person", first.author.person or "unknown: made before this was recorded"),
        ("System user", first.author.os_user),
        ("Host", first.author.host),
        ("Command", first.author.command),
        ("Plan", first.plan_id),
        ("Marker", first.marker or None),
        ("Asked", _text(first.asked)),
    ]
    for one, names in zip(changes, titles, strict=True):
        fields += _outcome(one, names)
    return Table(
        name="change",
        title=f"Change {first.number}",
        columns=_DETAILS,
        rows=[(name, value) for name, value in fields if value is not None],
        note=_UNFINISHED if any(one.outcome == "unfinished" for one in changes) else "",
    )


def _outcome(one: RecordedChange, titles: Mapping[str, str]) -> Iterator[tuple[str, Cell]]:
    yield "Outcome", one.outcome
    yield "Outcome at", moment(one.ended_at) if one.ended_at else None
    yield "Reason", one.reason or None
    yield "Answer", one.answer
    for item in one.items:
        title = f" {titles[item]}" if item in titles else ""
        states = [_state(one.before, item), _state(one.after, item)]
        change = " → ".join(state or "?" for state in states) if any(states) else ""
        yield "Changed", f"{item}{title}{change and ': '}{change}"


def _state(states: Json, item: str) -> str | None:
    """Return the state of an item, in words if it has any."""
    state = states.get(item) if isinstance(states, dict) else None
    return _text(state.get("words") or state if isinstance(state, dict) else state)


def _text(value: Json) -> str | None:
    """Format a value as JSON, a text as it is."""
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()
