"""One fleet with memory on the command line: both vendors, any time, any question, any report."""

import gzip
import json

import openpyxl
import pytest

from patchfleet.emulator import Emulator
from patchfleet.report.registry import REPORTS

SETTINGS = """\
store = "fleet.db"

[nsight]
calls_per_minute = 0
retries = 0

[qualys]
retries = 0
"""
KEV = {
    "title": "CISA Catalog of Known Exploited Vulnerabilities",
    "catalogVersion": "2026.11.20",
    "dateReleased": "2026-11-20T00:00:00Z",
    "count": 1,
    "vulnerabilities": [
        {
            "cveID": "CVE-2024-3400",
            "vendorProject": "Maker",
            "product": "Thing",
            "vulnerabilityName": "A flaw",
            "dateAdded": "2024-04-12",
            "shortDescription": "It is bad.",
            "requiredAction": "Mend it.",
            "dueDate": "2024-04-19",
            "knownRansomwareCampaignUse": "Known",
            "notes": "",
        }
    ],
}


@pytest.fixture(scope="module")
def world():
    emulator = Emulator(customers=3, devices=20, patches=40, seed=4)
    with emulator.running() as host:
        yield host


@pytest.fixture(scope="module")
def recorded(world, tmp_path_factory):
    """A record of both vendors, each synced twice with nine days between."""
    from patchfleet.fleet import NSightSource, QualysSource, sync
    from patchfleet.nsight import NAble
    from patchfleet.qualys import Qualys
    from patchfleet.store import Store

    folder = tmp_path_factory.mktemp("fleet")
    emulator, account = world.emulator, world.emulator.qualys
    with (
        NAble(base_url=world.url, key=world.api_key, rate_limit=None) as nable,
        Qualys(
            account.username, account.password, override_platform={"gateway_url": world.url}
        ) as qualys,
        Store.open(folder / "fleet.db") as store,
    ):
        for _ in range(2):
            for source in (NSightSource(nable), QualysSource(qualys, now=lambda: emulator.now)):
                assert sync(source, store, now=lambda: emulator.now).is_complete
            emulator.advance(days=9)
    return folder


@pytest.fixture
def fleet(cli, world, recorded):
    """The command line over that record, with both accounts."""
    import shutil

    shutil.copytree(recorded, cli.folder, dirs_exist_ok=True)
    (cli.folder / "patchfleet.toml").write_text(SETTINGS)
    cli.account(world)
    account = world.emulator.qualys
    cli.set(
        PATCHFLEET_QUALYS_URL=world.url,
        PATCHFLEET_QUALYS_USERNAME=account.username,
        PATCHFLEET_QUALYS_PASSWORD=account.password,
    )
    return cli


def a_device(fleet):
    """Name a device on which something changed."""
    ended = "source = 'nsight' AND to_run IS NOT NULL"
    sql = f"SELECT device FROM finding_history WHERE {ended} ORDER BY 1"
    return fleet("sql", sql, "--json").json["rows"][0]["device"]


@pytest.mark.slow
def test_a_sync_reads_every_vendor_that_is_set_up(fleet):
    result = fleet("sync")
    assert result.code == 0, result.err
    assert "nsight: 3 customers" in result.err
    assert "qualys: 1 customer" in result.err
    newest = [run["source"] for run in fleet("runs", "--json").json["rows"]][:2]
    assert sorted(newest) == ["nsight", "qualys"], "they are read side by side"


