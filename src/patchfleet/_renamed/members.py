"""Former names of methods and attributes of a class.

Invariant: every row of the table works and warns (tests/test_renamed_members.py).
"""

from functools import partial
from operator import attrgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class FormerMembers:
    """A base of classes of which methods or attributes have been renamed."""

    __slots__ = ()

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> "Any":
            """Return what a former name names, with a warning; raise AttributeError for others."""
            from patchfleet._renamed.lookup import resolve, warn
            from patchfleet._renamed.table import FUNCTIONS, MEMBERS

            for kind in type(self).__mro__:
                address = f"{kind.__module__}:{kind.__name__}.{name}".removeprefix("patchfleet.")
                if address in FUNCTIONS:
                    warn(f"{type(self).__name__}.{name}", FUNCTIONS[address].partition(":")[2])
                    return partial(resolve(f"patchfleet._renamed.functions:{name}"), self)
                new = MEMBERS.get(address)
                if new is not None:
                    warn(f"{type(self).__name__}.{name}", f"{type(self).__name__}.{new}")
                    return attrgetter(new)(self)
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


class FormerMethod:
    """A base of parts that were methods before: a call still works, with a warning."""

    __slots__ = ()

    if not TYPE_CHECKING:

        def __call__(self, *values: "Any", **options: "Any") -> "Any":
            """Return what the former method returned."""
            from patchfleet._renamed.lookup import warn
            from patchfleet._renamed.table import CALLS

            kind = type(self)
            new = CALLS[f"{kind.__module__}:{kind.__name__}".removeprefix("patchfleet.")]
            part, _, method = new.partition(".")
            warn(f"Store.{part}()", f"Store.{new}()")
            return getattr(self, method)(*values, **options)
