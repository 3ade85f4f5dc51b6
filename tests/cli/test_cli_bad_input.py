"""Everything a user can get wrong: one line, a hint, an exit code, and nothing is lost."""

import shutil
import socket
import sqlite3
import sys
from pathlib import Path

import pytest

from patchfleet.store import Store
from patchfleet.store.record.schema import VERSION_TABLE


def intact(cli):
    """Return what is on record; a test compares it before and after."""
    result = cli("today", "--json")
    assert result.code == 0, result.err
    return {"tables": result.json["tables"], "figures": result.json["figures"]}


def test_a_wrong_region(reading):
    reading.unset("PATCHFLEET_NSIGHT_URL")
    reading.set(PATCHFLEET_NSIGHT_REGION="mars")
    for words in (["sync"], ["nsight", "clients"], ["init", "--region", "mars"]):
        result = reading(*words)
        assert (result.code, result.error()) == (4, "'mars' is not an N-sight region")
        assert "germany" in result.hint()


def test_no_region(reading):
    reading.unset("PATCHFLEET_NSIGHT_URL")
    result = reading("sync")
    assert (result.code, result.error()) == (4, "no N-sight region is set")
    assert "patchfleet init" in result.hint()


def test_no_account(cli):
    result = cli("sync")
    assert (result.code, result.error()) == (4, "no account is set up")
    assert "patchfleet init" in result.hint()


def test_half_of_an_account_is_not_passed_over(reading):
    reading.set(PATCHFLEET_QUALYS_USERNAME="somebody")
    result = reading("sync")
    assert (result.code, result.error()) == (4, "no Qualys password is set")


@pytest.mark.parametrize("words", [["sync"], ["nsight", "clients"]])
def test_no_key(reading, words):
    reading.unset("PATCHFLEET_NSIGHT_KEY")
    result = reading(*words)
    assert (result.code, result.error()) == (4, "no N-sight API key is set")
    assert "PATCHFLEET_NSIGHT_KEY" in result.hint()


@pytest.mark.parametrize("words", [["sync"], ["nsight", "sites"], ["init", "--url"]])
def test_a_wrong_key(reading, still, words):
    before = intact(reading)
    reading.set(PATCHFLEET_NSIGHT_KEY="not-the-key")
    result = reading(*words, *[still.url] * (words[-1] == "--url"))
    assert result.code == 5
    assert result.error() == "list_clients: N-able does not accept the key (Login failed)"
    assert "region" in result.hint()
    assert intact(reading) == before
    assert not (reading.folder / "home").exists(), "a key that does not work is not written down"


def test_nobody_answers(reading):
    before = intact(reading)
    reading.set(PATCHFLEET_NSIGHT_URL="http://127.0.0.1:1")
    result = reading("sync")
    assert result.code == 5
    assert "no connection to 127.0.0.1" in result.error()
    assert intact(reading) == before


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (
            ["--live", "-d", "12"],
            5,
            "patch_list_all: N-able has no device 12, or the key cannot see it",
        ),
        (["--live", "-d", "abc"], 2, "--live needs --device with the ids of the devices"),
        (["--live", "-d", "12a"], 2, "--live needs --device with the ids of the devices"),
        (["--live", "-d", "-5"], 2, "--live needs --device with the ids of the devices"),
        (["--live", "-d", "²"], 2, "--live needs --device with the ids of the devices"),
        (["--live"], 2, "--live needs --device with the ids of the devices"),
        (["--live", "-d", ""], 2, "--device '' is empty"),
        (["--live", "-d", "12", "-c", "Acme"], 2, "--live can only be combined with --device"),
        (["-d", "12"], 2, "no device is called '12'"),
        (["-c", "Acme Logistik"], 2, "no customer is called 'Acme Logistik'"),
        ([""], 2, "PATCH '' is empty"),
    ],
)
def test_names_and_ids(reading, words, code, error):
    result = reading("nsight", "patches", *words)
    assert (result.code, result.error(), result.out) == (code, error, "")
    assert result.hint()


@pytest.mark.parametrize(
    "words", [["sites", "-c", "Acme Logistik"], ["devices", "-c", "acme logistik"]]
)
def test_a_close_name_is_named(reading, words):
    result = reading("nsight", *words)
    assert result.code == 2
    assert result.hint() == "did you mean 'Acme Logistics'?"


READERS = [["today"], ["report"], ["runs"], ["nsight", "patches"], ["nsight", "approve", "x"]]


