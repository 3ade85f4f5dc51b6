"""The emulator: its settings, its control API, its faults."""

import inspect

from docs.generator.tables import code, explained, table
from patchfleet.emulator import FAULTS, Emulator
from patchfleet.emulator.control import PREFIX, ROUTES
from patchfleet.emulator.fault_kind import FaultKind

_SETTINGS = {
    "customers": "How many customers.",
    "devices": "How many devices, spread unevenly over customers and sites.",
    "seed": "The same seed makes the same world, byte for byte.",
    "patches": "Patch rows for each device on average; Windows devices have more, others none.",
    "start": "What the clock says at first, an aware time; by default the Friday after a Patch "
    "Tuesday.",
    "latency_ms": "Milliseconds added to every vendor call on the wire.",
    "exact_patches": "Exactly `patches` rows on every device, and Windows everywhere: for "
    "measurements.",
    "non_windows": "What patch calls for other devices meet: `empty` for an empty list, `fail` for "
    "error 4.",
    "blocked_agents": "A regular expression of User-Agents that are answered with 403.",
    "settle_seconds": "After how many seconds an approval shows in the list.",
}

_CONTROLS = {
    "POST reset": "Begins again with a new world: the settings so far and those in the body. Calls "
    "and faults are gone.",
    "POST advance": 'Moves the clock: `{"days": 8}`, `{"hours": 1, "minutes": 30}` or '
    '`{"to": "2026-11-20T07:00:00Z"}`. Everything that is due happens.',
    "GET clock": "What the clock says.",
    "GET faults": "The faults that are set, with their counters, and every kind there is.",
    "POST faults": "Sets a fault; see below.",
    "DELETE faults": "Takes all faults back.",
    "GET calls": "The log of vendor calls, without the key; `?since=N`: those after call N.",
    "DELETE calls": "Forgets the log.",
    "POST by_hand": "What a person does at a machine or the dashboard: "
    '`{"device": 100097, "act": "install"}` or `"restart"`.',
    "GET truth": "The whole world as it really is, or `?device=N` for one device.",
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
        (code(f"{call.partition(' ')[0]} {PREFIX}/{call.partition(' ')[2]}"), said)
        for call, said in _CONTROLS.items()
    )
    return table(("call", "what it does"), rows)


def faults() -> str:
    """Return a table of the kinds of fault, with their options."""
    heads = ("kind", "what the caller meets", "options (default)", "takes effect first")
    kinds = FAULTS.items()
    return table(
        heads,
        (
            (code(name), kind.description.replace("<", "&lt;"), _options(kind), _when(kind))
            for name, kind in kinds
        ),
    )


def _options(kind: FaultKind) -> str:
    """Spell the options of a kind with their meaning and default."""
    return "; ".join(
        f"`{name}`: {option.description} ({_default(option.default)})"
        for name, option in kind.options.items()
    )


def _default(value: object) -> str:
    return "none" if value in (None, "") else code(value)


def _when(kind: FaultKind) -> str:
    return "yes" if kind.when == "after" else "no"
