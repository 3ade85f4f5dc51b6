"""Settings from a file, the environment and the system's keyring; secrets, whose repr is `***`.

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
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta, Struct

from patchfleet._renamed.words import former_setting, former_settings, setting_warning
from patchfleet.addresses import has_secret
from patchfleet.decodable import decodable
from patchfleet.errors import ConfigError

FILE_NAME = "patchfleet.toml"
KEYRING_SERVICE = "patchfleet"
KEYRING_NSIGHT = "nsight"
KEYRING_QUALYS = "qualys"


class Secret:
    """Text that no repr, format or pickle shows; call `reveal()` where it is sent."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __reduce__(self) -> str:
        raise TypeError("a secret cannot be pickled")


class NSightSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[nsight]` table: the account, and how its calls are made."""

    region: str | None = None
    base_url: str | None = None
    key: Secret | None = None
    calls_per_minute: Annotated[float, Meta(ge=0)] = 60
    timeout_seconds: Annotated[float, Meta(gt=0)] = 60
    retries: Annotated[int, Meta(ge=0)] = 3
    user_agent: str | None = None
    proxy: Secret | None = None
    ca_file: str | None = None


class QualysSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[qualys]` table: the account, and how its calls are made."""

    username: str | None = None
    password: Secret | None = None
    platform: str | None = None
    gateway_url: str | None = None
    calls_per_hour: Annotated[float, Meta(ge=0)] = 0
    timeout_seconds: Annotated[float, Meta(gt=0)] = 120
    retries: Annotated[int, Meta(ge=0)] = 3
    user_agent: str | None = None
    proxy: Secret | None = None
    ca_file: str | None = None
    allow_http: bool = False
    customer_tags: tuple[str, ...] = ()


class SyncSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[sync]` table."""

    concurrency: Annotated[int, Meta(ge=1, le=64)] = 16
    resume_within_hours: Annotated[float, Meta(ge=0)] = 6
    max_age_hours: Annotated[float, Meta(ge=0)] = 0
    max_calls: Annotated[int, Meta(ge=0)] = 0
    max_missing_percent: Annotated[float, Meta(ge=0, le=100)] = 20
    accept_unread_after: Annotated[int, Meta(ge=0)] = 0
    worker_timeout_seconds: Annotated[float, Meta(ge=0)] = 60


class TodaySettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[today]` table."""

    overdue_after_days: Annotated[int, Meta(ge=0)] = 14
    silent_after_days: Annotated[int, Meta(ge=1)] = 7


class DeadlineSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[deadlines]` table: the standard, and the time zone of its days."""

    pack: str = "cyber-essentials-3.3"
    zone: str = "UTC"

    @property
    def time_zone(self) -> ZoneInfo:
        """The zone of days and months; raises `ConfigError` for an unknown one."""
        try:
            return ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise ConfigError(
                f"deadlines.zone: there is no time zone {self.zone!r}",
                hint="for example Europe/Berlin or America/New_York",
            ) from None


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings. `file` is their source, None if no file was found."""

    store: Secret = Secret("")
    published: str = ""
    is_private: bool = True
    lock_timeout_seconds: Annotated[float, Meta(ge=0)] = 10
    nsight: NSightSettings = NSightSettings()
    qualys: QualysSettings = QualysSettings()
    sync: SyncSettings = SyncSettings()
    today: TodaySettings = TodaySettings()
    deadlines: DeadlineSettings = DeadlineSettings()
    file: Path | None = None

    @property
    def store_address(self) -> Path | str:
        """The record: a file, relative to the settings' file, or the address of a server.

        The default is a file in the user's data folder.
        """
        if not self.store:
            from platformdirs import user_data_path

            return user_data_path("patchfleet") / "patchfleet.db"
        set_to = self.store.reveal()
        return set_to if "://" in set_to else self._beside_the_file(set_to)

    @property
    def published_address(self) -> Path | str | None:
        """The folder or address of the publications; None means beside the record."""
        if not self.published or "://" in self.published:
            return self.published or None
        return self._beside_the_file(self.published)

    def _beside_the_file(self, name: str) -> Path:
        path = Path(name).expanduser()
        folder = self.file.parent if self.file is not None else Path()
        return path if path.is_absolute() else folder / path


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
        text = _text_of(file)
        table = _table_of(file, text)
        _rename(table, file, text)
    if "file" in table:
        raise _unusable(file, text, "there is no setting 'file'", "file", Settings)
    _overlay(table, environment)
    try:
        return msgspec.convert({**table, "file": file}, decodable(Settings), dec_hook=_own_types)
    except msgspec.ValidationError as error:
        raise _explained(error, file, text) from None