@pytest.mark.parametrize("words", READERS)
def test_nothing_on_record_yet(cli, words):
    result = cli(*words)
    assert result.code == 6
    assert result.error() == "there is no data in fleet.db yet"
    assert "patchfleet sync" in result.hint()
    assert not (cli.folder / "fleet.db").exists(), "looking makes nothing"


@pytest.mark.parametrize("words", [*READERS, ["sync"]])
@pytest.mark.parametrize("content", [b"hello\n", bytes(range(256)) * 300])
def test_a_record_that_is_no_database(reading, words, content):
    path = reading.folder / "fleet.db"
    path.write_bytes(content)
    result = reading(*words)
    assert (result.code, result.error()) == (6, "fleet.db is not a database")
    assert result.hint()
    assert path.read_bytes() == content


def test_somebody_elses_database(reading):
    path = reading.folder / "other.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE songs (title TEXT)")
    database.close()
    before = path.read_bytes()
    for words in [*READERS, ["sync"]]:
        result = reading("--store", path, *words)
        assert result.code == 6
        assert result.error() == f"{path} is a database, but not one of Patchfleet"
    assert path.read_bytes() == before


@pytest.mark.parametrize("words", [["today"], ["sync"]])
def test_a_record_of_a_newer_patchfleet(reading, words):
    database = sqlite3.connect(reading.folder / "fleet.db")
    with database:
        database.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    database.close()
    result = reading(*words)
    assert result.code == 6
    assert "newer Patchfleet" in result.error()
    assert "upgrade" in result.hint()


@pytest.mark.parametrize("words", [["today"], ["sync"]])
def test_a_record_left_half_way_through_a_change_of_its_tables(reading, words):
    path = reading.folder / "fleet.db"
    with sqlite3.connect(path) as database:
        database.execute("DROP TABLE publication")
    database.close()
    result = reading(*words)
    assert result.code == 6
    assert result.error() == "fleet.db was left half-way through a change of its tables"
    assert "backup" in result.hint()


@pytest.mark.slow
def test_a_locked_record_names_its_holder_and_loses_nothing(reading):
    before = intact(reading)
    holder = sqlite3.connect(reading.folder / "fleet.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        result = reading.process("sync")
        assert intact(reading) == before, "readers are not kept out"
    finally:
        holder.rollback()
        holder.close()
    assert result.code == 6
    assert result.error().startswith("fleet.db is locked by ")
    assert result.error().endswith(" and stayed so for 0.2 s")
    if sys.platform == "linux":
        import os

        assert f"(pid {os.getpid()}" in result.error()
    assert "wait" in result.hint()
    assert reading("sync").code == 0


def test_a_sync_that_is_under_way_already(reading):
    from datetime import UTC, datetime

    with Store.open(reading.folder / "fleet.db") as store:
        run = store.begin("nsight", now=datetime.now(UTC))
        result = reading.process("sync")
        run.release()
    assert result.code == 6
    assert result.error().startswith("nsight is being synced already (pid ")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
@pytest.mark.parametrize(
    ("words", "room", "code"),
    [
        (["sync"], 16_384, 6),
        (["sync"], 60_000, 6),
        (["report", "--output", "f.xlsx"], 33_000, 4),
    ],
)
def test_a_disk_that_fills(moving, words, room, code):
    """No file may grow beyond `room`: what a full disk is to whoever writes."""
    import resource

    cli, emulator = moving
    (cli.folder / "f.xlsx").write_bytes(b"old")
    before = intact(cli)
    emulator.advance(days=8)

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    result = cli.process(*words, preexec_fn=limited)
    assert result.code == code
    assert result.error()
    assert result.hint()
    assert intact(cli) == before
    assert (cli.folder / "f.xlsx").read_bytes() == b"old"
    assert cli("sync").code == 0, "with room again it goes on"


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("words", [["runs"], ["runs", "--json"], ["nsight", "patches"], ["--help"]])
def test_output_that_goes_to_a_full_disk(reading, words):
    with Path("/dev/full").open("wb") as full:
        result = reading.process(*words, stdout=full)
    assert result.code == 4
    assert result.error().startswith("cannot write to standard output: ")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("x.pdf", "cannot tell the format of 'x.pdf' from its ending"),
        ("x", "cannot tell the format of 'x' from its ending"),
        ("no/such/x.csv", "cannot write no/such/x.csv: there is no folder no/such"),
        ("here.xlsx", "cannot write here.xlsx: it is a folder"),
    ],
)
@pytest.mark.parametrize(
    "words", [["report"], ["nsight", "patches"], ["nsight", "clients"], ["runs"]]
)
def test_an_output_that_cannot_be_written(reading, still, words, name, said):
    (reading.folder / "here.xlsx").mkdir()
    still.emulator.clear_calls()
    result = reading(*words, "--output", name)
    assert (result.code, result.error(), result.out) == (4, said, "")
    assert result.hint()
    assert still.emulator.calls == [], "nobody is asked for what cannot be kept"


