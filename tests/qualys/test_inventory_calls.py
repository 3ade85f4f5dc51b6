"""The inventory against recorded replies: inputs in the query alone, pages after the last asset."""

from typing import Any

import pytest
from replying import ASSET, SERVERS, Ask, done, problems, recorded, reply, said

from patchfleet.errors import VendorError
from patchfleet.qualys.operations import inventory
from patchfleet.transport.messages import Response

HOSTS = "/am/v1/assets/host"


def test_query_assets_asks_in_the_query_alone_and_goes_on_after_the_last() -> None:
    names = "query_assets/first_of_two", "query_assets/second_of_two"
    work = inventory.query_assets(filter=SERVERS, excludeFields="agentId, address", pageSize=1)
    asked, found = done(work, *map(reply, names))
    given = {"filter": SERVERS, "excludeFields": "agentId,address", "pageSize": "1"}
    assert asked == [
        Ask("POST", f"{HOSTS}/filter/list", given).request,
        Ask("POST", f"{HOSTS}/filter/list", {**given, "lastSeenAssetId": "1001"}).request,
    ]
    pages = [recorded(name)["assetListData"]["asset"] for name in names]
    assert said(found) == said(pages[0] + pages[1])
    assert problems(found) == []


def test_query_assets_with_agents_alone_keeps_those_without() -> None:
    work = inventory.query_assets(filter=SERVERS, includeFields=["agentId"])
    (asked,), found = done(work, reply("query_assets/only_agents"))
    assert dict(asked.query)["includeFields"] == "agentId"
    assert [one.agentId for one in found] == [ASSET, None, None]


def test_get_all_assets_where_one_asset_is_no_list() -> None:
    (asked,), found = done(inventory.get_all_assets(), reply("get_all_assets/one_object"))
    assert asked == Ask("POST", f"{HOSTS}/list", {"pageSize": "300"}).request
    assert [one.assetId for one in found] == [1003]


def test_get_asset_and_count_assets() -> None:
    (asked,), found = done(inventory.get_asset("1001"), reply("get_asset/one"))
    assert asked == Ask("POST", "/am/v1/asset/host/id", {"assetId": "1001"}).request
    assert found.assetName == "SRV-1"
    (asked,), count = done(inventory.count_assets(SERVERS), reply("count_assets/two"))
    assert asked == Ask("POST", f"{HOSTS}/count", {"filter": SERVERS}).request
    assert count == 2


def test_no_content_is_no_asset_where_the_count_says_so_too() -> None:
    nothing = reply("_any/nothing", status=204)
    none = Response(200, {}, b'{"count": 0, "responseCode": "SUCCESS"}')
    assert done(inventory.query_assets(filter=SERVERS), nothing, none)[1] == []
    with pytest.raises(VendorError, match="lists no asset, and counts 2"):
        done(inventory.query_assets(filter=SERVERS), nothing, reply("count_assets/two"))
    with pytest.raises(VendorError, match="no asset 7"):
        done(inventory.get_asset(7), nothing)


@pytest.mark.parametrize(
    ("work", "name", "message"),
    [
        (inventory.query_assets(filter=SERVERS), "query_assets/failed", "Bad filter"),
        (inventory.count_assets(SERVERS), "count_assets/failed", "Bad filter"),
        (
            inventory.query_assets(filter=SERVERS),
            "query_assets/more_and_no_cursor",
            "names no lastSeenAssetId",
        ),
    ],
)
def test_the_inventory_fails_with_status_200(work: Any, name: str, message: str) -> None:
    with pytest.raises(VendorError, match=message):
        done(work, reply(name))
