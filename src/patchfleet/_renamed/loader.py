"""Loader of modules at their former addresses."""

from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from patchfleet._renamed.lookup import new_module, new_name, resolve, warn


class _FormerModule(ModuleType):
    """A module at its former address; its names are those of the new one."""

    def __init__(self, name: str, new: str) -> None:
        super().__init__(name, f"`{name}` is now `{new}`.")
        self.__path__ = []  # modules of a former package are found by rows of their own
        self._new = new

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return resolve(new_name(self.__name__, name) or f"{self._new}:{name}")


class _Loader(Loader):
    """Loads a module at its former address, with a warning."""

    def __init__(self, new: str) -> None:
        self._new = new

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        warn(spec.name, self._new)
        return _FormerModule(spec.name, self._new)

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: names are looked up at the new address."""


def spec_of(name: str) -> ModuleSpec | None:
    """Return how to load a module from its former address, or None if it has not changed."""
    new = new_module(name)
    return ModuleSpec(name, _Loader(new)) if new else None
