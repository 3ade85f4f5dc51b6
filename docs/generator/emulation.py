"""The emulator: its settings, its control API, its faults."""

import inspect
from collections.abc import Mapping

from docs.generator.tables import code, explained, table
from patchfleet.emulator import Emulator
from patchfleet.emulator.control import PREFIX, ROUTES
from patchfleet.emulator.fault_kind import FaultKind
from patchfleet.emulator.faults import HOSTILE_FAULTS
from patchfleet.emulator.http_faults import HTTP_FAULTS
from patchfleet.emulator.nsight.reply_faults import REPLY_FAULTS
from patchfleet.emulator.qualys.gateway_faults import QUALYS_FAULTS

_SETTINGS = {
    "customers": "Number of customers.",
    "devices": "Number of devices, spread unevenly over customers and sites.",
    "seed": "The same seed makes the same world, byte for byte.",
    "patches": "Average patch rows of a device; Windows devices have more, others none.",
    "lookalikes": "Machines of each kind that is hard to tell apart: re-imaged, renamed, cloned, "
    "of one name at two customers, with a placeholder as serial number.",
    "start": "First time of the clock, aware; by default the Friday after a Patch Tuesday.",
    "latency_ms": "Milliseconds added to every vendor call on the wire.",
    "exact_patches": "Exactly `patches` rows on every device, and Windows everywhere: for "
    "measurements.",
    "non_windows": "Answer to patch calls for other devices: `empty` for an empty list, `fail` for "
    "error 4.",
    "blocked_agents": "Regular expression of User-Agents that are answered with 403.",
    "settle_seconds": "Seconds until an approval shows in the list.",
    "qualys_assets": "Exact number of assets at Qualys, instead of those of the world: for "
    "measurements.",
    "qualys_patches": "Exact number of Windows patches at Qualys: for measurements.",
    "qualys_jobs": "Number of finished jobs at Qualys, instead of the usual ones: for "
    "measurements.",
    "qualys_job_assets": "Number of assets of each of those jobs.",
    "qualys_token_seconds": "Lifetime of a Qualys token, by either clock.",
    "qualys_forbidden": "True: the user lacks the permission for patch management.",
}

_CONTROLS = {
    "POST reset": "Begins again with a new world: the previous settings with those in the body. "
    "Calls and faults are cleared. Returns the credentials of the new world.",
    "POST advance": 'Moves the clock: `{"days": 8}`, `{"hours": 1, "minutes": 30}` or '
    '`{"to": "2026-11-20T07:00:00Z"}`. Everything due happens.',
    "GET clock": "Returns the emulated time.",
    "GET faults": "Returns the faults that are set, with their counters, and every kind.",
    "POST faults": "Sets a fault; see below.",
    "DELETE faults": "Removes all faults.",
    "GET calls": "Returns the log of vendor calls, without keys, passwords and tokens; `?since=N`: "
    "those after call N.",
    "DELETE calls": "Clears the log.",
    "POST manual_action": "Does what a person can do at a machine or in the dashboard: "
    '`{"device": 100097, "act": "install"}` or `"restart"`.',
    "GET ground_truth": "Returns N-sight's whole world as it really is, or with `?device=N` one "
    "device; with `?vendor=qualys` that of Qualys.",
}


def settings() -> str:
    """Return a table of the emulator's settings and their defaults."""
    parameters = {
        name: one
        for name, one in inspect.signature(Emulator.__init__).parameters.items()
        if name != "self"
    }
    explained(parameters, _SETTINGS, "emulator settings")
    return table(
        ("setting", "default", "meaning"),
        ((code(n), code(one.default), _SETTINGS[n]) for n, one in parameters.items()),
    )


def controls() -> str:
    """Return a table of the control API."""
    explained([f"{verb} {name}" for name, verb in ROUTES], _CONTROLS, "controls")
    rows = (
        (code(f"{call.partition(' ')[0]} {PREFIX}/{call.partition(' ')[2]}"), meaning)
        for call, meaning in _CONTROLS.items()
    )
    return table(("call", "what it does"), rows)


def faults() -> str:
    """Return a table of the faults of the network, which both vendors have."""
    return _faults(HTTP_FAULTS)


def hostile_faults() -> str:
    """Return a table of the faults of both vendors that look like sound answers."""
    return _faults(HOSTILE_FAULTS)


def nsight_faults() -> str:
    """Return a table of the faults in the language of N-sight."""
    return _faults(REPLY_FAULTS)


def qualys_faults() -> str:
    """Return a table of the faults in the language of Qualys."""
    return _faults(QUALYS_FAULTS)


def _faults(kinds: Mapping[str, FaultKind]) -> str:
    heads = ("kind", "what the caller receives", "options (default)", "takes effect first")
    return table(
        heads,
        (
            (code(name), kind.description.replace("<", "&lt;"), _options(kind), _when(kind))
            for name, kind in kinds.items()
        ),
    )


def _options(kind: FaultKind) -> str:
    """Return the options of a kind with their meaning and default."""
    return "; ".join(
        f"`{name}`: {option.description} ({_default(option.default)})"
        for name, option in kind.options.items()
    )


def _default(value: object) -> str:
    return "none" if value in (None, "") else code(value)


def _when(kind: FaultKind) -> str:
    return "yes" if kind.when == "after" else "no"
