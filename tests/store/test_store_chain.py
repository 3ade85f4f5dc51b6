"""A publication holds what changed since the one before: together they say each run whole."""

import random
import shutil
from pathlib import Path

import duckdb
import pytest
from older_record import make_older
from small_fleet import DAY, NOW, device, finding, inventory, patch, sync
from sqlalchemy import text

from patchfleet.errors import StoreError
from patchfleet.models import STATES, Selection
from patchfleet.store import Store, queries
from patchfleet.store.publication import chain, deletion_vectors, repair, writer
from patchfleet.store.publication.files import HISTORY
from patchfleet.store.views.columns import VIEWS

pytestmark = pytest.mark.slow

DEVICES = [f"d{number}" for number in range(6)]
BACKWARDS = writer.NUMBERED.format(rows="(FROM {rows} ORDER BY finding_id DESC)")
"""Another order of the rows of a file, as another version of the engine might have."""


class History:
    """A fleet that changes by chance, and what each complete run of it was told."""

    def __init__(self, store, seed):
        self.store, self.chance = store, random.Random(seed)
        self.listings = {number: {} for number in DEVICES}
        self.present = set(DEVICES)
        self.told = {}
        self.day = 0

    def change(self):
        """Let findings come, change, go, and now and then a device."""
        for number in self.chance.sample(DEVICES, 2):
            listing = self.listings[number]
            for key in self.chance.sample(range(40), 10):
                state = self.chance.choice([*STATES, None])
                if state is None:
                    listing.pop(str(key), None)
                else:
                    listing[str(key)] = state
        if self.chance.random() < 0.3:
            self.present ^= {self.chance.choice(DEVICES)}

    def findings(self, number):
        return [
            finding(key, patch(f"Update {int(key) % 33}"), state)  # some are of one patch
            for key, state in self.listings[number].items()
        ]

    def run(self):
        """Make a run that is complete, abandoned half-way, or broken off and resumed."""
        self.day += 1
        now = NOW + self.day * DAY
        run = self.store.begin("nsight", now=now)
        present = sorted(self.present)
        run.inventory(inventory(*(device(number) for number in present), at=now))
        fate = self.chance.choice(["complete"] * 4 + ["abandoned", "resumed"])
        for place, number in enumerate(present):
            if fate != "complete" and place == len(present) // 2:
                run.stop(now=now)
                if fate == "abandoned":
                    return
                run = self.store.begin("nsight", now=now)
                run.inventory(inventory(*(device(number) for number in present), at=now))
            self.tell(run, number, now)
        run.complete(now=now, as_of=now)
        self.told[run.id] = {
            (number, key, state)
            for number in present
            for key, state in self.listings[number].items()
        }

    def tell(self, run, number, now):
        """Record a device: its findings, or that they are those on record."""
        findings = self.findings(number)
        fingerprint = repr(findings)
        last = run.last_listings().get(number)
        if last is not None and last.fingerprint == fingerprint:
            if self.chance.random() < 0.5:
                run.record_unchanged(number, now=now)
            else:
                run.keep([number])
        else:
            run.record(number, findings, now=now, fingerprint=fingerprint)


def said(snapshot):
    """Return what stands, when both ways of counting it agree."""
    added = "SELECT patch_id, state, sum(step) AS n FROM finding_deltas GROUP BY ALL HAVING n <> 0"
    counted = "SELECT patch_id, state, count(*) FROM findings GROUP BY ALL"
    for one, other in ((added, counted), (counted, added)):
        assert snapshot.count(f"SELECT count(*) FROM ({one} EXCEPT {other})") == 0
    return {(row.device_id, row.finding_id, row.state) for row in queries.findings(snapshot)}


@pytest.mark.parametrize("seed", range(4))
def test_every_run_reads_as_it_was_told(store, monkeypatch, seed):
    monkeypatch.setattr(chain, "_MOST_CHANGED", [0.0, 0.5, 5.0, 5.0][seed])
    monkeypatch.setattr(chain, "_MOST_PARTS", 5)
    history = History(store, seed)
    for _ in range(14):
        history.change()
        history.run()
    for run_id, told in history.told.items():
        with store.snapshot(run_id=run_id) as snapshot:
            assert said(snapshot) == told
            assert snapshot.repaired == ()
    shutil.rmtree(store.published)
    with store.snapshot() as snapshot:
        assert said(snapshot) == history.told[max(history.told)]
        assert snapshot.repaired
    assert store.publications.rewrite_all() == len(history.told)
    for run_id, told in history.told.items():
        with store.snapshot(run_id=run_id) as snapshot:
            assert said(snapshot) == told
            assert snapshot.repaired == ()


