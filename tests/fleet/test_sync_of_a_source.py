"""A sync that goes well: the record is the truth, row for row, and says what it does not cover."""

from itertools import pairwise

import msgspec
import pytest

from ground_truth import patched, recorded_findings, true_devices, true_findings
from patchfleet.emulator import Emulator
from patchfleet.fleet import NSightSource, sync
from patchfleet.nsight import NAble
from patchfleet.nsight.records.record import Records
from patchfleet.store.queries import customers, devices, findings


@pytest.mark.parametrize("seed", [1, 7, 40])
def test_the_record_is_the_truth(store, seed):
    emulator = Emulator(customers=3, devices=12, patches=40, seed=seed)
    with (
        emulator.running() as host,
        NAble(base_url=host.url, key=host.api_key, rate_limit=None) as nable,
    ):
        outcome = sync(NSightSource(nable), store, now=lambda: emulator.now)
    truth = true_devices(emulator)
    with store.snapshot() as snapshot:
        assert snapshot.as_of == outcome.as_of == emulator.now, "the server's clock, not ours"
        assert recorded_findings(findings(snapshot)) == true_findings(emulator)
        assert {
            (d.customer_id, d.site_id, d.device_id, d.device, d.kind, d.is_patched, d.os, d.serial)
            for d in devices(snapshot)
        } == {
            (
                str(customer["clientid"]),
                str(site["siteid"]),
                str(device["deviceid"]),
                device["name"],
                device["kind"],
                device["is_managed"],
                device["os"],
                device["serial"],
            )
            for customer, site, device in truth
        }
        assert {c.customer for c in customers(snapshot)} == {
            customer["name"] for customer in emulator.ground_truth()["customers"]
        }
    assert outcome.is_complete
    assert not outcome.problems
    assert not outcome.gaps
    assert outcome.devices == len(truth)
    assert outcome.scanned == len(patched(emulator))
    assert outcome.findings == outcome.new == len(true_findings(emulator))


def test_a_device_without_patch_management_is_not_asked_and_is_counted(store):
    emulator = Emulator(customers=3, devices=12, patches=5, seed=1)
    with (
        emulator.running() as host,
        NAble(base_url=host.url, key=host.api_key, rate_limit=None) as nable,
    ):
        outcome = sync(NSightSource(nable), store, now=lambda: emulator.now)
    asked = [call.params["deviceid"] for call in emulator.calls if call.service == "patch_list_all"]
    assert sorted(asked) == sorted(patched(emulator))
    others = [d for _, _, d in true_devices(emulator) if not d["is_managed"]]
    assert outcome.not_patched == len(others) > 0
    with store.snapshot() as snapshot:
        held = {d.device_id: (d.is_patched, d.scanned_at, d.findings) for d in devices(snapshot)}
    assert {held[str(device["deviceid"])] for device in others} == {(False, None, 0)}


def numbers_of(work):
    return [int(value) for name, value in work.request.query if name == "deviceid"]


class Chosen(NAble):
    """A client whose list of the first device is cut to `rows`."""

    rows: int
    device: int

    def run(self, work):
        answer = super().run(work)
        if getattr(work, "name", "") != "patch_list_all" or self.device not in numbers_of(work):
            return answer
        del answer.result[self.rows :]
        return answer


@pytest.mark.parametrize("rows", [0, 1])
def test_no_patch_and_one_patch_are_lists_too(emulator, connected, store, rows):
    device = patched(emulator)[0]
    few = type("Few", (Chosen,), {"rows": rows, "device": int(device)})
    outcome = sync(connected(few), store, now=lambda: emulator.now)
    assert outcome.is_complete
    with store.snapshot() as snapshot:
        learned = recorded_findings(findings(snapshot))
    assert sum(of == device for of, _ in learned) == rows
    truth = true_findings(emulator)
    assert {key: learned[key] for key in learned} == {key: truth[key] for key in learned}
    assert {key for key in truth if key[0] != device} == {k for k in learned if k[0] != device}


def test_what_changed_is_counted_and_recorded(emulator, source, store):
    sync(source, store, now=lambda: emulator.now)
    before = true_findings(emulator)
    emulator.advance(days=8)
    outcome = sync(source, store, now=lambda: emulator.now)
    after = true_findings(emulator)
    assert outcome.new == len(after.keys() - before.keys()) > 0
    assert outcome.gone == len(before.keys() - after.keys())
    assert outcome.changed == sum(after[key] != before[key] for key in after.keys() & before) > 0
    with store.snapshot() as snapshot:
        assert recorded_findings(findings(snapshot)) == after


