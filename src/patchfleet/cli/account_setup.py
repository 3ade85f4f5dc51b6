"""Set-up of one account: its table in the settings, its key in the keyring, and a test of both."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from patchfleet import config
from patchfleet.cli.session import Session
from patchfleet.config import (
    NSIGHT,
    QUALYS,
    AccountSettings,
    NSightSettings,
    QualysSettings,
    Secret,
)
from patchfleet.config.editing import has_table, write_table
from patchfleet.config.keys import check_keyring, write_keyring
from patchfleet.config.settings import KEY_SOURCES
from patchfleet.decodable import decodable
from patchfleet.errors import ConfigError

if TYPE_CHECKING:
    from patchfleet.nsight import NAble
    from patchfleet.qualys import Qualys

_HEADING = "# Patchfleet's settings. Every name is explained in docs/configuration.md.\n\n"


F = TypeVar("F", bound=Callable[..., Any])


def account_options(command: F) -> F:
    """Add the options that tell an account: --vendor and the fields of its server and user."""
    for option in (
        click.option("--url", help="Address of the server, instead of a region or platform."),
        click.option("--username", help="User of the Qualys account."),
        click.option("--platform", help="Platform of the Qualys account, for example qg2, eu1."),
        click.option(
            "--region", help="Territory of the N-sight dashboard, for example us, uk, germany."
        ),
        click.option(
            "--vendor",
            type=click.Choice((NSIGHT, QUALYS)),
            default=NSIGHT,
            show_default=True,
            help="Vendor of the account.",
        ),
    ):
        command = option(command)
    return command


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """The options of `init` and `account add`."""

    region: str | None = None
    platform: str | None = None
    username: str | None = None
    url: str | None = None
    key_env: str | None = None
    key_file: str | None = None
    key_command: str | None = None


def settings_path(session: Session, *, here: bool = False) -> Path:
    """Return the file that a set-up writes: the one in force, else the user's own."""
    if here:
        return Path(config.FILE_NAME).absolute()
    if session.config_file is not None:
        return session.config_file
    return config.find_file(None) or config.user_file()


def set_up(
    session: Session,
    path: Path,
    name: str,
    vendor: str,
    given: Given,
    *,
    here: bool = False,
    force: bool = False,
    offline: bool = False,
) -> None:
    """Add an account to the settings at `path` and keep everything else in them.

    The key comes from the environment, from the place that an option names, or it is asked for
    and stored in the system's keyring. It is tested with one call unless `offline`.
    """
    config.check_account_name(name)
    table = name if name == vendor else f"account.{name}"
    if has_table(path, table) and not force:
        raise ConfigError(
            f"{path} already has a [{table}] table",
            hint="--force replaces this table alone; `patchfleet login` replaces the key alone",
        )
    values = _values(session, vendor, given)
    account = _account(name, vendor, values, path.parent)
    key = _key(session, account, given)
    seen = None if offline else tested(session, account, key)
    if offline:
        _client_of(session, account, key).close()  # checks the address and the key's form
    where = _place_of_key(account, given)
    if where is None:
        write_keyring(account, key)
        where = "the system's keyring"
    noun = "key" if vendor == NSIGHT else "password"
    heading = _HEADING + ('store = "patchfleet.db"\n\n' if here else "")
    kind = {} if name == vendor else {"vendor": vendor}
    comment = f"The {account.key_noun} is in {where}."
    write_table(path, table, kind | values, comment=comment, heading=heading)
    if seen is not None:
        session.info(seen)
    session.info(f"wrote {path}; the {noun} is in {where}")
    session.info(
        "next: patchfleet sync && patchfleet today"
        if vendor == NSIGHT
        else "next: patchfleet qualys jobs"
    )


