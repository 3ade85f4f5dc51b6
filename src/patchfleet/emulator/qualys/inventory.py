"""Asset inventory calls: hosts by query, all hosts, one host, and their count.

POST only; inputs in the query string [O: qualysdk, ax], or as a form in the body [O: two scripts].
The same hosts answer under `/rest/2.0/…/am/asset`, where the body has filters instead of a query
[O: five clients]. A page states where the next one begins; an empty answer is 204 without a body
[O: qualysdk, qy]. Hosts are ordered by number and never appear on two pages.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from patchfleet.emulator.qualys.asset import Tag
from patchfleet.emulator.qualys.enrollment import tags_of
from patchfleet.emulator.qualys.initial_state import last_scan
from patchfleet.emulator.qualys.inventory_filters import filtered
from patchfleet.emulator.qualys.inventory_records import (
    Host,
    category,
    modules,
    software,
    source,
    written_host,
)
from patchfleet.emulator.qualys.paging import attribute_names, trimmed
from patchfleet.emulator.qualys.patch import guid
from patchfleet.emulator.qualys.qql import Token, matcher
from patchfleet.emulator.qualys.request import Refused, Request, json_answer
from patchfleet.emulator.qualys.state import SubscriptionState, inventory_id
from patchfleet.emulator.response import Response

LARGEST_HOST_PAGE = 300
_DEFAULT_PAGE = 100
_WELCOME = "Valid API Access"
_ALWAYS = frozenset({"assetId"})

Hosts = Sequence[Host]
_SOFTWARE = {
    name: Token("text", lambda row, name=name: row[name])  # type: ignore[misc]
    for name in ("name", "version")
}
_INTERFACES: dict[str, Token[Host]] = {
    "address": Token("text", lambda host: host.machine.ip),
    "hostname": Token("text", lambda host: host.machine.name),
    "macAddress": Token("text", lambda host: host.machine.macs),
}
_INVENTORY: dict[str, Token[Host]] = {"source": Token("text", source)}
HOST_TOKENS: Mapping[str, Token[Host]] = {
    "operatingSystem": Token("text", lambda host: host.machine.system.name),
    "operatingSystem.name": Token("text", lambda host: host.machine.system.name),
    "operatingSystem.category": Token("text", lambda host: " / ".join(category(host.machine))),
    "operatingSystem.category1": Token("text", lambda host: category(host.machine)[0]),
    "operatingSystem.category2": Token("text", lambda host: category(host.machine)[1]),
    "tags.name": Token("text", lambda host: [tag.name for tag in host.tags]),
    "sensors.activatedForModules": Token("text", modules),
    "software": Token("nested", lambda host: software(host.machine), _SOFTWARE),
    "interfaces": Token("nested", lambda host: [host], _INTERFACES),
    "inventory": Token("nested", lambda host: [host], _INVENTORY),
    "asset.name": Token("text", lambda host: host.machine.name),
    "asset.assetID": Token("number", lambda host: host.number),
    "asset.agentID": Token("text", lambda host: host.asset.uuid if host.asset else None),
    "asset.lastLoggedOnUser": Token("text", lambda host: host.machine.user or None),
    "asset.trackingMethod": Token("text", lambda host: "QAGENT" if host.asset else "IP"),
    "asset.lastUpdated": Token("date", lambda host: host.modified_at),
}


class InventoryCalls:
    """Answers the calls about the hosts of a subscription."""

    def __init__(self, state: SubscriptionState) -> None:
        self._state = state
        self.routes = {
            ("POST", "/am/v1/assets/host/filter/list"): ("query_assets", self._by_query),
            ("POST", "/am/v1/assets/host/list"): ("get_all_assets", self._all),
            ("POST", "/am/v1/asset/host/id"): ("get_asset", self._one),
            ("POST", "/am/v1/assets/host/count"): ("count_assets", self._count),
            ("POST", "/rest/2.0/search/am/asset/?"): ("search_am_assets", self._search),
            ("POST", "/rest/2.0/count/am/asset/?"): ("count_am_assets", self._count_filtered),
            ("GET", "/rest/2.0/get/am/asset/?"): ("get_am_asset", self._one),
        }

    def _by_query(self, request: Request) -> Response:
        request = request.with_form()
        if not request.query.get("filter", "").strip():
            raise Refused(400, "1400", "filter is missing")
        return self._list(request, self._found(request))

    def _all(self, request: Request) -> Response:
        return self._list(request.with_form(), self._hosts())

    def _one(self, request: Request) -> Response:
        request = request.with_form()
        number = request.number("assetId", -1, 0, 1 << 62)
        found = [host for host in self._hosts() if host.number == number]
        return _page(found, request, has_more=False) if found else _nothing()

    def _count(self, request: Request) -> Any:
        request = request.with_form()
        return _counted(self._found(request), request)

    def _search(self, request: Request) -> Response:
        return self._list(request, self._filtered(request))

    def _count_filtered(self, request: Request) -> Any:
        return _counted(self._filtered(request), request)

    def _filtered(self, request: Request) -> Hosts:
        return filtered(self._hosts(), request.fields, HOST_TOKENS)

    def _list(self, request: Request, hosts: Hosts) -> Response:
        size = request.number("pageSize", _DEFAULT_PAGE, 1, LARGEST_HOST_PAGE)
        rest = _from_here(hosts, request)
        page = rest[:size]
        return _page(page, request, has_more=len(rest) > size) if page else _nothing()

    def _found(self, request: Request) -> Hosts:
        query = request.query.get("filter", "")
        return self._state.remembered(("hosts", query), lambda: self._find(query))

    def _find(self, query: str) -> Hosts:
        fits = matcher(query, HOST_TOKENS, self._state.now)
        return [host for host in self._hosts() if fits(host)]

    def _hosts(self) -> Hosts:
        return self._state.remembered("hosts", self._gather)

    def _gather(self) -> Hosts:
        """Return all hosts in the order of their numbers, with and without an agent."""
        state = self._state
        state.settle_all()
        hosts = [
            Host(one.asset_id, guid(state.seed, "host", one.machine.number), one.machine, one,
                 self._tags(one.tag_ids), one.scanned_at or state.start)
            for one in state.assets.values()
        ]  # fmt: skip
        hosts += [
            Host(inventory_id(machine), guid(state.seed, "host", machine.number), machine, None,
                 self._tags(tags_of(state.seed, machine, state.tags_by_name)),
                 last_scan(machine, state.now))
            for machine in state.agentless
        ]  # fmt: skip
        return sorted(hosts, key=lambda host: host.number)

    def _tags(self, tag_ids: set[str]) -> tuple[Tag, ...]:
        tags = [self._state.tags[tag_id] for tag_id in tag_ids]
        return tuple(sorted(tags, key=lambda tag: tag.number))


def _from_here(hosts: Hosts, request: Request) -> Hosts:
    """Return the hosts after `lastSeenAssetId` that changed since `lastModifiedDate`."""
    since = _date(request.query.get("lastModifiedDate", ""))
    if since is not None:
        hosts = [host for host in hosts if host.modified_at >= since]
    begin = 0
    if "lastSeenAssetId" in request.query:
        last = request.number("lastSeenAssetId", 0, 0, 1 << 62)
        begin = bisect_right(hosts, last, key=lambda host: host.number)
    return hosts[max(0, begin + request.shift) :]


def _date(text: str) -> datetime | None:
    if not text:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError as problem:
        raise Refused(400, "1400", f"lastModifiedDate is no date: {text!r}") from problem
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when


def _counted(hosts: Hosts, request: Request) -> Any:
    count = len(_from_here(hosts, request))
    return {"count": count, "responseCode": "SUCCESS", "responseMessage": _WELCOME}


def _nothing() -> Response:
    return Response(204, (), b"")


def _page(hosts: Hosts, request: Request, *, has_more: bool) -> Response:
    included = attribute_names(request.query.get("includeFields"))
    excluded = attribute_names(request.query.get("excludeFields"))
    rows = []
    for host in hosts:
        row = trimmed(written_host(host), included | _ALWAYS if included else included)
        rows.append({name: value for name, value in row.items() if name not in excluded})
    return json_answer(
        {
            "responseMessage": _WELCOME,
            "count": len(rows),
            "responseCode": "SUCCESS",
            "lastSeenAssetId": hosts[-1].number if has_more else None,
            "hasMore": int(has_more),
            "assetListData": {"asset": rows},
        }
    )
