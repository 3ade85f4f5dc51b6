"""Clients, their sites and their devices."""

from functools import partial
from operator import attrgetter
from xml.etree.ElementTree import Element

from patchfleet.errors import ConfigError
from patchfleet.nsight.envelope import Answer, children, opened, text_of
from patchfleet.nsight.operations.request import call, number, repeated
from patchfleet.nsight.records.inventory import (
    CheckCount,
    Client,
    Device,
    DeviceType,
    ListedDevice,
    Site,
)
from patchfleet.nsight.records.record import R, Records, id_of, read, read_all
from patchfleet.transport.messages import Response
from patchfleet.transport.operation import Echo, Operation

DEVICE_TYPES: tuple[DeviceType, ...] = ("server", "workstation", "mobile_device")


def list_clients(devicetype: DeviceType | None = None) -> Operation[Records[Client]]:
    """List all clients the key may see, or only those with active devices of one type.

    It needs no parameter, so it is also the way to test a key. `answered_at` is the time of the
    list by the server's clock [D: listing_clients_.htm].
    """
    if devicetype is not None:
        _checked(devicetype)
    return call("list_clients", partial(_list, "client", Client), devicetype=devicetype)


def list_sites(clientid: int) -> Operation[Records[Site]]:
    """List the sites of a client [D: listing_sites.htm]."""
    client = number("clientid", clientid)
    return call(
        "list_sites",
        partial(_list, "site", Site),
        echoes=(repeated("client", client, "clientid"),),
        clientid=client,
    )


def list_servers(siteid: int) -> Operation[Records[Device]]:
    """List the servers of a site in full [D: listing_servers.htm]."""
    return _at_site("list_servers", "server", siteid)


def list_workstations(siteid: int) -> Operation[Records[Device]]:
    """List the workstations of a site in full [D: listing_workstations_.htm]."""
    return _at_site("list_workstations", "workstation", siteid)


def list_agentless_assets(siteid: int) -> Operation[Records[Device]]:
    """List the agentless assets of a site; the feature is deprecated and the list usually empty.

    [D: listing_agentless_assets_.htm] [O: mspbots]
    """
    return _at_site("list_agentless_assets", "workstation", siteid)


def list_devices_at_client(
    clientid: int, devicetype: DeviceType
) -> Operation[Records[ListedDevice]]:
    """List the devices of one type of a client, with whether patches are managed on each.

    [D: listing_devices_at_client_.htm]
    """
    client = number("clientid", clientid)
    return call(
        "list_devices_at_client",
        partial(_read_listed, devicetype),
        echoes=(Echo("client", client, attrgetter("clients")),),
        clientid=client,
        devicetype=_checked(devicetype),
    )


def _at_site(service: str, kind: str, siteid: int) -> Operation[Records[Device]]:
    site = number("siteid", siteid)
    return call(
        service,
        partial(_list, kind, Device),
        echoes=(repeated("site", site, "siteid"),),
        siteid=site,
    )


def _checked(devicetype: str) -> str:
    """Refuse a type that the server would refuse: it takes lower case only [O: ps-rmm]."""
    if devicetype not in DEVICE_TYPES:
        raise ConfigError(
            f"devicetype is {devicetype!r}", hint="one of: " + ", ".join(DEVICE_TYPES)
        )
    return devicetype


def _list(name: str, record: type[R], response: Response) -> Records[R]:
    answered = opened(response)
    return read_all(answered.items(name), record, answered)


def _read_listed(devicetype: str, response: Response) -> Records[ListedDevice]:
    answered = opened(response)
    devices: Records[ListedDevice] = Records()
    for client in answered.items("client"):
        client_id, client_name = id_of(client, "id"), text_of(client, "name")
        devices.clients += (client_id,)
        for site in answered.inner(client, "site"):
            site_id, site_name = id_of(site, "id"), text_of(site, "name")
            for element in answered.inner(site, devicetype):
                devices.append(
                    read(
                        element,
                        ListedDevice,
                        answered,
                        device_type=devicetype,
                        site_id=site_id,
                        site_name=site_name,
                        client_id=client_id,
                        client_name=client_name,
                        checkcounts=_counts(element, answered),
                    )
                )
    devices.answered_at, devices.problems = answered.answered_at, tuple(answered.problems)
    return devices


def _counts(device: Element, answered: Answer) -> list[CheckCount]:
    return read_all(list(children(device, "checkcount")), CheckCount, answered)
