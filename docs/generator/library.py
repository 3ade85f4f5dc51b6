"""The N-sight library: operations, records, regions, settings of a client, errors."""

import inspect
import re
import types
import typing
from collections.abc import Callable, Iterator
from typing import Any

import patchfleet.errors
from docs.generator.tables import code, explained, table
from patchfleet import nsight
from patchfleet.nsight import NAble, RateLimit, Retries
from patchfleet.nsight.records.record import Record
from patchfleet.nsight.regions import ALIASES, SERVERS
from patchfleet.nsight.wrapper_names import WrapperMethod
from patchfleet.transport.client import table_of
from patchfleet.transport.endpoint import Endpoint
from patchfleet.transport.operation import Change, Operation

_SAMPLES: dict[str, Any] = {"patchids": [1], "devicetype": "server", "service": "patch_approve"}
_RETRIES = Retries()

_CLIENT = {
    "base_url": "Replaces the region: a custom domain, the emulator. Plain `http` is accepted on "
    "this machine only.",
    "timeout": f"Seconds one call may take ({Endpoint('https://example').timeout_seconds:g}).",
    "rate_limit": f"Calls a minute ({RateLimit().calls}), a `RateLimit(calls, seconds=…)`, or "
    "`None` for no limit. All threads or tasks of the client share it, and several clients may "
    "share one.",
    "retries": f"How often a call may be repeated ({_RETRIES.attempts - 1}), or a `Retries(…)`.",
    "user_agent": "How the client introduces itself.",
    "proxy": 'Address of a proxy; `""` for none; `None` for the environment\'s.',
    "ca_file": "A PEM file of authorities to trust instead of the system's.",
    "connections": f"How many calls may be under way at once "
    f"({Endpoint('https://example').connections}).",
    "journal": "Where changes are written down before they are sent, as `store.journal`; nowhere "
    "by default.",
}


def regions() -> str:
    """Return a table of the territories, their servers and what else they may be called."""
    return table(
        ("region", "also", "server"),
        (
            (
                code(region),
                ", ".join(code(alias) for alias, meant in ALIASES.items() if meant == region),
                code(server),
            )
            for region, server in SERVERS.items()
        ),
    )


def client_settings() -> str:
    """Return a table of what a client takes beside region and key."""
    explained(nsight.ClientOptions.__annotations__, _CLIENT, "client settings")
    return table(("setting", "meaning"), ((code(n), said) for n, said in _CLIENT.items()))


def errors() -> str:
    """Return the tree of errors and a table of what each means."""
    lines = (inspect.getdoc(patchfleet.errors) or "").splitlines()
    tree = "\n".join(line[4:] for line in lines if re.match(r" {4}(Error$|[ │├└])", line))
    kinds = [kind for kind in vars(patchfleet.errors).values() if _is_error(kind)]
    rows = ((code(kind.__name__), flat(kind.__doc__)) for kind in kinds)
    return f"```text\n{tree}\n```\n\n" + table(("error", "meaning"), rows)


def operations() -> str:
    """Return a section for each operation: names, service, parameters, result, what it rests on."""
    client = NAble("us", "no key is used for this page")
    sections = []
    for names in _by_service().values():
        build = table_of(NAble)[names[0]].build
        operation = _built(build)
        sections.append(
            f"### {names[0]}\n\n```py\n"
            + "\n".join(f"NAble.{name}{signature_of(getattr(client, name))}" for name in names)
            + "\n```\n\n"
            + ("Any service" if names[0] == "describe" else f"Service `{operation.name}`")
            + f". Returns `{_result_of(build)}`. {_repeated(operation)}\n\n"
            + paragraphs(build.__doc__)
        )
    return "\n".join(sections)


def records() -> str:
    """Return a section for each kind of record: attributes, wire names, types, properties."""
    return "\n".join(_record(kind) for kind in _records())


def _by_service() -> dict[str, list[str]]:
    """Return the names of each operation, our own first, by the service it calls."""
    names: dict[str, list[str]] = {}
    for name, line in table_of(NAble).items():
        if isinstance(line, WrapperMethod):
            names.setdefault(_built(line.work, deviceid=1, patchids=[1]).name, []).append(name)
        else:
            names.setdefault(_built(line.build).name if name != "describe" else "", []).append(name)
    return names


