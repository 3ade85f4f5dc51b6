"""Patches and the assets that lack them: by cursor, or by numbered pages in parts.

The newer lists return a cursor in the header `searchAfter` and have no upper limit [O: peer]; the
documented ones have numbered pages, and answer for 10,000 records at most [D: gs, pat].
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import attrgetter
from typing import Any, Final, Literal, TypedDict, Unpack

from patchfleet.errors import ConfigError, NotFound, NotTheVendor
from patchfleet.qualys import paging, partition
from patchfleet.qualys.envelope import counted, whole
from patchfleet.qualys.operations.jobs import one_after_the_other, side_by_side
from patchfleet.qualys.operations.request import (
    AnyPlatform,
    Attributes,
    Platform,
    Query,
    Sort,
    attribute_names,
    call,
    of_platform,
    platform_word,
    platforms_of,
    reader,
    sort_text,
)
from patchfleet.qualys.query import checked_query
from patchfleet.qualys.records.base_list import BaseList
from patchfleet.qualys.records.patches import PMAsset, PMPatch
from patchfleet.qualys.records.record import RecordDecoder
from patchfleet.transport.client import keyword_defaults
from patchfleet.transport.messages import Response
from patchfleet.transport.operation import Operation, RecordStream, Steps, Work

Version = Literal[1, 2]

_PATCHES = reader(RecordDecoder[list[PMPatch]](list[PMPatch]))
_ASSETS = reader(RecordDecoder[list[PMAsset]](list[PMAsset]))

PATCHES_A_PAGE = 1000
ASSETS_A_PAGE = 400
"""The page size of the existing SDK [O: peer]; the server's limits are unknown."""

SEVERITIES = ("Critical", "Important", "Moderate", "Low", "None")
COUNT_HINT = "verify=False takes the list without comparing it with the count"


class Asked(TypedDict, total=False):
    """The filters of a list of patches or assets, and its paging."""

    query: str | None
    havingQuery: str | None
    attributes: Attributes
    pageSize: int
    sort: Sort
    version: Version
    verify: bool


_BY_DEFAULT: Final = {"version": 2, "verify": True}


@keyword_defaults({"pageSize": PATCHES_A_PAGE, **_BY_DEFAULT})
def get_patches(
    platform: AnyPlatform = "all", page_count: paging.PageCount = "all", **asked: Unpack[Asked]
) -> Work[BaseList[PMPatch]]:
    """List patches that match a query over patches, a query over assets (`havingQuery`), or both.

    `version=2` follows cursors, `version=1` reads numbered pages, in parts if more than 10,000
    match; only the latter sorts. Raises `Unreadable` if the list and its count differ.
    """
    return side_by_side("get_patches", _patch_listings(platform, page_count, asked))


@keyword_defaults({"pageSize": PATCHES_A_PAGE, **_BY_DEFAULT})
def iter_patches(
    platform: AnyPlatform = "all", page_count: paging.PageCount = "all", **asked: Unpack[Asked]
) -> RecordStream[PMPatch, BaseList[PMPatch]]:
    """Yield the patches that `get_patches` lists, page by page; the check comes at the end."""
    return one_after_the_other("get_patches", _patch_listings(platform, page_count, asked))


@keyword_defaults({"pageSize": ASSETS_A_PAGE, **_BY_DEFAULT})
def get_assets(
    platform: AnyPlatform = "all", page_count: paging.PageCount = "all", **asked: Unpack[Asked]
) -> Work[BaseList[PMAsset]]:
    """List assets that match a query over assets, a query over patches (`havingQuery`), or both.

    `version=2` follows cursors (POST), `version=1` reads numbered pages (GET), in parts if more
    than 10,000 match. Raises `Unreadable` if the list and its count differ.
    """
    return side_by_side("get_assets", _asset_listings(platform, page_count, asked))


