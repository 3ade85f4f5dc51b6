"""The statements that read one run out of the record, as it was when it was complete.

Law of this file: the state of run R is every interval that began with R or before and had not ended
by R, for the devices that were in its inventory. Nothing a later run wrote shows.
"""

from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, or_, select

from patchfleet.store.schema import (
    condition,
    customer,
    description,
    device,
    finding,
    patch,
    run,
    scan,
    site,
    source,
)

Statement = Select[*tuple[Any, ...]]


def tables(run_id: int) -> dict[str, Statement]:
    """Read customers, sites and devices of a run, and all patches and conditions of its source.

    The columns are those of `layout.COLUMNS`.
    """
    theirs = select(run.c.source).where(run.c.id == run_id).scalar_subquery()
    name = select(source.c.name).where(source.c.id == theirs).scalar_subquery().label("source")
    return {
        "customers": select(
            name, customer.c.id.label("customer_id"), customer.c.name.label("customer")
        ).where(customer.c.source == theirs, _holds(customer, run_id)),
        "sites": select(
            name, site.c.id.label("site_id"), site.c.customer_id, site.c.name.label("site")
        ).where(site.c.source == theirs, _holds(site, run_id)),
        "devices": _devices(run_id, name),
        "patches": select(name, *_all_but(patch, "source")).where(patch.c.source == theirs),
        "conditions": select(*_all_but(condition, "source")).where(condition.c.source == theirs),
    }


def listings(run_id: int) -> Statement:
    """Read the findings of a run: its number, then the columns of `layout.FINDING_COLUMNS`.

    Only of devices whose listing the run knows: what is older was not confirmed by it.
    """
    f = finding.c
    return (
        select(f.id, f.device, f.patch, f.condition, f.installed_at, f.first_seen_at, f.changed_at)
        .join_from(scan, finding, scan.c.device == finding.c.device)
        .where(scan.c.run == run_id, scan.c.scanned_at.is_not(None), _holds(finding, run_id))
    )


LISTED_BY = (scan.c.device, finding.c.id)
"""The order of `listings`: that of the key of `finding`."""


def _devices(run_id: int, name: ColumnElement[Any]) -> Statement:
    """Read the devices in the inventory of a run, with what was said of them then."""
    said = _all_but(description, "device", "from_run", "to_run", "name")
    seen = _all_but(scan, "run", "device", "findings")
    return (
        select(
            name,
            device.c.key,
            device.c.id.label("device_id"),
            description.c.name.label("device"),
            *said,
            *seen,
        )
        .join_from(scan, device, scan.c.device == device.c.key)
        .join(description, and_(description.c.device == device.c.key, _holds(description, run_id)))
        .where(scan.c.run == run_id)
    )


def _holds(table: Table, run_id: int) -> ColumnElement[bool]:
    return and_(table.c.from_run <= run_id, or_(table.c.to_run.is_(None), table.c.to_run > run_id))


def _all_but(table: Table, *names: str) -> list[ColumnElement[Any]]:
    return [column for column in table.c if column.name not in names]