def _values(session: Session, vendor: str, given: Given) -> dict[str, object]:
    """Return the settings of the new table; ask for what is missing."""
    if vendor == NSIGHT:
        place = {"base_url": given.url} if given.url else {"region": given.region}
        if not given.url and not given.region:
            place["region"] = asked(session, "region", "--region", "Region (us, uk, europe …)")
        values: dict[str, object] = {**place}
        if given.username or given.platform:
            raise ConfigError("--username and --platform are of Qualys", hint="--vendor qualys")
    else:
        if given.region:
            raise ConfigError("--region is of N-sight", hint="use --platform")
        values = {"username": given.username or asked(session, "user", "--username", "Username")}
        if given.url:
            values["gateway_url"] = given.url
        else:
            values["platform"] = given.platform or asked(
                session, "platform", "--platform", "Platform (qg1, qg2, eu1 …)"
            )
    return values | {
        name: value for name in KEY_SOURCES if (value := getattr(given, name)) is not None
    }


def _account(name: str, vendor: str, values: Mapping[str, object], folder: Path) -> AccountSettings:
    if vendor == NSIGHT:
        own: NSightSettings | QualysSettings = msgspec.convert(values, decodable(NSightSettings))
    else:
        ca_file = os.environ.get("PATCHFLEET_QUALYS_CA_FILE")
        own = msgspec.convert({**values, "ca_file": ca_file}, decodable(QualysSettings))
    return AccountSettings(name=name, vendor=own.vendor, settings=own, folder=folder)


def _place_of_key(account: AccountSettings, given: Given) -> str | None:
    """Return where the key comes from, as people say it; None for the keyring."""
    if os.environ.get(account.key_variable, "").strip():
        return f"the environment, as {account.key_variable}"
    if given.key_env:
        return f"the environment, as {given.key_env}"
    if given.key_file:
        return f"the file {given.key_file}"
    return "the output of key_command" if given.key_command else None


def _key(session: Session, account: AccountSettings, given: Given) -> Secret:
    from patchfleet.config.keys import account_key

    if _place_of_key(account, given) is not None:
        return account_key(account)
    return asked_key(session, account)


def asked_key(session: Session, account: AccountSettings) -> Secret:
    """Ask for a key without echo; raise `ConfigError` first if it could not be stored."""
    if not session.is_interactive:
        raise ConfigError(
            f"no {account.key_noun} given, and no terminal to ask on",
            hint=f"set {account.key_variable} in the environment",
        )
    check_keyring(account)
    if account.vendor == NSIGHT:
        session.info("The key is in the dashboard under Settings, General Settings, API.")
    noun = account.key_noun
    return Secret(str(click.prompt(noun[0].upper() + noun[1:], hide_input=True, err=True)).strip())


def asked(session: Session, what: str, option: str, prompt: str) -> str:
    """Ask for a setting; raise `ConfigError` where there is no terminal."""
    if not session.is_interactive:
        raise ConfigError(f"no {what} given", hint=f"use {option}")
    return str(click.prompt(prompt, err=True)).strip()


def tested(session: Session, account: AccountSettings, key: Secret) -> str:
    """Make one call with a key, without repeats; return what it shows."""
    from patchfleet.nsight import NAble
    from patchfleet.report.wording import plural

    with _client_of(session, account, key) as client:
        if not isinstance(client, NAble):
            return f"the account works: patch management {client.get_version()}"
        clients = client.list_clients()
    # Not device_count: it includes mobile devices, which have no patches.
    devices = sum((one.server_count or 0) + (one.workstation_count or 0) for one in clients)
    return f"the key works: it sees {plural(len(clients), 'customer')}, {plural(devices, 'device')}"


def _client_of(session: Session, account: AccountSettings, key: Secret) -> "NAble | Qualys":
    """Return a client of an account with the key to be tested."""
    once = msgspec.structs.replace(account.settings, retries=0)
    trial = msgspec.structs.replace(account, settings=once)
    if account.vendor == NSIGHT:
        return session.nable(account=trial, key=key)
    return session.qualys(account=trial, key=key)
