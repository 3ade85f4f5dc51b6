"""Settings: what counts before what, and one line with file, line and hint for what cannot be."""

import copy
import pickle
import traceback
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchfleet import config
from patchfleet.config import NSightSettings, Secret, Settings
from patchfleet.errors import ConfigError

KEY = "a-key-that-goes-nowhere"


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    """No settings but those of the test: an empty folder, and an empty home."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    return folder


def written(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def refused(text, tmp_path):
    path = written(tmp_path / "given.toml", text)
    with pytest.raises(ConfigError) as caught:
        config.load(path, {})
    said = caught.value.message
    assert "\n" not in said
    assert said.startswith(f"{path}:")
    return said.removeprefix(str(path)), caught.value.hint


def test_without_a_file_there_are_defaults():
    settings = config.load(None, {})
    assert settings == Settings()
    assert settings.file is None
    assert settings.nsight == NSightSettings(calls_per_minute=60, timeout_seconds=60, retries=3)
    assert settings.store_address.name == "patchfleet.db"
    assert settings.store_address.is_absolute()


def test_a_file_says_the_rest(tmp_path):
    path = written(
        tmp_path / "given.toml",
        """
        store = "here.db"
        lock_timeout_seconds = 2.5
        [nsight]
        region = "uk"
        key = " k "
        calls_per_minute = 30
        [sync]
        concurrency = 4
        [today]
        overdue_after_days = 7
        """,
    )
    settings = config.load(path, {})
    assert settings.store_address == tmp_path / "here.db", "beside the file, wherever one stands"
    assert settings.lock_timeout_seconds == 2.5
    assert (settings.nsight.region, settings.nsight.calls_per_minute) == ("uk", 30)
    assert settings.nsight.key == Secret("k")
    assert settings.sync.concurrency == 4
    assert settings.today.overdue_after_days == 7
    assert settings.file == path


def test_the_environment_counts_before_the_file(tmp_path):
    path = written(tmp_path / "given.toml", 'store = "a.db"\n[nsight]\nregion = "uk"\nkey = "a"\n')
    environment = {
        "PATCHFLEET_STORE": "/elsewhere/b.db",
        "PATCHFLEET_NSIGHT_REGION": "us",
        "PATCHFLEET_NSIGHT_URL": "https://rmm.example.com",
        "PATCHFLEET_NSIGHT_KEY": "b",
    }
    settings = config.load(path, environment)
    assert str(settings.store_address) == "/elsewhere/b.db"
    assert settings.nsight == NSightSettings(
        region="us", base_url="https://rmm.example.com", key=Secret("b")
    )
    empty = config.load(path, dict.fromkeys(environment, ""))
    assert (empty.store.reveal(), empty.nsight.region) == ("a.db", "uk"), (
        "an empty variable says nothing"
    )


def test_which_file_counts(tmp_path, nowhere, monkeypatch):
    own = written(config.user_file(), "store = 'own.db'")
    assert config.find_file(None, {}) == own
    written(nowhere / "patchfleet.toml", "store = 'here.db'")
    assert config.load(None, {}).store.reveal() == "here.db"
    other = written(tmp_path / "other.toml", "store = 'other.db'")
    assert config.find_file(None, {"PATCHFLEET_CONFIG": str(other)}) == other
    named = written(tmp_path / "named.toml", "store = 'named.db'")
    assert config.find_file(named, {"PATCHFLEET_CONFIG": str(other)}) == named


@pytest.mark.parametrize("name", ["nowhere.toml", ".", "a" * 300])
@pytest.mark.parametrize("by", ["option", "environment"])
def test_a_file_that_was_named_must_be_there(tmp_path, name, by):
    path = tmp_path / name
    given = (path, {}) if by == "option" else (None, {"PATCHFLEET_CONFIG": str(path)})
    with pytest.raises(ConfigError) as caught:
        config.load(*given)
    assert str(path) in caught.value.message


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("[nsight]\nregoin = 'us'", ":2: [nsight] has no setting 'regoin'",
         "did you mean 'region'?"),
        ("\n\n[nsigth]\nregion = 'us'", ":3: there is no setting 'nsigth'",
         "did you mean 'nsight'?"),
        ("[nsight]\nregion = 'us'\n[sync]\nx = 1", ":4: [sync] has no setting 'x'",
         ("known are: concurrency, resume_within_hours, max_age_hours, max_calls, "
          "max_missing_percent, accept_unread_after, worker_timeout_seconds")),
        ("file = 'x'", ":1: there is no setting 'file'",
         ("known are: store, published, is_private, lock_timeout_seconds, nsight, qualys, sync, "
          "today, deadlines")),
        ("store = 5", ":1: store: expected text, got a whole number", None),
        ("[nsight]\ncalls_per_minute = 'many'",
         ":2: nsight.calls_per_minute: expected a number, got text", None),
        ("[nsight]\nkey = 5", ":2: nsight.key: expected text, got a whole number", None),
        ("[nsight]\n\ncalls_per_minute = -1",
         ":3: nsight.calls_per_minute: expected a number >= 0.0", None),
        ("[sync]\nconcurrency = 100",
         ":2: sync.concurrency: expected a whole number <= 64", None),
        ("[today]\noverdue_after_days = 1.5",
         ":2: today.overdue_after_days: expected a whole number, got a number", None),
        ("nsight = 3", ":1: nsight: expected a table, got a whole number", None),
        ("[nsight\n", ": Expected ']' at the end of a table declaration (at line 1, column 8)",
         "the file is TOML: name = value"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_has_a_line(tmp_path, text, said, hint):
    assert refused(text, tmp_path) == (said, hint)


def test_what_is_no_text_is_refused(tmp_path):
    path = tmp_path / "given.toml"
    path.write_bytes(b"store = '\xff'")
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        config.load(path, {})


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="a file of Linux")
def test_what_cannot_be_read_is_refused():
    """This file of Linux can be opened by its owner and not be read."""
    with pytest.raises(ConfigError, match="/proc/self/mem: "):
        config.load(Path("/proc/self/mem"), {})


@given(st.dictionaries(st.text(min_size=1), st.integers() | st.text() | st.lists(st.booleans())))
def test_whatever_a_file_says_is_settings_or_an_error_of_ours(table):
    from tempfile import TemporaryDirectory

    lines = [f"{quoted(name)} = {quoted(value)}" for name, value in table.items()]
    with TemporaryDirectory() as folder:
        path = written(Path(folder) / "given.toml", "\n".join(lines))
        try:
            settings = config.load(path, {})
        except ConfigError as error:
            said = error.message
        else:
            said = ""
            assert isinstance(settings, Settings)
    assert "\n" not in said


def quoted(value):
    """Spell a value as TOML, whose texts are JSON's but for one character."""
    import json

    return json.dumps(value).replace("\x7f", "\\u007f")


