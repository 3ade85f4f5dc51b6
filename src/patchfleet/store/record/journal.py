"""Journal of changes: the request to a source and its outcome, in order.

A line that `append` returned from survives a power failure, so that no change is sent twice because
the first time was forgotten. Lines are never changed.
"""

import dataclasses
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Any

import msgspec
from msgspec.structs import asdict, replace
from sqlalchemy import ColumnElement, Row, and_, exists, func, insert, or_, select

from patchfleet.store.record.author import current_author
from patchfleet.store.record.database import Database
from patchfleet.store.record.journal_reader import (
    conditions_of,
    devices_of,
    fold,
    places_of,
    titles_of,
)
from patchfleet.store.record.nul_bytes import storable
from patchfleet.store.record.schema import change, micros, moment
from patchfleet.store.types import (
    Author,
    ChangeEntry,
    JournalFilter,
    JournalLine,
    Json,
    OpenChange,
    ReadBack,
    RecordedChange,
    change_id,
)
from patchfleet.transport.journal import ChangeJournal, Claim, Earlier
from patchfleet.transport.operation import Wanted

_AS_JSON = ("finding_ids", "before", "after")
_ALL = JournalFilter()
_ENDED = ("confirmed", "failed", "unknown")


class Journal:
    """The journal of one record: `store.journal`."""

    def __init__(
        self, database: Database, author: Author | None = None, account: str | None = None
    ) -> None:
        self._database = database
        self._author = author
        self._account = account

    def signed(
        self,
        *,
        command: str | None = None,
        person: str | None = None,
        account: str | None = None,
    ) -> "Journal":
        """Return this journal for one author: the lines name the command and the person.

        `person` is by default the one of `PATCHFLEET_OPERATOR`, or the user of the process.
        `command` must not hold a secret. `account` is the source that changes are recorded under,
        by default the vendor.
        """
        author = current_author(person=person, command=command)
        return Journal(self._database, author, account or self._account)

    @property
    def author(self) -> Author:
        """The author of the lines that are written here."""
        if self._author is None:
            self._author = current_author()
        return self._author

    def under(self, account: str) -> "Journal":
        """Return this journal for the changes of one account, which it records under its name."""
        return Journal(self._database, self._author, account)

    def append(self, *entries: ChangeEntry) -> None:
        """Write entries, all or none of them; return once they are on the disk."""
        self._append(entries)

    def _append(self, entries: Sequence[ChangeEntry], answers: Sequence[str | None] = ()) -> None:
        rows = [
            row_of(entry, self.author, answer) for entry, answer in zip_longest(entries, answers)
        ]
        if rows:
            with self._database.write(durable=True) as connection:
                connection.execute(insert(change), rows)

    def read(self, plan_id: str) -> list[ChangeEntry]:
        """Read all entries of a plan in the order they were written."""
        statement = select(change).where(change.c.plan_id == plan_id).order_by(change.c.id)
        with self._database.read() as connection:
            return [_read(row) for row in connection.execute(statement)]

    def lines(self, wanted: JournalFilter) -> list[JournalLine]:
        """Read the lines of the selected changes, and perhaps others, in the order of writing."""
        statement = select(change).where(*conditions_of(wanted))
        return [
            JournalLine(
                number=row.id,
                entry=_read(row),
                author=Author(
                    person=row.person, os_user=row.os_user, host=row.host, command=row.command
                ),
                answer=row.answer,
            )
            for row in self._rows(statement, change.c.id)
        ]

    def changes(self, wanted: JournalFilter = _ALL) -> list[RecordedChange]:
        """Read the selected changes with their outcomes, in the order in which they were made."""
        lines = self.lines(wanted)
        with self._database.read() as connection:
            places = places_of(connection, (ref for one in lines for ref in devices_of(one.entry)))
        return fold(lines, places, wanted)

    def titles(self, one: RecordedChange) -> dict[str, str]:
        """Read the last title on record of each patch of a change, by its id."""
        with self._database.read() as connection:
            return titles_of(connection, one)

    def of(
        self,
        plan_id: str,
        *,
        before: Mapping[str, Json],
        now: Callable[[], datetime],
        account: str | None = None,
    ) -> "PlanJournal":
        """Return this journal for the changes of a plan, with its id, clock and states before.

        `account` is the source of the plan.
        """
        journal = Journal(self._database, self.author, account or self._account)
        return PlanJournal(journal, plan_id, before, now)

    def after_looking(self) -> "LookedAt":
        """Return this journal for a person who checked that the unknown changes were not made.

        The check counts only if reading again gives no answer; a change that is found was made.
        """
        return LookedAt(self)

    def sent(
        self, wanted: Wanted, at: datetime, *, plan_id: str | None = None, before: Json = None
    ) -> int:
        """Record that a change is about to be sent; return the number of the line."""
        entry = ChangeEntry(
            plan_id=plan_id or change_id(at),
            at=at,
            source=self._account or wanted.source,
            device_id=wanted.device_id,
            finding_ids=wanted.items,
            action=wanted.action,
            outcome="sent",
            before=before,
            marker=wanted.marker,
            asked=wanted.asked,
        )
        with self._database.write(durable=True) as connection:
            written = connection.execute(
                insert(change).returning(change.c.id), [row_of(entry, self.author)]
            )
            return int(written.scalar_one())

    def ended(self, line: int, claims: Sequence[Claim], at: datetime) -> None:
        """Record the outcome of the change of a line."""
        with self._database.read() as connection:
            sent = _read(connection.execute(select(change).where(change.c.id == line)).one())
        self._append(
            [
                replace(
                    sent,
                    at=at,
                    finding_ids=claim.items,
                    outcome=claim.outcome,
                    after=dict(claim.now),
                    reason=claim.reason,
                    asked=None,
                    line=line,
                )
                for claim in claims
            ],
            [claim.answer for claim in claims],
        )

    def unfinished(self, wanted: Wanted) -> Earlier | None:
        """Return the last change with the same request, if its outcome is unknown."""
        statement = (
            select(change.c.id, change.c.marker)
            .where(
                change.c.source == (self._account or wanted.source),
                change.c.action == wanted.action,
                change.c.device_id == wanted.device_id,
                change.c.outcome == "sent",
                change.c.asked == _as_json(wanted.asked),
            )
            .order_by(change.c.id.desc())
            .limit(1)
        )
        with self._database.read() as connection:
            last = connection.execute(statement).one_or_none()
            if last is None or not last.marker:
                return None
            ends = select(change.c.outcome).where(change.c.line == last.id)
            known = set(connection.execute(ends).scalars())
        return None if known & {"confirmed", "failed"} else Earlier(last.id, last.marker)

    def open(self, source: str | None = None) -> list[OpenChange]:
        """List changes without an outcome: the command was killed, or is still running.

        Only those of `source` if it is given.
        """
        end = change.alias()
        before_lines = and_(
            end.c.line.is_(None),
            end.c.plan_id == change.c.plan_id,
            end.c.device_id == change.c.device_id,
            end.c.outcome.in_(_ENDED),
        )
        ended = exists().where(or_(end.c.line == change.c.id, before_lines))
        statement = select(change).where(change.c.outcome == "sent", ~ended)
        if source is not None:
            statement = statement.where(change.c.source == source)
        return [OpenChange(row.id, _read(row)) for row in self._rows(statement, change.c.id)]

    def read_backs(self, source: str) -> dict[tuple[str, str], ReadBack]:
        """Return the state of each finding of a source as read after our last change of it.

        If that change has no outcome, or could not be read back, only its time is returned.
        """
        statement = select(change).where(
            change.c.source == source, change.c.device_id != "", change.c.outcome != "skipped"
        )
        found: dict[tuple[str, str], ReadBack] = {}
        for row in self._rows(statement, change.c.id):
            after = msgspec.json.decode(row.after)
            known = after if isinstance(after, dict) else {}
            for finding in msgspec.json.decode(row.finding_ids):
                found[row.device_id, finding] = ReadBack(moment(int(row.at)), known.get(finding))
        return found

    def _rows(self, statement: Any, order: ColumnElement[Any]) -> list[Any]:
        with self._database.read() as connection:
            return list(connection.execute(statement.order_by(order)))

    def last_changes(self, source: str) -> dict[str, datetime]:
        """Return when a change was last sent to each device of a source, by its id."""
        statement = (
            select(change.c.device_id, func.max(change.c.at))
            .where(change.c.source == source)
            .group_by(change.c.device_id)
        )
        with self._database.read() as connection:
            return {device: moment(int(at)) for device, at in connection.execute(statement)}

    def times_sent(
        self, source: str, actions: Collection[str], *, since: datetime
    ) -> dict[tuple[str, str], int]:
        """Count how often `actions` were sent for each device and finding since a time.

        The count comes from the record, so that a restart does not reset it.
        """
        statement = select(change.c.device_id, change.c.finding_ids).where(
            change.c.source == source,
            change.c.action.in_(sorted(actions)),
            change.c.outcome == "sent",
            change.c.at >= micros(since),
        )
        counts: Counter[tuple[str, str]] = Counter()
        with self._database.read() as connection:
            for device, findings in connection.execute(statement):
                counts.update((device, finding) for finding in msgspec.json.decode(findings))
        return dict(counts)


