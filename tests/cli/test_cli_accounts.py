"""Many accounts in one record: set up, synced side by side, tested, removed; each key its own."""

import os
import sys
import tomllib

import pytest

from patchfleet import config
from patchfleet.emulator import Emulator

ACCOUNTS = {"emea": (1, 6), "apac": (7, 7), "us": (5, 5)}


@pytest.fixture(scope="module")
def hosts():
    """Three N-sight accounts, whose ids overlap, and two of Qualys."""
    running = {
        name: Emulator(seed=seed, devices=devices, customers=2, patches=4).running()
        for name, (seed, devices) in ACCOUNTS.items()
    }
    yield {name: one.__enter__() for name, one in running.items()}
    for one in running.values():
        one.__exit__(None, None, None)


@pytest.fixture
def bare(cli):
    (cli.folder / "patchfleet.toml").write_text('store = "fleet.db"\n')
    return cli


def add(cli, name, host, *words):
    path = cli.folder / f"{name}.key"
    path.write_text(f"{host.api_key}\n")
    path.chmod(0o600)
    found = cli("account", "add", name, "--url", host.url, "--key-file", f"{name}.key", *words)
    assert found.code == 0, found.err


def add_qualys(cli, name, host):
    qualys = host.emulator.qualys
    cli.set(**{f"PATCHFLEET_ACCOUNT_{name.upper()}_KEY": qualys.password})
    words = ("--vendor", "qualys", "--url", host.url, "--username", qualys.username)
    found = cli("account", "add", name, *words)
    assert found.code == 0, found.err


@pytest.fixture
def three(bare, hosts):
    for name, host in hosts.items():
        add(bare, name, host)
    path = bare.folder / "patchfleet.toml"
    text = path.read_text().replace("vendor = ", "calls_per_minute = 0\nvendor = ")
    path.write_text(text)
    return bare


def counts(cli):
    rows = cli("sql", "select source, count(*) n from devices group by 1", "--json").json["rows"]
    return {row["source"]: row["n"] for row in rows}


def test_all_accounts_are_read_side_by_side(three, hosts):
    add_qualys(three, "acme", hosts["emea"])
    result = three("sync", "--json")
    assert result.code == 0, result.err
    assert [one["source"] for one in result.json] == ["emea", "apac", "us", "acme"]
    assert all(one["is_complete"] for one in result.json)
    assert counts(three).keys() == {"emea", "apac", "us", "acme"}
    rows = three("account", "list", "--json").json["rows"]
    assert [(row["account"], row["vendor"], row["key"]) for row in rows] == [
        ("emea", "nsight", "key_file"), ("apac", "nsight", "key_file"),
        ("us", "nsight", "key_file"), ("acme", "qualys", "environment"),
    ]  # fmt: skip
    assert all(row["as_of"] for row in rows)


def test_one_account_fails_and_the_others_are_read(three):
    (three.folder / "apac.key").write_text("0" * 32)
    result = three("sync", "--json")
    assert result.code == 3
    by_name = {one["source"]: one for one in result.json}
    assert not by_name["apac"]["is_complete"]
    assert "key" in by_name["apac"]["error"]
    assert counts(three).keys() == {"emea", "us"}


def test_swapped_keys_are_refused_by_name(three, hosts):
    assert three("sync").code == 0
    before = counts(three)
    path = three.folder / "patchfleet.toml"
    swapped = path.read_text().replace(hosts["emea"].url, "X").replace(hosts["us"].url, "Y")
    path.write_text(swapped.replace("X", hosts["us"].url).replace("Y", hosts["emea"].url))
    for name, other in (("emea", "us"), ("us", "emea")):
        (three.folder / f"{name}.key").write_text(hosts[other].api_key)
    result = three("sync")
    assert result.code == 3
    for name in ("emea", "us"):
        assert f"failed: {name}: the account of {name} is not the one on record" in result.err
    assert counts(three) == before


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (("sync", "--account", "emeaa"), 2, "no account is called 'emeaa'"),
        (("sync", "--source", "nope"), 2, "no account is called 'nope'"),
        (("nsight", "clients"), 4, "3 accounts of N-sight are set up"),
        (("nsight", "clients", "--account", "x"), 2, "no account of N-sight is called 'x'"),
        (("qualys", "jobs", "--account", "emea"), 2, "no account of Qualys is called 'emea'"),
        (("nsight", "approve", "KB1", "--yes"), 4, "3 accounts of N-sight are set up"),
        (("account", "add", "emea"), 4, "an account called emea is set up already"),
        (("account", "add", "A B"), 4, "'A B' cannot be the name of an account"),
        (("account", "remove", "nope"), 2, "no account is called 'nope'"),
        (("account", "remove", "emea"), 4, "nothing was changed: there is no terminal to ask on"),
        (("login",), 4, "3 accounts are set up"),
        (("login", "emea"), 4, "the API key of emea comes from key_file in the table"),
    ],
)  # fmt: skip
def test_a_wrong_name_or_none_is_one_line(three, words, code, error):
    before = (three.folder / "patchfleet.toml").read_text()
    result = three(*words)
    assert (result.code, result.error()[: len(error)]) == (code, error)
    assert result.hint()
    assert (three.folder / "patchfleet.toml").read_text() == before


