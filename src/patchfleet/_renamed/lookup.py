"""Look-up of former names, and the warning that names the new one."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeVar

    T = TypeVar("T", bound=Mapping[str, Any])

_ROOM = "patchfleet."


def renamed(module: str, *, level: int = 3) -> "Callable[[str], Any]":
    """Return the `__getattr__` of a module of which some names have changed.

    The warning names the line `level` frames up.
    """

    def __getattr__(name: str) -> "Any":  # noqa: N807 -- the function that Python looks for
        is_ours = not name.startswith("__")
        same = new_name(module, name) if is_ours else None
        new = same or (_new_function(module, name) if is_ours else None)
        if new is None:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        warn(f"{module}.{name}", new.replace(":", "."), level=level)
        return resolve(same or f"{_ROOM}_renamed.functions:{name}")

    return __getattr__


def new_name(module: str, name: str) -> str | None:
    """Return the present `module:name` of a former one, or None if it has not changed."""
    from patchfleet._renamed.table import NAMES

    new = NAMES.get(f"{module}:{name}".removeprefix(_ROOM))
    return None if new is None else _ROOM + new


def _new_function(module: str, name: str) -> str | None:
    """Return the present function for a former one that took other parameters."""
    from patchfleet._renamed.table import FUNCTIONS

    new = FUNCTIONS.get(f"{module}:{name}".removeprefix(_ROOM))
    return None if new is None else _ROOM + new


def new_module(module: str) -> str | None:
    """Return the present address of a module, or None if it has not changed."""
    from patchfleet._renamed.modules import MODULES

    new = MODULES.get(module.removeprefix(_ROOM))
    return None if new is None else _ROOM + new


def resolve(name: str) -> "Any":
    """Return what is at `module:name`, or at `module:name.member`."""
    from importlib import import_module
    from operator import attrgetter

    module, _, leaf = name.partition(":")
    return attrgetter(leaf)(import_module(module))


def former(old: str, new: str) -> "Any":
    """Return what is at `new` as `module:name`, for a member of a class that was called `old`.

    The warning names the line that calls the member.
    """
    warn((_ROOM + old).replace(":", "."), (_ROOM + new).replace(":", "."), level=4)
    return resolve(_ROOM + new)


def current_keywords(address: str, given: "T") -> "T":
    """Return keywords under their present names, with a warning for each former one.

    `address` is the `module:name` of the keywords' type. Raises TypeError if one keyword is given
    under both names.
    """
    from patchfleet._renamed.table import KEYWORDS

    current: Any = dict(given)
    for name in given:
        new = KEYWORDS.get(f"{address}.{name}")
        if new is not None:
            if new in given:
                raise TypeError(f"{name} and {new} are one setting")
            warn(f"{name}=", f"{new}=", level=5)
            current[new] = current.pop(name)
    return current  # type: ignore[no-any-return]


def warn_of_option(old: str, new: str) -> None:
    """Warn that a setting, parameter or view is called `new` now."""
    warn(old, new)


def warn(old: str, new: str, *, level: int = 3) -> None:
    """Warn, at the line `level` frames up, that `old` is called `new` now."""
    import warnings

    warnings.warn(
        f"{old} is now {new}; the old name goes with the next minor version",
        DeprecationWarning,
        stacklevel=level,
    )
