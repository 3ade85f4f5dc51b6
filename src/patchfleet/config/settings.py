"""Settings: a struct for each table of the settings' file, with defaults and bounds."""

import re
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Meta, Struct

from patchfleet.config.secret import Secret
from patchfleet.errors import ConfigError

NSIGHT: Literal["nsight"] = "nsight"
QUALYS: Literal["qualys"] = "qualys"
"""The vendors, and the names of the accounts in the tables `[nsight]` and `[qualys]`."""


class NSightSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[nsight]` table or one of `[account.NAME]`: an account, and how its calls are made."""

    vendor: ClassVar[Literal["nsight"]] = "nsight"
    region: str | None = None
    base_url: str | None = None
    key: Secret | None = None
    key_env: str | None = None
    key_file: str | None = None
    key_command: str | tuple[str, ...] | None = None
    calls_per_minute: Annotated[float, Meta(ge=0)] = 60
    timeout_seconds: Annotated[float, Meta(gt=0)] = 60
    retries: Annotated[int, Meta(ge=0)] = 3
    user_agent: str | None = None
    proxy: Secret | None = None
    ca_file: str | None = None


class QualysSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[qualys]` table or one of `[account.NAME]`: an account, and how its calls are made."""

    vendor: ClassVar[Literal["qualys"]] = "qualys"
    username: str | None = None
    password: Secret | None = None
    key_env: str | None = None
    key_file: str | None = None
    key_command: str | tuple[str, ...] | None = None
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


class AccountSettings(Struct, frozen=True, kw_only=True):
    """One account: its name, its vendor, and the settings of its calls.

    `folder` is that of the settings' file, where relative names of files begin.
    """

    name: str
    vendor: Literal["nsight", "qualys"]
    settings: NSightSettings | QualysSettings
    folder: Path = Path()

    @property
    def table(self) -> str:
        """The table of the settings' file that describes this account."""
        return self.name if self.name == self.vendor else f"account.{self.name}"

    @property
    def key_variable(self) -> str:
        """The environment variable of its key or password."""
        if self.table == NSIGHT:
            return "PATCHFLEET_NSIGHT_KEY"
        if self.table == QUALYS:
            return "PATCHFLEET_QUALYS_PASSWORD"
        return f"PATCHFLEET_ACCOUNT_{environment_name(self.name)}_KEY"

    @property
    def key_noun(self) -> str:
        """What its vendor calls the secret: API key or password."""
        return "API key" if self.vendor == NSIGHT else "password"

    @property
    def key_label(self) -> str:
        """The secret with its account, as in: Qualys password of acme-us."""
        vendor = "N-sight" if self.vendor == NSIGHT else "Qualys"
        of = "" if self.table == self.vendor else f" of {self.name}"
        return f"{vendor} {self.key_noun}{of}"


def environment_name(account: str) -> str:
    """Return the name of an account as environment variables have it."""
    return account.upper().replace("-", "_")


class CustomerRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[customer.NAME]` table: what accounts call a customer.

    `names` are customers, `tags` asset tags at Qualys, `sites` sites at N-sight. `*` and `?` are
    wildcards, and upper and lower case are the same.
    """

    name: str = ""
    names: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()


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

    overdue_after_days: Annotated[int, Meta(ge=0)] | None = None
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
    tables: tuple[Any, ...] = ()  # accounts, which the file has in tables of two kinds
    customers: tuple[Any, ...] = ()
    file: Path | None = None

    @property
    def accounts(self) -> tuple[AccountSettings, ...]:
        """All accounts that have any setting, `[nsight]` and `[qualys]` first."""
        every = (
            AccountSettings(name=NSIGHT, vendor=NSIGHT, settings=self.nsight, folder=self.folder),
            AccountSettings(name=QUALYS, vendor=QUALYS, settings=self.qualys, folder=self.folder),
        )
        own = [one for one in every if is_set_up(one.settings)]
        return (*own, *self.tables)

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

    @property
    def folder(self) -> Path:
        """The folder of the settings' file, where relative names of files begin."""
        return self.file.parent if self.file is not None else Path()

    def _beside_the_file(self, name: str) -> Path:
        return self.folder / Path(name).expanduser()


def is_set_up(settings: NSightSettings | QualysSettings) -> bool:
    """Return whether an account has any setting: one that is half set up is to fail."""
    telling = (
        ("region", "base_url", "key")
        if isinstance(settings, NSightSettings)
        else ("username", "password", "platform", "gateway_url")
    )
    return any(getattr(settings, name) for name in (*telling, *KEY_SOURCES))


KEY_SOURCES = ("key_env", "key_file", "key_command")
"""The settings that name a place of the key, one of which an account may have."""


_ACCOUNT_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def check_account_name(name: str) -> None:
    """Raise `ConfigError` for a name that no account can have."""
    if not _ACCOUNT_NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} cannot be the name of an account",
            hint="use small letters, digits, - and _, as in emea or acme-us",
        )
