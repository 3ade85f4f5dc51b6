"""Settings, environment variables and exit codes, from the code that reads and returns them."""

import re
from pathlib import Path
from typing import Any

import msgspec
from msgspec import NODEFAULT, Struct
from msgspec import inspect as types

import patchfleet
from docs.generator.tables import code, explained, table
from patchfleet.cli.exit_codes import MEANINGS, Exit
from patchfleet.config import Secret, Settings

_SETTINGS = {
    "store": "The [record](store.md): a file, or `postgresql://USER@HOST/DATABASE`. A relative "
    "path is relative to the folder of the settings file. Empty: a file in the user's data "
    "folder.",
    "published": "Where complete syncs are [published](store.md#location-of-published-files): a "
    "folder, or an address such as `s3://bucket/fleet`. Empty: beside the record's file; for "
    "PostgreSQL in the user's data folder.",
    "is_private": "Whether the record and its publications are created for their owner only "
    "(0600, 0700). `false` leaves permissions to the umask; existing files are not changed.",
    "lock_timeout_seconds": "How long to wait for a database that another process has locked, "
    "before failing.",
    "nsight.region": "Territory of the dashboard, or an alias; see the [list](nsight.md#regions).",
    "nsight.base_url": "Address of the server, instead of a region: a custom domain or the "
    "emulator.",
    "nsight.key": "The API key. Prefer the keyring or the environment; a warning is printed if "
    "others can read a file that holds it.",
    "nsight.key_env": "The environment variable that holds the key, in place of `key`.",
    "nsight.key_file": "A file that holds the key alone, in place of `key`; a relative name "
    "begins at the folder of the settings file.",
    "nsight.key_command": "A command that prints the key, in place of `key`: text, or a list of "
    "words. It runs without a shell and without a terminal, for at most 60 seconds.",
    "nsight.calls_per_minute": "The rate limit of all processes with this account; 0 for no "
    "limit. 0.667 is one call in 90 seconds.",
    "nsight.timeout_seconds": "Maximum time of one call.",
    "nsight.retries": "How often a call is retried, if that is safe.",
    "nsight.user_agent": "The `User-Agent` header. The default begins like a browser's, because "
    "a firewall before the servers refuses some others.",
    "nsight.proxy": 'Address of a proxy; "" for none. If unset, `HTTPS_PROXY`, `ALL_PROXY` and '
    "`NO_PROXY` apply.",
    "nsight.ca_file": "A PEM file of certificate authorities to trust instead of the system's.",
    "qualys.username": "The user of the account.",
    "qualys.password": "The password. Prefer the keyring or the environment; a warning is "
    "printed if others can read a file that holds it.",
    "qualys.key_env": "The environment variable that holds the password.",
    "qualys.key_file": "A file that holds the password alone.",
    "qualys.key_command": "A command that prints the password; see `nsight.key_command`.",
    "qualys.platform": "The platform of the account, such as `qg1`; see the "
    "[list](qualys.md#platforms).",
    "qualys.gateway_url": "Address of the gateway, instead of a platform: the emulator or a "
    "private platform.",
    "qualys.calls_per_hour": "The rate limit of all processes with this account; 0 for none.",
    "qualys.timeout_seconds": "Maximum time of one call.",
    "qualys.retries": "How often a call is retried, if that is safe.",
    "qualys.user_agent": "The `User-Agent` header.",
    "qualys.proxy": 'Address of a proxy; "" for none. If unset, the environment applies.',
    "qualys.ca_file": "A PEM file of certificate authorities to trust instead of the system's.",
    "qualys.customer_tags": 'Patterns of asset tags that name a customer, such as `["Customer: '
    '*"]`; see [customers](qualys.md#customers-and-sites).',
    "qualys.allow_http": "Allows plain `http` to other machines.",
    "sync.concurrency": "How many devices are read in parallel; N-sight only, because Qualys "
    "returns pages.",
    "sync.resume_within_hours": "An interrupted sync younger than this is resumed; 0 to always "
    "start over.",
    "sync.max_age_hours": "How old the listing of a device may be if [nothing suggests a "
    "change](sync.md#asking-less); 0 reads every device in every sync. `--max-age` overrides it.",
    "sync.max_calls": "How many calls a sync of one source [may make](sync.md#a-budget); 0 for "
    "no limit. `--max-calls` overrides it.",
    "sync.accept_unread_after": "After this many consecutive syncs that could not read a device, "
    "a sync is complete without it: [it keeps its last listing](sync.md#what-cannot-be-read). 0 "
    "for never.",
    "sync.max_missing_percent": "A sync in which a larger share of the devices has disappeared "
    "at once [is incomplete](sync.md#what-is-gone).",
    "sync.worker_timeout_seconds": "How long `patchfleet sync --engine` waits for [a "
    "worker](engine.md) to take a batch before it ends, incomplete.",
    "today.overdue_after_days": "Days after its release in which a critical patch must be "
    "installed, for `today` and the report `posture`. Empty: the deadlines of `deadlines.pack`.",
    "today.silent_after_days": "Days without contact after which a device is listed as not seen.",
    "deadlines.pack": "The standard whose deadlines apply, by the name of its pack.",
    "deadlines.zone": "The time zone in which days and months are counted, such as "
    "`Europe/London`.",
}

