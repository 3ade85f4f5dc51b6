"""Tables of Qualys records: jobs, results with their assets, runs, patches, assets and others.

A column is a field of the record under its wire name, with the type it is read as. Undocumented
fields have columns too, after the others, as text.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from patchfleet.models import Selection
from patchfleet.qualys import (
    BaseList,
    JobResultSummary,
    PMAssetJobView,
)
from patchfleet.qualys.records.jobs import ResultAsset
from patchfleet.qualys.records.record import Record, TimestampField
from patchfleet.report.document import Cell, Column, Kind, Report, Table
from patchfleet.report.wording import plural
from patchfleet.store.report_coverage import Coverage

GLANCE: Mapping[str, tuple[str, ...]] = {
    "jobs": (
        "name", "platform", "type", "status", "scheduleType", "nextScheduleDateTime",
        "totalAssetCount", "completionPercent", "id",
    ),
    "results": ("name", "assetCount", "patchCount", "createdBy", "createdOn", "id"),
    "assets of results": (
        "job", "name", "operatingSystem", "status", "successPatches", "failedPatches",
        "pendingReboot", "endDateTime",
    ),
    "runs": ("jobInstanceId", "jobId", "scheduledDateTime", "timezoneType"),
    "patches": (
        "title", "kb", "vendorSeverity", "publishedDate", "missingCount", "installedCount",
        "isSuperseded", "rebootRequired", "id",
    ),
    "assets": (
        "name", "operatingSystem", "platform", "missingPatchCount", "installedPatchCount",
        "scanDateTime", "id",
    ),
    "catalog": ("title", "kb", "vendor", "vendorSeverity", "publishedDate", "patchId"),
    "cves": ("id", "title", "severity", "cves"),
    "hosts": ("assetId", "assetName", "address", "agentId", "lastModifiedDate"),
}  # fmt: skip
"""The main columns, by table; the others are details."""

WORK = frozenset({"pendingReboot"})
"""Flags that need action if they are set."""


def records_table(
    name: str, title: str, kind: type[Record], records: Sequence[Record], note: str = ""
) -> Table:
    """Return a table of records of one kind, a column for each field."""
    names, kinds = _columns_of(kind)
    extra = _extra_names(records)
    glance = GLANCE.get(name, ())
    columns = [
        Column(
            one,
            one,
            kinds[one],
            is_detail=bool(glance) and one not in glance,
            is_actionable=True if one in WORK else None,
        )
        for one in names
    ]
    columns += [Column(one, one, is_detail=True) for one in extra]
    rows = [
        tuple(_cell(record.get(one), kinds.get(one, "text")) for one in (*names, *extra))
        for record in records
    ]
    return _in_order(Table(name=name, title=title, columns=tuple(columns), rows=rows, note=note))


def results_report(results: Sequence[JobResultSummary], as_of: datetime) -> Report:
    """Return the results of jobs, and those of each asset."""
    jobs = records_table("results", "Results of jobs", JobResultSummary, results)
    assets = sum(len(one.assets or ()) for one in results)
    remarks = [f"{plural(len(results), 'result')}, {plural(assets, 'asset')}."]
    remarks += BaseList(results).problems
    return Report(
        name="job results",
        title="Results of deployment jobs",
        coverage=Coverage(selection=Selection(), as_of=as_of, sources=(), vendor="Qualys"),
        remarks=tuple(remarks),
        tables=(_without(jobs, "assets"), result_assets_table(results)),
    )


def result_assets_table(results: Sequence[JobResultSummary]) -> Table:
    """Return one row for each asset of each result."""
    views = [(result, view) for result in results for view in result.assets or ()]
    table = records_table(
        "assets of results", "Results by asset", PMAssetJobView,
        [view for _, view in views],
    )  # fmt: skip
    rows = [
        (result.name, result.id, *row) for (result, _), row in zip(views, table.rows, strict=True)
    ]
    columns = (Column("job", "job"), Column("jobId", "jobId", is_detail=True), *table.columns)
    return msgspec.structs.replace(table, columns=columns, rows=rows)


def _without(table: Table, key: str) -> Table:
    kept = [place for place, column in enumerate(table.columns) if column.key != key]
    return msgspec.structs.replace(
        table,
        columns=tuple(table.columns[place] for place in kept),
        rows=[tuple(row[place] for place in kept) for row in table.rows],
    )


def _in_order(table: Table) -> Table:
    """Put the main columns first, in their order."""
    glance = GLANCE.get(table.name, ())
    places = {column.key: place for place, column in enumerate(table.columns)}
    first = [places[key] for key in glance if key in places]
    order = [*first, *(place for place in places.values() if place not in first)]
    return msgspec.structs.replace(
        table,
        columns=tuple(table.columns[place] for place in order),
        rows=[tuple(row[place] for place in order) for row in table.rows],
    )


def _columns_of(kind: type[Record]) -> tuple[list[str], dict[str, Kind]]:
    """Return the fields of a record type and the kind of each column."""
    kinds: dict[str, Kind] = {}
    if kind is PMAssetJobView:
        kinds |= _columns_of(ResultAsset)[1]
    hints = get_type_hints(kind)
    for field in msgspec.structs.fields(kind):
        if isinstance(vars(kind).get(field.encode_name), TimestampField):
            kinds[field.encode_name] = "moment"
        elif field.name not in ("problems", "asset") or kind is not PMAssetJobView:
            named = field.encode_name in NUMBERED or field.encode_name == "id"
            kinds[field.encode_name] = "text" if named else _kind_of(hints[field.name])
    kinds.pop("problems of reading", None)
    return list(kinds), kinds


NUMBERED = frozenset({"assetId", "hostId", "runId", "jobInstanceId", "qid", "statusCode"})
"""Numbers that are identifiers: not summed, and formatted without thousands separators."""


def _kind_of(hint: Any) -> Kind:
    parts = [part for part in get_args(hint) if part is not type(None)] or [hint]
    if set(parts) == {int, bool}:
        return "flag"
    if len(parts) > 1:
        return "number" if {int, float} <= set(parts) <= {int, float, str} else "text"
    outer = get_origin(parts[0]) or parts[0]
    kinds: dict[Any, Kind] = {bool: "flag", int: "integer", float: "number", list: "list"}
    return kinds.get(outer, "text")


def _extra_names(records: Iterable[Record]) -> list[str]:
    return list(dict.fromkeys(name for record in records for name in record.extra))


def _cell(value: Any, kind: Kind) -> Cell:
    """Return a value of the column's kind; a value of another kind becomes text."""
    if value is None:
        return None
    if isinstance(value, list):
        return tuple(_words(one) for one in value)
    if kind == "flag" and value in (0, 1):
        return bool(value)
    if kind == "number" and isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    if isinstance(value, bool | datetime) or (kind != "text" and isinstance(value, int | float)):
        return value
    return _words(value)


def _words(value: Any) -> str:
    """Format a part of a record as text."""
    if isinstance(value, Record):
        shown = {name: one for name, one in value.items() if one is not None}
        if set(shown) <= {"id", "name"}:
            return str(shown.get("name") or shown.get("id") or "")
        return ", ".join(f"{name} {_words(one)}" for name, one in shown.items())
    if isinstance(value, dict):
        return ", ".join(f"{name} {_words(one)}" for name, one in value.items() if one is not None)
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return str(value)


def fields_table(name: str, title: str, record: Record) -> Table:
    """Return the fields of one record that are set, one per row."""
    rows = [
        (field, _words(value))
        for field, value in record.items()
        if value is not None and value not in ("", [])
    ]
    return Table(
        name=name,
        title=title,
        columns=(Column("field", "Field"), Column("value", "Value")),
        rows=rows,
    )