@keyword_defaults({"pageSize": ASSETS_A_PAGE, **_BY_DEFAULT})
def iter_assets(
    platform: AnyPlatform = "all", page_count: paging.PageCount = "all", **asked: Unpack[Asked]
) -> RecordStream[PMAsset, BaseList[PMAsset]]:
    """Yield the assets that `get_assets` lists, page by page; the check comes at the end."""
    return one_after_the_other("get_assets", _asset_listings(platform, page_count, asked))


def get_patch_count(
    platform: Platform = "Windows", query: str | None = None, havingQuery: str | None = None
) -> Operation[int]:
    """Count the patches of a platform that match [O: peer, qualys-mcp]."""
    given: Query = {
        "platform": platform_word(platform),
        "query": _checked(query, "query"),
        "havingQuery": _checked(havingQuery, "havingQuery"),
    }

    def read(response: Response) -> int:
        value = whole(response)
        if isinstance(value, dict) and value.get("patches", 0) is None:
            return 0  # the form of a count of 0 [O: peer]
        return counted(value, "patches", "count")

    return call("get_patch_count", "GET", "/pm/v1/patches/count", read, query=given)


def get_asset_count(
    platform: Platform = "Windows", query: str | None = None, havingQuery: str | None = None
) -> Operation[int]:
    """Count the assets of a platform that match.

    The existing SDK documents this call and has no code for it; the path is inferred from that of
    the patches, so the answer may be `NotFound`.
    """
    given: Query = {
        "platform": platform_word(platform),
        "query": _checked(query, "query"),
        "havingQuery": _checked(havingQuery, "havingQuery"),
    }

    def read(response: Response) -> int:
        return counted(whole(response), "assets", "count")

    return call("get_asset_count", "GET", "/pm/v1/assets/count", read, query=given)


def _checked(text: str | None, parameter: str) -> str | None:
    return None if text is None else checked_query(text, parameter)


class _Kind:
    """A kind of record, patches or assets, with the calls of both of its lists."""

    def __init__(
        self,
        name: str,
        what: str,
        read: Callable[[Response], list[Any]],
        count: Callable[..., Operation[int]],
        paths: tuple[str, str],
    ) -> None:
        self.name = name
        self.what = what
        self.read = read
        self.count = count
        self.numbered_path, self.cursor_path = paths

    def listings(
        self,
        platform: str,
        page_count: paging.PageCount,
        asked: "_Asked",
        ranges: Callable[[], tuple[partition.Words | None, Sequence[partition.Below]]],
    ) -> list[RecordStream[Any, BaseList[Any]]]:
        """Return one listing for each platform."""
        paging.check_sizes(asked.pageSize, page_count)
        if asked.version not in (1, 2):
            raise ConfigError(f"version is {asked.version!r}", hint="1 or 2")
        if asked.version == 2 and asked.sort is not None:
            raise ConfigError("sort is not for lists that follow cursors", hint="version=1 sorts")

        def steps(word: str) -> Steps[None]:
            if asked.version == 2:
                return self._by_cursor(word, asked, page_count)
            return self._by_page(word, asked, page_count, ranges)

        return [
            RecordStream(self.name, partial(steps, word), BaseList)
            for word in platforms_of(platform)
        ]

    def _reading(
        self, word: str, query: str | None, asked: "_Asked", page_count: paging.PageCount
    ) -> "paging.Reading[Any]":
        count = self.count(word, query, asked.havingQuery)
        return paging.Reading(
            f"{word} {self.what}",
            attrgetter("id"),
            page_size=asked.pageSize,
            page_count=page_count,
            count=(lambda: paging.count_or_none(count)) if asked.verify else None,
            hint=COUNT_HINT,
        )

    def _by_cursor(self, word: str, asked: "_Asked", page_count: paging.PageCount) -> Steps[None]:
        given = {
            "query": asked.query,
            "havingQuery": asked.havingQuery,
            "attributes": asked.attributes,
        }
        body = {name: value for name, value in given.items() if value is not None}

        def page(cursor: str | None) -> Operation[paging.Cursored[Any]]:
            return call(
                self.name,
                "POST",
                self.cursor_path,
                lambda response: paging.Cursored(
                    self.read(response), response.headers.get("searchafter") or None
                ),
                query={"platform": word, "pageSize": asked.pageSize},
                body=body,
                echoes=(of_platform({"platform": word}),),
                headers=None if cursor is None else {"searchAfter": cursor},
            )

        return paging.by_cursor(self._reading(word, asked.query, asked, page_count), page)

    def _by_page(
        self,
        word: str,
        asked: "_Asked",
        page_count: paging.PageCount,
        ranges: Callable[[], tuple[partition.Words | None, Sequence[partition.Below]]],
    ) -> Steps[None]:
        parts: list[tuple[str | None, int]] = [(asked.query, 0)]
        if page_count == "all":
            words, below = ranges()
            try:
                parts = yield from partition.parts_of(
                    asked.query,
                    lambda text: self.count(word, text, asked.havingQuery),
                    words,
                    below,
                )
            except (
                NotFound,
                NotTheVendor,
            ):  # no call counts these: the server reports when there are too many
                parts = [(asked.query, 0)]
        seen: dict[Any, Any] = {}
        for text, _ in parts:
            reading = self._reading(word, text, asked, page_count)
            reading.seen = seen
            yield from paging.by_page(reading, partial(self._page, word, text, asked))

    def _page(
        self, word: str, text: str | None, asked: "_Asked", number: int, size: int
    ) -> Operation[list[Any]]:
        names = asked.attributes
        query: Query = {
            "platform": word,
            "query": text,
            "havingQuery": asked.havingQuery,
            "attributes": None if names is None else ",".join(names),
            "sort": asked.sort,
            "pageNumber": number,
            "pageSize": size,
        }
        return call(
            f"{self.name}_v1",
            "GET",
            self.numbered_path,
            self.read,
            query=query,
            echoes=(of_platform(query),),
        )


