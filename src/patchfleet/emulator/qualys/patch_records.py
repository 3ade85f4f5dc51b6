"""JSON forms of a patch: in the lists of patches and in the catalogue.

The fields and their order are those of the official pages as far as they could be read, then those
observed in public code [D: get_patch_count_customer.htm, get_patch_catalog_patches.htm; O:
qualysdk].
"""

import json
from collections.abc import Sequence
from typing import Any

from patchfleet.emulator.qualys.patch import CataloguePatch
from patchfleet.emulator.qualys.timestamps import milliseconds

Written = tuple[tuple[object, ...], bytes]


def listed(patch: CataloguePatch) -> dict[str, Any]:
    """Return a patch as GET /pm/v1/patches and POST /pm/v2/patches show it."""
    return {
        **_shared(patch),
        "isCustomizedDownloadUrl": False,
        "missingCount": patch.missing_count,
        "installedCount": patch.installed_count,
    }


def catalogued(patch: CataloguePatch) -> dict[str, Any]:
    """Return a patch as the catalogue shows it."""
    is_windows = patch.platform == "Windows"
    return {
        "patchId": patch.uuid,
        **_shared(patch),
        "servicePack": False,
        "osIdentifier": None if is_windows else patch.app_family,
        "advisoryLink": patch.url or None,
        "deleted": False,
        "description": f"{patch.title}. Published by {patch.vendor}.",
        "supportedOs": list(patch.products) if is_windows else patch.app_family,
        "notification": None,
        "patchFeedProviderId": 1 if is_windows else 2,
        "syncDateTime": milliseconds(patch.listed_at),
        "vendorPatchId": patch.kb or patch.bulletin,
        "isEsuPatch": False,
    }


def _shared(patch: CataloguePatch) -> dict[str, Any]:
    """Return the fields that public code reads from both forms [O: qualysdk], and no others."""
    is_windows = patch.platform == "Windows"
    architectures = list(patch.architectures)
    return {
        "architecture": architectures,
        "bulletin": patch.bulletin,
        "category": patch.category,
        "cve": list(patch.cves) or None,
        "kb": patch.kb,
        "modifiedDate": milliseconds(patch.modified_at),
        "appFamily": [patch.app_family],
        "product": list(patch.products),
        "publishedDate": milliseconds(patch.published_at),
        "qid": [str(qid) for qid in patch.qids] or None,
        "rebootRequired": patch.reboot_required,
        "supersededBy": list(patch.superseded_by),
        "supersedes": list(patch.supersedes),
        "title": patch.title,
        "id": patch.uuid,
        "type": "Application" if is_windows and patch.kb is None else "OS",
        "platform": patch.platform,
        "vendor": patch.vendor,
        "vendorSeverity": patch.vendor_severity,
        "vendorlink": patch.url or None,
        "downloadMethod": patch.download_method,
        "advisory": patch.bulletin,
        "enabled": patch.is_enabled,
        "packageDetails": packages(patch),
        "isSecurity": patch.is_security,
        "isSuperseded": patch.is_superseded if is_windows else None,
        "isRollback": patch.is_rollback,
    }


def packages(patch: CataloguePatch) -> list[dict[str, str]]:
    """Return the packages a Linux patch installs; none for a Windows one."""
    architecture = patch.architectures[0]
    return [{"packageName": name, "architecture": architecture} for name in patch.packages]


class PatchWriter:
    """Writes pages of patches; a patch's JSON is cached until the patch changes."""

    def __init__(self) -> None:
        self._written: dict[str, Written] = {}

    def page(self, patches: Sequence[CataloguePatch]) -> bytes:
        """Return the JSON array of patches as the lists show them."""
        return b"[" + b",".join([self._record(patch) for patch in patches]) + b"]"

    def _record(self, patch: CataloguePatch) -> bytes:
        state = patch.missing_count, patch.installed_count, len(patch.superseded_by)
        known = self._written.get(patch.uuid)
        if known is None or known[0] != state:
            body = json.dumps(listed(patch), ensure_ascii=False).encode()
            known = self._written[patch.uuid] = (state, body)
        return known[1]
