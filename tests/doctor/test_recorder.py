"""A recording only reads, makes no more calls than it announces, and leaves no read out."""

import pytest
from recordings import recording_of

from patchfleet.doctor import NSIGHT_READS, QUALYS_READS, READ_LISTS, record
from patchfleet.doctor.recorder import CUT, LOGIN, READ, Watch
from patchfleet.doctor.shaping import Shaper
from patchfleet.doctor.vocabulary import NSIGHT
from patchfleet.emulator import Emulator
from patchfleet.errors import ConfigError, Unauthorized
from patchfleet.nsight import NAble
from patchfleet.nsight.operations import devices, patches
from patchfleet.qualys import Qualys
from patchfleet.transport.client import table_of

WORLD = {"customers": 2, "devices": 10, "patches": 30, "seed": 4}
WRITES = {"DELETE", "PATCH", "PUT"}
CLIENTS = {"nsight": NAble, "qualys": Qualys}


@pytest.fixture(scope="module")
def emulator():
    return Emulator(**WORLD)


@pytest.fixture(scope="module")
def recording(emulator):
    return recording_of(emulator)


def test_no_call_changes_anything(emulator, recording):
    assert recording.vendors.keys() == {"nsight", "qualys"}
    services = {call.service for call in emulator.calls}
    assert len(services) > 30
    assert not {name for name in services if name.startswith("patch_")} - {"patch_list_all"}
    assert "task_run_now" not in services
    for call in emulator.calls:
        assert call.method not in WRITES, call
    posts = {call.path for call in emulator.calls if call.method == "POST"}
    for path in posts - {"/auth"}:
        assert not path.endswith(("/deploymentjob", "/deploymentjobs")), path
        assert "/update/" not in path
        assert "jobprogress" not in path


def test_the_world_is_as_before(emulator, recording):
    fresh = Emulator(**WORLD)
    assert recording.vendors
    for vendor in ("nsight", "qualys"):
        assert emulator.ground_truth(vendor=vendor) == fresh.ground_truth(vendor=vendor)


@pytest.mark.parametrize("reads", READ_LISTS, ids=lambda reads: reads.vendor)
def test_each_operation_is_recorded_or_left_out_for_a_reason(reads):
    client = CLIENTS[reads.vendor]
    names = {
        line.build: name
        for name, line in table_of(client).items()
        if name == name.lower() and not name.startswith("iter_")
    }
    operations = {name for build, name in names.items()}
    wrapper = {"clients", "sites", "servers", "workstations", "checks"}
    recorded = {read.name for read in reads.reads}
    missing = operations - recorded - reads.left_out.keys() - wrapper
    assert missing == set()
    assert not recorded & reads.left_out.keys()


@pytest.mark.parametrize("reads", READ_LISTS, ids=lambda reads: reads.vendor)
@pytest.mark.parametrize("sample", [1, 4])
def test_calls_are_bounded_by_what_is_announced(reads, sample):
    emulator = Emulator(**WORLD)
    with emulator.running() as host:
        account = emulator.qualys
        client = {
            "nsight": lambda: NAble(base_url=host.url, key=host.api_key, rate_limit=None),
            "qualys": lambda: Qualys(
                account.username, account.password, override_platform={"gateway_url": host.url}
            ),
        }[reads.vendor]()
        with client:
            found, _ = record(client, reads, sample=sample, attempts=2)
    for read in reads.reads:
        answers = found[read.name]
        assert answers.works <= read.most_works(sample), read.name
        assert answers.calls <= read.most_calls(sample) * 4, read.name
    made = [call for call in emulator.calls if call.vendor == reads.vendor]
    assert sum(answers.calls for answers in found.values()) == len(made)


def test_a_change_is_refused_before_it_is_sent():
    emulator = Emulator(**WORLD)
    with emulator.running() as host, NAble(base_url=host.url, key=host.api_key) as client:
        watch = Watch(Shaper(NSIGHT), 10)
        for change in (patches.approve_patches(1, [2]), devices.task_run_now(3)):
            with pytest.raises(ConfigError, match="only reads"):
                client.run(change, observer=watch)
        writes = [call for call in emulator.calls if call.service != "patch_list_all"]
        assert writes == []


def test_a_read_that_pages_without_end_is_cut():
    emulator = Emulator(**WORLD)
    with emulator.running() as host, NAble(base_url=host.url, key=host.api_key) as client:
        from dataclasses import replace

        only = replace(NSIGHT_READS.reads[0], calls_each=0)
        found, _ = record(client, replace(NSIGHT_READS, reads=(only,)))
    assert found["list_clients"].outcomes == {CUT: 1}
    assert not emulator.calls


@pytest.mark.parametrize("fault", ["server_error", "cut", "html", "rate_limited", "reset"])
def test_a_failure_is_an_outcome_and_no_read_is_missing(fault):
    emulator = Emulator(**WORLD)
    options = {"retry_after": 0} if fault == "rate_limited" else {}
    emulator.fault(fault, times=None, service="patch_list_all", **options)
    emulator.fault(fault, times=None, service="list_jobs", **options)
    recording = recording_of(emulator)
    nsight, qualys = recording.vendors["nsight"], recording.vendors["qualys"]
    assert [name for name in nsight if name != LOGIN] == [one.name for one in NSIGHT_READS.reads]
    assert {one.name for one in QUALYS_READS.reads} <= qualys.keys()
    for answers in (nsight["list_patches"], qualys["list_jobs"]):
        assert answers.works
        assert READ not in answers.outcomes
        assert sum(answers.outcomes.values()) == answers.works
    assert qualys["get_job"].works == 0, "there is no job to ask about"


def test_a_refused_account_is_an_error_at_once():
    emulator = Emulator(**WORLD)
    with emulator.running() as host, NAble(base_url=host.url, key="wrong") as client:
        with pytest.raises(Unauthorized):
            record(client, NSIGHT_READS)
        assert len(emulator.calls) == 1


def test_it_waits_for_the_rate_limit():
    from patchfleet.transport.rate_limit import NoRateLimit

    class Counting(NoRateLimit):
        taken = 0

        def take(self, now):
            self.taken += 1
            return super().take(now)

    emulator, limit = Emulator(**WORLD), Counting()
    with emulator.running() as host:
        with NAble(base_url=host.url, key=host.api_key, rate_limit=limit) as client:
            record(client, NSIGHT_READS, sample=1)
        assert limit.taken == len(emulator.calls) > 10
