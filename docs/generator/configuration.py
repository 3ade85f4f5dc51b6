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
    "path counts from the folder of the settings' file. Empty: a file in the user's own data "
    "folder.",
    "published": "Where complete syncs are [published](store.md#where-publications-stand): a "
    "folder, or an address as `s3://bucket/fleet`. Empty: beside the file of the record; for "
    "PostgreSQL in the user's own data folder.",
    "is_private": "Whether the record and what is published are made for their owner alone "
    "(0600, 0700). `false` leaves rights to the umask; what is there already stays as it is.",
    "lock_timeout_seconds": "How long to wait for a database that another process has locked "
    "before saying so.",
    "nsight.region": "Territory of the dashboard or one of its aliases; see the [list](nsight.md"
    "#regions).",
    "nsight.base_url": "Address of the server, instead of a region: a custom domain, the emulator.",
    "nsight.key": "The API key. Better in the keyring or the environment; a file that holds it and "
    "that others can read is warned about.",
    "nsight.calls_per_minute": "The pace of all work with this account; 0 for no limit. Below 1 it "
    "is one call in so many minutes: 0.667 is one in 90 seconds.",
    "nsight.timeout_seconds": "How long one call may take.",
    "nsight.retries": "How often a call is repeated where that is safe.",
    "nsight.user_agent": "How Patchfleet introduces itself. The default begins like a browser's, "
    "since a firewall before the servers refuses some others.",
    "nsight.proxy": 'Address of a proxy; "" for none. Without it `HTTPS_PROXY`, `ALL_PROXY` and '
    "`NO_PROXY` of the environment count.",
    "nsight.ca_file": "A PEM file of authorities to trust instead of the system's.",
    "qualys.username": "The user of the account.",
    "qualys.password": "The password. Better in the keyring or the environment; a file that holds "
    "it and that others can read is warned about.",
    "qualys.platform": "The platform of the account, as `qg1`; see the [list]"
    "(qualys.md#platforms).",
    "qualys.gateway_url": "Address of the gateway, instead of a platform: the emulator, a platform "
    "of your own.",
    "qualys.calls_per_hour": "The pace of all work with this account; 0 for no limit of our own.",
    "qualys.timeout_seconds": "How long one call may take.",
    "qualys.retries": "How often a call is repeated where that is safe.",
    "qualys.user_agent": "How Patchfleet introduces itself.",
    "qualys.proxy": 'Address of a proxy; "" for none; without it the environment counts.',
    "qualys.ca_file": "A PEM file of authorities to trust instead of the system's.",
    "qualys.customer_tags": "Patterns of asset tags that name a customer, as "
    '`["Customer: *"]`; see [customers](qualys.md#customers-and-sites).',
    "qualys.allow_http": "Permits plain `http` to another machine than this one.",
    "sync.concurrency": "How many devices are read side by side; of N-sight, since Qualys "
    "answers by pages.",
    "sync.resume_within_hours": "A sync that was broken off no longer ago than this is taken up "
    "again; 0 to begin anew always.",
    "sync.max_age_hours": "How old the listing of a device may be where [nothing says that it "
    "changed](sync.md#asking-less); 0 asks every device in every sync. `--max-age` goes before it.",
    "sync.max_calls": "How many calls a sync of one source [may take](sync.md#a-budget); 0 for no "
    "limit. `--max-calls` goes before it.",
    "sync.accept_unread_after": "After so many syncs in a row that could not read a device, a sync "
    "is complete without it: [it keeps its last listing](sync.md#what-cannot-be-read). 0 is never.",
    "sync.max_missing_percent": "A sync in which more of the devices are gone at once [is not "
    "believed](sync.md#what-is-gone).",
    "sync.worker_timeout_seconds": "How long `patchfleet sync --engine` waits for [a worker]"
    "(engine.md) to take a batch before it ends, incomplete.",
    "today.overdue_after_days": "Days after its release that a critical patch may take.",
    "today.silent_after_days": "Days after which a device that was not heard of is called silent.",
    "deadlines.pack": "The standard whose deadlines count, by the name of its pack.",
    "deadlines.zone": "The time zone in which its days and months are counted, as `Europe/London`.",
}

_ENVIRONMENT = {
    "PATCHFLEET_CONFIG": "The file of settings, as `--config`.",
    "PATCHFLEET_STORE": "The record, over `store` of the file.",
    "PATCHFLEET_PUBLISHED": "Where complete syncs are published, over `published` of the file.",
    "PATCHFLEET_NSIGHT_REGION": "Over `nsight.region`.",
    "PATCHFLEET_NSIGHT_URL": "Over `nsight.base_url`.",
    "PATCHFLEET_NSIGHT_KEY": "The API key, over `nsight.key` and the keyring.",
    "PATCHFLEET_QUALYS_USERNAME": "Over `qualys.username`.",
    "PATCHFLEET_QUALYS_PASSWORD": "The password, over `qualys.password` and the keyring.",
    "PATCHFLEET_QUALYS_PLATFORM": "Over `qualys.platform`.",
    "PATCHFLEET_QUALYS_URL": "Over `qualys.gateway_url`.",
    "PATCHFLEET_QUALYS_CA_FILE": "Over `qualys.ca_file`.",
    "PATCHFLEET_TRACEBACK": "Any text: an error nobody foresaw shows where it happened.",
    "NO_COLOR": "Any text: no colours, see [no-color.org](https://no-color.org).",
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
    # These names are put together in the code, and stand nowhere in it.
    asked |= {f"PATCHFLEET_{name.upper()}" for name in ("store", "published")}
    explained(asked, _ENVIRONMENT, "environment variables")
    return table(("variable", "meaning"), ((code(n), said) for n, said in _ENVIRONMENT.items()))


def exit_codes() -> str:
    """Return a table of the exit codes."""
    return table(("code", "meaning"), ((str(one.value), MEANINGS[one]) for one in Exit))


def _fields() -> list[tuple[str, types.Field]]:
    """Return the settings with the tables they stand in; `file` is no setting but their place."""
    found: list[tuple[str, types.Field]] = []
    for field in _struct(Settings).fields:
        if isinstance(field.type, types.StructType):
            found += [(f"{field.encode_name}.", inner) for inner in field.type.fields]
        elif field.encode_name != "file":
            found.append(("", field))
    return found


def _struct(kind: type[Struct]) -> types.StructType:
    found = types.type_info(kind)
    assert isinstance(found, types.StructType)
    return found


def _kind(kind: types.Type) -> str:
    """Say in words what a setting may be."""
    if isinstance(kind, types.UnionType):
        (kind,) = (one for one in kind.types if not isinstance(one, types.NoneType))
    if isinstance(kind, types.BoolType):
        return "true or false"
    if isinstance(kind, types.VarTupleType):
        return "list of text"
    if not isinstance(kind, types.IntType | types.FloatType):
        return "text"
    words = "whole number" if isinstance(kind, types.IntType) else "number"
    if kind.ge is not None and kind.le is not None:
        return f"{words}, {kind.ge} to {kind.le}"
    if kind.gt is not None:
        return f"{words} above {kind.gt}"
    return words if kind.ge is None else f"{words}, {kind.ge} or more"


def _default(name: str, field: types.Field) -> str:
    value: Any = field.default
    assert value is not NODEFAULT
    if value is None or value == "" or isinstance(value, Secret):
        return _UNSAID.get(name, "")
    return code(msgspec.json.encode(value).decode())
