"""PM asset calls: lists, their count, and agents by inventory number.

An asset's written form is cached until it changes. A patch that waits for a restart still counts as
missing (a choice). [D: release_3_9_api.htm; O: qualysdk, rj]
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from patchfleet.emulator.qualys import cursors
from patchfleet.emulator.qualys.asset import Asset
from patchfleet.emulator.qualys.paging import attribute_names, in_order, numbered_page, trimmed
from patchfleet.emulator.qualys.request import (
    Refused,
    Request,
    json_answer,
    text_of,
    whole,
    written,
)
from patchfleet.emulator.qualys.state import SubscriptionState
from patchfleet.emulator.qualys.timestamps import milliseconds
from patchfleet.emulator.response import Response

LARGEST_ASSET_PAGE = 400
"""[O: qualysdk: "default and max"]; the default of 10 is that of the other lists."""
MOST_IDS = 1000
_ACTIVE, _SILENT = ("Success", 20360), ("Failed", 20212)
"""Status words and codes: Failed and 20212 were observed [D: 3.9], the others are choices."""
_MODULES = ("PM", "VM", "GAV")

Assets = Sequence[Asset]
_SORTED_BY: Mapping[str, Callable[[Asset], Any]] = {
    "name": lambda asset: asset.name,
    "operatingSystem": lambda asset: asset.machine.system.name,
    "missingPatchCount": lambda asset: len(asset.missing) + len(asset.reboot_pending),
    "installedPatchCount": lambda asset: len(asset.installed),
    "scanDateTime": lambda asset: asset.scanned_at,
}


class AssetCalls:
    """Answers the calls about the assets of a subscription."""

    def __init__(self, state: SubscriptionState) -> None:
        self._state = state
        self._written: dict[str, tuple[object, bytes]] = {}
        self.routes = {
            ("POST", "/pm/v1/assets"): ("get_assets", self._after),
            ("GET", "/pm/v1/assets"): ("get_assets_v1", self._numbered),
            ("GET", "/pm/v1/assets/count"): ("get_asset_count", self._count),
            ("POST", "/pm/v1/assets/uuids"): ("lookup_host_uuids", self._uuids),
        }

    def _numbered(self, request: Request) -> Response:
        found = self._found(request.platform, request.query)
        ordered = in_order(found, request.query.get("sort", ""), _SORTED_BY)
        page = numbered_page(ordered, request, largest=LARGEST_ASSET_PAGE)
        return self._page(page, request.query)

    def _after(self, request: Request) -> Response:
        inputs = request.fields
        found = self._found(request.platform, inputs)
        keys = [(asset.name, asset.uuid) for asset in found]
        size = request.number("pageSize", 10, 1, LARGEST_ASSET_PAGE)
        page, headers = cursors.page_after(found, keys, request, size)
        answer = self._page(page, inputs)
        return Response(answer.status, (*answer.headers, *headers), answer.body)

    def _count(self, request: Request) -> Any:
        """Return the count in the form of the count of patches, by analogy (a choice)."""
        return {"assets": {"count": len(self._found(request.platform, request.query))}}

    def _uuids(self, request: Request) -> Any:
        """Return the agents of inventory numbers; those without one are omitted [O: qualysdk]."""
        numbers = request.json
        if not isinstance(numbers, list) or len(numbers) > MOST_IDS:
            raise Refused(400, "1400", f"the body must be a list of up to {MOST_IDS} asset ids")
        by_number = self._state.remembered(
            "numbers", lambda: {one.asset_id: one.uuid for one in self._state.assets.values()}
        )
        wanted = dict.fromkeys(whole("asset id", one, 0, 1 << 62) for one in numbers)
        return {
            "mappedAssets": [
                {"assetId": number, "assetUuid": by_number[number]}
                for number in wanted
                if number in by_number
            ]
        }

    def _found(self, platform: str, inputs: Mapping[str, Any]) -> Assets:
        """Return the assets that match `query` and have or miss a patch matching `havingQuery`."""
        query, having = text_of(inputs, "query"), text_of(inputs, "havingQuery")
        key = "assets", platform, query, having
        return self._state.remembered(key, lambda: self._find(platform, query, having))

    def _find(self, platform: str, query: str, having: str) -> Assets:
        found = self._state.assets_matching(query, platform)
        if having.strip():
            theirs = {patch.uuid for patch in self._state.patches_matching(having, platform)}
            found = [asset for asset in found if theirs & _patch_ids(asset)]
        return sorted(found, key=lambda asset: (asset.name, asset.uuid))

    def _page(self, page: Assets, inputs: Mapping[str, Any]) -> Response:
        names = attribute_names(inputs.get("attributes"))
        if names:
            return json_answer([trimmed(self._record(asset), names) for asset in page])
        return written(b"[" + b",".join([self._write(asset) for asset in page]) + b"]")

    def _write(self, asset: Asset) -> bytes:
        state = len(asset.missing), asset.revision, asset.scanned_at, self._replaced_at(asset)
        known = self._written.get(asset.uuid)
        if known is None or known[0] != state:
            body = json.dumps(self._record(asset), ensure_ascii=False).encode()
            known = self._written[asset.uuid] = (state, body)
        return known[1]

    def _replaced_at(self, asset: Asset) -> int:
        """Return how many of its missing patches are superseded by now; this changes with time."""
        return sum(patch.is_superseded for patch in asset.missing.values())

    def _record(self, asset: Asset) -> dict[str, Any]:
        """Return an asset in the order of the official page, then fields of public code."""
        machine = asset.machine
        missing = [*asset.missing, *asset.reboot_pending]
        scanned = milliseconds(asset.scanned_at) if asset.scanned_at else None
        word, code = _ACTIVE if asset.is_reporting else _SILENT
        waiting = [*asset.missing.values(), *asset.reboot_pending.values()]
        return {
            "name": asset.name,
            "id": asset.uuid,
            "operatingSystem": machine.system.name,
            "lastLoggedOnUser": machine.user or None,
            "assetStatus": word,
            "scanStatus": "Scanned",
            "statusCode": code,
            "statusDateTime": scanned,
            "scanDateTime": scanned,
            "hardware": {"model": machine.model, "manufacturer": machine.manufacturer},
            "tags": [
                {"id": guid, "name": self._state.tags[guid].name} for guid in sorted(asset.tag_ids)
            ],
            "interfaces": _interfaces(asset),
            "installedPatches": [{"id": patch_id} for patch_id in asset.installed],
            "missingPatches": [{"id": patch_id} for patch_id in missing],
            "version": "6.2.5.4",
            "platform": asset.platform,
            "osIdentifier": None if asset.platform == "Windows" else machine.system.name,
            "status": "Enabled",
            "installedPatchCount": len(asset.installed),
            "missingPatchCount": len(missing),
            "nonSupersededMissingPatchCount": sum(not patch.is_superseded for patch in waiting),
            "activatedModules": list(_MODULES),
            "architecture": "X86_64",
            "osNotSupportedForModules": None,
        }


def _patch_ids(asset: Asset) -> set[str]:
    return {*asset.missing, *asset.installed, *asset.reboot_pending}


def _interfaces(asset: Asset) -> list[dict[str, str | None]]:
    """Return the network cards; IPv4 and IPv6 of one card are two entries [D: 3.9]."""
    machine = asset.machine
    subnet = machine.ip.rsplit(".", 1)[0]
    entries: list[dict[str, str | None]] = []
    for place, mac in enumerate(machine.macs):
        card = {"interfaceName": f"Ethernet {place}", "macAddress": mac}
        own = machine.ip if place == 0 else f"192.0.2.{machine.number % 250 + 2}"
        gateway = f"{subnet}.1" if place == 0 else None
        entries.append({**card, "ipv6Address": None, "address": own, "gatewayAddress": gateway})
        tail = mac.replace(":", "").lower()
        local = f"fe80::{tail[:4]}:{tail[4:8]}:{tail[8:]}"
        entries.append({**card, "ipv6Address": local, "address": None, "gatewayAddress": None})
    return entries