@pytest.mark.slow
@pytest.mark.parametrize("failing", ["nsight", "qualys"])
def test_one_vendor_that_fails_does_not_keep_the_other_from_being_read(fleet, failing):
    key = {"nsight": "PATCHFLEET_NSIGHT_KEY", "qualys": "PATCHFLEET_QUALYS_PASSWORD"}[failing]
    fleet.set(**{key: "0" * 32})
    result = fleet("sync", "--json")
    assert result.code == 3
    (said,) = [line for line in result.err.splitlines() if line.startswith(f"failed: {failing}: ")]
    assert "Traceback" not in result.err
    by_source = {one["source"]: one for one in result.json}
    assert by_source.keys() == {"nsight", "qualys"}
    assert {name: one["is_complete"] for name, one in by_source.items()} == {
        name: name != failing for name in by_source
    }
    assert said == f"failed: {failing}: {by_source[failing]['error']}"
    notes = fleet("today", "--json").json["notes"]
    (late,) = [note for note in notes if note.startswith("Not current: ")]
    assert late.startswith(f"Not current: 1 later sync of {failing} was not complete")
    assert "Missed: the rest, since it ended by an error: " in late


def test_no_account_at_all_is_said(cli):
    assert cli("sync").error() == "no account is set up"


@pytest.mark.parametrize("wrong", ["7", "x", "-1d", "7w"])
def test_a_time_that_is_none_is_refused(fleet, wrong):
    assert fleet("sync", "--max-age", wrong).code == 2


def test_the_state_of_a_device_now_and_then(fleet):
    device = a_device(fleet)
    now = fleet("device", device, "--json").json["rows"]
    first = fleet("device", device, "--run", "1", "--json").json["rows"]
    assert now
    assert first
    assert now != first
    assert (
        fleet("device", device, "--at", "2000-01-01").error().startswith("no complete sync as of")
    )
    assert fleet("device", "NOPE").error() == "no device is called 'NOPE'"
    assert fleet("device", device, "--at", "yesterday").code == 2
    assert fleet("device", device, "--at", "2026-11-14", "--run", "1").code == 2


@pytest.mark.slow
def test_a_history_tells_every_state(fleet):
    device = a_device(fleet)
    rows = fleet("history", device, "--json").json["rows"]
    assert {row["valid_to"] is None for row in rows} == {True, False}
    patch = next(row["patch"] for row in rows if row["valid_to"])
    only = fleet("history", device, patch, "--json").json["rows"]
    assert {row["patch"] for row in only} == {patch}
    lines = fleet("history", device, patch, "--summary", "--json").json["rows"]
    assert {line["patch"] for line in lines} == {patch}
    assert all(line["first_missing_at"] or line["first_installed_at"] for line in lines)
    assert fleet("history", device, "no such patch").error().startswith("no patch of")


@pytest.mark.slow
def test_a_patch_tells_since_when_it_is_described_so(fleet):
    superseded = "is_superseded AND kb NOT NULL AND from_run > 2"
    sql = f"SELECT patch_key, kb FROM patch_history WHERE {superseded}"
    patch = fleet("sql", sql, "--json").json["rows"][0]
    rows = fleet("patch", f"KB{patch['kb']}", "--json").json["rows"]
    assert {row["source"] for row in rows} == {"nsight", "qualys"}
    before, after = (row for row in rows if row["patch_key"] == patch["patch_key"])
    assert (before["is_superseded"], after["is_superseded"]) == (False, True)
    assert before["valid_to"] == after["valid_from"]
    assert before["open"] == before["installed"] == 0 < after["open"] + after["installed"]
    assert fleet("patch", before["vendor_id"], "--json").json["rows"] == [before, after]
    shown = fleet("patch", patch["kb"], "--output", "patch.csv")
    assert shown.code == 0
    assert len((fleet.folder / "patch.csv").read_text().splitlines()) == 1 + len(rows)


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        ("no such patch", "no patch is called"),
        ("KB1234567", "no patch"),
        ("KB", "lacks its number"),
    ],
)
def test_a_patch_nobody_has_is_said(fleet, patch, said):
    refused = fleet("patch", patch)
    assert refused.code == 2
    assert said in refused.error()
    assert refused.hint()


