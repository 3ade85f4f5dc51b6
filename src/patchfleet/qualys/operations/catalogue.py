"""Look-ups by id, the patch catalogue and vulnerability counts (docs/qualys.md).

Ids without an answer are listed in `missing` of the result.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from operator import attrgetter
from typing import Any, Literal, NamedTuple, TypeAlias

from patchfleet.errors import ConfigError, NotFound, Unreadable
from patchfleet.qualys import paging
from patchfleet.qualys.envelope import whole
from patchfleet.qualys.ids import uuid_text
from patchfleet.qualys.operations.patches import iter_assets
from patchfleet.qualys.operations.request import (
    AnyPlatform,
    Attributes,
    Platform,
    Query,
    Sort,
    among,
    attribute_names,
    call,
    chunks,
    of_platform,
    platform_word,
    reader,
    sort_text,
)
from patchfleet.qualys.query import checked_query
from patchfleet.qualys.records.base_list import BaseList
from patchfleet.qualys.records.jobs import NamedId, Tag
from patchfleet.qualys.records.patches import (
    AssociatedProduct,
    CatalogPatch,
    PackageDetail,
    PMVulnerability,
    ProductVulnCount,
)
from patchfleet.qualys.records.record import RecordDecoder, listed
from patchfleet.qualys.records.values import id_of, text_of
from patchfleet.transport.messages import Response
from patchfleet.transport.operation import (
    Concurrent,
    Operation,
    Procedure,
    RecordBatch,
    RecordStream,
    Steps,
    Work,
)

Ids: TypeAlias = str | int | Iterable[str | int]
Severity = Literal["Critical", "Important", "Moderate", "Low", "None"]

_CATALOG = reader(RecordDecoder[list[CatalogPatch]](list[CatalogPatch]))
_PACKAGES = reader(RecordDecoder[list[PackageDetail]](list[PackageDetail]))
_PRODUCTS = reader(RecordDecoder[list[AssociatedProduct]](list[AssociatedProduct]))
_VULNERABILITIES = reader(RecordDecoder[list[PMVulnerability]](list[PMVulnerability]))
_COUNTS = reader(RecordDecoder[list[ProductVulnCount]](list[ProductVulnCount]))


class AssetUuid(NamedTuple):
    """An asset's number, and the UUID that jobs take."""

    assetId: str
    assetUuid: str


def get_version() -> Operation[str]:
    """Return the version of the patch management service, such as `3.1.0.0-29` [O: peer]."""

    def read(response: Response) -> str:
        value = whole(response)
        version = value.get("appVersion") if isinstance(value, dict) else None
        if not isinstance(version, str):
            raise Unreadable("the answer names no version")
        return version

    return call("get_version", "GET", "/pm/v1/details", read)


def get_patch_catalog(
    patchId: str | Iterable[str],
    platform: Platform = "Windows",
    *,
    attributes: Attributes = None,
    sort: Sort = None,
) -> Work[BaseList[CatalogPatch]]:
    """Look patches up in the catalogue by their ids, a thousand a call [D: cat1].

    Only those of the given platform come back; the others are listed in `missing`.
    """
    ids = _uuids("patchId", patchId)
    names = attribute_names(attributes)
    query: Query = {
        "platform": platform_word(platform),
        "attributes": None if names is None else ",".join(names),
        "sort": sort_text(sort),
    }
    path = "/pm/v1/patchcatalog/patches"
    parts = [
        call(
            "get_patch_catalog",
            "POST",
            path,
            _CATALOG,
            query=query,
            body={"patchUuid": some},
            echoes=(among("patch", some, _catalog_id), of_platform(query)),
        )
        for some in chunks(ids)
    ]
    return _looked_up("get_patch_catalog", parts, ids, _catalog_id)


def list_patch_catalog(
    platform: Platform = "Windows",
    page_count: paging.PageCount = "all",
    *,
    filter: str | None = None,  # noqa: A002
    attributes: Attributes = None,
    pageSize: int = 10,
    sort: Sort = None,
) -> RecordStream[CatalogPatch, BaseList[CatalogPatch]]:
    """List the patches of the catalogue that match a query, 10,000 at most [D: cat2, gs]."""
    names = attribute_names(attributes)
    query: Query = {
        "platform": platform_word(platform),
        "filter": None if filter is None else checked_query(filter, "filter"),
        "attributes": None if names is None else ",".join(names),
        "sort": sort_text(sort),
    }
    paging.check_sizes(pageSize, page_count)

    def page(number: int, size: int) -> Operation[list[CatalogPatch]]:
        paged = {**query, "pageNumber": number, "pageSize": size}
        path = "/pm/v1/patchcatalog/patches"
        echoes = (of_platform(query),)
        return call("list_patch_catalog", "GET", path, _CATALOG, query=paged, echoes=echoes)

    def steps() -> Steps[None]:
        reading = paging.Reading(
            "patches of the catalogue", _catalog_id, page_size=pageSize, page_count=page_count
        )
        return paging.by_page(reading, page)

    return RecordStream("list_patch_catalog", steps, BaseList)


