"""Former names beside the new ones, from the tables that make the former ones work."""

from collections.abc import Mapping

from docs.generator.tables import code, table
from patchfleet._renamed import modules as former
from patchfleet._renamed import table as names


def modules() -> str:
    """Return a table of modules that have moved."""
    return _rows(former.MODULES, prefix="patchfleet.")


def public_names() -> str:
    """Return a table of classes, functions and constants that have new names."""
    return _rows(names.NAMES, prefix="patchfleet.")


def command_line() -> str:
    """Return a table of former commands and options."""
    commands = {f"patchfleet {old}": f"patchfleet {new}" for old, new in names.COMMANDS.items()}
    options = {
        f"patchfleet {old}": f"patchfleet {old.rpartition(' ')[0]} {new}"
        for old, new in names.OPTIONS.items()
    }
    return _rows(commands | options)


def settings() -> str:
    """Return a table of former settings."""
    return _rows(names.SETTINGS)


def fields() -> str:
    """Return a table of former fields of value types, and of former keywords of clients."""
    rows = {
        old: f"{old.rpartition('.')[0]}.{new}"
        for old, new in (names.FIELDS | names.KEYWORDS).items()
    }
    return _rows(rows, prefix="patchfleet.")


def members() -> str:
    """Return a table of former methods and attributes, and former routes of the control API."""
    members = {
        f"patchfleet.{old}": f"patchfleet.{old.rpartition('.')[0]}.{new}"
        for old, new in names.MEMBERS.items()
    }
    calls = {
        f"patchfleet.store.Store.{new.partition('.')[0]}()": f"patchfleet.store.Store.{new}()"
        for new in names.CALLS.values()
    }
    routes = {f"/_control/{old}": f"/_control/{new}" for old, new in names.CONTROLS.items()}
    return _rows(members | calls | routes)


def views() -> str:
    """Return a table of former views of SQL and their columns."""
    rows = dict(names.VIEWS)
    for old, columns in names.VIEW_COLUMNS.items():
        new = names.VIEWS[old]
        rows |= {f"{old}.{before}": f"{new}.{now}" for before, now in columns.items()}
    return _rows(rows | {"job_runs.over_count": "job_runs.finished_count"})


def _rows(rows: Mapping[str, str], prefix: str = "") -> str:
    return table(
        ("former name", "name"),
        ((code(_shown(prefix, old)), code(_shown(prefix, new))) for old, new in rows.items()),
    )


def _shown(prefix: str, name: str) -> str:
    return prefix + name.replace(":", ".")
