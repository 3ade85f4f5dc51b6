"""Every command answers from a record that an earlier revision filled, on either database."""

import json

import pytest

from patchfleet.cli.main import COMMANDS
from patchfleet.emulator import Emulator
from patchfleet.report.registry import REPORTS
from patchfleet.store.record import schema
from patchfleet.store.views.columns import VIEWS
from tests.store.old_records import DRAFTS, REVISIONS, OldRecord

WORLD = {"customers": 2, "devices": 6, "seed": 4, "patches": 5}
"""The world of those records; see tests/store/revisions/make.py."""
ELSEWHERE = {
    "demo", "init", "emulate", "completion",  # no record, or one of their own
    "account", "login", "logout", "doctor",  # settings and secrets
    "worker", "intel",  # they write; intel is read by the reports
}  # fmt: skip
PLAIN = {("0001", "sqlite"), ("0006", "postgresql")}
EVERY = [
    pytest.param(
        revision, database, marks=[] if (revision, database) in PLAIN else [pytest.mark.full]
    )
    for revision in (*REVISIONS, *DRAFTS)
    for database in ("sqlite", "postgresql")
    if not (revision in DRAFTS and database == "postgresql")
]


def reading(device, patch, later, earlier):
    """List a command line for each command that reads a record, first word first."""
    return [
        ("runs",),
        ("runs", "--problems", "1"),
        ("today",),
        *(("report", name) for name in REPORTS),
        ("report", "posture", "--output", "report.html"),
        *(("sql", f"SELECT * FROM {view}") for view in VIEWS),
        ("sql", "--views"),
        ("device", device),
        ("device", device, "--run", earlier),
        ("history", device),
        ("history", device, "--summary"),
        ("patch", patch),
        ("diff", earlier, later),
        ("machines", "list"),
        ("machines", "candidates"),
        ("machines", "decisions"),
        ("journal",),
        ("nsight", "patches"),
        ("nsight", "approve", "--status", "missing", "--dry-run"),
        ("store", "publish", "--all"),
        ("store", "check"),
        ("store", "copy", "copied.db"),
    ]


@pytest.fixture
def address(cli, revision, database, request):
    server = request.getfixturevalue("server") if database == "postgresql" else None
    found = OldRecord(revision).place(cli.folder, server and server.new_database())
    cli.set(PATCHFLEET_STORE=found, PATCHFLEET_PUBLISHED=str(cli.folder / "fleet.published"))
    return found


def settled(cli, *words):
    """Run a command; return its output, and fail where it refused or could not answer."""
    result = cli(*words)
    assert result.code in (0, 3), (words, result.err)
    assert "error" not in result.err, (words, result.err)
    assert "Traceback" not in result.err
    return result


@pytest.mark.parametrize(("revision", "database"), EVERY)
def test_every_command_answers_from_a_record_of_an_earlier_revision(cli, address, revision):
    first = settled(cli, "today")
    old = f"earlier Patchfleet: upgrading its tables from revision {revision[:4]}"
    assert (old in first.err) is (revision != schema.REVISIONS[-1]), first.err
    assert "upgrading" not in settled(cli, "runs").err
    asked = "SELECT device_id, patch FROM findings WHERE source = 'nsight' ORDER BY ALL LIMIT 1"
    (found,) = json.loads(settled(cli, "sql", asked, "--json").out)["rows"]
    listed = json.loads(settled(cli, "runs", "--json").out)["rows"]
    complete = [
        str(row["id"]) for row in listed if (row["source"], row["state"]) == ("nsight", "complete")
    ]
    commands = reading(found["device_id"], found["patch"], *complete[:2])
    for words in commands:
        result = settled(cli, *words)
        assert result.out or words[0] == "store" or "--output" in words, words
        if words[0] != "runs":
            assert result.code == 0 or "sync" in result.err + result.out, (words, result.err)
    assert settled(cli, "--store", "copied.db", "today").out == settled(cli, "today").out
    covered = {words[0] for words in commands} | ELSEWHERE | {"sync", "qualys"}
    assert not COMMANDS.keys() - covered, "add the new command to `reading` or to ELSEWHERE"


@pytest.mark.parametrize(("revision", "database"), EVERY)
def test_a_sync_goes_on_from_a_record_of_an_earlier_revision(cli, address, revision):
    emulator = Emulator(**WORLD)
    with emulator.running() as host:
        emulator.advance(days=10)
        cli.account(host)
        done = settled(cli, "sync", "--source", "nsight", "--fresh", "--accept-missing")
        assert done.code == 0, done.err
        emulator.advance(days=2)
        assert settled(cli, "sync", "--source", "nsight", "--accept-missing").code == 0
    assert settled(cli, "store", "check").code == 0
    settled(cli, "today")
    settled(cli, "sql", "SELECT * FROM finding_history")
