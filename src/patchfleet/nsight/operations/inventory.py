"""The way to a device: clients, their sites, their devices."""

from functools import partial

from patchfleet.errors import ConfigError
from patchfleet.nsight.envelope import answer, children, items, text_of
from patchfleet.nsight.inventory import (
    CheckCount,
    Client,
    Clients,
    Device,
    DeviceType,
    ListedDevice,
    Site,
)
from patchfleet.nsight.operations.calls import call, number
from patchfleet.nsight.records import R, id_of, read, read_all
from patchfleet.nsight.words import stamp
from patchfleet.transport.operation import Operation
from patchfleet.transport.wire import Response

DEVICE_TYPES: tuple[DeviceType, ...] = ("server", "workstation", "mobile_device")


def list_clients(devicetype: DeviceType | None = None) -> Operation[Clients]:
    """List all clients the key may see, or only those with active devices of one type.

    Needs no parameter, so it is also the way to try a key. The list knows when it was made, by the
    server's clock: `answered_at` [D: listing_clients_.htm].
    """
    if devicetype is not None:
        _checked(devicetype)
    return call("list_clients", _read_clients, devicetype=devicetype)


def list_sites(clientid: int) -> Operation[list[Site]]:
    """List the sites of a client [D: listing_sites.htm]."""
    return call("list_sites", partial(_list, "site", Site), clientid=number("clientid", clientid))


def list_servers(siteid: int) -> Operation[list[Device]]:
    """List the servers of a site in full [D: listing_servers.htm]."""
    return call("list_servers", partial(_list, "server", Device), siteid=number("siteid", siteid))


def list_workstations(siteid: int) -> Operation[list[Device]]:
    """List the workstations of a site in full [D: listing_workstations_.htm]."""
    return call(
        "list_workstations",
        partial(_list, "workstation", Device),
        siteid=number("siteid", siteid),
    )


def list_agentless_assets(siteid: int) -> Operation[list[Device]]:
    """List the agentless assets of a site; the feature is deprecated and the list usually empty.

    [D: listing_agentless_assets_.htm] [O: mspbots]
    """
    return call(
        "list_agentless_assets",
        partial(_list, "workstation", Device),
        siteid=number("siteid", siteid),
    )


def list_devices_at_client(clientid: int, devicetype: DeviceType) -> Operation[list[ListedDevice]]:
    """List the devices of one type of a client, with whether patches are managed on each.

    [D: listing_devices_at_client_.htm]
    """
    return call(
        "list_devices_at_client",
        partial(_read_listed, devicetype),
        clientid=number("clientid", clientid),
        devicetype=_checked(devicetype),
    )


def _checked(devicetype: str) -> str:
    """Refuse what the server would refuse: it wants lower case [O: ps-rmm]."""
    if devicetype not in DEVICE_TYPES:
        raise ConfigError(
            f"devicetype is {devicetype!r}", hint="one of: " + ", ".join(DEVICE_TYPES)
        )
    return devicetype


def _read_clients(response: Response) -> Clients:
    root = answer(response)
    clients = Clients(read_all(items(root, "client"), Client))
    clients.answered_at = stamp(root.get("created"))
    return clients


def _list(name: str, record: type[R], response: Response) -> list[R]:
    return read_all(items(answer(response), name), record)


def _read_listed(devicetype: str, response: Response) -> list[ListedDevice]:
    devices: list[ListedDevice] = []
    for client in items(answer(response), "client"):
        client_id = id_of(client, "id")
        for site in children(client, "site"):
            for element in children(site, devicetype):
                counts = children(element, "checkcount")
                devices.append(
                    read(
                        element,
                        ListedDevice,
                        device_type=devicetype,
                        site_id=id_of(site, "id"),
                        site_name=text_of(site, "name"),
                        client_id=client_id,
                        client_name=text_of(client, "name"),
                        checkcounts=[read(count, CheckCount) for count in counts],
                    )
                )
    return devices