def test_the_chains_of_two_sources_do_not_strike_each_others_rows(store, monkeypatch):
    """Their rows have the same numbers in files of their own."""
    monkeypatch.setattr(chain, "_MOST_CHANGED", 1.0)
    for day in range(4):
        for source, gone in (("nsight", range(day * 7)), ("qualys", range(90 - day * 5, 90))):
            states = {n: "installed" if n in gone else "missing" for n in range(90)}
            listed = [finding(n, state=state) for n, state in states.items()]
            run = store.begin(source, now=NOW + day * DAY)
            run.inventory(inventory(device("d1"), device("d2"), at=NOW + day * DAY))
            for number in ("d1", "d2"):
                run.record(number, listed, now=NOW + day * DAY)
            run.complete(now=NOW + day * DAY, as_of=NOW + day * DAY)
    with store.snapshot() as snapshot:
        assert [len(p.folders) for p in snapshot.publications] == [4, 4]
        installed = {"nsight": range(21), "qualys": range(75, 90)}
        assert said_by_source(snapshot) == {
            (source, device, str(n), "installed" if n in gone else "missing")
            for source, gone in installed.items()
            for device in ("d1", "d2")
            for n in range(90)
        }


def test_each_row_is_struck_by_the_bit_of_its_own_number(store, monkeypatch):
    """Sixty-four to a word, of which the last is the sign."""
    monkeypatch.setattr(chain, "_MOST_CHANGED", 1.0)
    standing = [f"{number:03}" for number in range(130)]
    for day, gone in enumerate((None, "063", "000", "064", "127", "128", "062")):
        standing = [number for number in standing if number != gone]
        listed = [finding(n, patch(f"Update {n}")) for n in standing]
        sync(store, {"d1": listed}, now=NOW + day * DAY)
        with store.snapshot() as snapshot:
            assert {number for _, number, _ in said(snapshot)} == set(standing)
            assert len(snapshot.publications[0].folders) == day + 1


def said_by_source(snapshot):
    said(snapshot)
    return {
        (row.source, row.device_id, row.finding_id, row.state) for row in queries.findings(snapshot)
    }


def test_a_run_without_changes_publishes_next_to_nothing(store):
    listings = {
        f"d{number}": [finding(n, patch(f"Update {n}")) for n in range(200)] for number in range(20)
    }
    first, _ = sync(store, listings)
    second, _ = sync(store, listings, now=NOW + DAY)
    sizes = {
        run_id: sum(
            path.stat().st_size
            for path in (store.published / "source=nsight" / f"run={run_id}").iterdir()
            if path.name in ("findings.parquet", "begun.parquet", "ended.parquet")
        )
        for run_id in (first, second)
    }
    assert sizes[second] < sizes[first] / 2
    with store.snapshot() as snapshot:
        assert queries.count_findings(snapshot) == 4000
        (row,) = snapshot.publications
    assert len(row.folders) == 2


def test_a_missing_file_of_an_earlier_run_is_named_and_made_again(store):
    listings = {"d1": [finding(n, patch(f"Update {n}")) for n in range(50)]}
    sync(store, listings)
    sync(store, listings, now=NOW + DAY)
    lost = store.published / "source=nsight" / "run=1" / "findings.parquet"
    lost.unlink()
    with store.snapshot() as snapshot:
        assert snapshot.repaired == (f"{lost} is missing; it was rebuilt from the record",)
        assert queries.count_findings(snapshot) == 50


def changing_days(store, days):
    """Sync a device whose findings are installed one a day."""
    for day in range(days):
        states = ["installed" if n < day else "missing" for n in range(50)]
        listings = {"d1": [finding(n, state=state) for n, state in enumerate(states)]}
        sync(store, listings, now=NOW + day * DAY)


def test_nothing_is_built_on_a_damaged_file(store):
    """What ended names rows by their number, which in another file is that of another row."""
    changing_days(store, 3)
    rows = store.published / "source=nsight" / "run=1" / "findings.parquet"
    with duckdb.connect() as engine:
        engine.execute(f"CREATE TABLE rows AS FROM '{rows}' ORDER BY finding_id DESC")
        engine.execute(f"COPY rows TO '{rows}'")
    sync(store, {"d1": [finding(n, state="installed") for n in range(50)]}, now=NOW + 9 * DAY)
    with store.snapshot() as snapshot:
        (published,) = snapshot.publications
        assert len(published.folders) == 1
        assert {row.state for row in queries.findings(snapshot)} == {"installed"}
    with store.snapshot(run_id=3) as snapshot:
        assert [what.split("/")[-1] for what in snapshot.repaired] == [
            "findings.parquet is damaged; it was rebuilt from the record"
        ]
        assert sorted(r.finding_id for r in queries.findings(snapshot) if r.state != "missing") == [
            "0",
            "1",
        ]


