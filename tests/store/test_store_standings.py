"""A patch's standing: since when it is described so, until when, and where no finding has it."""

import random

import pytest
from small_fleet import DAY, NOW, device, finding, inventory, patch, sync

from patchfleet.store import Store, queries

pytestmark = pytest.mark.slow

DEVICES = ("d1", "d2", "d3")
PATCHES = tuple(
    patch(f"Update {number}", kb=str(number), severity=severity)
    for number in (1, 2)
    for severity in ("low", "critical")
)
SQL = "SELECT source, patch, severity, from_run, to_run FROM patch_history"


LOW, CRITICAL = patch("A", severity="low"), patch("A", severity="critical")


def rows(snapshot, sql=f"{SQL} ORDER BY ALL"):
    return list(snapshot.ask(sql).rows())


def stood(store, at=None):
    """List title, severity and both runs of each standing, in the order of time."""
    with store.snapshot(at=at, with_history=True) as snapshot:
        return rows(
            snapshot, "SELECT patch, severity, from_run, to_run FROM patch_history ORDER BY 3, 2"
        )


def days(store, *told, source="nsight"):
    """Sync once a day; each day says of some devices which patch they have, or none."""
    for day, devices in enumerate(told):
        listings = {number: [finding(1, what)] if what else [] for number, what in devices.items()}
        sync(store, listings, now=NOW + day * DAY, source=source)


class Chance:
    """A fleet whose patches are described otherwise by chance, and what each run then showed."""

    def __init__(self, store, seed):
        self.store, self.chance = store, random.Random(seed)
        self.listings = {source: {number: {} for number in DEVICES} for source in ("nsight", "q")}
        self.shown = {"nsight": {}, "q": {}}
        self.now = NOW

    def run(self, source):
        """Make a run that is complete, stopped half-way and resumed later, or abandoned."""
        self.now += DAY
        chance, listings = self.chance, self.listings[source]
        run = self.store.begin(source, now=self.now, fresh=chance.random() < 0.2)
        present = {number for number in DEVICES if chance.random() < 0.8} | run.scanned
        unmanaged = {number for number in present - run.scanned if chance.random() < 0.15}
        of = (device(number, is_patched=number not in unmanaged) for number in sorted(present))
        run.inventory(inventory(*of, at=self.now))
        for number in sorted(present - unmanaged - run.scanned):
            if chance.random() < 0.15:
                run.stop(now=self.now)
                return
            self.change(listings[number])
            found = [finding(key, what) for key, what in listings[number].items()]
            run.record(number, found, now=self.now)
        run.complete(now=self.now, as_of=self.now)
        self.shown[source][run.id] = {
            what for number in present - unmanaged for what in listings[number].values()
        }

    def change(self, listing):
        for key in self.chance.sample(("1", "2", "3"), 2):
            listing[key] = self.chance.choice([*PATCHES, None, None])
            if listing[key] is None:
                del listing[key]

    def standings(self):
        """Go through the runs one by one, the slow way."""
        stood, open_since = set(), {}
        for source, runs in self.shown.items():
            for run_id, shown in sorted(runs.items()):
                for what in PATCHES:
                    key = source, what.title, what.severity
                    if what in shown:
                        open_since.setdefault(key, run_id)
                    elif key in open_since:
                        stood.add((*key, open_since.pop(key), run_id))
        return stood | {(*key, since, None) for key, since in open_since.items()}


@pytest.mark.parametrize("seed", range(3))
def test_any_history_reads_as_it_was_run_by_run(store, seed):
    history = Chance(store, seed)
    for _ in range(25):
        history.run(history.chance.choice(["nsight", "nsight", "q"]))
    with store.snapshot(with_history=True) as snapshot:
        assert set(rows(snapshot)) == history.standings()
        assert len(rows(snapshot)) == len(history.standings())


