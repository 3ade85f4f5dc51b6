"""Former names of modules, classes and functions: each still works and warns of the new name.

Invariants:
- every row of the table resolves and warns (tests/test_renamed.py);
- a program that uses no former name loads neither the table nor anything of the standard library
  (tests/repository/test_imports.py::test_the_package_alone_loads_nothing_else).
"""

import sys

from patchfleet._renamed.lookup import former, renamed, warn_of_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

__all__ = ["former", "install", "renamed", "warn_of_option"]


class Finder:
    """Finds modules at their former addresses; asked after every other finder has failed."""

    @staticmethod
    def find_spec(
        fullname: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None
    ) -> "ModuleSpec | None":
        """Return how to load a module from its former address, or None if there is none."""
        del path, target
        if not fullname.startswith("patchfleet."):
            return None
        from patchfleet._renamed.loader import spec_of

        return spec_of(fullname)


def install() -> None:
    """Let former addresses be found."""
    if Finder not in sys.meta_path:
        sys.meta_path.append(Finder)
