"""Former names of modules, classes and functions: each still works and warns of the new name.

Invariant: every row of the table resolves and warns (tests/test_renamed.py).
"""

import sys
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_ROOM = "patchfleet."


def renamed(module: str) -> Callable[[str], Any]:
    """Return the `__getattr__` of a module of which some names have changed."""

    def __getattr__(name: str) -> Any:  # noqa: N807 -- the function that Python looks for
        new = None if name.startswith("__") else _new_name(module, name)
        if new is None:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        _warn(f"{module}.{name}", new.replace(":", "."))
        return _resolve(new)

    return __getattr__


def _new_name(module: str, name: str) -> str | None:
    """Return `module:name` as it is now, or None where it has not changed."""
    from patchfleet._renamed.table import NAMES

    new = NAMES.get(f"{module}:{name}".removeprefix(_ROOM))
    return None if new is None else _ROOM + new


def _new_module(module: str) -> str | None:
    """Return the address of a module as it is now, or None where it has not changed."""
    from patchfleet._renamed.table import MODULES

    new = MODULES.get(module.removeprefix(_ROOM))
    return None if new is None else _ROOM + new


def _resolve(name: str) -> Any:
    module, _, leaf = name.partition(":")
    return getattr(import_module(module), leaf)


def warn_of_option(old: str, new: str) -> None:
    """Warn that a setting, parameter or view is called `new` now."""
    _warn(old, new)


def _warn(old: str, new: str) -> None:
    warnings.warn(
        f"{old} is now {new}; the old name goes with the next minor version",
        DeprecationWarning,
        stacklevel=3,
    )


class _FormerModule(ModuleType):
    """A module at its former address; its names are those of the new one."""

    def __init__(self, name: str, new: str) -> None:
        super().__init__(name, f"`{name}` is now `{new}`.")
        self.__path__ = []  # modules of a former package are found by rows of their own
        self._new = new

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _resolve(_new_name(self.__name__, name) or f"{self._new}:{name}")


class _Loader(Loader):
    """Loads a module at its former address, with a warning."""

    def __init__(self, new: str) -> None:
        self._new = new

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        _warn(spec.name, self._new)
        return _FormerModule(spec.name, self._new)

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: what a module holds is looked up at its new address."""


class _Finder(MetaPathFinder):
    """Finds modules at their former addresses; asked after every other finder has failed."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        new = _new_module(fullname) if fullname.startswith(_ROOM) else None
        return ModuleSpec(fullname, _Loader(new)) if new else None


def install() -> None:
    """Let former addresses be found."""
    if not any(isinstance(one, _Finder) for one in sys.meta_path):
        sys.meta_path.append(_Finder())
