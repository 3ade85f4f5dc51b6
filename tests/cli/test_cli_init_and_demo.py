"""The first five minutes: an account set up, and a fleet that needs none."""

import json
import os
import re
import stat
import subprocess
import sys
import tomllib

import openpyxl
import pytest

from patchfleet import config

RING = '''
"""A keyring in a file, for a test."""
from pathlib import Path
from keyring.backend import KeyringBackend

class Ring(KeyringBackend):
    priority = 1

    def get_password(self, service, username):
        file = Path(f"ring-{service}-{username}")
        return file.read_text() if file.exists() else None

    def set_password(self, service, username, password):
        Path(f"ring-{service}-{username}").write_text(password)
'''


@pytest.fixture
def bare(cli):
    """The command line with no settings at all."""
    (cli.folder / "patchfleet.toml").unlink()
    return cli


def test_with_the_key_in_the_environment(bare, still):
    bare.set(PATCHFLEET_NSIGHT_KEY=still.api_key)
    result = bare("init", "--url", still.url)
    assert result.code == 0
    path = config.user_file()
    assert str(path).startswith(str(bare.folder)), "the home of the test"
    assert result.err.splitlines() == [
        "the key works: it sees 3 customers, 12 devices",
        f"wrote {path}; the key is in the environment, as PATCHFLEET_NSIGHT_KEY",
        "next: patchfleet sync && patchfleet today",
    ]
    written = tomllib.loads(path.read_text("utf-8"))
    assert written == {"nsight": {"base_url": still.url}}
    assert bare("sync").code == 0
    assert bare("today").code == 0
    assert config.load().store_address.exists()


def test_a_region_is_written_down_without_asking_anybody(bare):
    bare.set(PATCHFLEET_NSIGHT_KEY="k")
    result = bare("init", "--region", "UK", "--offline", "--here")
    assert result.code == 0
    written = tomllib.loads((bare.folder / "patchfleet.toml").read_text("utf-8"))
    assert written == {"store": "patchfleet.db", "nsight": {"region": "UK"}}


def test_the_file_that_was_named_is_written(bare):
    bare.set(PATCHFLEET_NSIGHT_KEY="k")
    result = bare("--config", "mine.toml", "init", "--region", "us", "--offline")
    assert result.code == 0
    assert (bare.folder / "mine.toml").exists()
    assert not config.user_file().exists()


def test_a_table_is_not_replaced_unasked_and_nothing_else_is_ever(bare):
    bare.set(PATCHFLEET_NSIGHT_KEY="k", PATCHFLEET_QUALYS_PASSWORD="p")
    words = ("init", "--region", "us", "--offline", "--here")
    path = bare.folder / "patchfleet.toml"
    path.write_text("# mine\n[today]\nsilent_after_days = 3  # so\n")
    assert bare(*words).code == 0
    qualys = ("--vendor", "qualys", "--platform", "qg2", "--username", "u", "--offline", "--here")
    assert bare("init", *qualys).code == 0
    before = path.read_text()
    result = bare(*words)
    assert result.code == 4
    assert result.error().endswith("patchfleet.toml already has a [nsight] table")
    assert path.read_text() == before
    assert bare("init", "--region", "uk", "--offline", "--here", "--force").code == 0
    assert path.read_text() == before.replace('region = "us"', 'region = "uk"')
    assert before.startswith("# mine\n[today]\nsilent_after_days = 3  # so\n")


def test_nobody_to_ask(bare):
    result = bare("init")
    assert (result.code, result.error()) == (4, "no region given")
    result = bare("init", "--region", "us")
    assert (result.code, result.error()) == (4, "no API key given, and no terminal to ask on")
    assert "PATCHFLEET_NSIGHT_KEY" in result.hint()


@pytest.mark.parametrize("url", ["ftp://x", "https://u:p@example.com", "nonsense"])
def test_an_address_that_cannot_be_used(bare, url):
    bare.set(PATCHFLEET_NSIGHT_KEY="k")
    result = bare("init", "--url", url, "--offline")
    assert result.code == 4
    assert result.error()
    assert not config.user_file().exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="terminals of POSIX")
