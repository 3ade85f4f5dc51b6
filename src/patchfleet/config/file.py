"""Settings from the environment and the file, with a line and a hint for each that is invalid.

Precedence: the environment (`PATCHFLEET_…`), the file, the default. The file is `patchfleet.toml`:
the one given by `--config` or `PATCHFLEET_CONFIG`, else the one in the current folder, else the one
in the user's configuration folder. Patchfleet never writes a key into it.

Invariant: an unknown setting is an error with its line (tests/config/test_config.py).
"""

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from patchfleet._renamed.words import former_setting, former_settings, setting_warning
from patchfleet.addresses import has_secret
from patchfleet.config.secret import Secret
from patchfleet.config.settings import (
    KEY_SOURCES,
    NSIGHT,
    QUALYS,
    AccountSettings,
    CustomerRule,
    DeadlineSettings,
    NSightSettings,
    QualysSettings,
    Settings,
    SyncSettings,
    TodaySettings,
    check_account_name,
    environment_name,
)
from patchfleet.decodable import decodable
from patchfleet.errors import ConfigError

FILE_NAME = "patchfleet.toml"
S = TypeVar("S", bound=Struct)


def find_file(named: Path | None, environment: Mapping[str, str] = os.environ) -> Path | None:
    """Return the file of settings, or None; raise `ConfigError` if a given one is missing."""
    if named is None and environment.get("PATCHFLEET_CONFIG"):
        named = Path(environment["PATCHFLEET_CONFIG"])
    if named is not None:
        if not _is_there(named):
            raise ConfigError(f"there is no file {named}", hint="`patchfleet init` creates one")
        return named
    return next((file for file in (Path(FILE_NAME), user_file()) if _is_there(file)), None)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:  # a folder without permission, a name too long
        raise ConfigError(f"{path}: {error.strerror}") from None


def user_file() -> Path:
    """Return the path of the user's own settings."""
    from platformdirs import user_config_path

    return user_config_path("patchfleet") / FILE_NAME


