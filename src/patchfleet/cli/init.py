"""`patchfleet init`: set up the first account of a vendor."""

from typing import Any

import click

from patchfleet.cli.account_setup import Given, account_options, set_up, settings_path
from patchfleet.cli.session import Session, pass_session
from patchfleet.config import user_file


@click.command()
@account_options
@click.option("--here", is_flag=True, help="Keep settings and record in this folder.")
@click.option("--force", is_flag=True, help="Replace the table of this account.")
@click.option("--offline", is_flag=True, help="Do not test the key or password.")
@pass_session
def command(
    session: Session, /, *, vendor: str, here: bool, force: bool, offline: bool, **given: Any
) -> None:
    """Set up an account and test it with one call.

    It asks for the key or password without echo and stores it in the system's keyring. Without a
    keyring or a terminal, set PATCHFLEET_NSIGHT_KEY or PATCHFLEET_QUALYS_PASSWORD in the
    environment. Existing settings are kept, and the account is added to them. `patchfleet account
    add` sets up further accounts of a vendor.
    """
    path = session.config_file or user_file()
    set_up(
        session,
        settings_path(session, here=True) if here else path,
        vendor,
        vendor,
        Given(**given),
        here=here,
        force=force,
        offline=offline,
    )
