"""Changes of one table in the settings' file; everything else in it, comments too, is kept."""

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from patchfleet.config.file import table_of, text_of
from patchfleet.errors import ConfigError

if TYPE_CHECKING:
    from tomlkit import TOMLDocument


def has_table(path: Path, table: str) -> bool:
    """Return whether a file has a table such as `nsight` or `account.emea`."""
    if not path.exists():
        return False
    found: Any = table_of(path, text_of(path))
    for name in table.split("."):
        if not isinstance(found, dict) or name not in found:
            return False
        found = found[name]
    return True


def write_table(
    path: Path, table: str, values: Mapping[str, object], *, comment: str, heading: str = ""
) -> None:
    """Add a table, or replace it, below a line of `comment`; a new file begins with `heading`."""
    import tomlkit

    text = text_of(path) if path.exists() else heading
    document = tomlkit.parse(text)
    written = tomlkit.table()
    written.add(tomlkit.comment(comment))
    for name, value in values.items():
        written.add(name, value)
    place: Any = document
    *above, name = table.split(".")
    for one in above:
        if one not in place:
            place[one] = tomlkit.table(is_super_table=True)
        place = place[one]
    place[name] = written
    _write(path, document)


def delete_table(path: Path, table: str) -> None:
    """Delete a table of the file."""
    import tomlkit

    document = tomlkit.parse(text_of(path))
    place: Any = document
    *above, name = table.split(".")
    for one in above:
        place = place[one]
    del place[name]
    _write(path, document)


def _write(path: Path, document: "TOMLDocument") -> None:
    """Replace the file in one step, with the mode that it has."""
    text = document.as_string()
    table_of(path, text)  # what is written can be read
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
        real = path.resolve()
        descriptor, name = tempfile.mkstemp(dir=real.parent, prefix=f".{real.name}-")
        new = Path(name)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as out:
                out.write(text)
            new.chmod(mode)
            new.replace(real)
        except BaseException:
            with suppress(OSError):
                new.unlink()
            raise
    except OSError as error:
        raise ConfigError(
            f"cannot write {path}: {error.strerror}", hint="--here or --config names another place"
        ) from None
