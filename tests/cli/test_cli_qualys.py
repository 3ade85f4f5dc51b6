"""`patchfleet qualys …` against the emulator: what it lists, what it makes, what it refuses."""

import json
from collections.abc import Iterator
from datetime import datetime
from types import SimpleNamespace

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchfleet.cli.qualys.jobs import _results
from patchfleet.emulator import Emulator, Host
from patchfleet.emulator.faults import OF_QUALYS
from patchfleet.qualys import PMJob
from patchfleet.qualys.ids import is_uuid
from patchfleet.qualys.operations.jobs import job_ids

SERVERS = "operatingSystem.category: `Windows / Server`"
UNKNOWN = "99999999-2222-3333-4444-555555555555"


@pytest.fixture(scope="module")
def quiet() -> Iterator[Host]:
    """An account at Qualys that no test changes."""
    with Emulator(customers=2, devices=24).running() as host:
        yield host


def at(cli, host):
    """Give the command line the account of an emulator."""
    account = host.emulator.qualys
    cli.set(
        PATCHFLEET_QUALYS_URL=host.url,
        PATCHFLEET_QUALYS_USERNAME=account.username,
        PATCHFLEET_QUALYS_PASSWORD=account.password,
    )
    return cli


@pytest.fixture
def reading(cli, quiet):
    return at(cli, quiet)


@pytest.fixture
def changing(cli):
    """The command line, and an account of its own."""
    emulator = Emulator(customers=2, devices=24)
    with emulator.running() as host:
        yield at(cli, host), emulator


def truth(host):
    return host.emulator.ground_truth(vendor="qualys")


def jobs_of(emulator):
    return {job["id"]: job for job in emulator.ground_truth(vendor="qualys")["jobs"]}


def ids(result):
    return {row["id"] for row in result.json["rows"]}


def test_jobs(reading, quiet):
    everything = {job["id"]: job for job in truth(quiet)["jobs"]}
    assert ids(reading("qualys", "jobs", "--json")) == set(everything)
    linux = reading("qualys", "jobs", "--platform", "linux", "--filter", "status:Enabled", "--json")
    assert ids(linux) == {
        number
        for number, job in everything.items()
        if job["platform"] == "Linux" and job["status"] == "Enabled"
    }
    shown = reading("qualys", "jobs")
    assert "scheduleType" in shown.out
    assert shown.err == ""


def test_one_job(reading, quiet):
    job = truth(quiet)["jobs"][0]
    shown = reading("qualys", "job", job["id"])
    assert job["name"] in shown.out
    assert "scheduleType" in shown.out


@pytest.mark.slow
def test_results_are_whole(reading, quiet):
    done = [job for job in truth(quiet)["jobs"] if job["runs"]]
    result = reading("qualys", "results", "--all", "--output", "results.xlsx")
    assert result.code == 0, result.err
    book = openpyxl.load_workbook(reading.folder / "results.xlsx")
    rows = list(book["Assets of results"].iter_rows(values_only=True))
    place = rows[0].index("jobId")
    for job in done:
        last = job["runs"][-1]
        assert sum(row[place] == job["id"] for row in rows) == len(last["results"])
    times = [row[rows[0].index("endDateTime (UTC)")] for row in rows[1:]]
    assert any(isinstance(time, datetime) for time in times)
    assert all(time is None or isinstance(time, datetime) for time in times)


@given(st.lists(st.uuids().map(str) | st.none() | st.integers() | st.text(), max_size=5))
def test_a_job_whose_id_is_none_does_not_end_the_results_of_all(listed):
    class Client:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def list_jobs(self, **_):
            return [PMJob(id=one, name="Of a test") for one in listed]

        def iter_job_results(self, chosen, **_):
            return job_ids(chosen)

    said = []
    session = SimpleNamespace(
        qualys=Client, info=said.append, stderr=SimpleNamespace(is_terminal=False)
    )
    found, is_whole = _results(session, [], None, {})
    assert found == [one for one in listed if is_uuid(one)]
    assert len(said) == len(listed) - len(found)
    assert is_whole == (not said)


def test_results_of_a_run_and_runs(reading, quiet):
    job = next(job for job in truth(quiet)["jobs"] if len(job["runs"]) > 1)
    runs = reading("qualys", "runs", job["id"], "--json").json["rows"]
    assert [int(run["jobInstanceId"]) for run in runs] == [run["number"] for run in job["runs"]]
    first = job["runs"][0]
    report = reading("qualys", "results", job["id"], "--run", first["number"], "--json").json
    assert len(report["tables"]["assets of results"]) == len(first["results"])