class PlanJournal:
    """Journal of the changes of one plan, or one command; `is_used` once anything was sent."""

    def __init__(
        self,
        journal: Journal,
        plan_id: str,
        before: Mapping[str, Json],
        now: Callable[[], datetime],
    ) -> None:
        self._journal = journal
        self._before = before
        self._now = now
        self.plan_id = plan_id
        self.is_used = False

    def sent(self, wanted: Wanted, at: datetime) -> int:  # noqa: ARG002 -- a plan has its own clock
        """Record that a change is about to be sent; return the number of the line."""
        self.is_used = True
        met: Json = {one: self._before[one] for one in wanted.items if one in self._before}
        return self._journal.sent(wanted, self._now(), plan_id=self.plan_id, before=met)

    def ended(self, line: int, claims: Sequence[Claim], at: datetime) -> None:  # noqa: ARG002
        """Record the outcome of the change of a line."""
        self._journal.ended(line, claims, self._now())

    def unfinished(self, wanted: Wanted) -> Earlier | None:
        """Return the last change with the same request; see `Journal.unfinished`."""
        return self._journal.unfinished(wanted)

    def after_looking(self) -> "LookedAt":
        """Return this journal for a person who checked; see `Journal.after_looking`."""
        return LookedAt(self)


class LookedAt:
    """Journal for a person who checked that the unknown changes were not made."""

    def __init__(self, journal: ChangeJournal) -> None:
        self._journal = journal
        self.sent = journal.sent
        self.ended = journal.ended

    def unfinished(self, wanted: Wanted) -> Earlier | None:
        """Return the last change with the same request, marked as checked by a person."""
        earlier = self._journal.unfinished(wanted)
        return None if earlier is None else dataclasses.replace(earlier, is_looked_for=True)