def test_the_key_is_asked_for_not_shown_and_kept_in_the_keyring(bare, still, monkeypatch):
    from test_cli_terminal import Terminal

    (bare.folder / "ring.py").write_text(RING)
    monkeypatch.setenv("PYTHONPATH", str(bare.folder), prepend=os.pathsep)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "ring.Ring")
    terminal = Terminal(bare.command("init", "--here", "--url", still.url))
    terminal.until("API key: ")
    terminal.types(f"{still.api_key}\n")
    code, seen, _ = terminal.end()
    assert code == 0, seen
    assert still.api_key not in seen
    assert "the key is in the system's keyring" in seen
    assert still.api_key not in (bare.folder / "patchfleet.toml").read_text()
    assert (bare.folder / "ring-patchfleet-nsight").read_text() == still.api_key
    result = bare.process("nsight", "clients", "--json")
    assert (result.code, len(result.json["rows"])) == (0, 3)


@pytest.mark.skipif(os.name != "posix", reason="rights of POSIX")
def test_a_key_in_a_file_that_others_can_read_is_said(reading, still):
    path = reading.folder / "patchfleet.toml"
    path.write_text(path.read_text() + f"key = '{still.api_key}'\n")
    reading.unset("PATCHFLEET_NSIGHT_KEY")
    path.chmod(0o644)
    result = reading("nsight", "clients")
    assert result.code == 0
    assert result.err.startswith("warning: patchfleet.toml holds a key and others can read it")
    path.chmod(stat.S_IRUSR | stat.S_IWUSR)
    assert reading("nsight", "clients").err == ""


@pytest.mark.slow
def test_the_demo_does_the_main_job(cli):
    result = cli("demo", "--devices", "12", "--customers", "3", "--latency", "0")
    assert result.code == 0, result.err
    steps = [line.removeprefix("==> ") for line in result.err.splitlines() if line[:3] == "==>"]
    assert [step.split(",")[0].split(" --")[0] for step in steps] == [
        "patchfleet sync", "patchfleet today", "patchfleet nsight approve",
        "8 days pass", "patchfleet sync", "patchfleet diff: changes between the two syncs",
        "patchfleet today", "patchfleet sync",
        "patchfleet machines list: one fleet from two sources",
        "patchfleet qualys create 'My Job'", "36 hours pass; the job runs", "patchfleet report",
    ]  # fmt: skip
    assert re.search(r"(\d+) of \1 confirmed by reading back", result.err)
    before, after = re.search(
        r"(\d+) overdue critical patches before, (\d+) now", result.err
    ).groups()
    assert int(after) < int(before)
    assert openpyxl.load_workbook(cli.folder / "demo" / "fleet.xlsx").sheetnames
    page = (cli.folder / "demo" / "fleet.html").read_text("utf-8")
    assert not re.search(r"""(?:src|href)=["']https?://""", page), "it opens with no network"
    for words in (["today", "--items"], ["nsight", "patches", "--status", "failed"]):
        again = cli("--store", "demo/demo.db", *words)
        assert again.code == 0
        assert f"patchfleet --store demo/demo.db {' '.join(words)}" in result.err
    (cli.folder / "demo" / "mine.txt").write_text("kept")
    assert cli("demo", "--devices", "4", "--customers", "2", "--latency", "0").code == 0
    assert (cli.folder / "demo" / "mine.txt").read_text() == "kept"


def test_an_emulator_is_ready_when_it_says_so(cli):
    words = ("emulate", "nsight", "--devices", 3, "--customers", 1, "--seed", 9, "--json")
    with subprocess.Popen(cli.command(*words), stdout=subprocess.PIPE) as process:
        where = json.loads(process.stdout.readline())
        cli.set(PATCHFLEET_NSIGHT_URL=where["url"], PATCHFLEET_NSIGHT_KEY=where["api_key"])
        result = cli("nsight", "devices", "--json")
        process.terminate()
    assert len(result.json["rows"]) == 3


def test_a_place_for_settings_that_cannot_be_written(bare):
    bare.set(PATCHFLEET_NSIGHT_KEY="k")
    (bare.folder / "file").write_text("")
    result = bare("--config", "file/of/mine.toml", "init", "--region", "us", "--offline")
    assert (result.code, result.error()) == (4, "cannot write file/of/mine.toml: Not a directory")
    assert "--here" in result.hint()
