"""Public names with their parameters, one a line."""

import inspect
from importlib import import_module
from types import ModuleType

PUBLIC = (
    "patchfleet", "patchfleet.nsight", "patchfleet.nsight.extend", "patchfleet.qualys",
    "patchfleet.qualys.pm", "patchfleet.qualys.gav", "patchfleet.qualys.extend", "patchfleet.store",
    "patchfleet.store.queries", "patchfleet.fleet", "patchfleet.report", "patchfleet.policy",
    "patchfleet.plan", "patchfleet.models", "patchfleet.errors", "patchfleet.emulator",
)  # fmt: skip
"""Packages and modules whose `__all__` is public."""


def public_names() -> str:
    """Return a block of names for each public module."""
    return "\n".join(_section(import_module(name)) for name in PUBLIC)


def _section(module: ModuleType) -> str:
    lines = [line for name in sorted(names_of(module)) for line in _lines(module, name)]
    return f"## {module.__name__}\n\n```text\n" + "\n".join(lines) + "\n```\n"


def names_of(module: ModuleType) -> list[str]:
    """Return the public names of a module: `__all__`, or its own names where it has none."""
    own = [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__
    ]
    return list(getattr(module, "__all__", own))


def _lines(module: ModuleType, name: str) -> list[str]:
    value = getattr(module, name)
    if module.__name__ == "patchfleet":  # each is listed where it is from
        return [name]
    if not inspect.isclass(value):
        return [name + _parameters(value)]
    methods = [
        f"{name}.{method}{_parameters(made)}"
        for method, made in inspect.getmembers(value, inspect.isroutine)
        if not method.startswith("_") and _is_ours(made)
    ]
    return [name + _parameters(value), *methods]


def _is_ours(made: object) -> bool:
    return str(getattr(made, "__module__", "")).startswith("patchfleet")


def _parameters(value: object) -> str:
    """Return names of parameters; `=` marks those with a default."""
    if not callable(value):
        return ""
    if fields := getattr(value, "__struct_fields__", None):
        needed = len(fields) - len(value.__struct_defaults__)  # type: ignore[attr-defined]
        shown = [name if at < needed else f"{name}=" for at, name in enumerate(fields)]
        return f"({', '.join(shown)})"
    try:
        parameters = inspect.signature(value).parameters.values()
    except (TypeError, ValueError):
        return ""
    shown = []
    for one in parameters:
        if one.kind is one.KEYWORD_ONLY and "*" not in shown:
            shown.append("*")
        star = {one.VAR_POSITIONAL: "*", one.VAR_KEYWORD: "**"}.get(one.kind, "")
        shown.append(f"{star}{one.name}{'' if one.default is one.empty else '='}")
    return f"({', '.join(shown)})"