@pytest.mark.parametrize("seed", range(4))
def test_whatever_harm_a_file_of_a_chain_takes_the_answer_is_right(store, seed):
    """Files are read while they are still checked: what they say before counts for nothing."""
    changing_days(store, 4)
    with store.snapshot() as snapshot:
        truth = queries.findings(snapshot)
    chance = random.Random(seed)
    files = sorted(store.published.rglob("*.parquet"))
    for _ in range(12):
        path = chance.choice(files)
        content = bytearray(path.read_bytes())
        for _ in range(chance.randint(1, 20)):  # the end says where everything is
            place = chance.choice([len(content), min(len(content), 60)])
            content[-chance.randint(1, place)] ^= 1 << chance.randrange(8)
        if chance.random() < 0.3:
            del content[chance.randrange(len(content)) :]
        if content == path.read_bytes():
            continue
        path.write_bytes(content)
        with store.snapshot() as snapshot:
            assert queries.findings(snapshot) == truth
            assert snapshot.repaired == (f"{path} is damaged; it was rebuilt from the record",)
        assert store.publications.damaged() == []


def test_what_is_whole_and_cannot_be_opened_is_an_error(store, monkeypatch):
    """What is suppressed while the files are checked comes again when they are found whole."""
    changing_days(store, 2)

    def fail(*_args):
        raise ValueError("not the files")

    monkeypatch.setattr(deletion_vectors, "create", fail)
    with pytest.raises(ValueError, match="not the files"):
        store.snapshot()


def test_what_ended_follows_rows_that_are_in_another_order_now(store, monkeypatch):
    """As another version of the engine might put them: the files that name them are made anew."""
    changing_days(store, 4)
    monkeypatch.setattr(writer, "NUMBERED", BACKWARDS)
    store.publications.rewrite(1)
    for run_id in range(1, 5):
        with store.snapshot(run_id=run_id) as snapshot:
            assert snapshot.repaired == ()
            states = {r.finding_id: r.state for r in queries.findings(snapshot)}
            assert queries.count_findings(snapshot) == len(states) == 50
        installed = {str(n) for n in range(run_id - 1)}
        assert {number for number, state in states.items() if state == "installed"} == installed


def test_rows_that_are_not_written_as_numbered_are_not_published(store, monkeypatch):
    """A reader finds by these numbers what ended: with wrong ones it would leave out other rows."""
    backwards = f"{writer.FINDINGS} ORDER BY word DESC, finding_id"
    listings = {"d1": [finding(n) for n in range(65)]}
    with monkeypatch.context() as engine:
        engine.setattr(writer, "FINDINGS", backwards)
        with pytest.raises(StoreError, match="findings were not written in the order"):
            sync(store, listings)
    store._open_runs[-1].release()
    sync(store, listings)
    with store.snapshot() as snapshot:
        assert queries.count_findings(snapshot) == 65


def test_history_looks_at_the_files_that_it_reads(store, monkeypatch):
    monkeypatch.setattr(chain, "_MOST_PARTS", 2)
    changing_days(store, 6)
    with store.snapshot(with_history=True) as snapshot:
        (row,) = snapshot.publications
        truth = queries.history(snapshot, Selection())
    first, second = (store.published / "source=nsight" / f"run={n}" for n in (1, 2))
    assert {f"source=nsight/run={n}" for n in (1, 2)} <= {*row.all_publications} - {*row.folders}
    (first / "findings.parquet").write_bytes(b"harmed")
    with store.snapshot(with_history=True) as snapshot:
        assert snapshot.repaired == ()
        assert queries.history(snapshot, Selection()) == truth
    assert store.publications.damaged() == [f"{first / 'findings.parquet'} is damaged"]

    (second / "ended.parquet").unlink()
    with store.snapshot(with_history=True) as snapshot:
        assert [what.split("run=")[1] for what in snapshot.repaired] == [
            "1/findings.parquet is damaged; it was rebuilt from the record",
            "2/ended.parquet is missing; it was rebuilt from the record",
        ]
        assert queries.history(snapshot, Selection()) == truth
    assert store.publications.damaged() == []