@pytest.mark.slow
@pytest.mark.parametrize("version", ["1", "2"])
def test_patches_and_assets(reading, quiet, version):
    told = truth(quiet)
    critical = {
        patch["uuid"]
        for patch in told["patches"]
        if patch["severity"] == "Critical" and patch["platform"] == "Windows"
    }
    words = ("--version", version, "--json")
    found = reading("qualys", "patches", "vendorSeverity:`Critical`", "-P", "windows", *words)
    assert ids(found) == critical
    found = reading("qualys", "assets", *words)
    assert ids(found) == {asset["uuid"] for asset in told["assets"]}
    missing = {row["id"]: row["missingPatchCount"] for row in found.json["rows"]}
    for asset in told["assets"]:
        waiting = len(asset["missing"]) + len(asset["reboot_pending"])
        assert missing[asset["uuid"]] == waiting


def test_counts_agree_with_lists(reading, quiet):
    told = truth(quiet)
    counts = reading("qualys", "count", "assets", "--json").json
    for platform, number in counts.items():
        assert number == sum(one["platform"].lower() == platform for one in told["assets"])
    assert reading("qualys", "count", "hosts", SERVERS, "--json").json["hosts"] > 0


def test_a_parquet_file(reading, quiet):
    import duckdb

    result = reading("qualys", "assets", "--output", "assets.parquet")
    assert result.code == 0, result.err
    with duckdb.connect() as memory:
        found = memory.read_parquet(str(reading.folder / "assets.parquet"))
        assert found.aggregate("count(*)").fetchall() == [(len(truth(quiet)["assets"]),)]


def test_lookups(reading, quiet):
    told = truth(quiet)
    windows = next(one for one in told["patches"] if one["platform"] == "Windows")
    linux = next(one for one in told["patches"] if one["platform"] == "Linux")
    asset = told["assets"][0]
    for words, part in (
        (("catalog", "--id", windows["uuid"]), windows["title"]),
        (("products", windows["uuid"]), windows["uuid"]),
        (("packages", linux["uuid"]), linux["uuid"]),
        (("uuids", asset["asset_id"]), asset["uuid"]),
        (("hosts", f"asset.name:{asset['name']}"), asset["name"]),
        (("tags",), "Servers"),
        (("vulnerabilities", "--severity", "Critical"), "APP_FAMILY"),
        (("mitigations",), "MTG-"),
        (("reports",), "Reports"),
        (("version",), "3.12"),
    ):
        result = reading("qualys", *words, *(() if words[0] == "version" else ("--json",)))
        assert result.code == 0, result.err
        assert part in json.dumps(result.out, ensure_ascii=False) or part in result.out, words


def test_what_has_no_answer_is_said(reading):
    result = reading("qualys", "cves", "1", "2", "--json")
    assert result.code == 0
    assert [line for line in result.err.splitlines() if "has no" in line] == [
        "warning: Qualys has no QID 1",
        "warning: Qualys has no QID 2",
    ]


CREATE = ("qualys", "create", "Of a test", "--platform", "windows", "--query")


def test_a_job_is_shown_and_created_once(changing):
    cli, emulator = changing
    before = jobs_of(emulator)
    words = (*CREATE, "vendorSeverity:`Critical`", "--hosts", SERVERS, "--enabled")
    dry = cli(*words, "--dry-run")
    assert (dry.code, jobs_of(emulator)) == (0, before)
    assert json.loads(dry.out)["dynamicPatchesQQL"] == "vendorSeverity:`Critical`"
    refused = cli(*words)
    assert refused.code == 7
    assert "no terminal to ask on" in refused.error()
    assert jobs_of(emulator) == before
    made = cli(*words, "--yes", "--json")
    assert made.code == 0, made.err
    (number,) = set(jobs_of(emulator)) - set(before)
    assert made.json == {"id": number, "name": "Of a test"}
    job = jobs_of(emulator)[number]
    assert job["assetIds"] == json.loads(dry.out)["assetIds"]
    emulator.advance(days=2)
    done = cli("qualys", "results", number, "--json").json
    assert len(done["tables"]["assets of results"]) == len(job["assetIds"])


