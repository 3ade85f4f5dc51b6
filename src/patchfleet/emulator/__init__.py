"""Emulated N-sight and Qualys over one seeded fleet, for tests, demonstrations and first steps.

Invariant: the emulator imports nothing else of Patchfleet, so that it can check the clients
independently (contract "The emulator imports nothing else").
"""

from patchfleet._renamed import renamed
from patchfleet.emulator.calls import Call
from patchfleet.emulator.clock import DEFAULT_START
from patchfleet.emulator.emulator import Emulator
from patchfleet.emulator.fault_kind import FaultKind
from patchfleet.emulator.faults import FAULTS, Fault
from patchfleet.emulator.host import Host
from patchfleet.emulator.response import Delivery, Response
from patchfleet.emulator.settings import Settings

__all__ = [
    "DEFAULT_START",
    "FAULTS",
    "Call",
    "Delivery",
    "Emulator",
    "Fault",
    "FaultKind",
    "Host",
    "Response",
    "Settings",
]

__getattr__ = renamed(__name__)
