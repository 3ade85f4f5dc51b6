"""A field is declared once: none is empty for ever because the wire has it in a record inside."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, get_args

import msgspec
import pytest
from test_records import kinds

from patchfleet.emulator import Emulator
from patchfleet.qualys import JobResultSummary, PMAssetJobView, Qualys
from patchfleet.qualys.records.record import Record, RecordDecoder

AT = datetime(2020, 1, 2, 3, 12, 30, 777000, tzinfo=UTC)
INSIDE = {"id": "a", "osIdentifier": "rhel-9", "scanDateTime": 1577934750777}


def inner_kinds(record: type[Record]) -> Iterator[tuple[str, type[Record]]]:
    """Yield the fields of a record that hold one other record."""
    for info in msgspec.structs.fields(record):
        for kind in get_args(info.type) or (info.type,):
            if isinstance(kind, type) and issubclass(kind, Record):
                yield info.encode_name, kind


def filled(records: list[Any], inside: str | None = None) -> set[str]:
    """Return the names that any of the records tells something of, itself or inside."""
    if inside is not None:
        records = [found for one in records if isinstance(found := getattr(one, inside), Record)]
    return {name for one in records for name in one.keys() if one[name] is not None}  # noqa: SIM118


def all_records(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for one in value:
            yield from all_records(one)
    elif isinstance(value, Record):
        yield value
        for info in msgspec.structs.fields(type(value)):
            yield from all_records(getattr(value, info.name))


@pytest.mark.slow
def test_no_field_is_empty_that_a_record_inside_has() -> None:
    told: dict[type[Record], list[Any]] = {}
    results: list[Any] = []
    with Emulator(customers=2, devices=16, patches=20, seed=3).running() as host:
        host.emulator.advance(days=9)
        account = host.emulator.qualys
        with Qualys(
            account.username, account.password, override_platform={"gateway_url": host.url}
        ) as client:
            jobs = client.list_jobs()
            results += [jobs, client.get_job_results(list(jobs)), client.get_assets()]
            results += [client.get_patches(), client.get_all_assets()]
    for one in all_records(results):
        told.setdefault(one.documented or type(one), []).append(one)
    assert {PMAssetJobView, JobResultSummary} <= told.keys() <= set(kinds())
    for kind, records in told.items():
        own = {info.encode_name for info in msgspec.structs.fields(kind)}
        for inside, inner in inner_kinds(kind):
            shared = own & {info.encode_name for info in msgspec.structs.fields(inner)}
            assert shared & filled(records, inside) <= filled(records), kind


@pytest.mark.parametrize("where", ["inside", "beside", "both"])
def test_what_an_asset_of_a_result_says_comes_through(where: str) -> None:
    view: dict[str, Any] = {"asset": INSIDE if where != "beside" else {"id": "a"}}
    view |= INSIDE if where == "beside" else {}
    view |= {"osIdentifier": "other"} if where == "both" else {}
    view.pop("id", None)
    body = msgspec.json.encode({"id": "j", "assets": [view]})
    (found,) = RecordDecoder[JobResultSummary](JobResultSummary).read(body).assets or ()
    assert (found.osIdentifier, found.scanDateTime) == ("rhel-9", AT)
    assert found["osIdentifier"] == "rhel-9"
    said = found.to_dict()
    assert (said["id"], said["osIdentifier"], said["scanDateTime"]) == ("a", "rhel-9", AT)
