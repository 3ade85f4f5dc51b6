"""Reading of the journal: each change with its outcome, folded from its lines.

A change has a line from when it was sent, and one for each outcome of its items; a change that was
not sent has only the latter. The last outcome of an item counts.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from patchfleet.store.record.schema import (
    change,
    customer,
    description,
    device,
    finding,
    micros,
    patch,
    source,
)
from patchfleet.store.types import (
    ChangeEntry,
    JournalFilter,
    JournalLine,
    Json,
    RecordedChange,
    RecordedOutcome,
)

_CLOCKS_DIFFER_BY = timedelta(days=1)
_IDS_AT_ONCE = 500


class _Place(NamedTuple):
    """The last names of a device and its customer on record."""

    device: str | None = None
    customer_id: str | None = None
    customer: str | None = None


def conditions_of(wanted: JournalFilter) -> list[ColumnElement[bool]]:
    """Return the conditions on lines that hold for every line of a selected change."""
    found: list[ColumnElement[bool]] = []
    if wanted.number is not None:
        found.append(or_(change.c.id == wanted.number, change.c.line == wanted.number))
    if wanted.plan_id is not None:
        found.append(change.c.plan_id == wanted.plan_id)
    if wanted.since is not None:
        found.append(change.c.at >= micros(wanted.since - _CLOCKS_DIFFER_BY))
    if wanted.known_at is not None:
        found.append(change.c.at <= micros(wanted.known_at))
    return found


def fold(
    lines: Sequence[JournalLine], places: dict[tuple[str, str], _Place], wanted: JournalFilter
) -> list[RecordedChange]:
    """Return the selected changes of lines in the order of the journal."""
    sent = {line.number: line for line in lines if line.entry.outcome == "sent"}
    ends: dict[int, list[JournalLine]] = {number: [] for number in sent}
    by_device = _by_device(sent.values())
    changes: list[RecordedChange] = []
    for line in lines:
        if line.entry.outcome == "sent":
            continue
        of = line.entry.line if line.entry.line is not None else _sent_before(by_device, line)
        if of is None:  # it was not sent
            changes.append(_change(line, line, line.entry.finding_ids, places))
        elif of in ends:
            ends[of].append(line)
    for number, first in sent.items():
        changes += _outcomes(first, ends[number], places)
    changes.sort(key=lambda one: one.number)
    return [one for one in changes if _is_selected(one, places, wanted)]


def _by_device(sent: Iterable[JournalLine]) -> dict[tuple[str, str], list[JournalLine]]:
    """Return the lines by plan and device."""
    found: dict[tuple[str, str], list[JournalLine]] = {}
    for line in sent:
        found.setdefault((line.entry.plan_id, line.entry.device_id), []).append(line)
    return found


def _sent_before(
    by_device: dict[tuple[str, str], list[JournalLine]], end: JournalLine
) -> int | None:
    """Return the line that an outcome without one belongs to, as before revision 0006."""
    entry = end.entry
    if entry.outcome == "skipped":
        return None
    for sent in reversed(by_device.get((entry.plan_id, entry.device_id), [])):
        if sent.number < end.number and set(entry.finding_ids) <= set(sent.entry.finding_ids):
            return sent.number
    return None


def _outcomes(
    first: JournalLine, ends: Sequence[JournalLine], places: dict[tuple[str, str], _Place]
) -> Iterable[RecordedChange]:
    """Return a change once for each outcome of its items; those without one are `unfinished`."""
    items = first.entry.finding_ids
    if not items and ends:  # a creation: its last outcome names what was created
        newest = max(end.entry.at for end in ends)
        ends = [end for end in ends if end.entry.at == newest]
    last = {item: end for end in ends for item in end.entry.finding_ids}
    for end in ends:
        of_end = tuple(item for item in end.entry.finding_ids if last[item] is end)
        if of_end or not end.entry.finding_ids:
            yield _change(first, end, of_end, places)
    left = tuple(item for item in items if item not in last)
    if left or not ends:
        yield _change(first, None, left, places)


def _change(
    first: JournalLine,
    end: JournalLine | None,
    items: tuple[str, ...],
    places: dict[tuple[str, str], _Place],
) -> RecordedChange:
    entry = first.entry
    place = places.get((entry.source, entry.device_id), _Place())
    ended = end is not None and end is not first
    return RecordedChange(
        number=first.number,
        plan_id=entry.plan_id,
        requested_at=entry.at,
        ended_at=end.entry.at if end is not None and ended else None,
        source=entry.source,
        device_id=entry.device_id,
        device=place.device,
        customer=place.customer,
        action=entry.action,
        items=items,
        outcome=_outcome(end),
        reason="" if end is None else end.entry.reason,
        asked=entry.asked,
        answer=None if end is None else end.answer,
        before=_of(entry.before, items),
        after=None if end is None else _of(end.entry.after, items),
        marker=entry.marker,
        author=first.author,
    )


def _outcome(end: JournalLine | None) -> RecordedOutcome:
    return "unfinished" if end is None or end.entry.outcome == "sent" else end.entry.outcome


def _of(states: Json, items: tuple[str, ...]) -> Json:
    """Return the states of `items`."""
    if not isinstance(states, dict):
        return states
    return {item: states[item] for item in items if item in states}


def _is_selected(
    one: RecordedChange, places: dict[tuple[str, str], _Place], wanted: JournalFilter
) -> bool:
    since, until = wanted.since or one.requested_at, wanted.until or one.requested_at
    return (
        since <= one.requested_at <= until
        and (one.outcome == "unfinished" or not wanted.is_unfinished)
        and wanted.number in (None, one.number)
        and (not wanted.accounts or _matches(wanted.accounts, (one.source,)))
        and (wanted.item is None or wanted.item in (*one.items, one.marker))
        and _is_placed(one, places, wanted)
    )


def _is_placed(
    one: RecordedChange, places: dict[tuple[str, str], _Place], wanted: JournalFilter
) -> bool:
    """Return whether a change is on a selected device, of a selected customer."""
    found = [(number, places.get((of, number), _Place())) for of, number in devices_of(one)]
    is_device = not wanted.devices or any(
        _matches(wanted.devices, (number, place.device)) for number, place in found
    )
    return is_device and (
        not wanted.customers
        or any(
            _matches(wanted.customers, (place.customer_id, place.customer)) for _, place in found
        )
    )


def devices_of(one: ChangeEntry | RecordedChange) -> list[tuple[str, str]]:
    """Return the devices that a change concerns: its own, or those of a match decision."""
    if one.device_id:
        return [(one.source, one.device_id)]
    items = one.items if isinstance(one, RecordedChange) else one.finding_ids
    pairs = [item.partition(":") for item in items] if not one.source else []
    return [(of, number) for of, _, number in pairs]


def _matches(patterns: Iterable[str], names: Iterable[str | None]) -> bool:
    known = [name.casefold() for name in names if name]
    return any(fnmatchcase(name, one.strip().casefold()) for one in patterns for name in known)


def places_of(
    connection: Connection, refs: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], _Place]:
    """Read the last names on record of devices and their customers."""
    by_source: dict[str, list[str]] = {}
    for of, number in dict.fromkeys(refs):
        by_source.setdefault(of, []).append(number)
    found: dict[tuple[str, str], _Place] = {}
    for of, numbers in by_source.items():
        for start in range(0, len(numbers), _IDS_AT_ONCE):
            ids = numbers[start : start + _IDS_AT_ONCE]
            for row in connection.execute(_PLACES.where(source.c.name == of, device.c.id.in_(ids))):
                found[of, row.id] = _Place(row.device, row.customer_id, row.customer)
    return found


_PLACES: Any = (
    select(
        device.c.id,
        description.c.name.label("device"),
        description.c.customer_id,
        customer.c.name.label("customer"),
    )
    .join_from(device, source, device.c.source == source.c.id)
    .join(description, description.c.device == device.c.key)
    .outerjoin(
        customer,
        and_(customer.c.source == device.c.source, customer.c.id == description.c.customer_id),
    )
    .order_by(description.c.from_run, customer.c.from_run)
)
"""The names of devices, oldest first."""


def titles_of(connection: Connection, one: RecordedChange) -> dict[str, str]:
    """Read the last title on record of each patch of a change."""
    found: dict[str, str] = {}
    statement = (
        select(finding.c.id, patch.c.title)
        .join_from(finding, device, finding.c.device == device.c.key)
        .join(source, device.c.source == source.c.id)
        .join(patch, finding.c.patch == patch.c.key)
        .where(source.c.name == one.source, device.c.id == one.device_id)
        .order_by(finding.c.from_run)
    )
    for start in range(0, len(one.items), _IDS_AT_ONCE):
        ids = one.items[start : start + _IDS_AT_ONCE]
        for row in connection.execute(statement.where(finding.c.id.in_(ids))):
            found[row.id] = row.title
    return found
