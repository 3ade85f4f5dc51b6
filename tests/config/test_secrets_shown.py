"""No secret of an address is in anything that is said, in whichever form it is written."""

import io
import logging
import os
import string
from contextlib import redirect_stderr, redirect_stdout
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchfleet import addresses, config
from patchfleet.cli.main import run
from patchfleet.errors import ConfigError

HOSTS = ["127.0.0.1:9", "localhost:9", "127.0.0.1:9,localhost:9", "[::1]:9"]
SIGNS = string.ascii_letters + string.digits + "@:/?#&=%+ !'\"\\[]€"
CORE = "Sesame"
"""Part of every secret, so that half of one is found too."""


def everything(text):
    return "".join(f"%{byte:02X}" for byte in text.encode())


def bare(text):
    return text


SPELLINGS = [bare, quote, quote_plus, lambda text: quote(text, safe=""), everything]
FORMS = [
    "postgresql://user:{}@{}/fleet",
    "postgres://user:{}@{}/fleet?sslmode=require",
    "postgresql://:{}@{}/fleet",
    "postgresql://user@{1}/fleet?password={0}",
    "postgresql://{1}/fleet?user=u&password={0}&connect_timeout=2",
    "postgresql://user@{1}/fleet?sslpassword={0}&sslmode=disable",
    "postgresql://user@{1}/fleet?PASSWORD={0}",
    "postgresql://user@{1}/fleet?sslkey=/nowhere&sslpassword={0}",
    "postgresql:///fleet?host={1}&password={0}",
    "postgresql://{1}/?dbname=user%3Du%20password%3D{0}",
    "postgresql://{1}/password%3D{0}%20dbname%3Dfleet",
    "postgresql://{1}/?dbname=postgresql://u:{0}%40{1}/fleet",
    "postgresql://{1}/postgresql%3A%2F%2Fu%3A{0}%40{1}%2Ffleet",
    "host={1} user=u dbname=fleet password={0}",
    "user=u password='{0}' host={1}",
    "mysql://user:{0}@{1}/fleet",
    "postgresql+psycopg://user:{0}@{1}/fleet",
    "postgresql://user:{0}@{1}:port/fleet",
    "postgresql://user:{0}@{1}/fleet?oops",
]


@st.composite
def secret_addresses(draw):
    around = st.text(SIGNS, max_size=4)
    secret = draw(around) + CORE + draw(around)
    spelled = draw(st.sampled_from(SPELLINGS))(secret)
    return draw(st.sampled_from(FORMS)).format(spelled, draw(st.sampled_from(HOSTS)))


def is_told(text):
    return CORE in text or everything(CORE) in text


@given(secret_addresses())
def test_an_address_is_shown_without_its_secret(address):
    assert not is_told(addresses.shown(address))
    assert addresses.has_secret(address)
    assert not is_told(addresses.without_secrets(f"cannot reach {address}", address))
    assert not is_told(repr(config.Settings(store=config.Secret(address))))


def said_by(*arguments):
    """Run a command and return all that it says, and all that any logger does."""
    heard = io.StringIO()
    handler, root = logging.StreamHandler(heard), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(1)
    try:
        with redirect_stdout(heard), redirect_stderr(heard):
            assert run(list(arguments)) != 0
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    return heard.getvalue()


@settings(max_examples=40)
@given(secret_addresses())
@pytest.mark.parametrize("command", [["today"], ["runs"], ["store", "check"]])
def test_no_command_tells_the_secret_of_its_record(tmp_path_factory, command, address):
    folder = tmp_path_factory.mktemp("settings")
    file = folder / "patchfleet.toml"
    spelled = address.replace("\\", "\\\\").replace('"', '\\"')
    file.write_text(f'store = "{spelled}"\nlock_timeout_seconds = 2\n', "utf-8")
    file.chmod(0o644)
    told = said_by("--config", str(file), *command)
    assert not is_told(told)
    assert "internal error" not in told
    if os.name == "posix":
        assert "holds a password and others can read it" in told
    assert not is_told(said_by("--config", str(file), "--store", address, *command))
    assert [path.name for path in folder.iterdir()] == ["patchfleet.toml"]


@pytest.mark.parametrize(
    "line",
    [
        "[nsight]\nproxy = 'http://user:Sesame@proxy:3128'",
        "[qualys]\nproxy = 'http://user:Sesame@proxy:3128'",
        "published = 'ftp://user:Sesame@server/fleet'",
        "[nsight]\nkey = 'Sesame'",
        "[qualys]\npassword = 'Sesame'",
    ],
)
def test_what_others_can_read_is_warned_about_and_in_no_repr(tmp_path, line):
    file = tmp_path / "patchfleet.toml"
    file.write_text(line)
    file.chmod(0o644)
    read = config.load(file, {})
    (warning,) = config.warnings_about(read)
    assert "others can read it" in warning
    if "published" not in line:
        assert "Sesame" not in repr(read)
    file.chmod(0o600)
    assert config.warnings_about(read) == []


@pytest.mark.parametrize(
    "address",
    ["postgresql://u@h:1,h2:2/db?sslmode=require", "postgresql://[::1]/db", "s3://b/c", "x.db"],
)
def test_an_address_without_a_secret_is_shown_as_it_is(address):
    assert addresses.shown(address) == address
    assert not addresses.has_secret(address)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xef\xbb\xbfpublished = 'x'\r\n", None),
        (b"published = 'x'", None),
        ("published = 'x'".encode("utf-16"), "is not UTF-8 text"),
        (b"a = " + b"[" * 100_000, "is nested too deeply"),
        (b"#" * 2_000_000, "is too large"),
        (b'store = "C:\\Users\\me\\fleet.db"', "single quotes"),
    ],
)
def test_odd_settings_files(tmp_path, content, said):
    file = tmp_path / "patchfleet.toml"
    file.write_bytes(content)
    if said is None:
        assert config.load(file, {}).published == "x"
        return
    with pytest.raises(ConfigError) as caught:
        config.load(file, {})
    assert said in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.skipif(os.name != "posix", reason="files of POSIX")
def test_settings_that_are_no_regular_file(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "zero").symlink_to("/dev/zero")
    for odd in (tmp_path / "fifo", tmp_path / "zero", tmp_path):
        with pytest.raises(ConfigError):
            config.load(odd, {})
    (tmp_path / "real.toml").write_text("published = 'x'")
    (tmp_path / "link.toml").symlink_to(tmp_path / "real.toml")
    assert config.load(tmp_path / "link.toml", {}).published == "x"