@dataclass(frozen=True, slots=True)
class _Asked:
    """The checked parameters of a list."""

    query: str | None
    havingQuery: str | None
    attributes: list[str] | None
    pageSize: int
    sort: str | None
    version: int
    verify: bool


def _checked_asked(
    *,
    pageSize: int = PATCHES_A_PAGE,
    query: str | None = None,
    havingQuery: str | None = None,
    attributes: Attributes = None,
    sort: Sort = None,
    version: Version = 2,
    verify: bool = True,
) -> _Asked:
    return _Asked(
        query=_checked(query, "query"),
        havingQuery=_checked(havingQuery, "havingQuery"),
        attributes=attribute_names(attributes),
        pageSize=pageSize,
        sort=sort_text(sort),
        version=version,
        verify=verify,
    )


_PATCH = _Kind(
    "get_patches", "patches", _PATCHES, get_patch_count, ("/pm/v1/patches", "/pm/v2/patches")
)
_ASSET = _Kind("get_assets", "assets", _ASSETS, get_asset_count, ("/pm/v1/assets", "/pm/v1/assets"))


def _patch_listings(
    platform: str, page_count: paging.PageCount, asked: Asked
) -> list[RecordStream[PMPatch, BaseList[PMPatch]]]:
    def ranges() -> tuple[partition.Words, Sequence[partition.Below]]:
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        days = partition.days_below("lastModified", datetime(2000, 1, 1, tzinfo=UTC), tomorrow)
        return partition.Words("vendorSeverity", SEVERITIES), [days]

    given: Asked = {"pageSize": PATCHES_A_PAGE, **asked}
    return _PATCH.listings(platform, page_count, _checked_asked(**given), ranges)


def _asset_listings(
    platform: str, page_count: paging.PageCount, asked: Asked
) -> list[RecordStream[PMAsset, BaseList[PMAsset]]]:
    def ranges() -> tuple[None, Sequence[partition.Below]]:
        counts = ("missingPatchCount", "installedPatchCount")
        return None, [partition.Below(token, 0, 1 << 20) for token in counts]

    given: Asked = {"pageSize": ASSETS_A_PAGE, **asked}
    return _ASSET.listings(platform, page_count, _checked_asked(**given), ranges)
