"""Records: unknown fields kept, odd values kept and named, times aware, copies whole."""

import copy
import pickle
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from patchfleet.errors import Unreadable
from patchfleet.qualys import BaseList, JobResultSummary, PMAsset, PMJob, PMPatch, PMRun
from patchfleet.qualys.records.record import Record, RecordDecoder, TimestampField, raw

AT = datetime(2020, 1, 2, 3, 12, 30, 777000, tzinfo=UTC)


def read(kind: Any, value: Any) -> Any:
    return RecordDecoder(kind).read(msgspec.json.encode(value))


def test_a_record_reads_as_the_wire_spells_it() -> None:
    (patch,) = read(list[PMPatch], [{"id": "a", "vendorSeverity": "Low", "missingCount": 3}])
    assert (patch.id, patch.vendorSeverity, patch.missingCount) == ("a", "Low", 3)
    assert patch["vendorSeverity"] == patch.get("vendorSeverity") == "Low"
    assert patch.get("nothing", 5) == 5
    assert "title" in patch
    assert "nothing" not in patch
    assert dict(patch.items())["missingCount"] == 3
    assert list(patch) == patch.keys()
    with pytest.raises(KeyError):
        patch["nothing"]
    with pytest.raises(AttributeError):
        patch.nothing  # noqa: B018


def test_times_are_aware_and_utc() -> None:
    summary = read(JobResultSummary, {"id": "1", "createdOn": 1577934750777})
    assert summary.createdOn == AT
    assert repr(summary) == (
        "JobResultSummary(id='1', createdOn=datetime.datetime(2020, 1, 2, 3, 12, 30, 777000, "
        "tzinfo=datetime.timezone.utc))"
    )
    (run,) = read(list[PMRun], [{"scheduledDateTime": "2020-01-01T16:32:18+01:00"}])
    assert run.scheduledDateTime == datetime(2020, 1, 1, 15, 32, 18, tzinfo=UTC)


@pytest.mark.parametrize("odd", ["Not Announced", 10**18, "", None, True])
def test_a_time_that_is_none_is_shown_as_it_came(odd: Any) -> None:
    (patch,) = read(list[PMPatch], [{"id": "a", "publishedDate": odd}])
    assert patch.publishedDate == odd


def test_unknown_fields_are_kept_at_every_depth_and_learnt() -> None:
    shape = RecordDecoder[list[PMAsset]](list[PMAsset])
    body = msgspec.json.encode(
        [{"id": "a", "new": {"x": 1}, "hardware": {"model": "m", "newer": 2}}, {"id": "b"}]
    )
    for _ in range(2):  # learnt, then known
        first, second = shape.read(body)
        assert isinstance(first, PMAsset)
        assert first.extra == {"new": {"x": 1}}
        assert first["new"] == first.new == {"x": 1}
        assert first.hardware is not None
        assert first.hardware.extra == {"newer": 2}
        assert second.extra == {}
        assert first.problems == second.problems == ()
    assert "new={'x': 1}" in repr(first)


def test_names_that_no_attribute_can_have_are_kept() -> None:
    (patch,) = read(
        list[PMPatch], [{"id": "a", "two words": 1, "class": 2, "items": 3, "extra": 4}]
    )
    assert patch.extra == {"two words": 1, "class": 2, "items": 3, "extra": 4}
    assert patch["items"] == 3
    assert dict(patch.items())["extra"] == 4


def test_a_value_of_another_type_stays_and_is_named() -> None:
    rows = [
        {"id": "a", "missingCount": "many", "cve": "CVE-1", "title": "t"},
        {"id": "b", "missingCount": "7"},
    ]
    odd, plain = read(list[PMPatch], rows)
    assert (odd.missingCount, odd.cve, odd.title) == ("many", "CVE-1", "t")
    assert [problem.split(":")[0] for problem in odd.problems] == ["cve", "missingCount"]
    assert plain.missingCount == 7
    assert plain.problems == ()
    assert BaseList([odd, plain]).problems == [
        "PMPatch a: cve: Expected 'array | null', got 'str'",
        "PMPatch a: missingCount: Expected 'int | null', got 'str'",
    ]


def test_an_odd_value_inside_spoils_neither_its_record_nor_its_neighbours() -> None:
    (job,) = read(list[PMJob], [{"id": "a", "tags": [{"id": 7, "name": "n"}, {"id": "t"}], "x": 1}])
    assert [(tag.id, tag.name) for tag in job.tags] == [(7, "n"), ("t", None)]
    assert job.tags[0].problems
    assert job.problems == ("tags[0].id: Expected 'str | null', got 'int'",)
    assert job.extra == {"x": 1}