def test_no_view_reads_a_file_that_was_not_looked_at(store, monkeypatch):
    """Whatever file of an earlier chain is harmed: it is named, or nothing is read from it."""
    monkeypatch.setattr(chain, "_MOST_PARTS", 2)
    changing_days(store, 6)

    def answers():
        with store.snapshot(with_history=True) as snapshot:
            rows = {view: snapshot.texts(f"SELECT v::VARCHAR FROM {view} AS v") for view in VIEWS}
            return snapshot.repaired, {view: sorted(texts) for view, texts in rows.items()}

    repaired, truth = answers()
    assert repaired == ()
    named = set()
    for run in (1, 2):
        for path in sorted((store.published / "source=nsight" / f"run={run}").iterdir()):
            content = path.read_bytes()
            path.write_bytes(b"harmed")
            repaired, found = answers()
            assert found == truth
            if repaired:
                assert repaired == (f"{path} is damaged; it was rebuilt from the record",)
                named.add(path.name)
            path.write_bytes(content)
    assert named == set(HISTORY)


def test_each_file_is_made_again_once(store, monkeypatch):
    """One that is in another order has all that follow it made again: these are not, once more."""
    changing_days(store, 4)
    made = []
    write = repair.write_files

    def count(*args, **how):
        made.append(how["folder"][-1])
        return write(*args, **how)

    monkeypatch.setattr(repair, "write_files", count)
    monkeypatch.setattr(writer, "NUMBERED", BACKWARDS)
    shutil.rmtree(store.published)
    with store.snapshot() as snapshot:
        assert len(snapshot.repaired) == 4
        assert queries.count_findings(snapshot) == 50
    assert made == ["1", "2", "3", "4"]
    with store.snapshot() as snapshot:
        assert snapshot.repaired == ()


def test_what_follows_moved_rows_is_made_again_also_when_that_was_broken_off(store, monkeypatch):
    """As by a full disk or a kill: rows that moved must not be struck by their old numbers."""
    changing_days(store, 4)
    write = repair.write_files

    def write_the_first(*args, **how):
        if how["folder"].endswith("run=1"):
            return write(*args, **how)
        raise StoreError("the disk is full")

    monkeypatch.setattr(writer, "NUMBERED", BACKWARDS)
    with monkeypatch.context() as disk:
        disk.setattr(repair, "write_files", write_the_first)
        with pytest.raises(StoreError, match="the disk is full"):
            store.publications.rewrite(1)
    for run_id in range(1, 5):
        with store.snapshot(run_id=run_id) as snapshot:
            states = {r.finding_id: r.state for r in queries.findings(snapshot)}
            assert queries.count_findings(snapshot) == len(states) == 50
        installed = {str(n) for n in range(run_id - 1)}
        assert {number for number, state in states.items() if state == "installed"} == installed
    assert store.publications.damaged() == []


def test_what_is_published_anew_meanwhile_is_not_built_on(store, monkeypatch):
    """Its rows may be in another order then: the run stays as it was, and the next sync goes on."""
    changing_days(store, 2)
    write = writer.write_files
    with monkeypatch.context() as other_process:

        def write_and_be_overtaken(*args, **how):
            digests = write(*args, **how)
            with monkeypatch.context() as engine:
                engine.setattr(writer, "NUMBERED", BACKWARDS)
                store.publications.rewrite(1)
            return digests

        other_process.setattr(writer, "write_files", write_and_be_overtaken)
        with pytest.raises(StoreError, match="was rewritten meanwhile"):
            changing_days(store, 3)
    store._open_runs[-1].release()
    sync(store, {"d1": [finding(n) for n in range(50)]}, now=NOW + 9 * DAY)
    with store.snapshot() as snapshot:
        assert {row.state for row in queries.findings(snapshot)} == {"missing"}
        assert queries.count_findings(snapshot) == 50


@pytest.mark.parametrize("ends", [["1"], ["2"], ["1", "2"]])
def test_of_two_findings_of_one_patch_the_right_one_ends(store, ends):
    both = [finding(number, patch("Update")) for number in ("1", "2")]
    sync(store, {"d1": both, "d2": both})
    stays = [one for one in both if one.id not in ends]
    sync(store, {"d1": stays, "d2": both}, now=NOW + DAY)
    with store.snapshot() as snapshot:
        held = queries.findings(snapshot)
    assert [(f.device_id, f.finding_id) for f in held] == [
        *(("d1", one.id) for one in stays), ("d2", "1"), ("d2", "2"),
    ]  # fmt: skip


