"""What who syncs does with batches, over an engine of a few lines and a clock of ours."""

from collections import Counter

import pytest

from patchfleet.errors import (
    Forbidden,
    Incomplete,
    Rejected,
    Unreachable,
    Unreadable,
    VendorError,
)
from patchfleet.fleet.distributed.batch import Batch, answer_of, as_text, batch_of, read
from patchfleet.fleet.distributed.queued_source import BatchStatus, QueuedSource, QueueTimeouts
from patchfleet.fleet.source import DeviceListing
from patchfleet.models import Device, Finding, FindingStatus, Patch

DEVICES = [
    Device(id=str(n), site_id="1", customer_id="1", name=f"PC{n}", kind="server") for n in range(7)
]
PATCH = Patch(title="2026-11 Cumulative Update", kb="5031")
MISSING = FindingStatus(
    "missing", "approve", is_own_decision=False, vendor_status="1 Missing", vendor_decision="2"
)


class Account:
    """A source of seven devices; number 3 is forbidden, number 5 unchanged."""

    name = "nsight"
    has_a_call_for_each_device = True

    def cost(self, devices):
        return devices

    def listings(self, devices, known, *, at_once, on_call):
        for device in devices:
            on_call()
            if device.id == "3":
                yield device, Forbidden("not you", vendor="N-able", hint="ask")
            elif device.id == "5":
                yield device, DeviceListing(None, known[device.id])
            else:
                yield (
                    device,
                    DeviceListing([Finding(device.id, PATCH, MISSING)], f"print {device.id}"),
                )


class Engine:
    """Workers that read at once what is sent, unless a test says how a batch stands instead."""

    def __init__(self, stands=lambda attempt: None):
        self.stands, self.alive, self.sent, self.withdrawn, self.clears = stands, set(), {}, [], 0
        self._attempts = Counter()

    def send(self, name, batch):
        self.sent[name] = batch_of(as_text(batch))
        self._attempts[batch.devices[0].id] += 1

    def look(self, names):
        return {name: self._seen(name) for name in names}

    def _seen(self, name):
        first = self.sent[name].devices[0].id
        return self.stands(self._attempts[first]) or BatchStatus("answered", "w")

    def take(self, name):
        return answer_of(as_text(read(Account(), self.sent[name], lambda: True)))

    def withdraw(self, name):
        self.withdrawn.append(name)

    def clear(self):
        self.clears += 1

    def is_alive(self, worker):
        return worker in self.alive


class Time:
    def __init__(self):
        self.now = 0.0

    def patience(self, **terms):
        return QueueTimeouts(clock=lambda: self.now, wait=self._pass, **terms)

    def _pass(self, seconds):
        self.now += seconds


def listed(engine, time=None, **terms):
    calls, said = [], []
    source = QueuedSource(
        Account(), engine, devices_a_batch=3, on_retry=said.append,
        patience=(time or Time()).patience(**terms),
    )  # fmt: skip
    known = {"5": "print 5", "other": "none of ours"}
    answers = list(source.listings(DEVICES, known, at_once=4, on_call=lambda: calls.append(1)))
    return answers, len(calls), said


def test_answers_travel_whole():
    engine = Engine()
    answers, calls, said = listed(engine)
    assert [device.id for device, _ in answers] == [device.id for device in DEVICES]
    by_id = {device.id: answer for device, answer in answers}
    assert by_id["0"] == DeviceListing([Finding("0", PATCH, MISSING)], "print 0")
    assert by_id["5"] == DeviceListing(None, "print 5")
    error = by_id["3"]
    assert (type(error), error.message, error.hint, error.vendor) == (
        Forbidden, "not you", "ask", "N-able",
    )  # fmt: skip
    assert (calls, said, engine.clears) == (7, [], 2)
    assert [len(batch.devices) for batch in engine.sent.values()] == [3, 3, 1]
    assert [batch.known for batch in engine.sent.values()] == [{}, {"5": "print 5"}, {}]


def test_a_batch_whose_worker_is_gone_is_sent_once_more():
    engine = Engine(lambda attempt: BatchStatus("working", "gone") if attempt == 1 else None)
    answers, calls, said = listed(engine)
    assert sorted(device.id for device, _ in answers) == [device.id for device in DEVICES]
    assert calls == 7
    assert len(engine.withdrawn) == 3, "a late answer is dropped"
    assert said[0] == "worker gone is gone: 3 devices of its batch are read again"


def test_a_batch_that_no_worker_gets_through_is_a_problem():
    engine = Engine(lambda _: BatchStatus("failed"))
    answers, calls, said = listed(engine)
    assert {type(answer) for _, answer in answers} == {Unreachable}
    assert (len(answers), calls, len(engine.sent), len(said)) == (7, 0, 9, 6)
    assert answers[0][1].message == (
        "3 workers could not read it: a worker met an unexpected error"
    )


def test_a_worker_that_lives_and_does_not_get_on_loses_its_batch():
    engine, time = (
        Engine(lambda attempt: BatchStatus("working", "w") if attempt == 1 else None),
        Time(),
    )
    engine.alive = {"w"}
    answers, _, said = listed(engine, time, batch_seconds=900)
    assert len(answers) == 7
    assert 900 <= time.now < 901
    assert said[0].startswith("worker w did not end within 15 minutes: ")


def test_without_a_worker_it_ends():
    time = Time()
    with pytest.raises(Incomplete, match="no worker took a batch for 60 seconds: 7 devices"):
        listed(Engine(lambda _: BatchStatus("waiting")), time)
    assert 60 <= time.now < 61


def test_nobody_to_ask_is_no_batch():
    engine = Engine()
    source = QueuedSource(Account(), engine)
    assert list(source.listings([], {}, at_once=4, on_call=lambda: None)) == []
    assert engine.clears == 0


def test_what_was_read_when_nobody_wants_it_any_more_is_the_answer():
    answer = read(Account(), batch_of(as_text(batch_of_all())), lambda: False)
    assert [reply.device_id for reply in answer.replies] == []


def batch_of_all():
    from patchfleet.fleet.distributed.batch import Batch

    return Batch(DEVICES, {"5": "print 5"}, 4)


def kinds_of(kind):
    return [kind, *(found for one in kind.__subclasses__() for found in kinds_of(one))]


OWN_FIELDS = {Rejected: {"code": 4, "reason": "no", "parameter": "deviceid"},
              Unreadable: {"sample": "<html>"}}  # fmt: skip


@pytest.mark.parametrize("fate", ["answered", "refused", "unknown"])
@pytest.mark.parametrize("kind", kinds_of(VendorError))
def test_errors_travel_whole(kind, fate):
    more = OWN_FIELDS.get(kind, {})
    error = kind("it is so", vendor="N-able", operation="patch_list_all", hint="ask", **more)
    error.fate, error.transient, error.retry_after_seconds = fate, fate == "unknown", 2.5

    class Troubled(Account):
        def listings(self, devices, known, *, at_once, on_call):
            for device in devices:
                yield device, error

    answer = answer_of(as_text(read(Troubled(), Batch(DEVICES, {}, 4), lambda: True)))
    for device_id, found in answer.listings():
        assert type(found) is kind, device_id
        assert vars(found) | {"__notes__": 0} == vars(error) | {"__notes__": 0}
        assert (found.fate, found.transient) == (error.fate, error.transient)
