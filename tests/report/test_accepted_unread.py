"""Devices that were accepted unread have a place of their own in every report, with their age."""

import json
import re
from tempfile import TemporaryDirectory

import pytest
from fleets import DAY, REPORTS, START, WHOLE, Plan, findings_of, inventory, plans, record
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from test_coverage import is_meant, narrowed

from patchfleet.errors import Unreadable
from patchfleet.fleet import DeviceListing, SyncOptions, sync
from patchfleet.models import Selection
from patchfleet.report import to_json
from patchfleet.store import Store


class Source:
    """A source of a plan, some of whose devices cannot be read."""

    has_a_call_for_each_device = True

    def __init__(self, plan: Plan, name: str, unread: set[str], at) -> None:
        self.plan, self.name, self.unread, self.at = plan, name, unread, at

    def inventory(self, on_call, known=None):
        on_call()
        return inventory(self.plan, self.name, self.at)

    def cost(self, devices):
        return devices

    def listings(self, devices, known, *, at_once, on_call):
        for device in devices:
            if device.id in self.unread:
                yield device, Unreadable("UNREAD", operation="patch_list_all")
            else:
                yield device, DeviceListing(findings_of(device, 1, self.plan.seed))


@pytest.mark.slow
@settings(max_examples=2, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(st.data())
def test_devices_accepted_unread_are_named_with_their_age_and_counted_apart(data):
    plan = data.draw(plans())
    source = data.draw(st.sampled_from(plan.sources))
    chosen = data.draw(narrowed(plan))
    managed = [device for device in plan.devices[source] if device.is_patched]
    ids = st.sampled_from([device.id for device in managed])
    unread = data.draw(st.sets(ids, min_size=1))
    at = START + 5 * DAY
    with TemporaryDirectory() as folder, Store.open(f"{folder}/fleet.db") as store:
        record(store, plan)
        world = Source(plan, source, unread, at)
        is_by_number = data.draw(st.booleans())
        rules = (
            SyncOptions(accepts_unread_after=1)
            if is_by_number
            else SyncOptions(accepts_unread=("*",))
        )
        assert sync(world, store, now=lambda: at, rules=rules).is_complete
        own = {one.id: one.name for one in managed
               if one.id in unread and is_meant(plan, chosen, source, one)}  # fmt: skip
        others = {one.name for one in plan.devices[source]} - set(own.values())
        with store.snapshot(with_history=True) as snapshot, store.snapshot(at=START) as before:
            for make in REPORTS.values():
                report = make(snapshot, before, chosen)
                covered = report.coverage
                told = [(one.source, one.device_id, one.listed_at) for one in covered.unread]
                assert sorted(told) == [(source, one, START + DAY) for one in sorted(own)]
                of = next(one for one in covered.sources if one.source == source)
                assert of.kept == 0, "counted apart"
                assert not any("UNREAD" in gap for gap in covered.gaps)
                assert covered.other_gaps >= len(unread) - len(own)
                marks = [one for one in report.notes if one.startswith("Not read, which was")]
                assert len(marks) == bool(own)
                if own:
                    count = re.search(r": (\d+) devices? \((\d+) as last listed\)", marks[0])
                    assert count is not None
                    assert count.groups() == (str(len(own)), str(len(own)))
                    assert marks[0].count("kept as listed on 2026-11-14 07:00 UTC, 4 days ago") == (
                        len(own)
                    )
                    assert all(name in marks[0] for name in own.values())
                    assert not any(name in marks[0] for name in others)
                for spell in WHOLE.values():
                    assert (spell(report, folder).count("4 days ago") > 0) == bool(own)
                assert len(json.loads(to_json(report))["coverage"]["unread"]) == len(own)


@pytest.mark.slow
@settings(max_examples=3)
@given(plans(), st.data())
def test_a_device_that_was_never_listed_is_said_to_be_none(plan, data):
    source = plan.sources[0]
    managed = [device for device in plan.devices[source] if device.is_patched]
    unread = data.draw(st.sets(st.sampled_from([one.id for one in managed]), min_size=1))
    with TemporaryDirectory() as folder, Store.open(f"{folder}/fleet.db") as store:
        world = Source(plan, source, unread, START)
        rules = SyncOptions(accepts_unread=("*",))
        assert sync(world, store, now=lambda: START, rules=rules).is_complete
        with store.snapshot(with_history=True) as snapshot:
            report = REPORTS["today"](snapshot, snapshot, Selection())
            (mark,) = [one for one in report.notes if one.startswith("Not read, which was")]
            assert f"({len(unread)} never listed)" in mark
            assert all(one.listed_at is None for one in report.coverage.unread)
