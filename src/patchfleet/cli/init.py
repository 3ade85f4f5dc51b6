"""`patchfleet init`: set up an account."""

import os
from pathlib import Path

import click

from patchfleet import config
from patchfleet.cli.session import Session, pass_session
from patchfleet.errors import ConfigError

_TEMPLATE = """\
# Patchfleet's settings. Every name is explained in docs/configuration.md.
# The API key is not here: it is in {where}.

{store}[nsight]
{account}
# calls_per_minute = 60    # for all of Patchfleet's work with this account
# timeout_seconds = 60

# [today]
# overdue_after_days = 14
"""


@click.command()
@click.option("--region", help="Territory of the dashboard, for example us, uk, germany.")
@click.option("--url", help="Address of the server, instead of a region.")
@click.option("--here", is_flag=True, help="Settings and record stand in this folder.")
@click.option("--force", is_flag=True, help="Replace the file if there is one.")
@click.option("--offline", is_flag=True, help="Do not try the key.")
@pass_session
def command(
    session: Session, *, region: str | None, url: str | None, here: bool, force: bool, offline: bool
) -> None:
    """Set up an account: region and key, tried with one call.

    The key is asked for and never shown; it goes into the system's keyring. Where there is no
    keyring, or nobody to ask, give it in the environment as PATCHFLEET_NSIGHT_KEY.
    """
    from patchfleet.nsight import NAble
    from patchfleet.report.spelling import counted

    path = Path(config.FILE_NAME).absolute() if here else session.config_file or config.user_file()
    if path.exists() and not force:
        raise ConfigError(f"{path} exists", hint="--force replaces it")
    if not region and not url:
        if not session.is_attended:
            raise ConfigError("no region is given", hint="for example: patchfleet init --region us")
        region = click.prompt("Region of your dashboard (us, uk, europe …)", err=True)
    given = os.environ.get("PATCHFLEET_NSIGHT_KEY", "").strip()
    key = config.Secret(given or _asked_for(session))
    with NAble(region, key, base_url=url, retries=0) as client:  # checks region, address and key
        clients = None if offline else client.list_clients()
    where = "the environment, as PATCHFLEET_NSIGHT_KEY"
    if not given:
        config.keep_in_keyring(config.KEYRING_NSIGHT, key)
        where = "the system's keyring"
    account = f'base_url = "{url}"' if url else f'region = "{region}"'
    store = 'store = "patchfleet.db"\n\n' if here else ""
    _write(path, _TEMPLATE.format(where=where, store=store, account=account))
    if clients is not None:
        # Not device_count, which has the mobile devices in it: no patch is known of those.
        devices = sum((one.server_count or 0) + (one.workstation_count or 0) for one in clients)
        seen = f"{counted(len(clients), 'customer')}, {counted(devices, 'device')}"
        session.say(f"the key works: it sees {seen}")
    session.say(f"wrote {path}; the key is in {where}")
    session.say("next: patchfleet sync && patchfleet today")


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        raise ConfigError(
            f"cannot write {path}: {error.strerror}", hint="--here or --config names another place"
        ) from None


def _asked_for(session: Session) -> str:
    if not session.is_attended:
        raise ConfigError(
            "there is no key and nobody to ask for it",
            hint="set PATCHFLEET_NSIGHT_KEY in the environment",
        )
    session.say("The key is in the dashboard under Settings, General Settings, API.")
    return str(click.prompt("API key", hide_input=True, err=True)).strip()