def test_a_lost_answer_makes_no_second_job(changing, monkeypatch):
    from patchfleet.qualys.operations import creation

    monkeypatch.setattr(creation, "LOOKS_AFTER_SECONDS", (0.0,))
    cli, emulator = changing
    before = jobs_of(emulator)
    emulator.fault("reset", service="create_job", when="after")
    made = cli(*CREATE, "vendorSeverity:`Critical`", "--tag", "Servers", "--yes", "--json")
    assert made.code == 0, made.err
    assert set(jobs_of(emulator)) - set(before) == {made.json["id"]}


def test_update_clone_enable_disable_and_delete(changing):
    cli, emulator = changing
    made = cli(
        *CREATE, "vendorSeverity:`Critical`", "--tag", "Servers", "--schedule", "Weekly",
        "--start", "2026-12-09 01:30:00 AM", "--set", "recurringWeekDays=0,0,0,1,0,0,0",
        "--timezone", "Europe/Berlin", "--yes", "--json",
    )  # fmt: skip
    assert made.code == 0, made.err
    number = made.json["id"]
    assert cli("qualys", "update", number, "--name", "Another", "--yes").code == 0
    assert jobs_of(emulator)[number]["name"] == "Another"
    copied = cli("qualys", "clone", number, "A copy", "--yes", "--json")
    assert copied.code == 0, copied.err
    assert jobs_of(emulator)[copied.json["id"]]["recurringWeekDays"] == "0,0,0,1,0,0,0"
    for verb, status in (("enable", "Enabled"), ("disable", "Disabled")):
        assert cli("qualys", verb, number, "--yes").code == 0
        assert jobs_of(emulator)[number]["status"] == status
    assert cli("qualys", "delete", number, copied.json["id"], "--yes").code == 0
    assert {number, copied.json["id"]} & set(jobs_of(emulator)) == set()


def test_what_the_vendor_does_not_do_is_incomplete(changing):
    cli, emulator = changing
    job = next(
        job
        for job in jobs_of(emulator).values()
        if job["scheduleType"] == "On-demand" and job["status"] == "Enabled"
    )
    result = cli("qualys", "disable", job["id"], "--yes")
    assert result.code == 3
    assert "cannot be disabled" in result.err


@pytest.mark.parametrize(
    ("words", "code", "said", "hint"),
    [
        (("jobs", "--filter", "status:("), 4, "filter cannot be parsed at character", "backticks"),
        (("job", "../../am/v1/assets"), 4, "jobId is '../../am/v1/assets'", None),
        (("job", UNKNOWN), 5, "there is no job", "deleted"),
        (("jobs", "--filter", "nonsense:1"), 5, "nonsense", None),
        (("results",), 2, "give jobs or --all", "jobs"),
        (("results", UNKNOWN, "--all"), 2, "not both", "jobs"),
        (("catalog", "x:1", "--id", UNKNOWN), 2, "--id", "QQL"),
        (("cves", "many"), 4, "qids has 'many'", "number"),
        (("jobs", "--platform", "mac"), 2, "mac", None),
        (("patches", "--output", "patches.doc"), 4, "patches.doc", ".parquet"),
        (
            ("create", "x", "-P", "windows", "--tag", "Serverz", "--dry-run"),
            5,
            "no asset carries a tag called 'Serverz'",
            "Servers",
        ),
        (
            ("create", "x", "-P", "windows", "--set", "timeuot=5", "--dry-run"),
            4,
            "timeuot",
            "timeout",
        ),
        (("create", "x", "-P", "windows", "--set", "timeout", "--dry-run"), 2, "NAME=VALUE", None),
        (
            ("create", "x", "-P", "windows", "--set", "timeout=169", "--dry-run"),
            4,
            "timeout is 169",
            None,
        ),
        (("update", UNKNOWN, "--dry-run"), 2, "nothing to change", None),
    ],
)
def test_bad_input_is_one_line(reading, words, code, said, hint):
    result = reading("qualys", *words)
    assert result.code == code, result.err
    assert said in result.error()
    if hint:
        assert hint in result.hint()


