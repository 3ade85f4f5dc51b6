"""Erasure of one customer from the record: its devices, findings, gaps and journal lines.

A device that moved to another customer stays, since it is that customer's; the name of the erased
one is replaced wherever such a device still refers to it.
"""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select, update

from patchfleet.store.record.schema import (
    change,
    customer,
    description,
    device,
    finding,
    host,
    job_result,
    look_alike,
    membership,
    problem,
    run,
    scan,
    site,
    source,
    unread,
    verdict,
)

FORGOTTEN = "(forgotten)"
"""The name of an erased customer, and of its sites, where another customer's device needs one."""


class Subject(Struct, frozen=True):
    """One customer of one source, its devices, and those that other customers have now."""

    source: str
    source_id: int
    id: str
    names: tuple[str, ...]
    is_listed: bool
    devices: dict[int, str]
    moved: tuple[str, ...]


def subjects(connection: Connection, wanted: str, source_name: str | None) -> list[Subject]:
    """Find the customers whose id or any name on record is `wanted`, without case."""
    c = customer.c
    statement = select(c.source, c.id, source.c.name.label("of")).join(
        source, c.source == source.c.id
    )
    is_meant = or_(c.id == wanted, func.lower(c.name) == wanted.lower())
    statement = statement.where(is_meant).distinct().order_by(source.c.name, c.id)
    if source_name is not None:
        statement = statement.where(source.c.name == source_name)
    rows = connection.execute(statement).all()
    return [_subject(connection, row.source, row.id, row.of) for row in rows]


def _subject(connection: Connection, source_id: int, number: str, name: str) -> Subject:
    this = and_(customer.c.source == source_id, customer.c.id == number)
    rows = connection.execute(select(customer.c.name, customer.c.to_run).where(this)).all()
    d = description.c
    mine = select(d.device).where(d.customer_id == number)
    others = select(d.device).where(d.customer_id != number)
    ever = select(device.c.key, device.c.id).where(
        device.c.source == source_id, device.c.key.in_(mine)
    )
    return Subject(
        source=name,
        source_id=source_id,
        id=number,
        names=tuple(sorted({row.name for row in rows})),
        is_listed=any(row.to_run is None for row in rows),
        devices={
            row.key: row.id for row in connection.execute(ever.where(device.c.key.not_in(others)))
        },
        moved=tuple(
            connection.execute(
                ever.where(device.c.key.in_(others)).with_only_columns(device.c.id)
            ).scalars()
        ),
    )


def erase(connection: Connection, subject: Subject) -> int:
    """Delete every row of a customer and of its devices; return the number of rows."""
    rows = 0
    for key, number in subject.devices.items():
        rows += _erase_device(connection, subject, key, number)
    gaps = and_(problem.c.customer_id == subject.id, _in_source(subject))
    rows += connection.execute(delete(problem).where(gaps)).rowcount
    this = and_(customer.c.source == subject.source_id, customer.c.id == subject.id)
    sites = and_(site.c.source == subject.source_id, site.c.customer_id == subject.id)
    if subject.moved:
        connection.execute(update(customer).where(this).values(name=FORGOTTEN))
        connection.execute(update(site).where(sites).values(name=FORGOTTEN))
        return rows
    rows += connection.execute(delete(site).where(sites)).rowcount
    return rows + connection.execute(delete(customer).where(this)).rowcount


def _erase_device(connection: Connection, subject: Subject, key: int, number: str) -> int:
    of_source = subject.source_id
    v = verdict.c
    decided = or_(
        and_(v.left_source == subject.source, v.left_id == number),
        and_(v.right_source == subject.source, v.right_id == number),
    )
    linked = f'%"{subject.source}:{number}"%'
    journal = or_(
        and_(change.c.source == subject.source, change.c.device_id == number),
        and_(change.c.source == "", change.c.finding_ids.like(linked)),
    )
    conditions = (
        (finding, finding.c.device == key),
        (scan, scan.c.device == key),
        (description, description.c.device == key),
        (membership, membership.c.device == key),
        (look_alike, or_(look_alike.c.left == key, look_alike.c.right == key)),
        (verdict, decided),
        (change, journal),
        (problem, and_(problem.c.device_id == number, _in_source(subject))),
        (unread, and_(unread.c.source == of_source, unread.c.device_id == number)),
        (host, and_(host.c.source == of_source, host.c.id == number)),
        (job_result, and_(job_result.c.source == of_source, job_result.c.device_id == number)),
        (device, device.c.key == key),
    )
    return sum(
        connection.execute(delete(table).where(where)).rowcount for table, where in conditions
    )


def _in_source(subject: Subject) -> ColumnElement[bool]:
    return problem.c.run.in_(select(run.c.id).where(run.c.source == subject.source_id))


def journal_mentions(connection: Connection, subjects: Sequence[Subject]) -> int:
    """Count the journal lines that still name a customer or one of its devices in their text."""
    found = 0
    texts = (change.c.asked, change.c.before, change.c.after, change.c.answer, change.c.reason)
    words = {*(f'"{n}"' for one in subjects for n in one.devices.values())}
    words |= {name for one in subjects for name in one.names}
    columns = select(change.c.finding_ids, *texts)
    for row in connection.execute(columns):
        held = " ".join(text for text in row if text)
        found += any(word in held for word in words)
    return found
