"""Customers, sites and devices of a run as intervals, and one scan row per device.

An inventory that contradicts itself is refused as a whole: a device without a known place would be
missing from every customer's list unnoticed.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from patchfleet.errors import StoreError
from patchfleet.models import Customer, Device, Inventory, Site
from patchfleet.store.attributes import DEVICE
from patchfleet.store.record import as_of as asof
from patchfleet.store.record import validity
from patchfleet.store.record.cells import cells_of, reader_of
from patchfleet.store.record.schema import (
    DESCRIBED,
    SEEN,
    customer,
    description,
    device,
    moment,
    scan,
    site,
)
from patchfleet.store.record.schema import run as run_table
from patchfleet.store.types import ListedRow


def check(inventory: Inventory) -> None:
    """Raise StoreError if an id is listed twice or an unknown customer or site is named."""
    for noun, ids in (
        ("customer", [c.id for c in inventory.customers]),
        ("site", [s.id for s in inventory.sites]),
        ("device", [d.id for d in inventory.devices]),
    ):
        if len(set(ids)) != len(ids):
            twice = next(i for i in ids if ids.count(i) > 1)
            raise _contradiction(f"names {noun} {twice} twice")
    customers = {c.id for c in inventory.customers}
    sites = {s.id for s in inventory.sites}
    for place in inventory.sites:
        if place.customer_id not in customers:
            raise _contradiction(
                f"puts site {place.id} at customer {place.customer_id}, which it does not list"
            )
    for machine in inventory.devices:
        if machine.customer_id not in customers or machine.site_id not in sites:
            raise _contradiction(
                f"puts device {machine.id} at site {machine.site_id} of customer "
                f"{machine.customer_id}, which it does not list"
            )


def write(connection: Connection, source: int, run: int, inventory: Inventory) -> dict[str, int]:
    """Write an inventory and return the key of each of its devices.

    Rows that are no longer in it are ended by `end_absent`. The scan rows of this run become those
    of the inventory, and keep what is recorded in them.
    """
    of_source = customer.c.source == source
    names = {(source, c.id): (c.name,) for c in inventory.customers}
    validity.set_valid(connection, customer, of_source, run, names)
    places = {(source, s.id): (s.customer_id, s.name) for s in inventory.sites}
    validity.set_valid(connection, site, site.c.source == source, run, places)
    keys = _device_keys(connection, source, inventory.devices)
    said = {(keys[d.id],): _say(d) for d in inventory.devices}
    validity.set_valid(connection, description, _described(source), run, said)
    _write_scans(connection, run, {keys[d.id]: d for d in inventory.devices})
    return keys


def read(connection: Connection, run_id: int) -> Inventory:
    """Read customers, sites and devices as they were in a complete run."""
    as_of = connection.scalars(select(run_table.c.as_of).where(run_table.c.id == run_id)).one()
    rows = {
        name: connection.execute(statement, execution_options={"yield_per": 1000}).mappings()
        for name, statement in asof.places(run_id).items()
    }
    return Inventory(
        as_of=moment(int(as_of)),
        customers=tuple(
            Customer(id=r["customer_id"], name=r["customer"]) for r in rows["customers"]
        ),
        sites=tuple(
            Site(id=r["site_id"], customer_id=r["customer_id"], name=r["site"])
            for r in rows["sites"]
        ),
        devices=tuple(_device(row) for row in rows["devices"]),
    )


def _device(row: RowMapping) -> Device:
    said = {name: row[name] for name in Device.__struct_fields__ if name in row}
    return Device(**{**_read_device(said), "id": row["device_id"], "name": row["device"]})


_read_device = reader_of(DEVICE)


def listed(connection: Connection, source: int) -> dict[int, ListedRow]:
    """Read the last listing of each device of a source, by its key, if it has one."""
    d = device.c
    statement = select(d.key, d.listed_at, d.listed, d.fingerprint)
    rows = connection.execute(statement.where(d.source == source, d.listed_at.is_not(None)))
    return {
        key: ListedRow(moment(int(at)), int(findings), fingerprint)
        for key, at, findings, fingerprint in rows
    }


def keep(connection: Connection, run: int, keys: Sequence[int]) -> None:
    """Copy the last listing of devices to their scan rows of a run."""
    last = select(device.c.listed_at, device.c.listed).where(device.c.key == scan.c.device)
    statement = (
        update(scan)
        .where(scan.c.run == run, scan.c.device == bindparam("on"))
        .values(
            scanned_at=last.with_only_columns(device.c.listed_at).scalar_subquery(),
            findings=last.with_only_columns(device.c.listed).scalar_subquery(),
        )
    )
    if keys:
        connection.execute(statement, [{"on": key} for key in keys])


def end_absent(
    connection: Connection, source: int, run: int, inventory: Inventory, keys: Collection[int]
) -> None:
    """End the rows that a complete inventory no longer lists; `keys` are its devices."""
    customers = {(source, c.id) for c in inventory.customers}
    sites = {(source, s.id) for s in inventory.sites}
    devices = {(key,) for key in keys}
    validity.close_absent(connection, customer, customer.c.source == source, run, customers)
    validity.close_absent(connection, site, site.c.source == source, run, sites)
    validity.close_absent(connection, description, _described(source), run, devices)


def _described(source: int) -> ColumnElement[bool]:
    return description.c.device.in_(select(device.c.key).where(device.c.source == source))


def _device_keys(connection: Connection, source: int, devices: Sequence[Device]) -> dict[str, int]:
    """Assign a permanent key to every new device; return the keys of `devices`."""
    known = _known(connection, source)
    unknown = [{"source": source, "id": d.id} for d in devices if d.id not in known]
    for some in validity.parts(unknown):
        connection.execute(insert(device), some)
    if unknown:
        known = _known(connection, source)
    return {d.id: known[d.id] for d in devices}


def _known(connection: Connection, source: int) -> dict[str, int]:
    rows = connection.execute(select(device.c.id, device.c.key).where(device.c.source == source))
    return {row[0]: row[1] for row in rows}


def _say(machine: Device) -> validity.Values:
    """Return the attributes that seldom change, in the order of the `description` columns."""
    place = machine.customer_id, machine.site_id, machine.name
    return (*place, *cells_of(machine, DESCRIBED))


def _write_scans(connection: Connection, run: int, devices: dict[int, Device]) -> None:
    """Rewrite the scan rows of a run for `devices`, keeping what is recorded in them."""
    recorded = {
        row.device: (row.scanned_at, row.findings, row.changes)
        for row in connection.execute(select(scan).where(scan.c.run == run))
    }
    connection.execute(delete(scan).where(scan.c.run == run))
    # Directly by the driver: SQLAlchemy would double the time.
    statement = str(insert(scan).compile(dialect=connection.dialect))
    for keys in validity.parts(list(devices)):
        rows = [
            (
                *(run, key),
                *cells_of(devices[key], SEEN),
                *recorded.get(key, (None, None, 0)),
            )
            for key in keys
        ]
        connection.exec_driver_sql(statement, rows)


def _contradiction(what: str) -> StoreError:
    return StoreError(
        f"the inventory {what}",
        hint="nothing of it was recorded; sync again, and ask the source if it stays so",
    )
