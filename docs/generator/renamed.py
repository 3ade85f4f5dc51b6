"""Former names beside the new ones, from the tables that make the former ones work."""

from collections.abc import Mapping

from docs.generator.tables import code, table
from patchfleet._renamed import table as names


def modules() -> str:
    """Return a table of modules that have moved."""
    return _rows(names.MODULES, prefix="patchfleet.")


def public_names() -> str:
    """Return a table of classes, functions and constants that have new names."""
    return _rows(names.NAMES, prefix="patchfleet.")


def _rows(rows: Mapping[str, str], prefix: str = "") -> str:
    return table(
        ("former name", "name"),
        ((code(_shown(prefix, old)), code(_shown(prefix, new))) for old, new in rows.items()),
    )


def _shown(prefix: str, name: str) -> str:
    return prefix + name.replace(":", ".")
