"""A sync that ends by an error says so, and why, in whatever is asked of the record later."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from small_world import DAY, Jobbing

from patchfleet import errors
from patchfleet.errors import Error
from patchfleet.fleet import SyncOptions, sync
from patchfleet.models import Selection
from patchfleet.report import fleet_report, to_json, today_report
from patchfleet.store import Store

WHOSE = "PC-0 of Acme"
OF_ALL = (
    errors.Unreachable, errors.RateLimited, errors.Unauthorized, errors.Forbidden,
    errors.NotTheVendor, errors.VendorBroken,
)  # fmt: skip
OTHERS = (errors.NotFound, errors.Rejected, errors.Unreadable, errors.WindowExceeded)
ENDS = {
    **{of.__name__: of("no way", operation="list_clients") for of in OF_ALL},
    **{of.__name__: of(f"odd {WHOSE}", operation="list_sites") for of in OTHERS},
    "StoreError": errors.StoreError(f"cannot keep {WHOSE}"),
    "ZeroDivisionError": ZeroDivisionError(WHOSE),
    "KeyboardInterrupt": KeyboardInterrupt(WHOSE),
}
PHASES = ("inventory", "listings", "jobs")


class Ending(Jobbing):
    """A vendor whose sync ends somewhere."""

    ends: BaseException | None = None
    phase = ""

    def _meet(self, phase):
        if self.ends is not None and self.phase == phase:
            raise self.ends

    def inventory(self, on_call, known=None):
        self._meet("inventory")
        return super().inventory(on_call, known)

    def listings(self, devices, known, *, at_once, on_call):
        for one in super().listings(devices, known, at_once=at_once, on_call=on_call):
            self._meet("listings")
            yield one

    def jobs(self, on_call, over, known):
        self._meet("jobs")
        return super().jobs(on_call, over, known)


def reports(store, chosen):
    with store.snapshot(with_history=True) as snapshot:
        for make in (today_report, fleet_report):
            report = make(snapshot, selection=chosen)
            yield report, to_json(report)


def reason_of(error):
    """Say by other means what everybody may be told of an error."""
    if isinstance(error, OF_ALL):
        return "the rest, since it ended by an error: list_clients: no way"
    if isinstance(error, OTHERS):
        name = type(error).__name__
        return f"the rest, since it ended by an error in list_sites ({name})"
    if isinstance(error, Error):
        return "the rest, since it ended by an error (StoreError)"
    if isinstance(error, Exception):
        return "the rest, since it ended by an internal error (ZeroDivisionError)"
    return "the rest, since it was interrupted"


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("name", ENDS)
@settings(max_examples=1, deadline=None)
@given(devices=some.integers(2, 4), times=some.integers(1, 2))
def test_reports_say_that_a_later_sync_ended_and_why(tmp_path_factory, name, phase, devices, times):
    world, error = Ending(devices), ENDS[name]
    if phase == "jobs" and isinstance(error, errors.VendorError) and name != "Unauthorized":
        return  # that ends no sync: the jobs are missing, and all else goes on
    with Store.open(tmp_path_factory.mktemp("ended") / "fleet.db") as store:
        assert sync(world, store, now=lambda: world.now).is_complete
        world.ends, world.phase = error, phase
        for _ in range(times):
            world.now += DAY
            with pytest.raises(type(error)):
                sync(world, store, now=lambda: world.now, rules=SyncOptions(max_missing=1))
        for chosen in (Selection(), Selection(customers=("Birch",))):
            for report, text in reports(store, chosen):
                (note,) = [one for one in report.notes if one.startswith("Not current: ")]
                assert reason_of(error) in note
                assert reason_of(error) in text
                assert "it is under way" not in note
                may_name = not chosen.customers and WHOSE in getattr(error, "message", "")
                assert (WHOSE in text) == may_name
        world.ends = None
        world.now += DAY
        assert sync(world, store, now=lambda: world.now).is_complete
        for report, _ in reports(store, Selection()):
            assert not [one for one in report.notes if "Not current" in one]


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("customer", ["", "Birch"])
def test_reports_say_that_a_source_was_never_complete(tmp_path, times, customer):
    calm, world = Jobbing(2), Ending(2)
    world.name = "other"
    world.ends, world.phase = ENDS["Forbidden"], "inventory"
    chosen = Selection(customers=(customer,) if customer else ())
    with Store.open(tmp_path / "fleet.db") as store:
        assert sync(calm, store, now=lambda: calm.now).is_complete
        for _ in range(times):
            world.now += DAY
            with pytest.raises(errors.Forbidden):
                sync(world, store, now=lambda: world.now)
        for report, text in reports(store, chosen):
            (note,) = [one for one in report.notes if "no sync of it was complete yet" in one]
            assert note.startswith("Not covered: other; ")
            assert f"(the last of {times}, run" in note or times == 1
            assert reason_of(world.ends) in note
            assert '"is_unknown": true' in text
        with store.snapshot(at=calm.now) as snapshot:
            assert not snapshot.coverage().later, "nobody knew of it then"
        with store.snapshot(run_id=1) as snapshot:
            assert not snapshot.coverage().later, "one run speaks of its source"
        world.ends = None
        assert sync(world, store, now=lambda: world.now).is_complete
        for report, _ in reports(store, chosen):
            assert "no sync of it" not in " ".join(report.notes)


def test_a_sync_whose_process_was_killed_is_not_under_way(tmp_path):
    world = Jobbing(2)
    with Store.open(tmp_path / "fleet.db") as store:
        sync(world, store, now=lambda: world.now)
        run = store.begin(world.name, now=world.now + DAY)
        for report, _ in reports(store, Selection()):
            assert "it is under way" in " ".join(report.notes)
        run.release()
        for report, _ in reports(store, Selection()):
            (note,) = [one for one in report.notes if one.startswith("Not current: ")]
            assert note.endswith("Missed: the rest, since its process ended before it.")
