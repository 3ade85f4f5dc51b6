"""`patchfleet account`: list, add, test and remove the accounts in the settings."""

import os
from pathlib import Path
from typing import Any

import click

from patchfleet.cli.account_setup import Given, account_options, set_up, settings_path, tested
from patchfleet.cli.exit_codes import Exit, exit_of
from patchfleet.cli.lazy_group import LazyGroup
from patchfleet.cli.login import chosen
from patchfleet.cli.options import output_options
from patchfleet.cli.session import VENDOR_NAMES, Session, pass_session
from patchfleet.config import AccountSettings, NSightSettings
from patchfleet.config.editing import delete_table, has_table
from patchfleet.config.keys import account_key, delete_keyring, read_keyring
from patchfleet.config.settings import KEY_SOURCES
from patchfleet.errors import ConfigError, Error
from patchfleet.report import Column, Table

COMMANDS = {
    "list": (
        "patchfleet.cli.account:list_accounts",
        "List the accounts in the settings, and the last complete sync of each.",
    ),
    "add": ("patchfleet.cli.account:add", "Add an account under a name of its own."),
    "test": (
        "patchfleet.cli.account:test",
        "Test accounts with one call each; all of them without a name.",
    ),
    "remove": (
        "patchfleet.cli.account:remove",
        "Remove an account from the settings, and its key from the keyring.",
    ),
}


@click.group(cls=LazyGroup, table=COMMANDS)
def command() -> None:
    """List, add, test and remove accounts."""


COLUMNS = (
    Column("account", "Account"),
    Column("vendor", "Vendor"),
    Column("server", "Server"),
    Column("user", "User"),
    Column("key", "Key or password"),
    Column("as_of", "Last complete sync", "moment"),
)


@click.command()
@output_options
@pass_session
def list_accounts(session: Session, *, as_json: bool, outputs: tuple[Path, ...]) -> None:
    """List the accounts in the settings, and the last complete sync of each."""
    times = _last_syncs(session)
    rows = [
        (
            one.name,
            one.vendor,
            _server(one),
            getattr(one.settings, "username", None),
            _place(one),
            times.get(one.name),
        )
        for one in session.settings.accounts
    ]
    table = Table(name="accounts", title="Accounts", columns=COLUMNS, rows=rows)
    session.show(table, as_json=as_json, outputs=outputs)


def _last_syncs(session: Session) -> dict[str, Any]:
    """Return the time of the last complete sync of each source, none without a record."""
    address = session.store_address
    if isinstance(address, Path) and not address.exists():
        return {}
    times: dict[str, Any] = {}
    with session.store() as store:
        for run in store.runs.summaries():  # the newest first
            if run.state == "complete":
                times.setdefault(run.source, run.as_of)
    return times


def _server(account: AccountSettings) -> str:
    own = account.settings
    if isinstance(own, NSightSettings):
        return own.base_url or own.region or ""
    return own.gateway_url or own.platform or "qg1"


def _place(account: AccountSettings) -> str:
    """Return where the key of an account comes from; never the key."""
    if os.environ.get(account.key_variable, "").strip():
        return "environment"
    for name in ("key", "password"):
        if getattr(account.settings, name, None):
            return "settings"
    for name in KEY_SOURCES:
        if getattr(account.settings, name):
            return name
    try:
        return "keyring" if read_keyring(account) else "not set"
    except ConfigError:
        return "keyring, locked"


@click.command()
@click.argument("name", metavar="NAME")
@account_options
@click.option("--key-env", metavar="NAME", help="Environment variable that holds the key.")
@click.option("--key-file", metavar="FILE", help="File that holds the key.")
@click.option("--key-command", metavar="COMMAND", help="Command that prints the key.")
@click.option("--offline", is_flag=True, help="Do not test the key or password.")
@pass_session
def add(session: Session, /, *, name: str, vendor: str, offline: bool, **given: Any) -> None:
    """Add an account under a name of its own.

    The name is that of the account in every list and view. The key or password is asked for
    without echo and stored in the system's keyring, unless an option names another place. The rest
    of the settings is kept.
    """
    path = settings_path(session)
    known = session.settings.accounts if path.exists() else ()
    if any(one.name == name for one in known):
        raise ConfigError(f"an account called {name} is set up already", hint="choose another name")
    set_up(session, path, name, vendor, Given(**given), offline=offline)


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@pass_session
def test(session: Session, *, names: tuple[str, ...]) -> int:
    """Test accounts with one call each; all of them without a name."""
    every = [chosen(session, one) for one in names] or [*session.settings.accounts]
    if not every:
        raise ConfigError("no account is set up", hint="`patchfleet init` sets one up")
    codes = [_tested(session, one) for one in every]
    return max(codes)


def _tested(session: Session, account: AccountSettings) -> Exit:
    try:
        click.echo(f"{account.name}: {tested(session, account, account_key(account))}")
    except Error as error:
        click.echo(f"{account.name}: failed: {error.sentence}")
        if error.hint:
            session.info(f"hint: {error.hint}")
        return exit_of(error)
    return Exit.DONE


@click.command()
@click.argument("name", metavar="NAME")
@click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")
@pass_session
def remove(session: Session, *, name: str, yes: bool) -> int:
    """Remove an account from the settings, and its key from the keyring.

    What is on record of it stays.
    """
    account = chosen(session, name)
    path = settings_path(session)
    if not has_table(path, account.table):
        raise ConfigError(
            f"{name} is set up by the environment, not in {path}",
            hint=f"unset {account.key_variable} and the other variables",
        )
    if not yes:
        if not session.is_interactive:
            raise ConfigError(
                "nothing was changed: there is no terminal to ask on",
                hint="--yes skips the question",
            )
        what = f"Remove the {VENDOR_NAMES[account.vendor]} account {name} from {path}?"
        if not click.confirm(what, default=False, err=True):
            session.info("nothing was changed")
            return Exit.DECLINED
    delete_table(path, account.table)
    session.info(f"removed [{account.table}] from {path}")
    try:
        if delete_keyring(account):
            session.info("removed its key from the system's keyring")
    except ConfigError as error:
        session.info(f"warning: its key may still be there: {error.sentence}")
    session.info("what is on record of it stays")
    return Exit.DONE