def _built(build: Callable[..., Any], **given: Any) -> Operation[Any] | Change[Any]:
    """Return the operation of a builder, made with the plainest arguments."""
    if not given:
        needed = (p for p in inspect.signature(build).parameters.values() if p.default is p.empty)
        given = {p.name: _SAMPLES.get(p.name, 1) for p in needed}
    try:
        work = build(**given)
    except TypeError:  # a list takes no ids
        given.pop("patchids")
        work = build(**given)
    return work


def _result_of(build: Callable[..., Any]) -> str:
    hint = typing.get_type_hints(build)["return"]
    if typing.get_origin(hint) not in (Operation, Change):  # one call or several
        hint = typing.get_args(hint)[0]
    return type_name(typing.get_args(hint)[0])


def _repeated(operation: Operation[Any] | Change[Any]) -> str:
    if isinstance(operation, Change):
        if operation.look is None:
            return "Sent once: no later call can check whether it was done."
        if operation.is_repeatable:
            return "Read back, whatever was answered; sent again only where it is not done."
        return "Read back, whatever was answered; sent again only where the server asked to wait."
    if operation.repeatable:
        return "Repeated after an unknown outcome."
    return "Not repeated after an unknown outcome."


def _records() -> Iterator[type[Record]]:
    """Yield the public records and those inside them, each once."""
    seen: dict[type[Record], None] = {}
    waiting = [vars(nsight)[name] for name in nsight.__all__]
    while waiting:
        kind = waiting.pop(0)
        if not (isinstance(kind, type) and issubclass(kind, Record)) or kind in seen:
            continue
        seen[kind] = None
        for hint in typing.get_type_hints(kind).values():
            waiting += typing.get_args(hint)
    yield from seen


def _record(kind: type[Record]) -> str:
    hints = typing.get_type_hints(kind)
    wire = {name: alias for alias, name in reversed(list(kind.ALIASES.items()))}
    fields = [name for name in kind.__struct_fields__ if name != "extra"]
    shown = table(
        ("attribute", "on the wire", "type"),
        ((code(name), code(wire.get(name, name)), code(type_name(hints[name]))) for name in fields),
    )
    properties = [
        f"- `{name}`: {flat(value.__doc__)}"
        for name, value in vars(kind).items()
        if isinstance(value, property)
    ]
    more = "\nComputed:\n\n" + "\n".join(properties) + "\n" if properties else ""
    return f"### {kind.__name__}\n\n{paragraphs(kind.__doc__)}\n{shown}{more}"


def type_name(hint: Any) -> str:
    """Spell a type without the modules it lives in, alike on every version of Python."""
    outer, inner = typing.get_origin(hint), typing.get_args(hint)
    if outer in {typing.Union, types.UnionType}:
        return " | ".join(map(type_name, inner))
    if outer is typing.Literal:
        return " | ".join(map(repr, inner))
    if hint is ...:
        return "..."
    name = "None" if hint is types.NoneType else (outer or hint).__name__
    return f"{name}[{', '.join(map(type_name, inner))}]" if inner else str(name)


def signature_of(call: Callable[..., Any]) -> str:
    """Spell the parameters of a method with their types and defaults."""
    return f"({', '.join(parameters_of_call(call))})"


def parameters_of_call(call: Callable[..., Any]) -> list[str]:
    """Spell each parameter of a method, and the star before those that have to be named."""
    spelled: list[str] = []
    for name, one in inspect.signature(call).parameters.items():
        default = "" if one.default is one.empty else f" = {one.default!r}"
        if one.kind is one.KEYWORD_ONLY and "*" not in spelled:
            spelled.append("*")
        spelled.append(f"{name}: {type_name(one.annotation)}{default}")
    return spelled


def paragraphs(doc: str | None) -> str:
    """Return a docstring as a page shows it."""
    return inspect.cleandoc(doc or "").replace("<", "&lt;") + "\n"


def flat(doc: str | None) -> str:
    """Return a docstring in one line."""
    return " ".join((doc or "").split())


def _is_error(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, patchfleet.errors.Error)
