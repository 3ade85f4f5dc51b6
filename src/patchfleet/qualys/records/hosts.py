"""Assets of the inventory (GAV), in Qualys's words (docs/qualys.md) [O: peer, qualyspy].

Anything below the first level is plain dicts and lists, as on the wire: a list there may be a
single object, and a date the words "Not Announced".
"""

from typing import Any

from patchfleet.qualys.records.jobs import RawMoment
from patchfleet.qualys.records.record import Record, TimestampField, raw


class Host(Record):
    """One asset of the inventory; `agentId` is the asset's id in patch management, or None."""

    assetId: int | None = None
    assetUUID: str | None = None
    hostId: int | None = None
    agentId: str | None = None
    lastModifiedDate_raw: RawMoment = raw("lastModifiedDate")
    createdDate_raw: RawMoment = raw("createdDate")
    sensorLastUpdatedDate_raw: RawMoment = raw("sensorLastUpdatedDate")
    lastBoot_raw: RawMoment = raw("lastBoot")
    assetType: str | None = None
    address: str | None = None
    dnsName: str | None = None
    assetName: str | None = None
    netbiosName: str | None = None
    timeZone: str | None = None
    biosDescription: str | None = None
    totalMemory: int | None = None
    cpuCount: int | None = None
    lastLoggedOnUser: str | None = None
    domainRole: str | None = None
    hwUUID: str | None = None
    biosSerialNumber: str | None = None
    biosAssetTag: str | None = None
    isContainerHost: bool | None = None
    operatingSystem: dict[str, Any] | None = None
    hardware: dict[str, Any] | None = None
    userAccountListData: dict[str, Any] | None = None
    openPortListData: dict[str, Any] | None = None
    volumeListData: dict[str, Any] | None = None
    networkInterfaceListData: dict[str, Any] | None = None
    softwareListData: dict[str, Any] | None = None
    provider: str | None = None
    cloudProvider: dict[str, Any] | None = None
    agent: dict[str, Any] | None = None
    sensor: dict[str, Any] | None = None
    container: dict[str, Any] | None = None
    inventory: Any = None
    inventoryListData: dict[str, Any] | None = None
    activity: dict[str, Any] | None = None
    tagList: dict[str, Any] | None = None
    serviceList: Any = None
    lastLocation: dict[str, Any] | None = None
    criticality: dict[str, Any] | None = None
    riskScore: int | None = None
    whois: Any = None
    customAttributes: Any = None
    processor: Any = None

    lastModifiedDate = TimestampField()
    createdDate = TimestampField()
    sensorLastUpdatedDate = TimestampField()
    lastBoot = TimestampField()


class HostList(Record):
    """The assets of a page."""

    asset: list[Host] | Host | None = None


class HostPage(Record):
    """One page of the inventory, with its response code and cursor."""

    responseMessage: str | None = None
    responseCode: str | None = None
    count: int | None = None
    lastSeenAssetId: int | None = None
    hasMore: int | None = None
    assetListData: HostList | None = None
