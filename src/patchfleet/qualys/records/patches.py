"""Patches, the assets that lack them, the catalogue and vulnerabilities, in Qualys's words.

Fields and types are those of docs/qualys.md.
"""

from typing import Any

from patchfleet.qualys.records.jobs import Interface, NamedId, RawMoment
from patchfleet.qualys.records.record import Record, TimestampField, raw


class PackageDetail(Record):
    """One package of a Linux patch."""

    packageName: str | None = None
    architecture: str | None = None
    patchId: str | None = None


class PMPatch(Record):
    """One patch, with how many assets lack it and have it [D: pat; further fields O: peer].

    `isSuperseded` is null on Linux, where nothing is superseded.
    """

    id: str | None = None
    title: str | None = None
    type: str | None = None
    platform: str | None = None
    architecture: list[str] | None = None
    bulletin: str | None = None
    category: str | None = None
    cve: list[str] | None = None
    kb: str | None = None
    modifiedDate_raw: RawMoment = raw("modifiedDate")
    publishedDate_raw: RawMoment = raw("publishedDate")
    appFamily: list[str] | None = None
    product: list[str] | None = None
    qid: list[str] | None = None
    rebootRequired: bool | None = None
    supersededBy: list[str] | None = None
    supersedes: list[str] | None = None
    vendor: str | None = None
    vendorSeverity: str | None = None
    vendorlink: str | None = None
    missingCount: int | None = None
    installedCount: int | None = None
    downloadMethod: str | None = None
    advisory: str | None = None
    enabled: bool | None = None
    packageDetails: list[PackageDetail] | None = None
    isSecurity: bool | None = None
    isSuperseded: bool | None = None
    isRollback: bool | None = None
    isCustomizedDownloadUrl: bool | None = None

    modifiedDate = TimestampField()
    publishedDate = TimestampField()


class CatalogPatch(Record):
    """One patch of the catalogue [D: cat1, cat2; further fields O: peer]."""

    patchId: str | None = None
    id: str | None = None
    title: str | None = None
    type: str | None = None
    appFamily: list[str] | None = None
    vendor: str | None = None
    product: list[str] | None = None
    platform: str | None = None
    kb: str | None = None
    isSuperseded: bool | None = None
    isSecurity: bool | None = None
    isRollback: bool | None = None
    servicePack: bool | None = None
    advisory: str | None = None
    vendorlink: str | None = None
    osIdentifier: str | None = None
    advisoryLink: str | None = None
    deleted: bool | None = None
    rebootRequired: bool | None = None
    vendorSeverity: str | None = None
    description: str | None = None
    qid: list[str] | None = None
    enabled: bool | None = None
    downloadMethod: str | None = None
    supportedOs: list[str] | str | None = None
    supersedes: list[str] | None = None
    notification: dict[str, Any] | None = None
    cve: list[str] | None = None
    architecture: list[str] | None = None
    packageDetails: list[PackageDetail] | None = None
    patchFeedProviderId: int | None = None
    syncDateTime_raw: RawMoment = raw("syncDateTime")
    vendorPatchId: str | None = None
    modifiedDate_raw: RawMoment = raw("modifiedDate")
    publishedDate_raw: RawMoment = raw("publishedDate")
    category: str | None = None
    isEsuPatch: bool | None = None
    supersededBy: list[str] | None = None
    bulletin: str | None = None

    syncDateTime = TimestampField()
    modifiedDate = TimestampField()
    publishedDate = TimestampField()


class AssociatedProduct(Record):
    """The products that a Windows patch is for."""

    product: list[str] | None = None
    patchId: str | None = None


class ProductVulnCount(Record):
    """The number of vulnerabilities of a product, and of those that a patch would fix."""

    name: str | None = None
    type: str | None = None
    severity: str | None = None
    totalQIDCount: int | None = None
    patchableQIDCount: int | None = None
    totalQIDs: list[Any] | None = None
    patchableQIDs: list[Any] | None = None


class PMVulnerability(Record):
    """One vulnerability, by Qualys's number (`id` is the QID), with its CVEs."""

    id: int | None = None
    title: str | None = None
    cves: list[str] | None = None
    detectedDate_raw: RawMoment = raw("detectedDate")
    severity: int | None = None
    vulnType: str | None = None

    detectedDate = TimestampField()


class Hardware(Record):
    """Maker and model of an asset."""

    manufacturer: str | None = None
    model: str | None = None


class AssetPatch(Record):
    """A patch as an asset names it: its id, and further fields if sent [D: 3.9, cut]."""

    id: str | None = None


class PMAsset(Record):
    """One asset of patch management [D: 3.9; further fields O: peer]."""

    id: str | None = None
    name: str | None = None
    operatingSystem: str | None = None
    lastLoggedOnUser: str | None = None
    assetStatus: str | None = None
    scanStatus: str | None = None
    status: str | None = None
    statusCode: int | None = None
    statusDateTime_raw: RawMoment = raw("statusDateTime")
    scanDateTime_raw: RawMoment = raw("scanDateTime")
    hardware: Hardware | None = None
    tags: list[NamedId] | None = None
    interfaces: list[Interface] | None = None
    installedPatches: list[AssetPatch | str] | None = None
    missingPatches: list[AssetPatch | str] | None = None
    version: str | None = None
    platform: str | None = None
    osIdentifier: str | None = None
    installedPatchCount: int | None = None
    missingPatchCount: int | None = None
    nonSupersededMissingPatchCount: int | None = None
    activatedModules: list[str] | None = None
    architecture: str | None = None
    osNotSupportedForModules: list[str] | None = None

    statusDateTime = TimestampField()
    scanDateTime = TimestampField()
