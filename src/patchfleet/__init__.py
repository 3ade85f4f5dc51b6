"""The patch state of a whole fleet, over N-able N-sight RMM and Qualys Patch Management.

Importing this package loads nothing else: the names below load when they are first used.
"""

from patchfleet._renamed import install
from patchfleet.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from patchfleet import errors
    from patchfleet.emulator import Emulator
    from patchfleet.models import Selection
    from patchfleet.nsight import AsyncNAble, NAble
    from patchfleet.qualys import AsyncQualys, Qualys, TokenAuth
    from patchfleet.store import Store

__all__ = [
    "AsyncNAble",
    "AsyncQualys",
    "Emulator",
    "NAble",
    "Qualys",
    "Selection",
    "Store",
    "TokenAuth",
    "__version__",
    "errors",
]

_HOMES = {
    "AsyncNAble": "nsight",
    "AsyncQualys": "qualys",
    "Emulator": "emulator",
    "NAble": "nsight",
    "Qualys": "qualys",
    "Selection": "models",
    "Store": "store",
    "TokenAuth": "qualys",
}

install()
del install


def __getattr__(name: str) -> object:
    """Import a public name when it is first used."""
    from importlib import import_module

    if name == "errors":
        return import_module("patchfleet.errors")
    if name not in _HOMES:
        raise AttributeError(f"module 'patchfleet' has no attribute {name!r}")
    return getattr(import_module(f"patchfleet.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
