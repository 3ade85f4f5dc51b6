"""The command `qualysdk-pm`: its documented help, its workbooks, what it says to wrong input."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from patchfleet.emulator import Emulator, Host

COMMAND = Path(sys.executable).parent / "qualysdk-pm"

HELP = """\
usage: qualysdk-pm [-h] -u USERNAME -p PASSWORD [-P {qg1,qg2,qg3,qg4}] \
{list_jobs,get_job_results,get_job_runs} ...

CLI script to quickly perform Patch Management (PM) operations using qualysdk

positional arguments:
  {list_jobs,get_job_results,get_job_runs}
                        Action to perform
    list_jobs           Get a list of PM jobs.
    get_job_results     Get results for a PM job.
    get_job_runs        Get runs for a PM job.

options:
  -h, --help            show this help message and exit
  -u, --username USERNAME
                        Qualys username
  -p, --password PASSWORD
                        Qualys password
  -P, --platform {qg1,qg2,qg3,qg4}
                        Qualys platform
"""
OUTPUT = "  -o, --output OUTPUT  Output xlsx file to write results to\n"
KWARG = (
    "  --kwarg key value    Specify a keyword argument to pass to the action. "
    "Can be used multiple times\n"
)
ACTIONS = {
    "list_jobs": "usage: qualysdk-pm list_jobs [-h] [-o OUTPUT] [--kwarg key value]\n\noptions:\n"
    "  -h, --help           show this help message and exit\n" + OUTPUT + KWARG,
    "get_job_results": "usage: qualysdk-pm get_job_results [-h] [-o OUTPUT] -j JOB_ID "
    "[--kwarg key value]\n\noptions:\n  -h, --help           show this help message and exit\n"
    + OUTPUT
    + "  -j, --job-id JOB_ID  Specify the job ID to get results for. Can be used multiple times\n"
    + KWARG,
    "get_job_runs": "usage: qualysdk-pm get_job_runs [-h] [-o OUTPUT] -j JOB_ID "
    "[--kwarg key value]\n\noptions:\n  -h, --help           show this help message and exit\n"
    + OUTPUT
    + "  -j, --job-id JOB_ID  Specify the job ID to get runs for\n"
    + KWARG,
}


def run(*arguments: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run the installed command in a folder."""
    return subprocess.run(
        [COMMAND, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "NO_COLOR": "1"},
    )


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    """An emulator with a stock of jobs."""
    with Emulator(customers=2, devices=24).running() as running:
        yield running


@pytest.fixture
def account(host: Host) -> list[str]:
    """Return the options that reach the emulator."""
    who = host.emulator.qualys
    return ["-u", who.username, "-p", who.password, "-oU", host.url, host.url, host.url]


def cells(path: Path, sheet: str | None = None) -> list[dict[str, Any]]:
    """Return the rows of a sheet by the names of their columns."""
    book = openpyxl.load_workbook(path)
    rows = (book[sheet] if sheet else book.worksheets[0]).iter_rows(values_only=True)
    names = [str(name).removesuffix(" (UTC)") for name in next(rows)]
    return [dict(zip(names, row, strict=True)) for row in rows]


def jobs_of(host: Host) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = host.emulator.ground_truth(vendor="qualys")["jobs"]
    return found


@pytest.mark.slow
def test_the_help_is_the_documented_one(tmp_path: Path) -> None:
    assert run("-h", folder=tmp_path).stdout == HELP
    for name, text in ACTIONS.items():
        assert run("-u", "a", "-p", "b", name, "-h", folder=tmp_path).stdout == text


@pytest.mark.slow
def test_jobs_come_as_a_workbook(host: Host, account: list[str], tmp_path: Path) -> None:
    done = run(*account, "list_jobs", "-o", "jobs.xlsx", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "wrote jobs.xlsx\n"
    rows = cells(tmp_path / "jobs.xlsx")
    assert {row["id"] for row in rows} == {job["id"] for job in jobs_of(host)}
    assert all(isinstance(row["totalAssetCount"], int | None) for row in rows)
    times = [row["nextScheduleDateTime"] for row in rows if row["nextScheduleDateTime"]]
    assert all(isinstance(time, datetime) for time in times)
    sheet = openpyxl.load_workbook(tmp_path / "jobs.xlsx").active
    assert sheet is not None
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref


@pytest.mark.slow
def test_keywords_reach_the_call(account: list[str], tmp_path: Path) -> None:
    narrowed = ("--kwarg", "platform", "linux", "--kwarg", "pageSize", "3")
    done = run(*account, "list_jobs", "-o", "jobs.xlsx", *narrowed, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {row["platform"] for row in cells(tmp_path / "jobs.xlsx")} == {"Linux"}


@pytest.mark.slow
def test_results_come_with_their_assets(host: Host, account: list[str], tmp_path: Path) -> None:
    ids = [job["id"] for job in jobs_of(host)][:3]
    chosen = [word for number in ids for word in ("-j", number)]
    done = run(*account, "get_job_results", "-o", "results.xlsx", *chosen, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    book = openpyxl.load_workbook(tmp_path / "results.xlsx")
    results = cells(tmp_path / "results.xlsx", "Results")
    assets = cells(tmp_path / "results.xlsx", "Assets of results")
    assert [row["id"] for row in results] == ids
    for row in results:
        assert sum(one["jobId"] == row["id"] for one in assets) == row["assetCount"]
    for sheet in book.worksheets:
        assert not any(cell.data_type == "f" for line in sheet.iter_rows() for cell in line)


@pytest.mark.slow
def test_runs_come_as_a_workbook(host: Host, account: list[str], tmp_path: Path) -> None:
    job = next(job["id"] for job in jobs_of(host) if job["runs"])
    done = run(*account, "get_job_runs", "-j", job, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = cells(tmp_path / "pm_job_runs.xlsx")
    assert rows
    assert all(row["jobId"] == job for row in rows)
    assert all(isinstance(row["scheduledDateTime"], datetime) for row in rows)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("list_jobs",), 2, "-u/--username"),
        (("-u", "a", "-p", "b", "dance"), 2, "dance"),
        (("-u", "a", "-p", "b", "-P", "qg9", "list_jobs"), 2, "qg9"),
        (("-u", "a", "-p", "b", "get_job_results"), 2, "-j/--job-id"),
    ],
)
def test_a_command_line_that_cannot_be_used(
    arguments: tuple[str, ...], code: int, said: str, tmp_path: Path
) -> None:
    done = run(*arguments, folder=tmp_path)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("get_job_results", "-j", "../../secrets"), "jobId is '../../secrets'"),
        (("list_jobs", "-o", "jobs.doc"), "jobs.doc"),
        (("list_jobs", "--kwarg", "colour", "red"), "no keyword 'colour'"),
        (("list_jobs", "--kwarg", "filter", "status:("), "character"),
        (("list_jobs", "--kwarg", "sort", "a", "--kwarg", "sort", "b"), "twice"),
    ],
)
def test_what_cannot_be_asked_for(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = run("-u", "a", "-p", "hunter2-hunter2", *arguments, folder=tmp_path)
    assert done.returncode == 4
    assert said in done.stderr
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
    assert "hunter2" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_wrong_password(host: Host, account: list[str], tmp_path: Path) -> None:
    account[3] = "hunter2-hunter2"
    done = run(*account, "list_jobs", folder=tmp_path)
    assert done.returncode == 5
    assert "does not accept the credentials" in done.stderr
    assert "hunter2" not in done.stderr
