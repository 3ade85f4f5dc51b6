"""Inventory of all assets (GAV), queried in QQL (docs/qualys.md) [O: peer and others].

Every input is in the query of a POST without a body. A page names whether more follow and after
which asset. If nothing matches, the answer may be 204 without a body [O: peer]; it is believed only
if nothing was to follow and the count is 0 too.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from typing import TypeAlias

from patchfleet.errors import ConfigError, NotFound, Rejected, Unreadable
from patchfleet.qualys import paging
from patchfleet.qualys.envelope import counted, whole
from patchfleet.qualys.operations.request import Query, call, reader, values_of
from patchfleet.qualys.query import checked_query
from patchfleet.qualys.records.base_list import BaseList
from patchfleet.qualys.records.hosts import Host, HostList, HostPage
from patchfleet.qualys.records.record import RecordDecoder, listed
from patchfleet.transport.messages import Response
from patchfleet.transport.operation import Echo, Operation, RecordStream, Steps

Fields: TypeAlias = str | Iterable[str] | None
Since: TypeAlias = str | datetime | None

LARGEST_PAGE = 300
"""[O: peer]; other clients ask for 100."""

_PAGE = reader(RecordDecoder[HostPage](HostPage))


def query_assets(
    page_count: paging.PageCount = "all",
    *,
    filter: str | None = None,  # noqa: A002
    includeFields: Fields = None,
    excludeFields: Fields = None,
    lastModifiedDate: Since = None,
    lastSeenAssetId: int | str | None = None,
    pageSize: int = LARGEST_PAGE,
) -> RecordStream[Host, BaseList[Host]]:
    """List the assets that a query in QQL matches, each once, all pages.

    `lastSeenAssetId` begins after that asset. Raises `Unreadable` if a page repeats, or announces
    more assets without a cursor.
    """
    if filter is None:
        raise ConfigError("query_assets has no filter", hint="get_all_assets lists all of them")
    query = _query(includeFields, excludeFields, lastModifiedDate, pageSize)
    query = {"filter": checked_query(filter, "filter"), **query}
    path = "/am/v1/assets/host/filter/list"
    return _listing(
        "query_assets", path, query, page_count=page_count, size=pageSize, after=lastSeenAssetId
    )


def get_all_assets(
    page_count: paging.PageCount = "all",
    *,
    includeFields: Fields = None,
    excludeFields: Fields = None,
    lastModifiedDate: Since = None,
    lastSeenAssetId: int | str | None = None,
    pageSize: int = LARGEST_PAGE,
) -> RecordStream[Host, BaseList[Host]]:
    """List every asset of the inventory, each once, all pages."""
    query = _query(includeFields, excludeFields, lastModifiedDate, pageSize)
    path = "/am/v1/assets/host/list"
    return _listing(
        "get_all_assets", path, query, page_count=page_count, size=pageSize, after=lastSeenAssetId
    )


def get_asset(assetId: int | str) -> Operation[Host]:
    """Read one asset by its number; raise `NotFound` if there is none."""
    number = _number("assetId", assetId)

    def read(response: Response) -> Host:
        hosts = _hosts(_page(response))
        if not hosts:
            raise NotFound(f"the inventory has no asset {number}")
        return hosts[0]

    query: Query = {"assetId": number}
    echo: Echo[Host] = Echo("asset", number, lambda host: values_of("assetId", [host]))
    return call("get_asset", "POST", "/am/v1/asset/host/id", read, query=query, echoes=(echo,))


def count_assets(
    filter: str | None = None,  # noqa: A002
    *,
    lastModifiedDate: Since = None,
    lastSeenAssetId: int | str | None = None,
) -> Operation[int]:
    """Count the assets that a query matches, or all."""
    return _count(
        {
            "filter": None if filter is None else checked_query(filter, "filter"),
            "lastModifiedDate": _since(lastModifiedDate),
            "lastSeenAssetId": _number("lastSeenAssetId", lastSeenAssetId),
        }
    )


def _count(query: Query) -> Operation[int]:
    def read(response: Response) -> int:
        value = whole(response)
        if isinstance(value, dict) and value.get("responseCode") == "FAILED":
            raise _failed(str(value.get("responseMessage") or ""))
        return counted(value, "count")

    return call("count_assets", "POST", "/am/v1/assets/host/count", read, query=query)


def _query(include: Fields, exclude: Fields, since: Since, size: int) -> Query:
    paging.check_sizes(size, "all")
    if size > LARGEST_PAGE:
        raise ConfigError(f"pageSize is {size}", hint=f"{LARGEST_PAGE} at most")
    return {
        "includeFields": _fields("includeFields", include),
        "excludeFields": _fields("excludeFields", exclude),
        "lastModifiedDate": _since(since),
    }


def _fields(parameter: str, fields: Fields) -> str | None:
    if fields is None:
        return None
    names = [name.strip() for name in (fields.split(",") if isinstance(fields, str) else fields)]
    if not names or not all(names):
        raise ConfigError(f"{parameter} names nothing", hint="for example 'agentId,address'")
    return ",".join(names)


def _since(value: Since) -> str | None:
    if not isinstance(value, datetime):
        return value
    if value.tzinfo is None:
        raise ConfigError("lastModifiedDate has no time zone", hint="give an aware datetime")
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _number(parameter: str, value: int | str | None) -> int | None:
    if value is None:
        return None
    text = str(value).strip()
    if not (text.isascii() and text.isdigit()):
        raise ConfigError(f"{parameter} is {value!r}", hint="the number of an asset")
    return int(text)


def _listing(
    name: str,
    path: str,
    query: Query,
    *,
    page_count: paging.PageCount,
    size: int,
    after: int | str | None,
) -> RecordStream[Host, BaseList[Host]]:
    paging.check_sizes(size, page_count)
    first = _number("lastSeenAssetId", after)

    def page(cursor: str | None) -> Operation[paging.Cursored[Host]]:
        asked: Query = {
            **query, "pageSize": size, "lastSeenAssetId": first if cursor is None else cursor,
        }  # fmt: skip
        return call(name, "POST", path, partial(_cursored, is_first=cursor is None), query=asked)

    def steps() -> Steps[None]:
        reading: paging.Reading[Host] = paging.Reading(
            "assets of the inventory",
            partial(_identity, query),
            page_size=size,
            page_count=page_count,
            reports_end=True,
        )
        yield from paging.by_cursor(reading, page)
        if not reading.seen:
            asked = {name: query.get(name) for name in ("filter", "lastModifiedDate")}
            total = yield _count({**asked, "lastSeenAssetId": first})
            if total:
                raise Unreadable(f"the inventory lists no asset, and counts {total}")

    return RecordStream(name, steps, BaseList)


def _identity(query: Query, host: Host) -> object:
    """Return the identity of an asset: its number, or its agent's id.

    With `includeFields` an asset may come without its number, and then its agent identifies it. An
    asset with neither equals no other; the cursor alone shows that nothing repeats.
    """
    if host.assetId is not None or query.get("includeFields") is None:
        return host.assetId
    return host.agentId or object()


def _cursored(response: Response, *, is_first: bool) -> paging.Cursored[Host]:
    page = _page(response)
    hosts = _hosts(page)
    if page.count is not None and page.count != len(hosts):
        raise Unreadable(f"a page announces {page.count} assets and holds {len(hosts)}")
    if not hosts and (page.hasMore or not is_first):
        raise Unreadable("a page of the inventory is empty where more assets were to follow")
    if page.hasMore not in (0, 1):
        raise Unreadable("a page of the inventory does not state whether more assets follow")
    if not page.hasMore:
        return paging.Cursored(hosts, None)
    if page.lastSeenAssetId is None:
        raise Unreadable("a page announces more assets and names no lastSeenAssetId")
    return paging.Cursored(hosts, str(page.lastSeenAssetId))


def _page(response: Response) -> HostPage:
    if response.status == 204 and not response.body:
        return HostPage(hasMore=0)
    page = _PAGE(response)
    if page.responseCode == "FAILED":
        raise _failed(page.responseMessage or "")
    if page.responseCode is None and page.assetListData is None:
        raise Unreadable("the answer is not a page of the inventory")
    return page


def _failed(message: str) -> Rejected:
    """Return the error of an answer that fails with status 200 [O: peer]."""
    reason = message or "no reason given"
    return Rejected(f"Qualys rejects the request: {reason}", reason=message)


def _hosts(page: HostPage) -> list[Host]:
    inner = page.assetListData
    if inner is None:
        return []
    if not isinstance(inner, HostList):
        raise Unreadable("assetListData is not an object")
    found = [inner.asset] if isinstance(inner.asset, Host) else inner.asset
    return listed(found, Host, "the assets of a page")