def test_a_record_that_contradicts_what_is_published_is_not_published(store):
    changing_days(store, 2)
    with store._database.write() as connection:
        connection.execute(text("UPDATE finding SET id = '999' WHERE id = '7'"))
    with pytest.raises(StoreError, match="2 findings ended and 1 of them are in the files"):
        changing_days(store, 2)


def test_a_device_that_was_read_and_is_not_recorded_is_missed(store):
    run = store.begin("nsight", now=NOW)
    run.inventory(inventory(device("d1"), device("d2")))
    for number in ("d1", "d2"):
        run.record(number, [finding()], now=NOW)
    with store._database.write() as connection:
        connection.execute(text("UPDATE scan SET scanned_at = NULL, findings = NULL"))
    with pytest.raises(StoreError, match="2 devices were read and 0 of them are recorded"):
        run.complete(now=NOW, as_of=NOW)


def test_other_findings_than_were_recorded_are_not_published(store):
    run = store.begin("nsight", now=NOW)
    run.inventory(inventory(device("d1")))
    run.record("d1", [finding(1), finding(2)], now=NOW)
    with store._database.write() as connection:
        connection.execute(text("DELETE FROM finding WHERE id = '2'"))
    with pytest.raises(StoreError, match="1 findings would be published and 2 are recorded"):
        run.complete(now=NOW, as_of=NOW)
    with pytest.raises(StoreError, match="no complete sync"):
        store.snapshot()


def test_a_file_is_not_mended_with_other_findings_than_were_recorded(store):
    changing_days(store, 2)
    with store.snapshot() as snapshot:
        truth = queries.findings(snapshot)
    begun = Path(store.published) / "source=nsight" / "run=2" / "begun.parquet"
    begun.write_bytes(begun.read_bytes()[:-100])
    one_more, one_less = (f"UPDATE scan SET findings = findings {by} 1" for by in "+-")
    with store._database.write() as connection:
        connection.execute(text(one_more))
    with pytest.raises(StoreError, match="50 findings would be published and 51 are recorded"):
        store.snapshot()
    with store._database.write() as connection:
        connection.execute(text(one_less))
    with store.snapshot() as snapshot:
        assert queries.findings(snapshot) == truth


def test_facts_as_of_a_time(store):
    sync(store, {"d1": [finding(1)]})
    sync(store, {"d1": [finding(1, state="installed")]}, now=NOW + 2 * DAY)
    for at, state in ((NOW, "missing"), (NOW + DAY, "missing"), (NOW + 2 * DAY, "installed")):
        with store.snapshot(at=at) as snapshot:
            assert [row.state for row in queries.findings(snapshot)] == [state]
    with pytest.raises(StoreError, match="no complete sync as of 2026-11-16") as caught:
        store.snapshot(at=NOW - DAY)
    assert caught.value.hint


def test_what_was_never_listed_can_be_neither_unchanged_nor_kept(store):
    run = store.begin("nsight", now=NOW)
    run.inventory(inventory(device("d1")))
    with pytest.raises(StoreError, match="never listed"):
        run.record_unchanged("d1", now=NOW)
    with pytest.raises(StoreError, match="never listed"):
        run.keep(["d1"])
    assert run.scanned == frozenset()


def test_what_is_kept_says_how_old_it_is(store):
    sync(store, {"d1": [finding(1)], "d2": [finding(1)]})
    run = store.begin("nsight", now=NOW + DAY)
    run.inventory(inventory(device("d1"), device("d2")))
    run.keep(["d1"])
    run.record_unchanged("d2", now=NOW + DAY)
    run.complete(now=NOW + DAY, as_of=NOW + DAY)
    with store.snapshot() as snapshot:
        assert [row.scanned_at for row in queries.devices(snapshot)] == [NOW, NOW + DAY]
        assert queries.count_findings(snapshot) == 2


def test_what_an_earlier_patchfleet_published_is_made_again(path):
    """A record of revision 0001 has files of other columns: they are told and made anew."""
    with Store.open(path) as store:
        sync(store, {"d1": [finding(n) for n in range(5)]})
        make_older(store, "0001")
    with Store.open(path) as store:
        with store.snapshot() as snapshot:
            assert len(snapshot.repaired) == 10
            assert all("is outdated; it was" in what for what in snapshot.repaired)
            assert queries.count_findings(snapshot) == 5
        sync(store, {"d1": [finding(n) for n in range(6)]}, now=NOW + DAY)
        with store.snapshot() as snapshot:
            assert queries.count_findings(snapshot) == 6
