"""Qualys Patch Management: `Qualys(username, password, "qg1")`, or the functions of `pm`."""

from patchfleet._renamed import renamed
from patchfleet.qualys.auth import ClientOptions, TokenAuth
from patchfleet.qualys.client import AsyncQualys, Qualys
from patchfleet.qualys.operations.catalogue import AssetUuid
from patchfleet.qualys.operations.reports import Mitigation, PMReport
from patchfleet.qualys.records.base_list import BaseList
from patchfleet.qualys.records.hosts import Host
from patchfleet.qualys.records.jobs import (
    JobChange,
    JobCreated,
    JobResultSummary,
    PMAssetJobView,
    PMDeploymentJob,
    PMJob,
    PMRun,
    Tag,
)
from patchfleet.qualys.records.patches import (
    AssociatedProduct,
    CatalogPatch,
    PackageDetail,
    PMAsset,
    PMPatch,
    PMVulnerability,
    ProductVulnCount,
)
from patchfleet.transport.rate_limit import RateLimit
from patchfleet.transport.retry import Retries

__all__ = [
    "AssetUuid",
    "AssociatedProduct",
    "AsyncQualys",
    "BaseList",
    "CatalogPatch",
    "ClientOptions",
    "Host",
    "JobChange",
    "JobCreated",
    "JobResultSummary",
    "Mitigation",
    "PMAsset",
    "PMAssetJobView",
    "PMDeploymentJob",
    "PMJob",
    "PMPatch",
    "PMReport",
    "PMRun",
    "PMVulnerability",
    "PackageDetail",
    "ProductVulnCount",
    "Qualys",
    "RateLimit",
    "Retries",
    "Tag",
    "TokenAuth",
]

__getattr__ = renamed(__name__)
