"""Key or password of an account: from the environment, the settings, a file, a command or the
system's keyring, in this order.
"""

import os
import shlex
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path

from patchfleet.config.secret import Secret
from patchfleet.config.settings import AccountSettings
from patchfleet.errors import ConfigError

KEYRING_SERVICE = "patchfleet"
COMMAND_SECONDS = 60
_MOST_BYTES = 65_536


def account_key(account: AccountSettings, environment: Mapping[str, str] = os.environ) -> Secret:
    """Return the key or password of an account; raise `ConfigError` if there is none."""
    settings = account.settings
    found = (
        Secret(environment.get(account.key_variable, "").strip())
        or getattr(settings, "key", None)
        or getattr(settings, "password", None)
    )
    if found:
        return Secret(found.reveal())
    if settings.key_env:
        return _from_variable(account, settings.key_env, environment)
    if settings.key_file:
        return _from_file(account, account.folder / Path(settings.key_file).expanduser())
    if settings.key_command:
        return _from_command(account, settings.key_command)
    stored = read_keyring(account)
    if stored:
        return stored
    raise ConfigError(
        f"no {account.key_label} is set",
        hint=f"run `patchfleet login {account.name}`, or set {account.key_variable} in the "
        "environment"
        if account.table != account.vendor
        else f"run `patchfleet init{_INIT[account.vendor]}`, or set {account.key_variable}",
    )


_INIT = {"nsight": "", "qualys": " --vendor qualys"}


def _from_variable(account: AccountSettings, name: str, environment: Mapping[str, str]) -> Secret:
    found = Secret(environment.get(name, "").strip())
    if not found:
        raise ConfigError(
            f"[{account.table}] key_env: the environment has no variable {name}",
            hint="it holds the key or password itself; `key_env` holds the variable's name",
        )
    return found


def _from_file(account: AccountSettings, path: Path) -> Secret:
    """Read a small regular file, without waiting for a pipe."""
    where = f"[{account.table}] key_file: {path}"
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as opened:
            is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
            content = opened.read(_MOST_BYTES + 1) if is_file else b""
    except OSError as error:
        raise ConfigError(f"{where}: {error.strerror}") from None
    if not is_file or len(content) > _MOST_BYTES:
        raise ConfigError(f"{where} is not a small text file", hint="it holds the key alone")
    return _only_line(content, f"{where}:")


def _from_command(account: AccountSettings, command: str | tuple[str, ...]) -> Secret:
    """Run a command without a shell; its output is the key, and is never shown."""
    where = f"[{account.table}] key_command:"
    try:
        words = shlex.split(command) if isinstance(command, str) else [*command]
    except ValueError:
        words = []
    if not words:
        raise ConfigError(f"{where} is no command", hint="quotes come in pairs")
    try:
        done = subprocess.run(  # noqa: S603 -- the user's own settings name it
            words, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=COMMAND_SECONDS,
            check=False,
        )  # fmt: skip
    except OSError as error:
        raise ConfigError(f"{where} {error.strerror or 'cannot be run'}: {words[0]}") from None
    except subprocess.TimeoutExpired:
        raise ConfigError(
            f"{where} has not ended after {COMMAND_SECONDS} seconds",
            hint="it gets no terminal: unlock the password store first",
        ) from None
    if done.returncode:
        raise ConfigError(
            f"{where} {words[0]} ended with code {done.returncode}",
            hint="run it in a terminal to see why",
        )
    return _only_line(done.stdout, where)


def _only_line(content: bytes, where: str) -> Secret:
    try:
        text = content.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        text = ""
    if not text or not text.isprintable():
        raise ConfigError(f"{where} gives no key", hint="one line of text, the key alone")
    return Secret(text)


def read_keyring(account: AccountSettings) -> Secret | None:
    """Return what the system's keyring holds for an account, None if it holds nothing."""
    import keyring
    from keyring.errors import KeyringError, NoKeyringError

    try:
        stored = keyring.get_password(KEYRING_SERVICE, account.name)
    except NoKeyringError:  # a system without a keyring holds no key
        return None
    except KeyringError as error:
        raise _unusable(account, "read", error) from None
    return Secret(stored) if stored else None


def check_keyring(account: AccountSettings) -> None:
    """Raise `ConfigError` if the system has no keyring, or a locked one."""
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.get_password(KEYRING_SERVICE, account.name)
    except KeyringError as error:
        raise _unusable(account, "used", error) from None


def write_keyring(account: AccountSettings, secret: Secret) -> None:
    """Store the secret of an account in the system's keyring, in place of an earlier one."""
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.set_password(KEYRING_SERVICE, account.name, secret.reveal())
    except KeyringError as error:
        raise _unusable(account, "written", error) from None


def delete_keyring(account: AccountSettings) -> bool:
    """Delete the secret of an account from the system's keyring; return whether it had one."""
    import keyring
    from keyring.errors import KeyringError

    if read_keyring(account) is None:
        return False
    try:
        keyring.delete_password(KEYRING_SERVICE, account.name)
    except KeyringError as error:
        raise _unusable(account, "written", error) from None
    return True


def _unusable(account: AccountSettings, what: str, error: Exception) -> ConfigError:
    return ConfigError(
        f"the system's keyring cannot be {what} ({type(error).__name__})",
        hint=f"set {account.key_variable} in the environment instead, or key_file or key_command "
        "in the settings",
    )