def test_several_tables_do_not_go_into_one_csv(reading):
    result = reading("report", "--output", "x.csv")
    assert result.code == 4
    assert "worklist" in result.hint()
    assert not (reading.folder / "x.csv").exists()


@pytest.mark.parametrize(
    ("text", "error", "hint"),
    [
        ("[nsight]\nregoin = 'us'\n", "patchfleet.toml:2: [nsight] has no setting 'regoin'",
         "did you mean 'region'?"),
        ("stor = 'x'\n", "patchfleet.toml:1: there is no setting 'stor'", "did you mean 'store'?"),
        ("[nsight]\nretries = 'a'\n",
         "patchfleet.toml:2: nsight.retries: expected a whole number, got text", None),
    ],
)  # fmt: skip
def test_a_setting_nobody_knows(reading, text, error, hint):
    (reading.folder / "patchfleet.toml").write_text(text)
    result = reading("today")
    assert (result.code, result.error()) == (4, error)
    assert hint is None or result.hint() == hint


def test_settings_that_are_not_there(cli):
    result = cli("--config", "nowhere.toml", "today")
    assert (result.code, result.error()) == (4, "there is no file nowhere.toml")
    assert "patchfleet init" in result.hint()


def test_a_folder_for_the_record_that_cannot_be_made(reading):
    (reading.folder / "file").write_text("")
    reading.set(PATCHFLEET_STORE="file/below/fleet.db")
    result = reading("sync")
    assert result.code == 6
    assert result.error() == "cannot make the folder file/below for the record: Not a directory"
    assert "--store" in result.hint()


def test_a_folder_named_on_the_command_line_is_not_made(reading):
    result = reading("--store", "new/fleet.db", "sync")
    assert result.code == 6
    assert "there is no folder" in result.error()
    assert "mkdir" in result.hint()


def test_published_files_that_are_gone_are_made_again(reading):
    before = intact(reading)
    shutil.rmtree(reading.folder / "fleet.published")
    result = reading("today", "--json")
    assert {name: result.json[name] for name in before} == before
    said = "fleet.published/source=nsight/run=1 is missing; it was rebuilt from the record"
    assert said in result.err


def test_a_port_in_use(cli):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = cli.process("emulate", "nsight", "--port", port, "--devices", 1)
    assert result.code == 4
    assert result.error() == f"port {port} cannot be used: Address already in use"
    assert "--port 0" in result.hint()


def test_a_folder_for_the_demo_that_cannot_be_written(cli):
    (cli.folder / "file").write_text("")
    result = cli("demo", "--folder", "file/demo", "--devices", "1")
    assert result.code == 4
    assert result.error() == "cannot write to file/demo: Not a directory"
    assert "--folder" in result.hint()
    assert cli("demo", "--folder", "file").code == 2


def test_an_error_nobody_foresaw(reading, monkeypatch):
    """It is one line too, asks to be reported, and shows its place to whoever wants to see it."""
    from patchfleet.cli import session

    def broken(_):
        raise ZeroDivisionError("a secret\nof two lines")

    monkeypatch.setattr(session.Session, "store_address", property(broken))
    result = reading("today")
    assert result.code == 1
    first, second = result.err.splitlines()
    assert first == "error: internal error: ZeroDivisionError: a secret"
    assert "report it" in second
    reading.set(PATCHFLEET_TRACEBACK="1")
    with pytest.raises(ZeroDivisionError):
        reading("today")


@pytest.mark.parametrize(
    "words",
    [
        ("qualys", "--assets", "0", "--jobs", "3"),
        ("qualys", "--devices", "1", "--assets", "0", "--jobs", "1"),
        ("nsight", "--start", "0001-01-01"),
        ("qualys", "--start", "9999-12-31"),
        ("nsight", "--start", "1990-01-01"),
    ],
)
def test_a_world_that_cannot_be_is_one_line(cli, words):
    result = cli("emulate", *words)
    assert result.code == 4
    assert result.error().startswith("this fleet cannot be emulated: ")
    assert result.hint()