def test_a_severity_that_changes_on_all_devices_at_once_leaves_no_gap(store):
    days(store, {"d1": LOW, "d2": LOW}, {"d1": CRITICAL, "d2": CRITICAL})
    assert stood(store) == [("A", "low", 1, 2), ("A", "critical", 2, None)]
    with store.snapshot(with_history=True) as snapshot:
        times = rows(snapshot, "SELECT valid_from, valid_to FROM patch_history ORDER BY from_run")
    assert times == [(NOW, NOW + DAY), (NOW + DAY, None)]


def test_two_descriptions_stand_side_by_side_while_some_devices_say_the_old_one(store):
    both = {"d1": CRITICAL, "d2": LOW}
    days(store, {"d1": LOW, "d2": LOW}, both, both, {"d1": CRITICAL, "d2": CRITICAL})
    assert stood(store) == [("A", "low", 1, 4), ("A", "critical", 2, None)]


def test_a_finding_takes_over_from_another_in_the_same_run(store):
    days(store, {"d1": LOW, "d2": None}, {"d1": None, "d2": LOW})
    assert stood(store) == [("A", "low", 1, None)]


def test_what_was_gone_and_came_back_stands_twice(store):
    days(store, {"d1": LOW}, {"d1": None}, {"d1": None}, {"d1": LOW}, {"d1": None})
    assert stood(store) == [("A", "low", 1, 2), ("A", "low", 4, 5)]


def test_what_leaves_with_its_only_device_comes_back_with_it(store):
    days(store, {"d1": LOW, "d2": None}, {"d2": None}, {"d2": None}, {"d1": LOW, "d2": None})
    assert stood(store) == [("A", "low", 1, 2), ("A", "low", 4, None)]


def test_what_nobody_reads_any_more_stands_no_more(store):
    days(store, {"d1": LOW})
    unmanaged = inventory(device("d1", is_patched=False), at=NOW + DAY)
    sync(store, {}, now=NOW + DAY, of=unmanaged)
    assert stood(store) == [("A", "low", 1, 2)]


def test_what_an_incomplete_run_recorded_stands_from_the_next_complete_one(store):
    of = inventory(device("d1"), device("d2"))
    days(store, {"d1": LOW, "d2": LOW})
    for what in (CRITICAL, patch("Told once, and never published"), CRITICAL):
        run = store.begin("nsight", now=NOW, fresh=True)
        run.inventory(of)
        run.record("d1", [finding(1, what)], now=NOW)
        run.stop(now=NOW)
    everywhere = {"d1": [finding(1, CRITICAL)], "d2": [finding(1, CRITICAL)]}
    known, _ = sync(store, everywhere, now=NOW + DAY)
    sync(store, {"d1": [finding(1, CRITICAL)]}, now=NOW + 2 * DAY)
    assert stood(store) == [("A", "low", 1, known), ("A", "critical", known, None)]


def test_sources_describe_apart(store):
    days(store, {"d1": LOW}, {"d1": LOW})
    days(store, {"d1": LOW}, {"d1": None}, source="qualys")
    assert stood(store) == [("A", "low", 1, None), ("A", "low", 3, 4)]
    with store.snapshot(with_history=True) as snapshot:
        assert [row[0] for row in rows(snapshot)] == ["nsight", "qualys"]


def test_as_of_a_time_what_came_later_is_not_known(store):
    days(store, {"d1": LOW}, {"d1": CRITICAL}, {"d1": None})
    then = [("A", "low", 1, None)], [("A", "low", 1, 2), ("A", "critical", 2, None)]
    for day, told in enumerate(then):
        assert stood(store, at=NOW + day * DAY) == told


def test_a_run_without_changes_adds_nothing(store):
    days(store, {"d1": LOW, "d2": CRITICAL})
    before = stood(store)
    days(store, *[{"d1": LOW, "d2": CRITICAL}] * 3)
    assert stood(store) == before
    with store.snapshot(with_history=True) as snapshot:
        assert snapshot.count("SELECT count(*) FROM patches_all") == 2
        assert snapshot.count("SELECT count(*) FROM findings_all") == 2


