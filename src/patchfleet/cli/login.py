"""`patchfleet login` and `logout`: the key of an account in the system's keyring, nothing else."""

import os

import click

from patchfleet.cli.account_setup import asked_key, tested
from patchfleet.cli.session import Session, no_account, pass_session
from patchfleet.config import AccountSettings
from patchfleet.config.keys import check_keyring, delete_keyring, write_keyring
from patchfleet.config.settings import KEY_SOURCES
from patchfleet.errors import ConfigError

account_argument = click.argument("name", required=False, metavar="[ACCOUNT]")


@click.command()
@account_argument
@click.option("--offline", is_flag=True, help="Do not test the key or password.")
@pass_session
def login(session: Session, *, name: str | None, offline: bool) -> None:
    """Store the key or password of an account in the system's keyring.

    It asks without echo, tests with one call, and replaces what the keyring has. Settings and the
    record are not changed: the next sync checks that the account is the same.
    """
    account = chosen(session, name)
    place = _other_place(account)
    if place is not None:
        raise ConfigError(
            f"the {account.key_noun} of {account.name} comes from {place}, not from the keyring",
            hint="change it there",
        )
    key = asked_key(session, account)
    seen = None if offline else tested(session, account, key)
    write_keyring(account, key)
    if seen is not None:
        session.info(seen)
    session.info(f"{account.name}: the {account.key_noun} is in the system's keyring")


@click.command()
@account_argument
@pass_session
def logout(session: Session, *, name: str | None) -> None:
    """Delete the key or password of an account from the system's keyring.

    Settings and the record are not changed.
    """
    account = chosen(session, name)
    check_keyring(account)
    if delete_keyring(account):
        session.info(f"{account.name}: the {account.key_noun} is deleted from the system's keyring")
    else:
        session.info(f"{account.name}: the system's keyring holds no {account.key_noun}")
    place = _other_place(account)
    if place is not None:
        session.info(f"warning: {place} still has one")


def chosen(session: Session, name: str | None) -> AccountSettings:
    """Return the account of a name, else the only one there is."""
    every = session.settings.accounts
    if name is None and len(every) == 1:
        return every[0]
    if name is None and every:
        names = ", ".join(one.name for one in every)
        raise ConfigError(f"{len(every)} accounts are set up", hint=f"name one: {names}")
    for one in every:
        if one.name == name:
            return one
    if name is None:
        raise ConfigError("no account is set up", hint="`patchfleet init` sets one up")
    raise no_account(name, [one.name for one in every])


def _other_place(account: AccountSettings) -> str | None:
    """Return where the key comes from if that is not the keyring."""
    if os.environ.get(account.key_variable, "").strip():
        return f"the environment, as {account.key_variable}"
    for name in ("key", "password", *KEY_SOURCES):
        if getattr(account.settings, name, None):
            return f"{name} in the table [{account.table}]"
    return None