def row_of(entry: ChangeEntry, author: Author, answer: str | None = None) -> dict[str, object]:
    """Return an entry as a row of the table `change`."""
    answered = None if answer is None else storable(answer)
    return {**_columns(entry), **asdict(author), "answer": answered}


def _as_json(value: Json) -> str:
    """Format equal values as equal texts, so that they can be compared."""
    return msgspec.json.encode(value, order="sorted").decode()


def _columns(entry: ChangeEntry) -> dict[str, object]:
    row: dict[str, object] = asdict(entry)
    for name in _AS_JSON:
        row[name] = msgspec.json.encode(row[name]).decode()
    asked = None if entry.asked is None else _as_json(entry.asked)
    return {
        **row,
        "at": micros(entry.at),
        "marker": entry.marker or None,
        "asked": asked,
        "reason": storable(entry.reason),
    }


def _read(row: Row[*tuple[Any, ...]]) -> ChangeEntry:
    return ChangeEntry(
        plan_id=row.plan_id,
        at=moment(int(row.at)),
        source=row.source,
        device_id=row.device_id,
        finding_ids=tuple(msgspec.json.decode(row.finding_ids)),
        action=row.action,
        outcome=row.outcome,
        before=msgspec.json.decode(row.before),
        after=msgspec.json.decode(row.after),
        reason=row.reason,
        marker=row.marker or "",
        asked=None if row.asked is None else msgspec.json.decode(row.asked),
        line=row.line,
    )
