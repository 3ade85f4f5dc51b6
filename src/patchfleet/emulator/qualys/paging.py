"""Sorting, numbered pages and attribute selection of the gateway's lists.

A numbered page lies within the first 10,000 records [D: get_started.htm]; one past them is refused
with 2501 [O: qualysdk].
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from patchfleet.emulator.qualys.request import TOO_MANY, Refused, Request, whole

T = TypeVar("T")
CEILING = 10_000
LARGEST_PAGE = 1000
"""A choice: the vendor's largest page is not documented; clients use up to 1,000 [O]."""


def numbered_page(
    rows: Sequence[T],
    request: Request,
    *,
    inputs: Mapping[str, Any] | None = None,
    largest: int = LARGEST_PAGE,
) -> Sequence[T]:
    """Return the rows of `pageNumber` (from 0) and `pageSize` (10).

    They are read from `inputs`, or from the query [D: get_patch_catalog_patch.htm]. Raises Refused
    for bad numbers and past the limit.
    """
    given = request.query if inputs is None else inputs
    number = whole("pageNumber", given.get("pageNumber", 0), 0, 1 << 31)
    size = whole("pageSize", given.get("pageSize", 10), 1, largest)
    begin = number * size
    if begin + size > CEILING and begin < len(rows):
        raise Refused(400, TOO_MANY, f"Result window is too large: {CEILING} records per query")
    shifted = max(0, begin + request.shift)
    return rows[shifted : shifted + size]


def in_order(
    rows: Sequence[T], sort: str, readers: Mapping[str, Callable[[T], Any]]
) -> Sequence[T]:
    """Return rows sorted by `[{"field":"asc"}]` [D: get_patch_catalog_patches.htm].

    Rows without a value come last. Raises Refused (400) for other JSON and unknown fields.
    """
    for name, direction in reversed(_read_sort(sort)):
        reader = readers.get(name)
        if reader is None:
            raise Refused(400, "1400", f"cannot sort by {name!r}")
        known = [(row, value) for row in rows if (value := reader(row)) is not None]
        unknown = [row for row in rows if reader(row) is None]
        known.sort(key=lambda pair: pair[1], reverse=direction == "desc")
        rows = [*(row for row, _ in known), *unknown]
    return rows


def _read_sort(sort: str) -> list[tuple[str, str]]:
    if not sort.strip():
        return []
    try:
        pairs = [pair for entry in json.loads(sort) for pair in entry.items()]
    except (ValueError, AttributeError, TypeError) as problem:
        raise Refused(400, "1400", 'sort must be JSON as [{"name":"asc"}]') from problem
    if any(direction not in ("asc", "desc") for _, direction in pairs):
        raise Refused(400, "1400", "sort knows asc and desc")
    return pairs


def trimmed(record: Mapping[str, Any], attributes: frozenset[str]) -> Mapping[str, Any]:
    """Return the record with only the requested attributes; all of them if none are requested."""
    if not attributes:
        return record
    return {name: value for name, value in record.items() if name in attributes}


def attribute_names(value: object) -> frozenset[str]:
    """Read `attributes`, a comma-separated text or a list [D: get_patch_catalog_patches.htm; O]."""
    if value is None:
        return frozenset()
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Refused(400, "1400", "attributes must be names separated by commas, or a list")
    return frozenset(name.strip() for name in names if name.strip())