_MOST_BYTES = 1_000_000


def _text_of(file: Path) -> str:
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


def _table_of(file: Path, text: str) -> dict[str, Any]:
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


def _explained(error: msgspec.ValidationError, file: Path | None, text: str) -> ConfigError:
    """Turn a validation error into one with file, line and hint."""
    message = str(error)
    unknown = re.search(r"(?s)unknown field `(.*?)`(?: - at `\$\.?(\w*)`)?$", message)
    if unknown:
        name, place = unknown.group(1), unknown.group(2) or ""
        where = f"[{place}] has no setting" if place else "there is no setting"
        return _unusable(file, text, f"{where} {name!r}", name, _TABLES.get(place, Settings))
    at = re.search(r" - at `\$\.([\w.]+)`", message)
    name = at.group(1) if at else ""
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


_KINDS = {
    "str": "text",
    "str | null": "text",
    "int": "a whole number",
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
        names = [field for field in known.__struct_fields__ if field != "file"]
        close = get_close_matches(name, names, 1)
        hint = f"did you mean '{close[0]}'?" if close else "known are: " + ", ".join(names)
    return ConfigError(f"{place}{what}", hint=hint)


def nsight_key(settings: Settings) -> Secret:
    """Return the key of the N-sight account, from environment, file or keyring."""
    if settings.nsight.key:
        return settings.nsight.key
    stored = _from_keyring(KEYRING_NSIGHT)
    if stored:
        return Secret(stored)
    raise ConfigError(
        "no N-sight API key is set",
        hint="run `patchfleet init`, or set PATCHFLEET_NSIGHT_KEY in the environment",
    )


def qualys_password(settings: Settings) -> Secret:
    """Return the password of the Qualys account, from environment, file or keyring."""
    if settings.qualys.password:
        return settings.qualys.password
    stored = _from_keyring(KEYRING_QUALYS)
    if stored:
        return Secret(stored)
    raise ConfigError(
        "no Qualys password is set",
        hint="run `patchfleet init --vendor qualys`, or set PATCHFLEET_QUALYS_PASSWORD",
    )


def _from_keyring(name: str) -> str | None:
    import keyring
    from keyring.errors import KeyringError, NoKeyringError

    try:
        return keyring.get_password(KEYRING_SERVICE, name)
    except NoKeyringError:  # a system without a keyring holds no key
        return None
    except KeyringError as error:
        raise ConfigError(
            f"the system's keyring cannot be read ({type(error).__name__})",
            hint=f"set {_VARIABLES[name]} in the environment instead",
        ) from None


def keep_in_keyring(name: str, secret: Secret) -> None:
    """Store a secret in the system's keyring; raise `ConfigError` if there is none."""
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.set_password(KEYRING_SERVICE, name, secret.reveal())
    except KeyringError as error:
        raise ConfigError(
            f"the system's keyring cannot be written ({type(error).__name__})",
            hint=f"set {_VARIABLES[name]} in the environment instead, then run this again",
        ) from None


_VARIABLES = {
    KEYRING_NSIGHT: "PATCHFLEET_NSIGHT_KEY",
    KEYRING_QUALYS: "PATCHFLEET_QUALYS_PASSWORD",
}


def warnings_about(settings: Settings) -> list[str]:
    """Return one sentence for each former setting, and one for a secret that others can read."""
    if settings.file is None:
        return []
    table = _table_of(settings.file, _text_of(settings.file))
    renamed = [f"{settings.file}: {setting_warning(*pair)}" for pair in former_settings(table)]
    return renamed + _exposed_secret(settings.file, table)


def _exposed_secret(file: Path, table: dict[str, Any]) -> list[str]:
    """Return a warning where others can read a file that holds a key, or no warning."""
    if os.name != "posix" or not file.stat().st_mode & 0o077:
        return []
    vendors = [of for of in map(table.get, ENVIRONMENT) if isinstance(of, dict)]
    held = next((name for of in vendors for name in ("key", "password") if of.get(name)), None)
    addresses = [table.get("store"), table.get("published"), *(of.get("proxy") for of in vendors)]
    if held is None and any(isinstance(one, str) and has_secret(one) for one in addresses):
        held = "password"
    return [f"{file} holds a {held} and others can read it: chmod 600 {file}"] if held else []