def _catalog_id(patch: CatalogPatch) -> str | None:
    return patch.patchId or patch.id


def get_packages_in_linux_patch(
    patchId: str | Iterable[str],
    *,
    filter: str | None = None,  # noqa: A002
    pageSize: int = 10,
) -> RecordStream[PackageDetail, BaseList[PackageDetail]]:
    """List the packages of Linux patches, all pages of each; each package names its patch."""
    ids = _uuids("patchId", patchId)
    text = None if filter is None else checked_query(filter, "filter")
    paging.check_sizes(pageSize, "all")

    def one(patch: str) -> RecordStream[PackageDetail, list[PackageDetail]]:
        def page(number: int, size: int) -> Operation[list[PackageDetail]]:
            query: Query = {
                "patchUuid": patch, "filter": text, "pageNumber": number, "pageSize": size,
            }  # fmt: skip
            return call(
                "get_packages_in_linux_patch",
                "GET",
                "/pm/v1/patchcatalog/patch/packages",
                _PACKAGES,
                query=query,
            )

        def steps() -> Steps[None]:
            reading = paging.Reading("packages of the patch", _package_key, page_size=pageSize)
            return paging.by_page(reading, page)

        return RecordStream("get_packages_in_linux_patch", steps, list)

    def all_steps() -> Steps[None]:
        for some in chunks(ids):
            lists = yield Concurrent(tuple(one(patch) for patch in some))
            for patch, found in zip(some, lists, strict=True):
                for package in found:
                    package.patchId = patch
                yield RecordBatch(found)

    return RecordStream("get_packages_in_linux_patch", all_steps, BaseList)


def _package_key(package: PackageDetail) -> tuple[Any, ...]:
    # Its other fields may distinguish it from a package of the same name.
    return package.packageName, package.architecture, repr(package.extra)


def get_products_in_windows_patch(
    patchId: str | Iterable[str],
) -> Procedure[BaseList[AssociatedProduct]]:
    """List the products that Windows patches are for; each product names its patch."""
    ids = _uuids("patchId", patchId)
    parts = [
        call(
            "get_products_in_windows_patch",
            "GET",
            f"/pm/v1/patchcatalog/patch/{patch}/products",
            _PRODUCTS,
        )
        for patch in ids
    ]

    def steps() -> Steps[BaseList[AssociatedProduct]]:
        lists = yield Concurrent(tuple(parts))
        for patch, found in zip(ids, lists, strict=True):
            for product in found:
                product.patchId = patch
        return BaseList(product for found in lists for product in found)

    return Procedure("get_products_in_windows_patch", steps)


def count_product_vulns(
    severityList: Severity | Sequence[Severity] | None = None,
    tagUUIDs: str | Iterable[str] | None = None,
) -> Procedure[BaseList[ProductVulnCount]]:
    """Count vulnerabilities by product, of all severities or of some: one call for each [O: peer].

    Whether one call takes several severities is unknown.
    """
    words = [severityList] if isinstance(severityList, str) else list(severityList or ())
    for word in words:
        if word not in ("Critical", "Important", "Moderate", "Low", "None"):
            raise ConfigError(
                f"severityList has {word!r}", hint="Critical, Important, Moderate, Low or None"
            )
    tags = ",".join(_uuids("tagUUIDs", tagUUIDs)) if tagUUIDs is not None else None
    severities: list[str | None] = [*words] or [None]
    parts = [
        call(
            "count_product_vulns",
            "GET",
            "/pm/v1/patchcatalog/patch/products/vulnerability/count",
            _COUNTS,
            query={"severityList": word, "tagUUIDs": tags},
        )
        for word in severities
    ]

    def steps() -> Steps[BaseList[ProductVulnCount]]:
        lists = yield Concurrent(tuple(parts))
        for word, found in zip(severities, lists, strict=True):
            for count in found:
                count.severity = word
        return BaseList(count for found in lists for count in found)

    return Procedure("count_product_vulns", steps)


def lookup_cves(qids: Ids) -> Work[BaseList[PMVulnerability]]:
    """Look up the CVEs of Qualys's vulnerability numbers, a thousand a call [O: peer].

    QIDs without an answer are listed in `missing`.
    """
    numbers = whole_numbers("qids", qids)
    parts = [
        call(
            "lookup_cves",
            "POST",
            "/pm/v1/vulnerabilities",
            _VULNERABILITIES,
            body={"qids": some},
            echoes=(among("vulnerability", some, attrgetter("id")),),
        )
        for some in chunks(numbers)
    ]
    return _looked_up("lookup_cves", parts, numbers, lambda found: found.id)


