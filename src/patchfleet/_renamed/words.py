"""Former commands, options and settings: each still works, with one `warning:` line that names
the new one.

Invariant: every row of the table works and warns (tests/cli/test_cli_renamed.py).
"""

from collections.abc import Iterator, Sequence
from typing import Any

_END = "the old name goes with the next minor version"


def current_command(path: str) -> tuple[str, str | None]:
    """Return the present name of the command `path`, and a warning where that is another one."""
    from patchfleet._renamed.table import COMMANDS

    new = COMMANDS.get(path)
    if new is None:
        return path, None
    return new, f"`patchfleet {path}` is now `patchfleet {new}`; {_END}"


def current_options(path: str, words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the words after the command `path` with present options, and the warnings."""
    from patchfleet._renamed.table import OPTIONS

    former = dict(key.rsplit(" ", 1)[::-1] for key in OPTIONS if key.rsplit(" ", 1)[0] == path)
    current, warnings = list(words), []
    for position, word in enumerate(words if former else ()):
        if word == "--":
            break
        name, equals, value = word.partition("=")
        if name in former:
            new = OPTIONS[f"{path} {name}"]
            current[position] = f"{new}{equals}{value}"
            warnings.append(f"{name} is now {new}; {_END}")
    return current, warnings


def former_settings(table: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each former setting of a TOML document with its present name, as `sync.concurrency`."""
    from patchfleet._renamed.table import SETTINGS

    for old, new in SETTINGS.items():
        place, _, name = old.rpartition(".")
        inside = table.get(place) if place else table
        if isinstance(inside, dict) and name in inside:
            yield old, new


def setting_warning(old: str, new: str) -> str:
    """Return the warning about a former setting."""
    return f"{old} is now {new}; {_END}"


def former_setting(new: str) -> str | None:
    """Return the former name of a setting, or None where it has always had this one."""
    from patchfleet._renamed.table import SETTINGS

    return next((old for old, present in SETTINGS.items() if present == new), None)