def test_one_account_is_chosen(three, hosts):
    assert len(three("nsight", "devices", "--account", "us", "--json").json["rows"]) == 5
    assert three("sync", "--account", "us").code == 0
    assert counts(three) == {"us": 5}
    assert three("account", "test", "emea").out == (
        f"emea: the key works: it sees 2 customers, {ACCOUNTS['emea'][1]} devices\n"
    )


def test_removing_one_keeps_the_rest(three):
    path = three.folder / "patchfleet.toml"
    assert three("sync", "--account", "us").code == 0
    assert three("account", "remove", "us", "--yes").code == 0
    assert set(tomllib.loads(path.read_text())["account"]) == {"emea", "apac"}
    assert counts(three) == {"us": 5}


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("[account.a]\nregion = 'us'\n", "[account.a] has no vendor"),
        ("[account.a]\nvendor = 'x'\n", "[account.a] has an unknown vendor, 'x'"),
        ("[account.a]\nvendor = 'nsight'\nregoin = 'us'\n", "[account.a] has no setting 'regoin'"),
        ("[account.a]\nvendor = 'qualys'\nregion = 'us'\n", "[account.a] has no setting 'region'"),
        ("[account.a]\nvendor = 'nsight'\nretries = 'x'\n", "account.a.retries: expected a whole"),
        ("[account.A]\nvendor = 'nsight'\n", "'A' cannot be the name of an account"),
        ("[nsight]\nregion = 'us'\n[account.nsight]\nvendor = 'nsight'\n", "two accounts are call"),
        ("[account.qualys]\nvendor = 'nsight'\n", "[account.qualys] is an account of nsight"),
        ("[account.a-b]\nvendor = 'nsight'\n[account.a_b]\nvendor = 'nsight'\n", "the accounts"),
        ("[account.a]\nvendor = 'nsight'\nkey_env = 'A'\nkey_file = 'b'\n", "[account.a] sets"),
        ("account = 1\n", "account: is not a table of accounts"),
        ("[account]\na = 1\n", "[account.a] has no vendor"),
        ("[account.a]\nvendor = 'nsight'\n[account.a]\nvendor = 'nsight'\n", "Cannot declare"),
    ],
)  # fmt: skip
def test_settings_of_accounts_that_cannot_be_meant(bare, text, error):
    (bare.folder / "patchfleet.toml").write_text(text)
    result = bare("account", "list")
    assert result.code == 4
    assert error in result.error()
    assert result.error().startswith("patchfleet.toml: ") or "patchfleet.toml:" in result.error()


@pytest.mark.parametrize(
    ("setting", "error"),
    [
        ("key_env = 'NOT_SET'", "[account.a] key_env: the environment has no variable NOT_SET"),
        ("key_file = 'none'", "[account.a] key_file: none: No such file or directory"),
        ("key_file = '.'", "[account.a] key_file: .: Is a directory"),
        ("key_command = 'false'", "[account.a] key_command: false ended with code 1"),
        ("key_command = ['no-such-command']", "[account.a] key_command: No such file"),
        ("key_command = 'true'", "[account.a] key_command: gives no key"),
        ("key_command = \"a 'b\"", "[account.a] key_command: is no command"),
        ("key_command = ''", "no N-sight API key of a is set"),
    ],
)  # fmt: skip
def test_a_place_without_a_key(bare, setting, error):
    text = f"[account.a]\nvendor = 'nsight'\nregion = 'us'\n{setting}\n"
    (bare.folder / "patchfleet.toml").write_text(text)
    result = bare("nsight", "clients")
    assert (result.code, result.error()[: len(error)]) == (4, error)


@pytest.mark.parametrize("place", ["key_env", "key_file", "key_command", "environment"])
def test_every_place_of_a_key(bare, hosts, place):
    key = hosts["us"].api_key
    (bare.folder / "k").write_text(f"\ufeff{key}\r\n")
    setting = {
        "key_env": "key_env = 'MY_KEY'", "key_file": "key_file = 'k'",
        "key_command": "key_command = ['cat', 'k']", "environment": "",
    }[place]  # fmt: skip
    bare.set(MY_KEY=key)
    if place == "environment":
        bare.set(PATCHFLEET_ACCOUNT_MY_US_KEY=key)
    text = f"[account.my-us]\nvendor = 'nsight'\nbase_url = '{hosts['us'].url}'\n{setting}\n"
    (bare.folder / "patchfleet.toml").write_text(text)
    result = bare("nsight", "clients", "--json")
    assert (result.code, len(result.json["rows"])) == (0, 2), result.err
    assert key not in result.out + result.err


def test_the_settings_of_one_account_are_that_account(bare):
    bare.set(PATCHFLEET_NSIGHT_REGION="us")
    assert [one.name for one in config.load().accounts] == ["nsight"]


