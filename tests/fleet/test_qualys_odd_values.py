"""One odd value anywhere in what a sync of Qualys reads: an error, a named problem, or no matter.

Every answer of a sync is kept once; then a place in one of them is changed and the sync is done
again without a network. Nothing else than our own errors comes out, and no row is lost in silence.
"""

import copy
import os
import random
from datetime import timedelta
from functools import cache

import msgspec
import pytest
from qualys_reading import calling

from patchfleet.emulator import Emulator
from patchfleet.errors import Unreadable, VendorError
from patchfleet.fleet import QualysSource
from patchfleet.qualys import Qualys, Retries
from patchfleet.transport.messages import Response

SEED = int(os.environ.get("PATCHFLEET_SEED", "15"))
ROUNDS = int(os.environ.get("PATCHFLEET_ROUNDS", "150"))

ODD = [
    None, True, 0, -1, 7, 1.5, 10**30, 1_577_934_750, 9_999_999_999_999_999, "", " ", "x", "N/A",
    "Not Announced", "0", "1970-01-01T00:00:00Z", "9999-12-31", "a\x00\x0bb", "\ufffd",
    {}, {"id": "x"}, {"x": [1]}, [None], ["x"], [5], [[]], [{}], [{"id": None}], ["CVE-1, CVE-2"],
    [["x"] * 3] * 2,
]  # fmt: skip
"""Whatever may stand in the place of anything; an empty list is an answer of its own."""


class Kept:
    """A wire that answers as before, one answer excepted."""

    connections = 4

    def __init__(self, answers, changed=None, body=b""):
        self.answers, self.changed, self.body = answers, changed, body

    def send(self, request):
        key = ("auth",) if request.is_login else key_of(request)
        answer = self.answers.get(key)
        if answer is None:  # nothing that was asked before: the vendor knows nothing there
            return Response(404, {}, b'{"_error": {"errorCode": "1404", "message": "none"}}')
        return Response(200, answer.headers, self.body if key == self.changed else answer.body)

    def close(self):
        pass


class Keeping:
    """A wire that keeps what another one brings."""

    connections = 4

    def __init__(self, wire):
        self.wire, self.answers = wire, {}

    def send(self, request):
        answer = self.wire.send(request)
        self.answers[("auth",) if request.is_login else key_of(request)] = answer
        return answer

    def close(self):
        self.wire.close()


def key_of(request):
    cursor = request.headers.get("searchAfter")
    return request.method, request.path, request.query, request.body, cursor


@cache
def world():
    """Return the answers of a sync by what was asked, when it was, and what it learned."""
    with Emulator(customers=2, devices=7, patches=8, qualys_patches=14, seed=6).running() as host:
        host.emulator.advance(days=9, hours=3)
        with calling(host) as client:
            client._wire = wire = Keeping(client._wire)
            now = host.emulator.now
            learned = learn(client, now)
    answers = {key: answer for key, answer in wire.answers.items() if key != ("auth",)}
    return answers, wire.answers, now, learned


def learn(client, now):
    """Return rows by what they are of, the devices that were not read, and the gaps."""
    source = QualysSource(client, now=lambda: now, customer_tags=["Customer: *"])
    inventory = source.inventory()
    rows = {("device", one.id): one for one in inventory.devices}
    failed = {}
    for device, answer in source.listings(inventory.devices):
        if isinstance(answer, VendorError):
            failed[device.id] = answer
            continue
        rows |= {("finding", device.id, one.id): one for one in answer.findings}
    jobs = source.jobs()
    rows |= {("job", one.id): one for one in jobs.jobs}
    rows |= {("run", one.job_id, one.id): one for one in jobs.runs}
    rows |= {("result", one.job_id, one.run_id, one.device_id): one for one in jobs.results}
    return rows, failed, (*inventory.gaps, *jobs.gaps), jobs.kept_jobs


def offline(wire):
    client = Qualys("u", "p", override_platform={"gateway_url": "http://127.0.0.1:9"},
                    retries=Retries(attempts=1))  # fmt: skip
    client._wire = wire
    return client


def again(changed=None, body=b""):
    _, answers, now, _ = world()
    return learn(offline(Kept(answers, changed, body)), now)


def places(value, above=()):
    yield above
    inside = (
        value if isinstance(value, dict) else range(len(value) if isinstance(value, list) else 0)
    )
    for name in inside:
        yield from places(value[name], (*above, name))


def with_other(value, place, other):
    if not place:
        return other
    whole = copy.deepcopy(value)
    inner = whole
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = other
    return whole