def test_what_is_no_record_where_one_should_be_stays_and_is_named() -> None:
    (job,) = read(
        list[PMJob],
        [{"id": "a", "tags": [5, {"id": "t"}], "created": {"user": "me"}, "updated": "now"}],
    )
    assert (job.tags[0], job.tags[1].id, job.updated, job.created.user) == (5, "t", "now", "me")
    assert [problem.partition(":")[0] for problem in job.problems] == [
        "created.user", "updated", "tags[0]",
    ]  # fmt: skip
    (job,) = read(list[PMJob], [{"id": "a", "tags": {"id": "t"}}])
    assert job.tags == {"id": "t"}, "no list of one is made of it"
    assert len(job.problems) == 1


def test_one_odd_value_of_a_list_is_named_by_its_place() -> None:
    (patch,) = read(list[PMPatch], [{"id": "a", "cve": ["CVE-1", 7]}])
    assert patch.cve == ["CVE-1", 7]
    assert patch.problems == ("cve[1]: Expected 'str', got 'int'",)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"null", "is not a list"),
        (b"{}", "is not a list"),
        (b"[5]", "is not an object"),
        (b"", "is empty"),
        (b"  <html>", "is a web page"),
        (b'[{"id":', "is not JSON"),
        (b'[{"never seen": 1}, {"id":', "is not JSON"),
        (b'{"never seen": 1', "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
    ],
)
def test_what_is_no_list_of_records_is_unreadable(body: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        RecordDecoder(list[PMPatch]).read(body)


def test_a_record_can_be_pickled_copied_and_made_a_dict() -> None:
    (asset,) = read(
        list[PMAsset],
        [{"id": "a", "new": 1, "scanDateTime": 1577934750777, "hardware": {"model": "m"}}],
    )
    for other in (pickle.loads(pickle.dumps(asset)), copy.copy(asset), copy.deepcopy(asset)):
        assert other.to_dict() == asset.to_dict()
        assert isinstance(other, PMAsset)
    told = asset.to_dict()
    assert told["hardware"] == {"manufacturer": None, "model": "m"}
    assert told["new"] == 1
    assert told["scanDateTime"] == AT
    assert BaseList([asset]).to_dicts() == [told]


def test_the_assets_of_a_result_show_whose_they_are() -> None:
    result = read(
        JobResultSummary,
        {"id": "j", "assets": [{"asset": {"id": "a", "name": "PC"}, "status": "Completed"}]},
    )
    (view,) = result.assets
    assert (view.id, view.name, view["name"], view.status) == ("a", "PC", "PC", "Completed")
    assert repr(view) == "PMAssetJobView(id='a', name='PC', status='Completed')"
    assert "asset" not in view.to_dict()


def test_many_threads_learn_alike() -> None:
    from concurrent.futures import ThreadPoolExecutor

    shape = RecordDecoder[list[PMPatch]](list[PMPatch])
    bodies = [msgspec.json.encode([{"id": "a", f"new{place % 7}": place}]) for place in range(200)]
    with ThreadPoolExecutor(16) as pool:
        for place, (patch,) in enumerate(pool.map(shape.read, bodies)):
            assert patch.extra == {f"new{place % 7}": place}


class Sample(Record):
    """A record of this test."""

    at_raw: int | None = raw("at")

    at = TimestampField()


def test_a_moment_stands_under_the_wire_s_name() -> None:
    sample = read(Sample, {"at": 1577934750777})
    assert sample.keys() == ["at"]
    assert sample.at == AT


def kinds(record: type[Record] = Record) -> Iterator[type[Record]]:
    """Yield every type of record that somebody wrote."""
    for kind in record.__subclasses__():
        if kind.documented is None:
            yield kind
            yield from kinds(kind)


@pytest.mark.parametrize("kind", list(kinds()), ids=lambda kind: kind.__name__)
def test_every_time_of_the_wire_has_its_moment(kind: type[Record]) -> None:
    times = [name for name in kind.__struct_fields__ if name.endswith("_raw")]
    for name in times:
        moment = name.removesuffix("_raw")
        assert isinstance(vars(kind)[moment], TimestampField)
        shown: Any = msgspec.convert({moment: 1577934750777}, kind)
        assert getattr(shown, moment) == AT
        assert shown[moment] == AT
