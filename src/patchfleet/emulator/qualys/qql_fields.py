"""QQL tokens of patches, vulnerabilities and PM assets.

The tokens of official or working queries, and others named after a field; which more the vendor has
is unknown.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from patchfleet.emulator.qualys.asset import Asset, Tag
from patchfleet.emulator.qualys.patch import CataloguePatch, Vulnerability
from patchfleet.emulator.qualys.qql import Token, matcher

_PatchToken = Token[CataloguePatch]


def _patch_status(patch: CataloguePatch) -> list[str]:
    missing = ["Missing"] if patch.missing_count else []
    return missing + (["Installed"] if patch.installed_count else [])


PATCH_TOKENS: dict[str, _PatchToken] = {
    "id": Token("text", lambda one: one.uuid),
    "title": Token("text", lambda one: one.title),
    "vendor": Token("text", lambda one: one.vendor),
    "vendorSeverity": Token("text", lambda one: one.vendor_severity),
    "rebootRequired": Token("flag", lambda one: one.reboot_required),
    "isSecurity": Token("flag", lambda one: one.is_security),
    "isSuperseded": Token("flag", lambda one: one.is_superseded),
    "isRollback": Token("flag", lambda one: one.is_rollback),
    "patchStatus": Token("text", _patch_status),
    "appFamily": Token("text", lambda one: one.app_family),
    "product": Token("text", lambda one: one.products),
    "category": Token("text", lambda one: one.category),
    "architecture": Token("text", lambda one: one.architectures),
    "downloadMethod": Token("text", lambda one: one.download_method),
    "bulletin": Token("text", lambda one: one.bulletin),
    "kb": Token("text", lambda one: one.kb),
    "cve": Token("text", lambda one: one.cves),
    "qid": Token("number", lambda one: one.qids),
    "package": Token("text", lambda one: one.packages),
    "publishedDate": Token("date", lambda one: one.published_at),
    "modifiedDate": Token("date", lambda one: one.modified_at),
    "lastModified": Token("date", lambda one: one.modified_at),
    "missingCount": Token("number", lambda one: one.missing_count),
    "installedCount": Token("number", lambda one: one.installed_count),
}

VULNERABILITY_TOKENS: dict[str, Token[Vulnerability]] = {
    "qid": Token("number", lambda one: one.qid),
    "title": Token("text", lambda one: one.title),
    "cve": Token("text", lambda one: one.cves),
    "cves": Token("text", lambda one: one.cves),
    "severity": Token("number", lambda one: one.severity),
    "vulnType": Token("text", lambda one: one.type),
    "detectedDate": Token("date", lambda one: one.detected_at),
    "vulnerabilities.vulnerability.qid": Token("number", lambda one: one.qid),
    "vulnerabilities.vulnerability.severity": Token("number", lambda one: one.severity),
    "vulnerabilities.vulnerability.cveIds": Token("text", lambda one: one.cves),
}


def _asset_tokens(tags: Mapping[str, Tag]) -> dict[str, Token[Asset]]:
    def tag_names(asset: Asset) -> list[str]:
        return [tags[guid].name for guid in asset.tag_ids]

    return {
        "id": Token("text", lambda one: one.uuid),
        "name": Token("text", lambda one: one.name),
        "operatingSystem": Token("text", lambda one: one.machine.system.name),
        "platform": Token("text", lambda one: one.platform),
        "status": Token("text", lambda _: "Enabled"),
        "scanStatus": Token("text", lambda _: "Scanned"),
        "lastLoggedOnUser": Token("text", lambda one: one.machine.user or None),
        "tags.name": Token("text", tag_names),
        "tags.id": Token("text", lambda one: list(one.tag_ids)),
        "missingPatchCount": Token(
            "number", lambda one: len(one.missing) + len(one.reboot_pending)
        ),
        "installedPatchCount": Token("number", lambda one: len(one.installed)),
        "pendingReboot": Token("flag", lambda one: bool(one.reboot_pending)),
        "interfaces.address": Token("text", lambda one: one.machine.ip),
        "scanDateTime": Token("date", lambda one: one.scanned_at),
    }


def patch_filter(qql: str, now: datetime) -> Callable[[CataloguePatch], bool]:
    """Return the test of a patch query; raise Refused (400) for a bad one."""
    return matcher(qql, PATCH_TOKENS, now)


def vulnerability_filter(qql: str, now: datetime) -> Callable[[Vulnerability], bool]:
    """Return the test of a vulnerability query; raise Refused (400) for a bad one."""
    return matcher(qql, VULNERABILITY_TOKENS, now)


def asset_filter(qql: str, now: datetime, tags: Mapping[str, Tag]) -> Callable[[Asset], bool]:
    """Return the test of an asset query; raise Refused (400) for a bad one."""
    return matcher(qql, _asset_tokens(tags), now)