def cases(rounds, seed):
    chosen = random.Random(seed)
    answers = sorted(world()[0], key=repr)
    read = {key: msgspec.json.decode(world()[0][key].body or b"null") for key in answers}
    # Few records are alike in shape and many are alike in all: shapes are chosen first.
    by_shape = {}
    for key in answers:
        for place in places(read[key]):
            shape = key[1].rpartition("/")[2], tuple(one for one in place if isinstance(one, str))
            by_shape.setdefault(shape, []).append((key, place))
    shapes = sorted(by_shape, key=repr)
    for number in range(rounds):
        shape = shapes[number % len(shapes)] if rounds >= len(shapes) else chosen.choice(shapes)
        key, place = chosen.choice(by_shape[shape])
        other = chosen.choice(ODD)
        yield key, place, other, msgspec.json.encode(with_other(read[key], place, other))


def test_without_a_change_all_is_as_it_was():
    assert again() == world()[3]
    rows, failed, gaps, kept = world()[3]
    assert {kind for kind, *_ in rows} == {"device", "finding", "job", "run", "result"}
    assert not failed
    assert not kept
    assert all("in patch management" in gap.reason for gap in gaps)


def test_an_odd_value_is_an_error_a_named_problem_or_no_matter():
    before, _, gaps_before, _ = world()[3]
    for key, place, other, body in cases(ROUNDS, SEED):
        where = f"{key[1]} {place} = {other!r} (seed {SEED})"
        try:
            rows, failed, gaps, kept = again(key, body)
        except VendorError:
            continue
        except Exception as error:
            raise AssertionError(f"{where}: {error!r}") from error
        lost = {row for row in before.keys() - rows.keys() if row[1] not in {*failed, *kept}}
        more = rows.keys() - before.keys()
        assert not (lost or more) or set(gaps) != set(gaps_before), (where, lost, more)
        changed = {row for row in before.keys() & rows.keys() if before[row] != rows[row]}
        devices = {row[1] for row in changed if row[0] == "device"}
        assert len(devices) <= 1 or set(gaps) != set(gaps_before), (where, devices)
        for row in rows.values():
            msgspec.json.encode(row).decode()


@pytest.mark.parametrize("deep", [b"[" * 100_000, b'[{"tags":' * 50_000, b'{"a":' * 100_000])
def test_what_is_nested_too_deep_is_unreadable(deep):
    for key in world()[0]:
        try:
            again(key, deep)
        except Unreadable:
            continue
        except VendorError as error:
            raise AssertionError(key) from error
        assert "count" in key[1] or "catalog" in key[1] or kept_a_job(key, deep), key


def kept_a_job(key, body):
    return again(key, body)[3]


TIMES = [0, -1, "0", None, "", "Not Announced", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00"]
AHEAD = timedelta(hours=3)


@pytest.mark.parametrize("never", TIMES)
def test_never_is_no_time_anywhere(never):
    answers, whole, now, (before, *_) = world()
    changed = dict(whole)
    for key, answer in answers.items():
        changed[key] = Response(200, answer.headers, msgspec.json.encode(
            without_times(msgspec.json.decode(answer.body or b"null"), never)))  # fmt: skip
    rows, failed, gaps, _ = learn(offline(Kept(changed)), now)
    assert not failed
    assert {gap.reason for gap in gaps} == {gap.reason for gap in world()[3][2]}
    assert rows.keys() == before.keys()
    for key, row in rows.items():
        for one in (row, getattr(row, "patch", row)):
            for name in one.__struct_fields__:
                assert not (name.endswith("_at") and getattr(one, name)), (key, name)


def without_times(value, never):
    if isinstance(value, list):
        return [without_times(one, never) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: never if is_time(name, one) else without_times(one, never)
        for name, one in value.items()
    }


def is_time(name, value):
    is_stamp = isinstance(value, int) and not isinstance(value, bool) and value > 10**12
    return is_stamp or name in {"scheduledDateTime", "lastBoot"}


@pytest.mark.parametrize(
    "wrong", [lambda ms: ms // 1000, lambda ms: ms + AHEAD.total_seconds() * 1000, lambda _: 10**17]
)
def test_a_time_that_is_none_is_unknown_and_named(wrong):
    answers, whole, now, (before, *_) = world()
    for path, name, attribute in (
        ("/pm/v1/assets", "statusDateTime", "last_seen_at"),
        ("/pm/v2/patches", "publishedDate", "released_at"),
    ):
        changed = dict(whole)
        done = set()
        for key, answer in answers.items():
            if key[1] == path and key[0] == "POST" and answer.body[:1] == b"[":
                listed = msgspec.json.decode(answer.body)
                for one in listed[:1]:
                    one[name] = wrong(int(now.timestamp() * 1000))
                    one["scanDateTime"] = 0
                    done.add(one["id"])
                changed[key] = Response(200, answer.headers, msgspec.json.encode(listed))
        rows, failed, gaps, _ = learn(offline(Kept(changed)), now)
        assert rows.keys() == before.keys()
        assert not failed
        for key, row in rows.items():
            of = row.patch if key[0] == "finding" else row
            if key[-1] in done and hasattr(of, attribute):
                assert getattr(of, attribute) is None
        assert sum(one in gap.reason for one in done for gap in gaps) >= len(done)
