"""`patchfleet nsight clients`, `sites`, `devices` and `patches`."""

from collections.abc import Collection, Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from patchfleet.cli.options import (
    check_names,
    customer_option,
    device_options,
    finding_options,
    named,
    no_such,
    output_options,
)
from patchfleet.cli.session import Session, pass_session
from patchfleet.config import NSIGHT
from patchfleet.errors import StoreError
from patchfleet.models import DEVICE_KINDS, Selection
from patchfleet.models.selection import close_names, is_named
from patchfleet.nsight import Client, ListedDevice, NAble
from patchfleet.nsight.records.inventory import DeviceType

if TYPE_CHECKING:
    from patchfleet.store import Snapshot


@click.command()
@output_options
@pass_session
def clients(session: Session, *, as_json: bool, outputs: tuple[Path, ...]) -> None:
    """List the clients (customers) the key can see.

    Read from N-able now, with one call.
    """
    from patchfleet.report import Column, Table

    with session.nable() as client:
        rows = [
            (
                str(one.client_id),
                one.name,
                one.server_count,
                one.workstation_count,
                one.mobile_device_count,
                one.timezone,
                one.creation_date,
            )
            for one in client.list_clients()
        ]
    columns = (
        Column("customer_id", "Id"),
        Column("customer", "Customer"),
        Column("server_count", "Servers", "integer"),
        Column("workstation_count", "Workstations", "integer"),
        Column("mobile_device_count", "Mobile devices", "integer"),
        Column("timezone", "Time zone"),
        Column("creation_date", "Created"),
    )
    table = Table(name="clients", title="Customers", columns=columns, rows=rows)
    session.show(table, as_json=as_json, outputs=outputs)


@click.command()
@customer_option
@output_options
@pass_session
def sites(
    session: Session, *, customers: tuple[str, ...], as_json: bool, outputs: tuple[Path, ...]
) -> None:
    """List the sites of all or some customers.

    Read from N-able now: one call, and one more for each customer.
    """
    from patchfleet.report import Column, Table

    with session.nable() as client:
        rows = [
            (one.name, str(site.site_id), site.name, site.creation_date)
            for one in _customers(client, Selection(customers=customers))
            for site in client.list_sites(one.client_id)
        ]
    columns = (
        Column("customer", "Customer"),
        Column("site_id", "Id"),
        Column("site", "Site"),
        Column("creation_date", "Created"),
    )
    table = Table(name="sites", title="Sites", columns=columns, rows=rows)
    session.show(table, as_json=as_json, outputs=outputs)


@click.command()
@device_options
@output_options
@pass_session
def devices(
    session: Session, *, selection: Selection, as_json: bool, outputs: tuple[Path, ...]
) -> None:
    """List the devices of all or some customers.

    Read from N-able now: one call, and two more for each customer.
    """
    from patchfleet.report import Column, Table

    with session.nable() as client:
        rows = [
            (
                one.client_name,
                one.site_name,
                str(one.device_id),
                one.name,
                one.device_type,
                one.status,
                one.patch,
                one.username,
                one.description,
            )
            for one in _listed(client, selection)
        ]
    columns = (
        Column("customer", "Customer"),
        Column("site", "Site"),
        Column("device_id", "Id"),
        Column("device", "Device"),
        Column("kind", "Kind"),
        Column("status", "Status"),
        Column("is_patched", "Patch management", "flag", is_actionable=False),
        Column("user", "User", is_detail=True),
        Column("description", "Description", is_detail=True),
    )
    table = Table(name="devices", title="Devices", columns=columns, rows=rows)
    session.show(table, as_json=as_json, outputs=outputs)


@click.command()
@click.argument("patterns", nargs=-1, metavar="[PATCH]...", callback=named)
@finding_options
@click.option("--live", is_flag=True, help="Read from N-able now, with one call per device.")
@output_options
@pass_session
def patches(
    session: Session,
    *,
    patterns: tuple[str, ...],
    selection: Selection,
    live: bool,
    as_json: bool,
    outputs: tuple[Path, ...],
) -> None:
    """List recorded patches, or those of a device now.

    PATCH is a KB number or part of a title. Patches come from the last complete sync, or with
    --live from N-able now; --live needs --device with the ids of devices.

    \b
    For example:
      patchfleet nsight patches KB5049981 --servers
      patchfleet nsight patches --status failed --output failed.xlsx
      patchfleet nsight patches --live --device 100097
    """  # noqa: D301 -- \b is what click wants, not a backslash
    selection = with_patterns(selection, patterns)
    if live:
        from patchfleet.cli.nsight.live_patches import live_patches

        session.show(live_patches(session, selection), as_json=as_json, outputs=outputs)
        return
    from patchfleet.report.tables import findings_table
    from patchfleet.store.queries import findings

    with session.snapshot() as snapshot:
        check_names(snapshot, selection)
        accounts = session.account_names(NSIGHT)
        as_of = as_of_accounts(snapshot, accounts)
        session.info(f"as of {as_of:%Y-%m-%d %H:%M} UTC, the last complete sync")
        table = findings_table(
            [row for row in findings(snapshot, selection) if row.source in accounts]
        )
        session.show(table, as_json=as_json, outputs=outputs)


def as_of_accounts(snapshot: "Snapshot", accounts: Collection[str]) -> datetime:
    """Return the time of the oldest of the accounts' last complete syncs.

    Raises `StoreError` if none of them has one.
    """
    times = [one.as_of for one in snapshot.publications if one.source in accounts]
    if not times:
        raise StoreError("no complete sync of N-sight is on record", hint="run `patchfleet sync`")
    return min(times)


def with_patterns(selection: Selection, patterns: tuple[str, ...]) -> Selection:
    """Add the patches given as arguments to those given by --title."""
    import msgspec

    return msgspec.structs.replace(selection, patches=(*selection.patches, *patterns))


def _customers(client: NAble, selection: Selection) -> list[Client]:
    everybody = client.list_clients()
    _refuse_unknown(
        selection.customers, "customer", {(one.name, one.client_id) for one in everybody}
    )
    return [one for one in everybody if selection.means_customer(one.name, str(one.client_id))]


def _listed(client: NAble, selection: Selection) -> list[ListedDevice]:
    kinds: tuple[DeviceType, ...] = selection.kinds or DEVICE_KINDS
    devices = [
        device
        for one in _customers(client, selection)
        for kind in kinds
        for device in client.list_devices_at_client(one.client_id, kind)
    ]
    _refuse_unknown(selection.sites, "site", {(d.site_name, d.site_id) for d in devices})
    _refuse_unknown(selection.devices, "device", {(d.name, d.device_id) for d in devices})
    return [
        device
        for device in devices
        if selection.means_site(device.site_name, str(device.site_id))
        and selection.means_device(device.name, str(device.device_id))
    ]


def _refuse_unknown(terms: tuple[str, ...], noun: str, found: Iterable[tuple[str, int]]) -> None:
    """Refuse a name that matches nothing: more often a typo than an empty result."""
    known = sorted(found)
    for term in terms:
        if not any(is_named(term, name, str(number)) for name, number in known):
            close = close_names(term, [name for name, _ in known])
            raise no_such(noun, term, close)
