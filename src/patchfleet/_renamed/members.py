"""Former names of methods and attributes of a class.

Invariant: every row of the table works and warns (tests/test_renamed_members.py).
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class FormerMembers:
    """A base of classes of which methods or attributes have been renamed."""

    __slots__ = ()

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> "Any":
            """Return what a former name names, with a warning; raise AttributeError for others."""
            from patchfleet._renamed.lookup import warn
            from patchfleet._renamed.table import MEMBERS

            for kind in type(self).__mro__:
                address = f"{kind.__module__}:{kind.__name__}.{name}"
                new = MEMBERS.get(address.removeprefix("patchfleet."))
                if new is not None:
                    warn(f"{type(self).__name__}.{name}", f"{type(self).__name__}.{new}")
                    return getattr(self, new)
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