def test_nothing_new_is_nothing_written(emulator, source, store):
    sync(source, store, now=lambda: emulator.now)
    outcome = sync(source, store, now=lambda: emulator.now)
    assert (outcome.new, outcome.changed, outcome.gone) == (0, 0, 0)
    assert outcome.findings == len(true_findings(emulator))


class Promising(NAble):
    """A client that is told of one more server at the first customer than there is."""

    def list_clients(self):
        listed = super().list_clients()
        listed[0].server_count = (listed[0].server_count or 0) + 1
        return listed


def test_counts_that_do_not_agree_are_said(emulator, connected, store):
    outcome = sync(connected(Promising), store, now=lambda: emulator.now)
    customer = emulator.ground_truth()["customers"][0]
    found = sum(d["kind"] == "server" for site in customer["sites"] for d in site["devices"])
    gap = f"{customer['name']}: N-able counts {found + 1} servers and lists {found}"
    assert [one.reason for one in outcome.gaps] == [gap]
    assert [(p.subject, p.reason) for p in store.runs.gaps(outcome.run_id)] == [("inventory", gap)]
    assert outcome.is_complete, "all that is listed was read"


class Forgetful(NAble):
    """A client whose long lists leave out the servers, and whose short ones say two devices twice.

    One of them alike in everything, the other by another name.

    Sites with servers alone then look empty in one kind of list and not in the other.
    """

    def list_servers(self, siteid):
        return Records()

    def list_devices_at_client(self, clientid, devicetype):
        listed = super().list_devices_at_client(clientid, devicetype)
        listed += [listed[0], msgspec.structs.replace(listed[-1], name="another")]
        return listed


def test_a_device_that_stands_twice_or_in_one_list_only_is_said(connected, store):
    emulator = Emulator(customers=1, devices=8, patches=10, seed=3)
    kinds = [device["kind"] for _, _, device in true_devices(emulator)]
    with emulator.running() as host:
        nable = Forgetful(base_url=host.url, key=host.api_key, rate_limit=None)
        outcome = sync(NSightSource(nable), store, now=lambda: emulator.now)
        nable.close()
    said = [gap.reason.split(" ", 3)[3] for gap in outcome.gaps if gap.device_id]
    assert sum("listed twice; the last place counts" in gap for gap in said) == len(set(kinds))
    assert sum("has no details" in gap for gap in said) >= kinds.count("server") > 0
    assert outcome.devices == len(kinds)


class Doubled(NAble):
    """A client that is told one patch of every device twice."""

    def run(self, work):
        answer = super().run(work)
        if getattr(work, "name", "") != "patch_list_all":
            return answer
        rows = answer.result
        rows += [self.again(row) for row in rows[:1]]
        return answer

    def again(self, row):
        return msgspec.structs.replace(row)


class Torn(Doubled):
    """A client that is told of one patch of every device what cannot be true together."""

    def again(self, row):
        return msgspec.structs.replace(row, status=99)


def test_a_row_twice_alike_in_everything_is_one(emulator, connected, store):
    outcome = sync(connected(Doubled), store, now=lambda: emulator.now)
    assert outcome.is_complete
    patches = sum(len(device["patches"]) for *_, device in true_devices(emulator))
    assert (outcome.findings, outcome.gaps) == (patches, ())


def test_a_row_twice_and_different_is_a_problem_of_its_device(emulator, connected, store):
    outcome = sync(connected(Torn), store, now=lambda: emulator.now)
    assert not outcome.is_complete
    torn = [device for *_, device in true_devices(emulator) if device["patches"]]
    assert {one.device_id for one in outcome.problems} == {str(one["deviceid"]) for one in torn}
    for problem in outcome.problems:
        assert "is listed twice, with different values" in problem.reason
        assert problem.customer_id is not None


def test_progress_only_grows_and_ends_at_the_end(emulator, source, store):
    told = []
    outcome = sync(source, store, now=lambda: emulator.now, on_progress=told.append)
    for earlier, later in pairwise(told):
        assert later.calls >= earlier.calls
        assert later.scanned >= earlier.scanned
        assert later.findings >= earlier.findings
    assert told[-1].calls == len(emulator.calls)
    assert told[-1].scanned == told[-1].devices == outcome.scanned
    assert told[-1].findings == outcome.findings