def lookup_host_uuids(assetIds: Ids) -> Work[BaseList[AssetUuid]]:
    """Look up the UUIDs of assets by their numbers, a thousand a call [O: peer].

    Assets without one are listed in `missing`.
    """
    numbers = whole_numbers("assetIds", assetIds)
    parts = [
        call(
            "lookup_host_uuids",
            "POST",
            "/pm/v1/assets/uuids",
            _mapped,
            body=some,
            echoes=(among("asset", some, attrgetter("assetId")),),
        )
        for some in chunks(numbers)
    ]
    return _looked_up("lookup_host_uuids", parts, numbers, lambda found: int(found.assetId))


def _mapped(response: Response) -> list[AssetUuid]:
    value = whole(response)
    mapped = value.get("mappedAssets") if isinstance(value, dict) else None
    if not isinstance(mapped, list):
        raise Unreadable("the answer has no mappedAssets")
    found: list[AssetUuid] = []
    for one in mapped:
        number, uuid = (one.get("assetId"), one.get("assetUuid")) if isinstance(one, dict) else "  "
        if not (re.fullmatch("[0-9]{1,18}", str(number)) and isinstance(uuid, str)):
            raise Unreadable("a mapped asset has no number or no UUID")
        found.append(AssetUuid(str(number), uuid))
    return found


def _looked_up(
    name: str, parts: Sequence[Operation[list[Any]]], ids: Sequence[Any], key: Callable[[Any], Any]
) -> Procedure[BaseList[Any]]:
    """Return a procedure that runs the calls together, and lists ids without an answer."""

    def steps() -> Steps[BaseList[Any]]:
        lists = yield Concurrent(tuple(parts))
        found = BaseList(record for one in lists for record in one)
        keys = map(key, found)
        known = {one for one in keys if isinstance(one, str | int)}  # see `problems` for others
        found.missing = [one for one in ids if one not in known]
        return found

    return Procedure(name, steps)


def _uuids(parameter: str, ids: str | Iterable[str]) -> list[str]:
    texts = ids.split(",") if isinstance(ids, str) else list(ids)
    checked = dict.fromkeys(uuid_text(parameter, text) for text in texts)
    if not checked:
        raise ConfigError(f"{parameter} names nothing", hint="give one id or several")
    return list(checked)


def whole_numbers(parameter: str, ids: Ids) -> list[int]:
    """Return numbers that were given as one, several or a text, each once."""
    several = ids.split(",") if isinstance(ids, str) else [ids] if isinstance(ids, int) else ids
    numbers: dict[int, None] = {}
    for one in several:
        text = str(one).strip()
        if not (text.isascii() and text.isdigit()):
            raise ConfigError(f"{parameter} has {one!r}", hint="a whole number, or several")
        numbers[int(text)] = None
    if not numbers:
        raise ConfigError(f"{parameter} names nothing", hint="give one number or several")
    return list(numbers)


def list_tags(platform: AnyPlatform = "all") -> Procedure[BaseList[Tag]]:
    """List the asset tags that the assets of patch management have.

    No call lists tags with the GUIDs that jobs take; the assets name both.
    """

    def steps() -> Steps[BaseList[Tag]]:
        assets = yield iter_assets(platform, attributes=("id", "tags"))
        names: dict[str, str] = {}
        counts: dict[str, int] = {}
        for asset in assets:
            for tag in listed(asset.tags, NamedId, f"the tags of {asset.name}"):
                if number := id_of(tag.id):
                    names[number] = text_of(tag.name) or names.get(number, "")
                    counts[number] = counts.get(number, 0) + 1
        tags = (Tag(number, name, counts[number]) for number, name in names.items())
        return BaseList(sorted(tags, key=lambda tag: (tag.name.casefold(), tag.id)))

    return Procedure("list_tags", steps)


def get_tag_id(name: str, platform: AnyPlatform = "all") -> Procedure[str]:
    """Return the GUID of the tag with this name; raise `NotFound` naming similar ones.

    Raises `ConfigError` if several tags have the name.
    """

    def steps() -> Steps[str]:
        tags = yield list_tags(platform)
        found = [tag.id for tag in tags if tag.name.casefold() == name.strip().casefold()]
        if len(found) == 1:
            number: str = found[0]
            return number
        if found:
            raise ConfigError(
                f"{len(found)} tags are called '{name}'", hint="give one GUID: " + ", ".join(found)
            )
        close = get_close_matches(name, [tag.name for tag in tags], 3)
        raise NotFound(
            f"no asset carries a tag called '{name}'",
            hint="did you mean " + " or ".join(f"'{one}'" for one in close) + "?"
            if close
            else "tags that no asset carries cannot be seen",
        )

    return Procedure("get_tag_id", steps)
