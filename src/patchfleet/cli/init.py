"""`patchfleet init`: set up an account."""

import os
from functools import partial
from pathlib import Path

import click

from patchfleet import config
from patchfleet.cli.session import NSIGHT, QUALYS, Session, pass_session
from patchfleet.errors import ConfigError

_TEMPLATE = """\
# Patchfleet's settings. Every name is explained in docs/configuration.md.
# The API key is not here: it is in {where}.

{store}[nsight]
{account}
# calls_per_minute = 60    # for all Patchfleet processes with this account
# timeout_seconds = 60

# [today]
# overdue_after_days = 14
"""


_QUALYS = """
[qualys]
# The password is not here: it is in {where}.
username = {username}
{account}
# calls_per_hour = 300     # your subscription's limit; 0: none
"""


@click.command()
@click.option(
    "--vendor",
    type=click.Choice((NSIGHT, QUALYS)),
    default=NSIGHT,
    show_default=True,
    help="Vendor of the account.",
)
@click.option("--region", help="Territory of the N-sight dashboard, for example us, uk, germany.")
@click.option("--platform", help="Platform of the Qualys account, for example qg2, eu1.")
@click.option("--username", help="User of the Qualys account.")
@click.option("--url", help="Address of the server, instead of a region or platform.")
@click.option("--here", is_flag=True, help="Keep settings and record in this folder.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
@click.option("--offline", is_flag=True, help="Do not test the key or password.")
@pass_session
def command(
    session: Session,
    *,
    vendor: str,
    region: str | None,
    platform: str | None,
    username: str | None,
    url: str | None,
    here: bool,
    force: bool,
    offline: bool,
) -> None:
    """Set up an account and test it with one call.

    It asks for the key or password without echo and stores it in the system's keyring. Without a
    keyring or a terminal, set PATCHFLEET_NSIGHT_KEY or PATCHFLEET_QUALYS_PASSWORD in the
    environment. A Qualys account is added to existing settings.
    """
    path = Path(config.FILE_NAME).absolute() if here else session.config_file or config.user_file()
    set_up = {
        NSIGHT: partial(_nsight, region=region, here=here, force=force),
        QUALYS: partial(_qualys, platform=platform, username=username),
    }
    set_up[vendor](session, path, url=url, offline=offline)


def _nsight(
    session: Session,
    path: Path,
    *,
    region: str | None,
    url: str | None,
    here: bool,
    force: bool,
    offline: bool,
) -> None:
    from patchfleet.nsight import NAble
    from patchfleet.report.wording import plural

    if path.exists() and not force:
        raise ConfigError(f"{path} already exists", hint="--force replaces it")
    if not region and not url:
        if not session.is_interactive:
            raise ConfigError("no region given", hint="for example: patchfleet init --region us")
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
        # Not device_count: it includes mobile devices, which have no patches.
        devices = sum((one.server_count or 0) + (one.workstation_count or 0) for one in clients)
        seen = f"{plural(len(clients), 'customer')}, {plural(devices, 'device')}"
        session.info(f"the key works: it sees {seen}")
    session.info(f"wrote {path}; the key is in {where}")
    session.info("next: patchfleet sync && patchfleet today")


def _qualys(
    session: Session,
    path: Path,
    *,
    platform: str | None,
    username: str | None,
    url: str | None,
    offline: bool,
) -> None:
    """Add a Qualys account to the settings."""
    from patchfleet.qualys import Qualys

    before = path.read_text("utf-8") if path.exists() else ""
    if any(line.strip() == "[qualys]" for line in before.splitlines()):
        raise ConfigError(f"{path} already has a [qualys] table", hint="edit it there")
    username = username or _asked(session, "user", "--username", "Username")
    if not platform and not url:
        platform = _asked(session, "platform", "--platform", "Platform (qg1, qg2, eu1 …)")
    given = os.environ.get("PATCHFLEET_QUALYS_PASSWORD", "")
    if not given and not session.is_interactive:
        raise ConfigError(
            "no password given, and no terminal to ask on",
            hint="set PATCHFLEET_QUALYS_PASSWORD in the environment",
        )
    password = config.Secret(
        given or str(click.prompt("Password", hide_input=True, err=True)).strip()
    )
    override = {"gateway_url": url} if url else None
    ca_file = os.environ.get("PATCHFLEET_QUALYS_CA_FILE")
    with Qualys(
        username, password, platform or "qg1", override_platform=override, ca_file=ca_file,
        retries=0,
    ) as client:  # fmt: skip
        version = None if offline else client.get_version()
    where = "the environment, as PATCHFLEET_QUALYS_PASSWORD"
    if not given:
        config.keep_in_keyring(config.KEYRING_QUALYS, password)
        where = "the system's keyring"
    account = f"gateway_url = {_quoted(url)}" if url else f"platform = {_quoted(platform or '')}"
    added = _QUALYS.format(where=where, username=_quoted(username), account=account)
    _write(path, before + added if before else added.lstrip())
    if version is not None:
        session.info(f"the account works: patch management {version}")
    session.info(f"wrote {path}; the password is in {where}")
    session.info("next: patchfleet qualys jobs")


def _quoted(text: str) -> str:
    """Return a text as a TOML string, for which JSON's form is valid."""
    import json

    return json.dumps(text)


def _asked(session: Session, what: str, option: str, prompt: str) -> str:
    if not session.is_interactive:
        raise ConfigError(f"no {what} given", hint=f"use {option}")
    return str(click.prompt(prompt, err=True)).strip()


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        raise ConfigError(
            f"cannot write {path}: {error.strerror}", hint="--here or --config names another place"
        ) from None


def _asked_for(session: Session) -> str:
    if not session.is_interactive:
        raise ConfigError(
            "no API key given, and no terminal to ask on",
            hint="set PATCHFLEET_NSIGHT_KEY in the environment",
        )
    session.info("The key is in the dashboard under Settings, General Settings, API.")
    return str(click.prompt("API key", hide_input=True, err=True)).strip()