def load(named: Path | None = None, environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings; raise `ConfigError` with file, line and hint if they are invalid."""
    file = find_file(named, environment)
    table: dict[str, Any] = {}
    text = ""
    if file is not None:
        text = text_of(file)
        table = table_of(file, text)
        _rename(table, file, text)
    for name in ("file", "tables", "customers"):
        if name in table:
            raise _unusable(file, text, f"there is no setting {name!r}", name, Settings)
    _overlay(table, environment)
    tables, customers = table.pop("account", {}), table.pop("customer", {})
    settings = _converted(table, Settings, file, text)
    settings = msgspec.structs.replace(settings, file=file)
    return msgspec.structs.replace(
        settings,
        tables=_accounts_of(tables, settings, text),
        customers=_customers_of(customers, file, text),
    )


def _customers_of(tables: Any, file: Path | None, text: str) -> tuple[CustomerRule, ...]:
    """Convert the tables `[customer.NAME]`."""
    if not isinstance(tables, dict):
        raise _unusable(file, text, "customer: is not a table of customers", "customer", None)
    rules = []
    for name, table in tables.items():
        if not name.strip() or (isinstance(table, dict) and "name" in table):
            raise _unusable(file, text, f"[customer.{name}] has its name in the heading", "", None)
        rule = _converted(table, CustomerRule, file, text, f"customer.{name}")
        rules.append(msgspec.structs.replace(rule, name=name))
    return tuple(rules)


def _converted(table: Any, kind: type[S], file: Path | None, text: str, place: str = "") -> S:
    """Convert a table of the file; `place` is its name, for errors."""
    try:
        return msgspec.convert(table, decodable(kind), dec_hook=_own_types)
    except msgspec.ValidationError as error:
        raise _explained(error, file, text, place, kind) from None


_VENDORS: dict[Any, type[NSightSettings] | type[QualysSettings]] = {
    NSIGHT: NSightSettings,
    QUALYS: QualysSettings,
}


def _accounts_of(tables: Any, settings: Settings, text: str) -> tuple[AccountSettings, ...]:
    """Convert the tables `[account.NAME]`; no two accounts have one name."""
    file = settings.file
    if not isinstance(tables, dict):
        raise _unusable(file, text, "account: is not a table of accounts", "account", None)
    accounts: list[AccountSettings] = []
    for name, table in tables.items():
        place = f"account.{name}"
        try:
            check_account_name(name)
        except ConfigError as error:
            raise ConfigError(f"{file}: {error.message}", hint=error.hint) from None
        vendor: Any = table.get("vendor") if isinstance(table, dict) else None
        if vendor not in _VENDORS:
            what = "has no vendor" if vendor is None else f"has an unknown vendor, {vendor!r}"
            problem = _unusable(file, text, f"[{place}] {what}", place, None)
            problem.hint = 'set vendor = "nsight" or vendor = "qualys"'
            raise problem
        given = {key: value for key, value in table.items() if key != "vendor"}
        own = _converted(given, _VENDORS[vendor], file, text, place)
        accounts.append(
            AccountSettings(name=name, vendor=vendor, settings=own, folder=settings.folder)
        )
    _check_distinct([*settings.accounts, *accounts], file, text)
    return tuple(accounts)


def _check_distinct(accounts: list[AccountSettings], file: Path | None, text: str) -> None:
    known: dict[str, AccountSettings] = {}
    for one in accounts:
        other = known.setdefault(environment_name(one.name), one)
        if other is not one:
            raise ConfigError(
                f"{file}: two accounts are called {one.name!r}"
                if one.name == other.name
                else f"{file}: the accounts {other.name!r} and {one.name!r} share one name in the "
                "environment",
                hint=f"rename [account.{one.name}]; [nsight], [qualys] and the environment's "
                "PATCHFLEET_NSIGHT_… and PATCHFLEET_QUALYS_… are accounts called nsight and qualys",
            )
        if one.name in _VENDORS and one.vendor != one.name:
            raise ConfigError(
                f"{file}: [account.{one.name}] is an account of {one.vendor}",
                hint="give it another name",
            )
        places = [name for name in KEY_SOURCES if getattr(one.settings, name)]
        places += [name for name in ("key", "password") if getattr(one.settings, name, None)]
        if len(places) > 1:
            raise _unusable(
                file, text, f"[{one.table}] sets {' and '.join(places)}: one is enough",
                places[0], None,
            )  # fmt: skip


_MOST_BYTES = 1_000_000


def text_of(file: Path) -> str:
    """Read a regular file of sensible size without blocking; else raise `ConfigError`.

    A byte order mark, which PowerShell writes, is skipped.
    """
    try:
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as opened:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ConfigError(f"{file}: is not a regular file", hint="give a TOML file")
            content = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}") from None
    if len(content) > _MOST_BYTES:
        raise ConfigError(f"{file}: is too large for settings", hint="give a TOML file")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise ConfigError(f"{file}: is not UTF-8 text", hint="save it as UTF-8") from None


def table_of(file: Path, text: str) -> dict[str, Any]:
    """Parse the text of a file; raise `ConfigError` with its line if it is no TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        hint = "the file is TOML: name = value"
        if re.search(r'(?m)=\s*"(?:[A-Za-z]:|\\)\\', text):
            hint = "put a Windows path in single quotes: 'C:\\folder\\file'"
        raise ConfigError(f"{file}: {error}", hint=hint) from None
    except RecursionError:
        raise ConfigError(f"{file}: is nested too deeply") from None
    except ValueError:
        raise ConfigError(f"{file}: a number has too many digits") from None


def _own_types(wanted: type, value: Any) -> Any:
    if wanted is Secret and isinstance(value, str):
        return Secret(value.strip())
    if wanted is Path and isinstance(value, Path):
        return value
    raise TypeError(f"Expected `str`, got `{type(value).__name__}`")


def _rename(table: dict[str, Any], file: Path, text: str) -> None:
    """Give each former setting its present name; raise `ConfigError` where both are set."""
    for old, new in [*former_settings(table)]:
        place, _, name = old.rpartition(".")
        inside = table[place] if place else table
        present = new.rpartition(".")[2]
        if present in inside:
            raise _unusable(file, text, f"{old} and {new} are one setting", name, None)
        inside[present] = inside.pop(name)


def _overlay(table: dict[str, Any], environment: Mapping[str, str]) -> None:
    """Override the file's settings with the environment's."""
    for name in ("store", "published"):
        if environment.get(f"PATCHFLEET_{name.upper()}"):
            table[name] = environment[f"PATCHFLEET_{name.upper()}"]
    for place, names in ENVIRONMENT.items():
        settings = table.setdefault(place, {})
        if isinstance(settings, dict):
            for name, variable in names.items():
                if environment.get(variable):
                    settings[name] = environment[variable]


ENVIRONMENT: Mapping[str, Mapping[str, str]] = {
    "nsight": {
        "region": "PATCHFLEET_NSIGHT_REGION",
        "base_url": "PATCHFLEET_NSIGHT_URL",
        "key": "PATCHFLEET_NSIGHT_KEY",
    },
    "qualys": {
        "username": "PATCHFLEET_QUALYS_USERNAME",
        "password": "PATCHFLEET_QUALYS_PASSWORD",
        "platform": "PATCHFLEET_QUALYS_PLATFORM",
        "gateway_url": "PATCHFLEET_QUALYS_URL",
        "ca_file": "PATCHFLEET_QUALYS_CA_FILE",
    },
}
"""The environment variable of each setting of an account."""


def _explained(
    error: msgspec.ValidationError,
    file: Path | None,
    text: str,
    table: str = "",
    kind: type[Struct] | None = None,
) -> ConfigError:
    """Turn a validation error of a table into one with file, line and hint."""
    message = str(error)
    unknown = re.search(r"(?s)unknown field `(.*?)`(?: - at `\$\.?(\w*)`)?$", message)
    if unknown:
        name, inside = unknown.group(1), unknown.group(2) or ""
        place = ".".join(filter(None, (table, inside)))
        where = f"[{place}] has no setting" if place else "there is no setting"
        known = _TABLES.get(inside, Settings) if not table else kind
        return _unusable(file, text, f"{where} {name!r}", name, known)
    at = re.search(r" - at `\$\.([\w.]+)`", message)
    name = ".".join(filter(None, (table, at.group(1) if at else "")))
    name = _as_written(name, text)
    problem = message.split(" - at ", maxsplit=1)[0]
    for theirs, ours in _KINDS.items():
        problem = problem.replace(f"`{theirs}`", ours)
    return _unusable(
        file, text, f"{name}: {problem[:1].lower()}{problem[1:]}", name.split(".")[-1], None
    )


def _as_written(name: str, text: str) -> str:
    """Return the former name of a setting where the file uses it, else the name itself."""
    if re.search(rf"(?m)^\s*{re.escape(name.rpartition('.')[2])}\s*=", text):
        return name
    return former_setting(name) or name


_NOT_IN_THE_FILE = {"file", "tables", "customers", "name"}
"""Fields that the code sets."""

_KINDS = {
    "str": "text",
    "str | null": "text",
    "int": "a whole number",
    "int | null": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "object": "a table",
    "array": "a list",
}

_TABLES: dict[str, type[Struct]] = {
    "nsight": NSightSettings,
    "qualys": QualysSettings,
    "sync": SyncSettings,
    "today": TodaySettings,
    "deadlines": DeadlineSettings,
}


def _unusable(
    file: Path | None, text: str, what: str, name: str, known: type[Struct] | None
) -> ConfigError:
    pattern = re.compile(rf"^\s*\[?\s*{re.escape(name)}\s*(=|\])")
    lines = (number for number, line in enumerate(text.splitlines(), 1) if pattern.match(line))
    line = next(lines, None)
    place = "" if file is None else f"{file}:{line}: " if line else f"{file}: "
    hint = None
    if known is not None:
        names = [field for field in known.__struct_fields__ if field not in _NOT_IN_THE_FILE]
        close = get_close_matches(name, names, 1)
        hint = f"did you mean '{close[0]}'?" if close else "known are: " + ", ".join(names)
    return ConfigError(f"{place}{what}", hint=hint)


def warnings_about(settings: Settings) -> list[str]:
    """Return a sentence for each former setting, and for each secret that others can read."""
    if settings.file is None:
        return []
    table = table_of(settings.file, text_of(settings.file))
    renamed = [f"{settings.file}: {setting_warning(*pair)}" for pair in former_settings(table)]
    return [*renamed, *_exposed_secret(settings.file, table), *_exposed_key_files(settings)]


def _exposed_key_files(settings: Settings) -> list[str]:
    """Return a warning for each `key_file` that others can read."""
    names = [one.settings.key_file for one in settings.accounts if one.settings.key_file]
    found = [settings.folder / Path(name).expanduser() for name in dict.fromkeys(names)]
    return [
        f"{path} holds a key and others can read it: chmod 600 {path}"
        for path in found
        if os.name == "posix" and path.is_file() and path.stat().st_mode & 0o077
    ]


def _exposed_secret(file: Path, table: dict[str, Any]) -> list[str]:
    """Return a warning where others can read a file that holds a key, or no warning."""
    if os.name != "posix" or not file.stat().st_mode & 0o077:
        return []
    tables = table.get("account")
    own = [*tables.values()] if isinstance(tables, dict) else []
    vendors = [of for of in [*map(table.get, ENVIRONMENT), *own] if isinstance(of, dict)]
    held = next((name for of in vendors for name in ("key", "password") if of.get(name)), None)
    addresses = [table.get("store"), table.get("published"), *(of.get("proxy") for of in vendors)]
    if held is None and any(isinstance(one, str) and has_secret(one) for one in addresses):
        held = "password"
    return [f"{file} holds a {held} and others can read it: chmod 600 {file}"] if held else []