def test_a_diff_counts_what_changed(fleet):
    result = fleet("diff", "1", "3", "--json")
    assert result.code == 0, result.err
    tables = result.json["tables"]
    assert sum(row["findings"] for row in tables["transitions"]) == len(tables["changes"]) > 0
    assert "nsight" in fleet("diff", "1", "2").error()
    assert fleet("diff", "1", "99").error().startswith("there is no complete run 99")


@pytest.mark.slow
def test_sql_reads_and_nothing_else(fleet):
    counted = fleet("sql", "SELECT source, count(*) AS n FROM findings GROUP BY ALL ORDER BY ALL")
    assert counted.code == 0
    assert "qualys" in counted.out
    fleet("sql", "SELECT * FROM findings", "--output", "held.parquet", "--output", "held.csv")
    assert (fleet.folder / "held.parquet").stat().st_size > 1000
    assert "only reading is allowed" in fleet("sql", "DROP VIEW findings").error()
    assert fleet("sql").code == 2
    assert "finding_history" in fleet("sql", "--views").out


@pytest.mark.slow
def test_machines_are_joined_with_reasons_and_a_verdict_wins(fleet):
    rows = fleet("machines", "list", "--joined", "--json").json["rows"]
    assert rows
    assert all(len(row["sources"]) == 2 and row["reasons"] for row in rows)
    left, right = rows[0]["devices"]
    assert fleet("machines", "unlink", left, right, "--reason", "two desks").code == 0
    assert fleet("sync", "--source", "nsight").code == 0
    after = fleet("machines", "list", "--joined", "--json").json["rows"]
    assert len(after) == len(rows) - 1
    (verdict,) = fleet("machines", "decisions", "--json").json["rows"]
    assert verdict["reason"] == "two desks"
    assert fleet("machines", "candidates").code == 0
    assert "names no device" in fleet("machines", "link", left, "4711").error()
    assert "both ids are the same device" in fleet("machines", "link", left, left).error()
    assert "no device nope of nsight" in fleet("machines", "link", left, "nsight:nope").error()


@pytest.mark.slow
def test_the_morning(fleet):
    report = fleet("today", "--json").json
    tables = report["tables"]
    assert next(iter(tables)) == "worklist"
    assert {"failed_patches", "waiting"} <= tables.keys()
    assert {"cause", "since", "times"} <= tables["failed_patches"][0].keys()
    assert fleet("today").code == 0


def test_files_about_vulnerabilities_are_loaded_once_each(fleet):
    (fleet.folder / "kev.json").write_text(json.dumps(KEV))
    scores = "#model_version:v2026,score_date:2026-11-20T00:00:00+0000\ncve,epss,percentile\n"
    packed = gzip.compress((scores + "CVE-2024-3400,0.9,0.99\n").encode())
    (fleet.folder / "epss.csv.gz").write_bytes(packed)
    (fleet.folder / "kb.csv").write_text("kb,cve\nKB5049981,CVE-2024-3400\n")
    done = fleet("intel", "load", "kev.json", "epss.csv.gz")
    assert done.code == 0, done.err
    assert fleet("intel", "load", "kev.json").code == 0
    assert fleet("intel", "load", "kb.csv", "--dated", "2026-11-19").code == 0
    rows = fleet("intel", "list", "--json").json["rows"]
    assert [(row["kind"], row["dated"], row["rows"]) for row in rows] == [
        ("epss", "2026-11-20", 1), ("kb", "2026-11-19", 1), ("kev", "2026-11-20", 1),
    ]  # fmt: skip
    (fleet.folder / "bad.json").write_text("<html>")
    assert fleet("intel", "load", "bad.json").code != 0
    assert fleet("intel", "load", "none.json").error() == "none.json: No such file or directory"


