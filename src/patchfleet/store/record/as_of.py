"""Statements that read one run from the record, as of its completion.

The state of run R is every interval that began with R or earlier and had not ended by R, for the
devices in its inventory. Later runs have no effect on it.
"""

from typing import Any

from sqlalchemy import ColumnElement, Label, ScalarSelect, Select, Table, and_, func, or_, select

from patchfleet.models import OPEN_STATES
from patchfleet.store.record.schema import (
    SEEN,
    condition,
    customer,
    description,
    device,
    finding,
    interval,
    job,
    job_result,
    job_run,
    look_alike,
    membership,
    patch,
    publication,
    run,
    scan,
    site,
    source,
)

Statement = Select[*tuple[Any, ...]]


def tables(run_id: int, recognition: int) -> dict[str, Statement]:
    """Return the statements of all tables of a publication except findings, as of a run.

    Machines are read as of the match run `recognition`. The columns are those of `files.COLUMNS`.
    """
    theirs, name = _source_of(run_id), _name_of(run_id)
    return {
        **places(run_id),
        "patches": select(name, *_all_but(patch, "source")).where(patch.c.source == theirs),
        "conditions": select(*_all_but(condition, "source")).where(condition.c.source == theirs),
        **_identities(recognition),
        **{
            kind: select(name, table.c.said.label("document")).where(
                table.c.source == theirs, _holds(table, run_id)
            )
            for kind, table in (("jobs", job), ("job_runs", job_run), ("job_results", job_result))
        },
    }


def places(run_id: int) -> dict[str, Statement]:
    """Return the statements of customers, sites and devices of a run."""
    theirs, name = _source_of(run_id), _name_of(run_id)
    return {
        "customers": select(
            name, customer.c.id.label("customer_id"), customer.c.name.label("customer")
        ).where(customer.c.source == theirs, _holds(customer, run_id)),
        "sites": select(
            name, site.c.id.label("site_id"), site.c.customer_id, site.c.name.label("site")
        ).where(site.c.source == theirs, _holds(site, run_id)),
        "devices": _devices(run_id, name),
    }


def _identities(recognition: int) -> dict[str, Statement]:
    """Return the statements of machines and match candidates, over all sources."""
    left, right = device.alias("left_device"), device.alias("right_device")
    of_left, of_right = source.alias("left_source"), source.alias("right_source")
    m, pair = membership.c, look_alike.c
    return {
        "members": select(
            m.machine, source.c.name.label("source"), device.c.id.label("device_id"),
            m.device.label("device_key"), m.score, m.reasons,
        )
        .join_from(membership, device, m.device == device.c.key)
        .join(source, device.c.source == source.c.id)
        .where(_holds(membership, recognition)),
        "look_alikes": select(
            of_left.c.name.label("left_source"), left.c.id.label("left_id"),
            of_right.c.name.label("right_source"), right.c.id.label("right_id"),
            pair.kind, pair.score, pair.reasons, pair.against,
        )
        .join_from(look_alike, left, pair.left == left.c.key)
        .join(right, pair.right == right.c.key)
        .join(of_left, left.c.source == of_left.c.id)
        .join(of_right, right.c.source == of_right.c.id)
        .where(_holds(look_alike, recognition)),
    }  # fmt: skip


def listed(run_id: int) -> Select[int]:
    """Return the statement of the number of findings listed by the devices of a run."""
    return select(func.coalesce(func.sum(scan.c.findings), 0)).where(scan.c.run == run_id)


def findings(run_id: int) -> tuple[Statement, Statement]:
    """Return the statements of all findings as of a run: the open ones, and the others.

    The columns are those of `layout.FINDING_COLUMNS`.
    """
    open_ones = select(condition.c.key).where(condition.c.state.in_(OPEN_STATES))
    all_of_them = select(*_FINDING).where(
        finding.c.device.in_(select(device.c.key).where(device.c.source == _source_of(run_id))),
        _holds(finding, run_id),
    )
    is_open = finding.c.condition.in_(open_ones)
    return all_of_them.where(is_open), all_of_them.where(~is_open)


def is_uncounted(run_id: int) -> Select[int]:
    """Return the statement of whether the changes of a published run were not counted.

    Revision 0001 counted none and noted no previous run, and no later run up to the next
    publication need have all of its changes counted either.
    """
    changes = select(func.sum(scan.c.changes)).where(scan.c.run == run_id).scalar_subquery()
    return select(func.count()).where(
        publication.c.run == run_id,
        publication.c.previous.is_(None),
        changes == 0,
        listed(run_id).scalar_subquery() > 0,
    )


def moved(run_id: int, previous: int, *, is_counted: bool = True) -> Statement:
    """Return the statement of finding intervals valid as of a run or of `previous`, not both.

    These are the intervals that began since, and those that ended, on devices of which changes
    were counted, or on all. The columns are those of `layout.MOVED_COLUMNS`; an interval without a
    `to_run` up to the run has begun.
    """
    f = finding.c
    began = and_(f.from_run > previous, _holds(finding, run_id))
    ended = and_(f.from_run <= previous, f.to_run > previous, f.to_run <= run_id)
    of_source = select(device.c.key).where(device.c.source == _source_of(run_id))
    devices = _changed(run_id, previous) if is_counted else of_source
    return select(*_FINDING, f.to_run).where(f.device.in_(devices), or_(began, ended))


ORDER = (finding.c.device, finding.c.id)
"""Order in which findings are read: that of their key."""

_f = finding.c
_FINDING = (
    *(_f.id, _f.device, _f.patch, _f.condition),
    *(_f.installed_at, _f.first_seen_at, _f.changed_at, _f.from_run),
)


def _changed(run_id: int, previous: int) -> Statement:
    """Return the devices with a finding that a run after `previous`, up to this, changed."""
    return (
        select(scan.c.device)
        .join_from(scan, device, scan.c.device == device.c.key)
        .where(
            scan.c.run > previous,
            scan.c.run <= run_id,
            scan.c.changes > 0,
            device.c.source == _source_of(run_id),
        )
    )


def _source_of(run_id: int) -> ScalarSelect[int]:
    return select(run.c.source).where(run.c.id == run_id).scalar_subquery()


def _name_of(run_id: int) -> Label[str]:
    theirs = _source_of(run_id)
    return select(source.c.name).where(source.c.id == theirs).scalar_subquery().label("source")


def _devices(run_id: int, name: ColumnElement[Any]) -> Statement:
    """Return the statement of the devices of a run, with their attributes as of then."""
    said = _all_but(description, "device", "from_run", "to_run", "name")
    seen = [scan.c[one.recorded] for one in SEEN]
    return (
        select(
            name,
            device.c.key,
            device.c.id.label("device_id"),
            description.c.name.label("device"),
            *said,
            *seen,
            scan.c.scanned_at,
        )
        .join_from(scan, device, scan.c.device == device.c.key)
        .join(description, and_(description.c.device == device.c.key, _holds(description, run_id)))
        .where(scan.c.run == run_id)
    )


def _holds(table: Table, number: int) -> ColumnElement[bool]:
    """Return the condition that a row is valid as of a run, or as of a match run."""
    begin, end = interval(table)
    return and_(begin <= number, or_(end.is_(None), end > number))


def _all_but(table: Table, *names: str) -> list[ColumnElement[Any]]:
    return [column for column in table.c if column.name not in names]
