"""Columns of devices, patches, statuses and jobs: each name, type and meaning once.

Names and types are those of the models. Tables of the record, published files and views follow.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType, NoneType
from typing import Literal, get_args, get_origin

from msgspec import Struct
from msgspec.structs import fields

from patchfleet.models import Device, FindingStatus, Job, JobResult, JobRun, Patch

ColumnType = Literal["text", "flag", "integer", "number", "time", "texts"]

TABLE_TYPES: dict[ColumnType, str] = {
    "text": "VARCHAR",
    "flag": "BOOLEAN",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "time": "TIMESTAMP",
    "texts": "VARCHAR[]",
}
"""Types of DuckDB for tables of values as they are."""


class Attribute(Struct, frozen=True):
    """A column; `recorded` is its name in the record, `is_optional` whether it may be NULL."""

    name: str
    recorded: str
    type: ColumnType
    is_optional: bool
    meaning: str


def types_of(row: type[Struct]) -> dict[str, ColumnType]:
    """Return the type of each field of a struct, by the name it has in JSON."""
    return {one.encode_name: _type(one.type) for one in fields(row)}


def _type(annotation: object) -> ColumnType:
    """Return the type of a column for values of an annotation, None aside."""
    parts = [part for part in get_args(annotation) if part is not NoneType]
    if get_origin(annotation) is Literal:
        return "text"
    if get_origin(annotation) is tuple:
        return "texts"
    if parts:
        (annotation,) = parts
        return _type(annotation)
    names: dict[object, ColumnType] = {
        str: "text", bool: "flag", int: "integer", float: "number", datetime: "time",
    }  # fmt: skip
    return names[annotation]


def _attributes(
    model: type[Struct],
    meanings: Mapping[str, str],
    *,
    without: tuple[str, ...] = (),
    renamed: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Attribute, ...]:
    """Return the fields of `model` as columns, in their order, `without` some.

    `renamed` has the names that differ in files and views. Raises TypeError if a field has no
    meaning, so that none is left out of the record by accident.
    """
    types = types_of(model)
    odd = (types.keys() - set(without)) ^ meanings.keys()
    if odd:
        raise TypeError(f"{model.__name__}: a field or a meaning too few: {', '.join(sorted(odd))}")
    optional = {one.encode_name for one in fields(model) if NoneType in get_args(one.type)}
    return tuple(
        Attribute(renamed.get(name, name), name, kind, name in optional, meanings[name])
        for name, kind in types.items()
        if name in meanings
    )


def meanings(columns: tuple[Attribute, ...]) -> dict[str, str]:
    """Return the meaning of each column, by name."""
    return {one.name: one.meaning for one in columns}


DEVICE = _attributes(
    Device,
    {
        "kind": "server or workstation",
        "is_patched": "whether the source manages patches on it",
        "os": "the operating system",
        "description": "the description in the source",
        "user": "who uses it",
        "serial": "the serial number of the machine",
        "mac_addresses": "the addresses of its network cards",
        "domain": "the domain or workgroup",
        "last_seen_at": "when the source last had contact with it",
        "last_boot_at": "when it was last started",
    },
    without=("id", "name", "customer_id", "site_id"),
)
"""Attributes of a device, its place and its name aside."""

PATCH = _attributes(
    Patch,
    {
        "title": "the title",
        "product": "the product it updates",
        "kb": "the Microsoft number, without the letters",
        "severity": "critical, important, moderate, low, unspecified",
        "vendor_severity": "the severity as the source reports it",
        "released_at": "when it was released",
        "url": "the vendor's page",
        "is_installable": "whether the source can install it; NULL if not reported",
        "is_removable": "whether it can be uninstalled; NULL if not reported",
        "vendor_id": "the source's id of the patch, if it is the same on every device",
        "cves": "the vulnerabilities it fixes, as far as the source lists them",
        "is_superseded": "whether another patch replaces it; NULL if not reported",
        "needs_reboot": "whether it requires a restart; NULL if not reported",
    },
    renamed={"title": "patch"},
)

STATUS = _attributes(
    FindingStatus,
    {
        "state": "missing, pending, installing, installed, failed, ignored, reboot_required, "
        "unknown",
        "decision": "approve, ignore, do_nothing, unknown",
        "is_own_decision": "whether the decision was made for this device rather than inherited",
        "vendor_status": "the state as the source reports it",
        "vendor_decision": "the decision as the source reports it",
    },
)
"""State and decision of a patch on a device."""

JOB = _attributes(
    Job,
    {
        "id": "the source's id of the job",
        "name": "its name",
        "status": "its status: disabled, enabled, running, done, failed, …",
        "vendor_status": "the status as the source reports it",
        "action": "Install or another word of the source",
        "platform": "Windows or Linux",
        "is_recurring": "whether it runs again and again",
        "schedule": "the source's word for when",
        "created_at": "when it was made",
        "created_by": "who made it",
        "updated_at": "when it was changed",
        "last_run_at": "when it ran last",
        "next_run_at": "when it runs next",
        "device_count": "how many devices it is for; NULL if not reported",
        "patch_count": "how many patches; NULL if not reported",
        "patch_ids": "the patches it names, as vendor_id in findings",
        "query": "what chooses its patches, where it names none",
    },
)

JOB_RUN = _attributes(
    JobRun,
    {
        "id": "identifies the run within its job",
        "job_id": "the job",
        "status": "the status of the run",
        "vendor_status": "the status as the source reports it, empty if it reports none",
        "scheduled_at": "when it was to begin",
        "device_count": "how many devices it is for",
        "over_count": "the former name of finished_count",
    },
)

JOB_RESULT = _attributes(
    JobResult,
    {
        "job_id": "the job",
        "run_id": "the run of it",
        "device_id": "the source's own id of the device",
        "status": "the status of the run on the device",
        "vendor_status": "the status as the source reports it",
        "vendor_code": "its number there",
        "waits_for_reboot": "whether a restart is still required",
        "sent_at": "when the device received the job",
        "started_at": "when it began",
        "ended_at": "when it ended",
        "status_at": "when the status was reported",
        "succeeded": "the patches that were installed",
        "failed": "the patches that failed",
        "present": "the patches that were already installed",
        "superseded": "the patches that others supersede",
        "not_applicable": "the patches that do not apply to the device",
        "succeeded_count": "how many were installed",
        "failed_count": "how many failed",
        "skipped_count": "how many were skipped",
        "total_count": "how many there were",
    },
)