def test_a_key_that_others_can_read_is_said(tmp_path):
    path = written(tmp_path / "given.toml", "[nsight]\n  key = 'k'\n")
    path.chmod(0o644)
    (warning,) = config.warnings_about(config.load(path, {}))
    assert warning == f"{path} holds a key and others can read it: chmod 600 {path}"
    path.chmod(0o600)
    assert config.warnings_about(config.load(path, {})) == []
    path.chmod(0o644)
    path.write_text("# key = 'k'\n[nsight]\nregion = 'us'\n")
    assert config.warnings_about(config.load(path, {})) == []
    assert config.warnings_about(config.load(None, {"PATCHFLEET_NSIGHT_KEY": "k"})) == []


def test_a_secret_shows_itself_to_nobody():
    secret = Secret(KEY)
    settings = NSightSettings(key=secret)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret:>40}", f"{secret!r}", repr(settings)]
    shown += [repr(Settings(nsight=settings)), repr([secret]), repr({"key": secret})]
    assert all(KEY not in text for text in shown)
    assert "***" in repr(settings)
    assert secret.reveal() == KEY
    assert (secret == Secret(KEY), secret == Secret("x"), secret == KEY) == (True, False, False)
    assert hash(secret) == hash(Secret(KEY))
    assert (bool(secret), bool(Secret(""))) == (True, False)


def test_a_secret_is_not_written_down():
    for write in (pickle.dumps, copy.deepcopy, msgspec.json.encode, msgspec.structs.asdict):
        with pytest.raises(TypeError) as caught:
            write(Secret(KEY))
        assert KEY not in "".join(traceback.format_exception(caught.value))