_ENVIRONMENT = {
    "PATCHFLEET_CONFIG": "The settings file, like `--config`.",
    "PATCHFLEET_STORE": "The record; overrides `store`.",
    "PATCHFLEET_PUBLISHED": "Where complete syncs are published; overrides `published`.",
    "PATCHFLEET_NSIGHT_REGION": "Overrides `nsight.region`.",
    "PATCHFLEET_NSIGHT_URL": "Overrides `nsight.base_url`.",
    "PATCHFLEET_NSIGHT_KEY": "The API key; overrides `nsight.key` and the keyring.",
    "PATCHFLEET_QUALYS_USERNAME": "Overrides `qualys.username`.",
    "PATCHFLEET_QUALYS_PASSWORD": "The password; overrides `qualys.password` and the keyring.",
    "PATCHFLEET_QUALYS_PLATFORM": "Overrides `qualys.platform`.",
    "PATCHFLEET_QUALYS_URL": "Overrides `qualys.gateway_url`.",
    "PATCHFLEET_QUALYS_CA_FILE": "Overrides `qualys.ca_file`.",
    "PATCHFLEET_ACCOUNT_NAME_KEY": "The key or password of the account `NAME`, in capitals, `-` "
    "as `_`; overrides every other place of it.",
    "PATCHFLEET_OPERATOR": "Who acts, in the [journal](journal.md); the user of the system if it "
    "is not set.",
    "PATCHFLEET_TRACEBACK": "Any text: an internal error prints its traceback.",
    "NO_COLOR": "Any text: no colours; see [no-color.org](https://no-color.org).",
}

_UNSAID = {
    "nsight.user_agent": "Mozilla/5.0 (compatible; Patchfleet/…)",
    "qualys.user_agent": "Patchfleet/…",
}


def settings() -> str:
    """Return a table of all settings: name, kind, default, meaning."""
    rows = [(f"{place}{field.encode_name}", field) for place, field in _fields()]
    explained([name for name, _ in rows], _SETTINGS, "settings")
    return table(
        ("setting", "kind", "default", "meaning"),
        ((code(name), _kind(f.type), _default(name, f), _SETTINGS[name]) for name, f in rows),
    )


def environment() -> str:
    """Return a table of the environment variables that the code asks for."""
    source = Path(patchfleet.__path__[0])
    asked = {
        name
        for path in source.rglob("*.py")
        for name in re.findall(r"\b(?:PATCHFLEET_[A-Z_]+|NO_COLOR)\b", path.read_text("utf-8"))
    }
    # The code assembles these names, so that no search finds them.
    asked = {name for name in asked if not name.endswith("_")}
    asked |= {"PATCHFLEET_ACCOUNT_NAME_KEY"}
    asked |= {f"PATCHFLEET_{name.upper()}" for name in ("store", "published")}
    explained(asked, _ENVIRONMENT, "environment variables")
    return table(("variable", "meaning"), ((code(n), said) for n, said in _ENVIRONMENT.items()))


def exit_codes() -> str:
    """Return a table of the exit codes."""
    return table(("code", "meaning"), ((str(one.value), MEANINGS[one]) for one in Exit))


def _fields() -> list[tuple[str, types.Field]]:
    """Return the settings with their tables; `file` is not a setting but their source."""
    found: list[tuple[str, types.Field]] = []
    for field in _struct(Settings).fields:
        if isinstance(field.type, types.StructType):
            found += [(f"{field.encode_name}.", inner) for inner in field.type.fields]
        elif field.encode_name not in ("file", "tables", "customers"):
            found.append(("", field))
    return found


def _struct(kind: type[Struct]) -> types.StructType:
    found = types.type_info(kind)
    assert isinstance(found, types.StructType)
    return found


def _kind(kind: types.Type) -> str:
    """Return the type of a setting in words."""
    if isinstance(kind, types.UnionType):
        kinds = [one for one in kind.types if not isinstance(one, types.NoneType)]
        return " or ".join(sorted({_kind(one) for one in kinds}, reverse=True))
    if isinstance(kind, types.BoolType):
        return "true or false"
    if isinstance(kind, types.VarTupleType):
        return "list of text"
    if not isinstance(kind, types.IntType | types.FloatType):
        return "text"
    words = "whole number" if isinstance(kind, types.IntType) else "number"
    if kind.ge is not None and kind.le is not None:
        return f"{words}, {kind.ge} to {kind.le}"
    least = "" if kind.ge is None else f", {kind.ge} or more"
    return f"{words} above {kind.gt}" if kind.gt is not None else f"{words}{least}"


def _default(name: str, field: types.Field) -> str:
    value: Any = field.default
    assert value is not NODEFAULT
    if value is None or value == "" or isinstance(value, Secret):
        return _UNSAID.get(name, "")
    return code(msgspec.json.encode(value).decode())
