"""Catalogue calls: patches by id, packages, products, vulnerabilities, the version.

Only the counts of vulnerabilities depend on assets. [D: get_patch_catalog_patches.htm,
get_patch_catalog_patch.htm; O: qualysdk]
"""

from collections.abc import Mapping, Sequence
from typing import Any

from patchfleet.emulator.qualys.paging import attribute_names, in_order, numbered_page, trimmed
from patchfleet.emulator.qualys.patch import CataloguePatch, Vulnerability
from patchfleet.emulator.qualys.patch_records import catalogued, packages
from patchfleet.emulator.qualys.patches import SORTED_BY
from patchfleet.emulator.qualys.qql import Token, matcher
from patchfleet.emulator.qualys.request import Refused, Request
from patchfleet.emulator.qualys.state import SubscriptionState
from patchfleet.emulator.qualys.timestamps import milliseconds

MOST_IDS = 1000
"""The most ids in one call: a choice; clients send up to 1,000 [O: qualysdk]."""
APP_VERSION = "3.12.0.0-7"
_SEVERITIES = ("Critical", "Important", "Moderate", "Low", "None")
_PACKAGE_TOKENS: Mapping[str, Token[Mapping[str, str]]] = {
    name: Token("text", lambda row, name=name: row[name])  # type: ignore[misc]
    for name in ("packageName", "architecture")
}


class CatalogueCalls:
    """Answers the calls about the catalogue of a subscription."""

    def __init__(self, state: SubscriptionState) -> None:
        self._state = state
        at = "/pm/v1/patchcatalog/patch"
        self.routes = {
            ("POST", f"{at}es"): ("get_patch_catalog", self._by_id),
            ("GET", f"{at}es"): ("list_patch_catalog", self._by_filter),
            ("GET", f"{at}/packages"): ("get_packages_in_linux_patch", self._packages),
            ("GET", f"{at}/products/vulnerability/count"): ("count_product_vulns", self._counts),
            ("GET", rf"{at}/(?P<patch_id>[^/]+)/products"): (
                "get_products_in_windows_patch",
                self._products,
            ),
            ("POST", "/pm/v1/vulnerabilities"): ("lookup_cves", self._vulnerabilities),
            ("GET", "/pm/v1/details"): ("get_version", _version),
        }

    def _by_id(self, request: Request) -> Any:
        """Return the platform's patches with the given ids; others are omitted [O]."""
        wanted = texts(request.fields.get("patchUuid"), "patchUuid")
        known = (self._state.patches.get(one) for one in dict.fromkeys(wanted))
        found = [one for one in known if one and one.platform == request.platform]
        return _rows(in_order(found, request.query.get("sort", ""), SORTED_BY), request)

    def _by_filter(self, request: Request) -> Any:
        query, platform = request.query.get("filter", ""), request.platform
        found = self._state.remembered(
            ("catalogue", platform, query), lambda: self._state.patches_matching(query, platform)
        )
        ordered = in_order(found, request.query.get("sort", ""), SORTED_BY)
        return _rows(numbered_page(ordered, request), request)

    def _packages(self, request: Request) -> Any:
        patch = self._patch(request.query.get("patchUuid", ""), "Linux")
        fits = matcher(request.query.get("filter", ""), _PACKAGE_TOKENS, self._state.now)
        return numbered_page([row for row in packages(patch) if fits(row)], request)

    def _products(self, request: Request) -> Any:
        patch = self._patch(request.groups["patch_id"], "Windows")
        return [{"product": list(patch.products)}]

    def _patch(self, patch_id: str, platform: str) -> CataloguePatch:
        patch = self._state.patches.get(patch_id)
        if patch is None or patch.platform != platform:
            raise Refused(404, "1404", f"there is no {platform} patch {patch_id!r}")
        return patch

    def _counts(self, request: Request) -> Any:
        """Return the number of vulnerabilities with a patch, by product [O: qualysdk]."""
        wanted = request.query.get("severityList", "")
        severities = {word.strip() for word in wanted.split(",") if word.strip()}
        if not severities <= set(_SEVERITIES):
            raise Refused(400, "1400", f"severityList knows {', '.join(_SEVERITIES)}")
        tags = {tag.strip() for tag in request.query.get("tagUUIDs", "").split(",") if tag.strip()}
        open_qids: dict[str, set[int]] = {}
        patchable: dict[str, set[int]] = {}
        for patch in self._missing_somewhere(tags):
            if not severities or patch.vendor_severity in severities:
                open_qids.setdefault(patch.app_family, set()).update(patch.qids)
                if patch.download_method == "AcquireFromVendor":
                    patchable.setdefault(patch.app_family, set()).update(patch.qids)
        return [
            {
                "name": name,
                "totalQIDCount": len(qids),
                "patchableQIDCount": len(patchable.get(name, ())),
                "type": "APP_FAMILY",
                "patchableQIDs": sorted(patchable.get(name, ())),
                "totalQIDs": sorted(qids),
            }
            for name, qids in sorted(open_qids.items())
        ]

    def _missing_somewhere(self, tags: set[str]) -> Sequence[CataloguePatch]:
        """Return the patches missing on an asset with one of the tags, or on any asset."""
        found: dict[str, CataloguePatch] = {}
        for asset in self._state.assets.values():
            if not tags or tags & asset.tag_ids:
                found |= asset.missing
        return list(found.values())

    def _vulnerabilities(self, request: Request) -> Any:
        """Return the details of QIDs; unknown ones are omitted (a choice)."""
        qids = request.fields.get("qids")
        if not isinstance(qids, list) or len(qids) > MOST_IDS:
            raise Refused(400, "1400", f"qids must be a list of up to {MOST_IDS} numbers")
        known = [self._state.vulnerabilities.get(_qid(qid)) for qid in qids]
        return [_vulnerability(one) for one in known if one]


def texts(value: object, name: str) -> list[str]:
    """Return a list of up to 1,000 texts of a body; raise Refused (400) for anything else."""
    if (
        not isinstance(value, list)
        or len(value) > MOST_IDS
        or not all(isinstance(one, str) for one in value)
    ):
        raise Refused(400, "1400", f"{name} must be a list of up to {MOST_IDS} ids")
    return value


def _qid(value: object) -> int:
    if isinstance(value, int) or (isinstance(value, str) and value.isdecimal()):
        return int(value)
    raise Refused(400, "1400", f"a QID is a number, not {value!r}")


def _rows(patches: Sequence[CataloguePatch], request: Request) -> list[Mapping[str, Any]]:
    names = attribute_names(request.query.get("attributes"))
    return [trimmed(catalogued(patch), names) for patch in patches]


def _vulnerability(one: Vulnerability) -> dict[str, Any]:
    return {
        "id": one.qid,
        "title": one.title,
        "cves": list(one.cves) or None,
        "detectedDate": milliseconds(one.detected_at),
        "severity": one.severity,
        "vulnType": one.type,
    }


def _version(_: Request) -> Any:
    return {"appVersion": APP_VERSION, "appName": "Patch Management"}