def test_a_customer_over_several_accounts_has_one_report(three, hosts):
    path = three.folder / "patchfleet.toml"
    add_qualys(three, "acme", hosts["emea"])
    path.write_text(path.read_text() + '\n[customer.Everybody]\nnames = ["*"]\n')
    assert three("sync").code == 0
    found = three("sql", "SELECT DISTINCT account, customer FROM devices", "--json").json["rows"]
    assert {row["customer"] for row in found} == {"Everybody"}
    assert {row["account"] for row in found} == {"emea", "apac", "us", "acme"}
    result = three("report", "posture", "--all-customers", "out")
    assert result.code == 0, result.err
    names = sorted(one.name for one in (three.folder / "out").iterdir())
    assert [name for name in names if name.startswith("Everybody")] == [
        "Everybody.html", "Everybody.xlsx",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("customer = 1\n", "customer: is not a table of customers"),
        ("[customer.A]\nnmaes = ['x']\n", "[customer.A] has no setting 'nmaes'"),
        ("[customer.A]\nnames = 'x'\n", "customer.A.names: expected a list"),
        ("[customer.A]\nname = 'x'\n", "[customer.A] has its name in the heading"),
        ("[customer.A]\nnames = ['B']\n[customer.B]\nnames = ['A']\n", "mapped in a circle"),
        ("[customer.A]\nnames = ['x']\n[customer.B]\nnames = ['x']\n", "mapped to two customers"),
    ],
)  # fmt: skip
def test_customers_that_cannot_be_meant(bare, hosts, text, error):
    add(bare, "us", hosts["us"])
    path = bare.folder / "patchfleet.toml"
    path.write_text(f"{text}\n{path.read_text()}" if text[0] == "c" else path.read_text() + text)
    result = bare("sync")
    assert (result.code, error in result.error()) == (4, True), result.err


RING = """
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError


class Ring(KeyringBackend):
    priority = 1

    def get_password(self, service, username):
        if Path("locked").exists():
            raise KeyringLocked("locked")
        file = Path(f"ring-{service}-{username}")
        return file.read_text() if file.exists() else None

    def set_password(self, service, username, password):
        Path(f"ring-{service}-{username}").write_text(password)

    def delete_password(self, service, username):
        Path(f"ring-{service}-{username}").unlink()
"""


@pytest.fixture
def ring(bare, monkeypatch):
    """A keyring of files for the processes of a test."""
    (bare.folder / "ring.py").write_text(RING)
    monkeypatch.setenv("PYTHONPATH", str(bare.folder), prepend=os.pathsep)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "ring.Ring")
    return bare


@pytest.mark.skipif(sys.platform == "win32", reason="terminals of POSIX")
def test_a_key_is_replaced_in_the_keyring_alone(ring, hosts):
    from test_cli_terminal import Terminal

    host = hosts["us"]
    terminal = Terminal(ring.command("account", "add", "us", "--url", host.url))
    terminal.until("API key: ")
    terminal.types(f"{host.api_key}\n")
    code, seen, _ = terminal.end()
    assert code == 0, seen
    stored = ring.folder / "ring-patchfleet-us"
    assert stored.read_text() == host.api_key
    before = (ring.folder / "patchfleet.toml").read_text()
    stored.write_text("of last year")
    terminal = Terminal(ring.command("login", "us"))
    terminal.until("API key: ")
    terminal.types(f"{host.api_key}\n")
    code, seen, _ = terminal.end()
    assert code == 0, seen
    assert host.api_key not in seen
    assert stored.read_text() == host.api_key
    assert ring.process("nsight", "clients").code == 0
    result = ring.process("logout", "us")
    assert (result.code, stored.exists()) == (0, False)
    assert "holds no API key" in ring.process("logout", "us").err
    assert (ring.folder / "patchfleet.toml").read_text() == before
    assert not (ring.folder / "fleet.db").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="terminals of POSIX")
@pytest.mark.parametrize("state", ["locked", "absent"])
def test_a_keyring_that_cannot_be_used_is_an_error_before_the_question(ring, state, monkeypatch):
    from test_cli_terminal import Terminal

    if state == "locked":
        (ring.folder / "locked").touch()
    else:
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    code, seen, _ = Terminal(ring.command("account", "add", "a", "--region", "us")).end()
    assert code == 4
    assert "the system's keyring cannot be used" in seen
    assert "PATCHFLEET_ACCOUNT_A_KEY" in seen
    assert "API key:" not in seen


@pytest.mark.skipif(os.name != "posix", reason="rights of POSIX")
def test_a_file_of_a_key_that_others_can_read_is_named(three):
    (three.folder / "us.key").chmod(0o644)
    warnings = three("account", "list").err.splitlines()
    assert warnings == ["warning: us.key holds a key and others can read it: chmod 600 us.key"]


def test_a_record_that_cannot_be_read_is_no_list_without_times(three):
    assert three("sync", "--account", "us").code == 0
    (three.folder / "fleet.db").write_bytes(b"no database at all" * 100)
    result = three("account", "list")
    assert (result.code, result.out) == (6, "")
    assert result.error()