def test_a_copy_and_what_is_published_again_say_the_same(store, tmp_path):
    history = Chance(store, 9)
    for _ in range(12):
        history.run("nsight")
    with store.snapshot(with_history=True) as snapshot:
        before = rows(snapshot, "SELECT * FROM patch_history ORDER BY ALL")
    assert before
    store.publications.rewrite_all()
    with store.snapshot(with_history=True) as snapshot:
        assert rows(snapshot, "SELECT * FROM patch_history ORDER BY ALL") == before
    store.copy_to(tmp_path / "copy.db")
    with (
        Store.open(tmp_path / "copy.db", published=tmp_path / "copied") as other,
        other.snapshot(with_history=True) as snapshot,
    ):
        assert rows(snapshot, "SELECT * FROM patch_history ORDER BY ALL") == before


def patch_key(store, *patches):
    sync(store, {"d1": [finding(number, what) for number, what in enumerate(patches)]})
    with store.snapshot(with_history=True) as snapshot:
        return [
            name for (name,) in rows(snapshot, "SELECT patch_key FROM patch_history ORDER BY patch")
        ]


def test_what_ties_descriptions_together_is_said(store):
    assert patch_key(
        store,
        patch("A", vendor_id="7", kb="5049981", product="Windows 11"),
        patch("B", kb="5049981", product="Windows 11"),
        patch("C", kb="5049981"),
        patch("D", product="Firefox"),
        patch("E"),
    ) == ["id:7", "kb:5049981 (Windows 11)", "kb:5049981", "title:D (Firefox)", "title:E"]


def test_a_patch_is_asked_for_by_number_and_by_any_title_it_ever_had(store):
    old = patch("Update, Preview", kb="5049981", product="Windows 11", needs_reboot=False)
    new = patch("Update", kb="5049981", product="Windows 11", cves=("CVE-2026-1",))
    days(store, {"d1": old, "d2": old}, {"d1": new, "d2": new})
    sync(store, {"q1": [finding(9, patch("Other", vendor_id="Ab-1"))]}, source="qualys")
    sync(store, {"d1": [finding(1, new, "failed")], "d2": [finding(1, new, "installed")]})
    with store.snapshot(with_history=True) as snapshot:
        first, second = queries.patch_history(snapshot, "KB5049981")
        for term in ("5049981", "kb5049981", "PREVIEW", "update", "Update", "*, Preview"):
            assert queries.patch_history(snapshot, term) == [first, second]
        (other,) = queries.patch_history(snapshot, "Ab-1")
        assert len(queries.patch_history(snapshot, "*")) == 3
        for term in ("ab-1", "KB504998", "504998", "Preview*", "'", "%"):
            assert queries.patch_history(snapshot, term) == []
    assert (first.patch, first.needs_reboot, first.valid_from, first.valid_to) == (
        "Update, Preview", False, NOW, NOW + DAY,
    )  # fmt: skip
    assert (second.patch, second.cves, second.from_run, second.to_run) == (
        "Update", ("CVE-2026-1",), 2, None,
    )  # fmt: skip
    assert (first.open, first.installed, first.failed) == (0, 0, 0)
    assert (second.open, second.installed, second.failed, second.missing) == (1, 1, 1, 0)
    assert (other.source, other.patch, other.missing) == ("qualys", "Other", 1)


def test_a_question_asks_for_some_what_the_view_says_of_all(store):
    history = Chance(store, 5)
    for _ in range(15):
        history.run("nsight")
    with store.snapshot(with_history=True) as snapshot:
        for kb in ("1", "2"):
            asked = queries.patch_history(snapshot, f"KB{kb}")
            told = [(row.severity, row.from_run, row.to_run) for row in asked]
            sql = f"SELECT severity, from_run, to_run FROM patch_history WHERE kb = '{kb}'"
            assert sorted(told, key=str) == sorted(rows(snapshot, sql), key=str)
            assert [row.from_run for row in asked] == sorted(row.from_run for row in asked)
