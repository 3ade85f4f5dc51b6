"""Former commands, options and settings work for one minor version, with one line of warning."""

import tomllib

import click
import pytest

from patchfleet import config
from patchfleet._renamed.table import COMMANDS, OPTIONS, SETTINGS
from patchfleet.cli import app
from patchfleet.emulator import Emulator
from patchfleet.errors import ConfigError

VALUES = {"sync.concurrency": 3, "sync.max_missing_percent": 33, "lock_timeout_seconds": 3}


def command_of(path):
    command = app
    for word in path.split():
        command = command.get_command(click.Context(command), word)
    return command


def written(setting, value):
    place, _, name = setting.rpartition(".")
    return f"[{place}]\n{name} = {value}\n" if place else f"{name} = {value}\n"


def read(settings, name):
    for part in name.split("."):
        settings = getattr(settings, part)
    return settings


@pytest.mark.parametrize(("old", "new"), COMMANDS.items(), ids=COMMANDS)
def test_a_former_command_is_the_new_one(cli, old, new):
    before, now = cli(*old.split(), "--help"), cli(*new.split(), "--help")
    assert (before.code, before.out) == (0, now.out)
    assert before.err == (
        f"warning: `patchfleet {old}` is now `patchfleet {new}`; "
        "the old name goes with the next minor version\n"
    )
    assert now.err == ""
    group = command_of(" ".join(old.split()[:-1]))
    assert old.split()[-1] not in group.list_commands(click.Context(group))


@pytest.mark.parametrize(("old", "new"), OPTIONS.items(), ids=OPTIONS)
def test_a_former_option_is_the_new_one(cli, old, new):
    path, _, option = old.rpartition(" ")
    before, now = cli(*path.split(), option, "--help"), cli(*path.split(), new, "--help")
    assert (before.code, before.out) == (0, now.out)
    assert before.err == (
        f"warning: {option} is now {new}; the old name goes with the next minor version\n"
    )
    assert option not in now.out
    assert new in {name for one in command_of(path).params for name in one.opts}


def test_a_former_option_has_the_effect_of_the_new_one(reading):
    with Emulator(customers=3, devices=5, patches=60, seed=1).running() as fewer:
        reading.account(fewer)
        assert reading("sync", "--source", "nsight").code == 3
        result = reading("sync", "--source", "nsight", "--accept-gone")
    assert result.code == 0
    assert result.err.startswith("warning: --accept-gone is now --accept-missing;")


def test_what_follows_two_dashes_is_no_option(cli):
    assert cli("sync", "--", "--accept-gone").error().endswith("argument (--accept-gone)")


@pytest.mark.parametrize(("old", "new"), SETTINGS.items(), ids=SETTINGS)
def test_a_former_setting_is_the_new_one(tmp_path, old, new):
    file = tmp_path / "given.toml"
    file.write_text(written(old, VALUES.get(new, 7)))
    file.chmod(0o600)
    settings = config.load(file, {})
    assert read(settings, new) == VALUES.get(new, 7)
    assert config.warnings_about(settings) == [
        f"{file}: {old} is now {new}; the old name goes with the next minor version"
    ]
    file.write_text(written(new, VALUES.get(new, 7)))
    assert config.load(file, {}) == settings
    assert config.warnings_about(settings) == []


@pytest.mark.parametrize(("old", "new"), SETTINGS.items(), ids=SETTINGS)
def test_a_former_setting_is_named_as_it_is_written_where_its_value_is_wrong(tmp_path, old, new):
    file = tmp_path / "given.toml"
    file.write_text(written(old, '"many"'))
    line = 1 + old.count(".")
    with pytest.raises(ConfigError) as caught:
        config.load(file, {})
    assert caught.value.message.startswith(f"{file}:{line}: {old}: expected")


@pytest.mark.parametrize(("old", "new"), SETTINGS.items(), ids=SETTINGS)
def test_a_setting_under_both_names_is_refused(tmp_path, old, new):
    file = tmp_path / "given.toml"
    name = new.rpartition(".")[2]
    file.write_text(f"{written(old, 7)}{name} = 7\n")
    assert tomllib.loads(file.read_text())
    with pytest.raises(ConfigError, match=f"{old} and {new} are one setting"):
        config.load(file, {})


def test_a_former_setting_is_warned_about_once(reading):
    file = reading.folder / "patchfleet.toml"
    file.write_text(file.read_text().replace("lock_timeout_seconds", "wait_for_lock_seconds"))
    file.chmod(0o600)
    result = reading("runs")
    assert result.code == 0
    assert result.err == (
        "warning: patchfleet.toml: wait_for_lock_seconds is now lock_timeout_seconds; "
        "the old name goes with the next minor version\n"
    )