@pytest.mark.parametrize(
    ("environment", "code", "said"),
    [
        ({"PATCHFLEET_QUALYS_URL": "", "PATCHFLEET_QUALYS_PLATFORM": "qg9"}, 4, "platform 'qg9'"),
        ({"PATCHFLEET_QUALYS_URL": "http://10.0.0.1"}, 4, "without TLS"),
        ({"PATCHFLEET_QUALYS_URL": "ftp://host"}, 4, "gateway_url"),
        ({"PATCHFLEET_QUALYS_URL": "https://user@host"}, 4, "gateway_url"),
        ({"PATCHFLEET_QUALYS_USERNAME": ""}, 4, "no Qualys user"),
        ({"PATCHFLEET_QUALYS_PASSWORD": ""}, 4, "keyring"),
        ({"PATCHFLEET_QUALYS_PASSWORD": "wrong-of-a-test"}, 5, "does not accept the credentials"),
        ({"PATCHFLEET_QUALYS_URL": "http://127.0.0.1:9"}, 5, "no connection"),
    ],
)
def test_an_account_that_does_not_work(reading, environment, code, said):
    (reading.folder / "patchfleet.toml").write_text("[qualys]\nretries = 0\n")
    reading.set(**environment)
    result = reading("qualys", "version")
    assert result.code == code, result.err
    if said == "keyring" and "keyring" not in result.err:
        said = "no Qualys password"
    assert said in result.error()
    assert "wrong-of-a-test" not in result.err


def test_a_user_without_the_permission(cli):
    with Emulator(customers=1, devices=4, qualys_forbidden=True).running() as host:
        result = at(cli, host)("qualys", "jobs")
    assert result.code == 5
    assert "PM.API.ACCESS" in result.err


def test_over_tls_with_its_own_authority(cli):
    with Emulator(customers=1, devices=4).running(https=True) as host:
        at(cli, host)
        refused = cli("qualys", "version")
        assert (refused.code, "certificate" in refused.error()) == (5, True)
        cli.set(PATCHFLEET_QUALYS_CA_FILE=str(host.ca_file))
        assert cli("qualys", "version").out.startswith("3.")


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("version",),
        ("jobs", "--json", "--output", "jobs.xlsx"),
        ("assets", "--output", "assets.html"),
        ("create", "Of a test", "-P", "windows", "--tag", "Servers", "--yes"),
    ],
    ids=lambda words: words[0],
)
def test_the_password_and_the_token_are_nowhere(changing, words, monkeypatch):
    from patchfleet.qualys.operations import creation

    monkeypatch.setattr(creation, "LOOKS_AFTER_SECONDS", (0.0,))
    cli, emulator = changing
    (cli.folder / "patchfleet.toml").write_text("[qualys]\nretries = 0\ntimeout_seconds = 0.3\n")
    password = emulator.qualys.password
    codes = set()
    for kind in [None, *sorted(OF_QUALYS)]:
        emulator.clear_faults()
        if kind:
            emulator.fault(kind, times=None, **({"seconds": 9} if kind == "slow" else {}))
        result = cli("qualys", *words)
        assert result.code in {0, 3, 5}, (kind, result.err)
        assert password not in result.out + result.err, kind
        assert "eyJ" not in result.out + result.err, "a token begins so"
        codes.add(result.code)
    assert 5 in codes, "there was something to hide it in"
    for path in cli.folder.rglob("*"):
        if path.is_file():
            assert password.encode() not in path.read_bytes(), path


def test_init_adds_the_account_to_the_settings(reading, quiet):
    account = quiet.emulator.qualys
    words = ("init", "--vendor", "qualys", "--here", "--url", quiet.url)
    before = (reading.folder / "patchfleet.toml").read_text()
    result = reading(*words, "--username", account.username)
    assert result.code == 0, result.err
    assert "the account works: patch management 3." in result.err
    after = (reading.folder / "patchfleet.toml").read_text()
    assert after.startswith(before)
    assert account.password not in after
    reading.unset("PATCHFLEET_QUALYS_URL", "PATCHFLEET_QUALYS_USERNAME")
    assert reading("qualys", "version").code == 0
    again = reading(*words, "--username", account.username)
    assert (again.code, "has a [qualys] table" in again.error()) == (4, True)


def test_init_with_a_wrong_password_writes_nothing(reading, quiet):
    reading.set(PATCHFLEET_QUALYS_PASSWORD="wrong-of-a-test")
    before = (reading.folder / "patchfleet.toml").read_text()
    words = ("init", "--vendor", "qualys", "--here", "--url", quiet.url, "--username", "nobody")
    assert reading(*words).code == 5
    assert (reading.folder / "patchfleet.toml").read_text() == before


def test_a_missing_choice_is_one_line(reading):
    result = reading("qualys", "create", "My Job")

    assert result.code == 2
    assert "\ufffd" not in result.err
    assert "Choose from: windows, linux" in result.err
