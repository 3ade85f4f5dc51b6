"""Patch calls: lists and counts.

Lists are sorted newest published first (a choice) unless the caller sorts. GET is paged by number,
up to 10,000 records; POST by cursor, without a limit. [D: get_patch_count_customer.htm; O:
qualysdk, kb]
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from patchfleet.emulator.qualys import cursors
from patchfleet.emulator.qualys.paging import (
    LARGEST_PAGE,
    attribute_names,
    in_order,
    numbered_page,
    trimmed,
)
from patchfleet.emulator.qualys.patch import CataloguePatch
from patchfleet.emulator.qualys.patch_records import PatchWriter, listed
from patchfleet.emulator.qualys.qql_fields import PATCH_TOKENS
from patchfleet.emulator.qualys.request import Refused, Request, json_answer, text_of, written
from patchfleet.emulator.qualys.state import SubscriptionState
from patchfleet.emulator.response import Response

Patches = Sequence[CataloguePatch]
Readers = Mapping[str, Callable[[CataloguePatch], Any]]

SORTED_BY: Readers = {
    name: PATCH_TOKENS[name].read
    for name in (
        "title", "vendor", "vendorSeverity", "publishedDate", "modifiedDate", "kb", "bulletin",
        "category", "missingCount", "installedCount",
    )
}  # fmt: skip
_GROUPS: Readers = {
    "vendorSeverity": lambda patch: patch.vendor_severity,
    "appFamily": lambda patch: patch.app_family,
}


class PatchCalls:
    """Answers the calls about the patches of a subscription."""

    def __init__(self, state: SubscriptionState) -> None:
        self._state = state
        self._writer = PatchWriter()
        self.routes = {
            ("POST", "/pm/v2/patches"): ("get_patches", self._after),
            ("GET", "/pm/v1/patches"): ("get_patches_v1", self._numbered),
            ("GET", "/pm/v1/patches/count"): ("get_patch_count", self._count),
        }

    def _numbered(self, request: Request) -> Response:
        found = self._found(request.platform, request.query)
        ordered = in_order(found, request.query.get("sort", ""), SORTED_BY)
        return self._page(numbered_page(ordered, request), request.query)

    def _after(self, request: Request) -> Response:
        inputs = request.fields
        found = self._found(request.platform, inputs)
        key = "keys", request.platform, text_of(inputs, "query"), text_of(inputs, "havingQuery")
        keys = self._state.remembered(key, lambda: [_key(patch) for patch in found])
        size = request.number("pageSize", 10, 1, LARGEST_PAGE)
        page, headers = cursors.page_after(found, keys, request, size)
        answer = self._page(page, inputs)
        return Response(answer.status, (*answer.headers, *headers), answer.body)

    def _page(self, page: Patches, inputs: Mapping[str, Any]) -> Response:
        names = attribute_names(inputs.get("attributes"))
        if names:
            return json_answer([trimmed(listed(patch), names) for patch in page])
        return written(self._writer.page(page))

    def _count(self, request: Request) -> Any:
        """Return the count; null means none [O: qualysdk]; the grouped form is a choice."""
        found = self._found(request.platform, request.query)
        group = request.query.get("groupBy")
        if not found:
            return {"patches": None}
        if group is None:
            return {"patches": {"count": len(found)}}
        if group not in _GROUPS:
            raise Refused(400, "1400", f"groupBy knows {' and '.join(_GROUPS)}, not {group!r}")
        counts: dict[str, int] = {}
        for patch in found:
            name = _GROUPS[group](patch)
            counts[name] = counts.get(name, 0) + 1
        groups = [{"name": name, "count": count} for name, count in sorted(counts.items())]
        return {"patches": {"count": len(found), "groups": groups}}

    def _found(self, platform: str, inputs: Mapping[str, Any]) -> Patches:
        """Return the patches that match `query` on assets that match `havingQuery` [D: pat]."""
        query, having = text_of(inputs, "query"), text_of(inputs, "havingQuery")
        key = "patches", platform, query, having
        return self._state.remembered(key, lambda: self._find(platform, query, having))

    def _find(self, platform: str, query: str, having: str) -> Patches:
        found = self._state.patches_matching(query, platform)
        if not having.strip():
            return found
        assets = self._state.assets_matching(having, platform)
        theirs = {
            patch_id
            for asset in assets
            for patches in (asset.missing, asset.installed, asset.reboot_pending)
            for patch_id in patches
        }
        return [patch for patch in found if patch.uuid in theirs]


def _key(patch: CataloguePatch) -> tuple[float, int]:
    return -patch.published_at.timestamp(), -patch.number