@pytest.mark.slow
def test_deadlines_judge_every_open_finding(fleet):
    (fleet.folder / "kev.json").write_text(json.dumps(KEV))
    fleet("intel", "load", "kev.json")
    report = fleet("report", "overdue", "--json").json
    customers = report["tables"]["customers"]
    judged = sum(
        row[name] for row in customers for name in ("overdue", "not_judged", "on_time",
                                                    "not_covered")
    )  # fmt: skip
    states = "'missing', 'pending', 'installing', 'failed', 'reboot_required', 'unknown'"
    asked = fleet("sql", f"SELECT count(*) AS n FROM findings WHERE state IN ({states})", "--json")
    assert judged == asked.json["rows"][0]["n"] > 0
    assert any("KEV: kev.json, as of 2026-11-20" in note for note in report["notes"])
    other = fleet("report", "overdue", "--pack", "cisa-bod-26-04", "--json").json
    assert other["title"] != report["title"]
    assert fleet("report", "overdue", "--pack", "nope").code == 2
    fleet.set(PATCHFLEET_CONFIG=str(fleet.folder / "zone.toml"))
    (fleet.folder / "zone.toml").write_text(SETTINGS + '[deadlines]\nzone = "Mars/Base"\n')
    assert "no time zone 'Mars/Base'" in fleet("report", "overdue").error()


@pytest.mark.slow
@pytest.mark.parametrize("kind", REPORTS)
def test_every_report_in_every_format(fleet, kind):
    done = fleet(
        "report", kind, "--output", "r.xlsx", "--output", "r.html", "--output", "r.md",
        "--output", "r.json",
    )  # fmt: skip
    assert done.code == 0, done.err
    book = openpyxl.load_workbook(fleet.folder / "r.xlsx")
    assert len(book.sheetnames) >= 2
    assert (fleet.folder / "r.md").read_text().startswith("# ")
    assert fleet("report", kind).code == 0


@pytest.mark.slow
def test_one_report_for_each_customer_and_an_overview(fleet):
    done = fleet("report", "posture", "--all-customers", "out")
    assert done.code == 0, done.err
    names = sorted(path.name for path in (fleet.folder / "out").iterdir())
    assert "index.html" in names
    assert len([name for name in names if name.endswith(".xlsx")]) == 5  # 4 customers, the index
    assert fleet("report", "--all-customers", "out", "--json").code == 2


@pytest.mark.slow
def test_the_store_is_checked_published_and_copied(fleet):
    assert fleet("store", "check").code == 0
    lost = next((fleet.folder / "fleet.published").glob("*/run=1/patches.parquet"))
    lost.unlink()
    damaged = fleet("store", "check")
    assert damaged.code == 3
    assert damaged.out == f"{lost.relative_to(fleet.folder)} is missing\n"
    assert fleet("store", "publish", "--all").code == 0
    assert fleet("store", "check").code == 0
    assert fleet("store", "publish").code == 2
    assert fleet("store", "publish", "1").code == 0
    assert fleet("store", "copy", "copy.db").code == 0
    asked = "SELECT source, state, count(*) AS n FROM findings GROUP BY ALL ORDER BY ALL"
    first, second = fleet("sql", asked), fleet("--store", "copy.db", "sql", asked)
    assert first.out == second.out
    assert "holds a record already" in fleet("store", "copy", "copy.db").error()


def test_a_patch_is_not_retried_for_ever(fleet, world):
    failed = fleet("nsight", "retry", "--failed", "--dry-run", "--json").json
    assert failed["devices"]
    # Nothing comes of it, so that the same patches are still failed.
    world.emulator.fault("server_error", service="patch_retry", status=503, times=None)
    try:
        assert fleet("nsight", "retry", "--failed", "--at-most", "1", "--yes").code == 3
    finally:
        world.emulator.clear_faults()
    again = fleet("nsight", "retry", "--failed", "--at-most", "1", "--dry-run", "--json").json
    assert not again["devices"]
    assert any("tried 1 times already" in one["reason"] for one in again["skipped"])
    more = fleet("nsight", "retry", "--failed", "--at-most", "2", "--dry-run", "--json").json
    assert more["devices"]
    assert fleet("nsight", "retry", "--failed", "--status", "missing").code == 2
