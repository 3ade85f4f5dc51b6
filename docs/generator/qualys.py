"""The Qualys library: platforms, settings, operations, records, and the defects it answers to."""

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any, get_args, get_type_hints

from docs.generator.library import flat, paragraphs, parameters_of_call, type_name
from docs.generator.tables import code, explained, table
from patchfleet import qualys
from patchfleet.qualys.auth import ClientOptions
from patchfleet.qualys.client import Qualys
from patchfleet.qualys.jobs.rules import JobParameters
from patchfleet.qualys.platforms import ALIASES, GATEWAYS
from patchfleet.qualys.records.record import Record, TimestampField
from patchfleet.transport.client import operation, table_of

_WIDTH = 96

_SETTINGS = {
    "timeout": "Seconds one call may take (120).",
    "rate_limit": "Calls an hour, a `RateLimit(calls, seconds=…)`, or `None` for no limit of our "
    "own, the default.",
    "retries": "How often a call may be repeated (3), or a `Retries(…)`. Rate limits that name "
    "no time to wait are waited out for some minutes.",
    "user_agent": "How the client introduces itself.",
    "proxy": 'Address of a proxy; `""` for none; `None` for the environment\'s.',
    "ca_file": "A PEM file of authorities to trust instead of the system's.",
    "connections": "How many calls may be under way at once (16).",
    "journal": "Where changes are written down before they are sent, as `store.journal`; nowhere "
    "by default.",
    "allow_http": "Permits plain `http` to another machine than this one.",
}


def platforms() -> str:
    """Return a table of the Qualys platforms and their gateways."""
    named = {pod: [alias for alias, of in ALIASES.items() if of == pod] for pod in GATEWAYS}
    return table(
        ("platform", "also", "gateway"),
        (
            (code(pod), ", ".join(map(code, named[pod])), code(host))
            for pod, host in GATEWAYS.items()
        ),
    )


def account_settings() -> str:
    """Return a table of what an account takes beside user, password and platform."""
    explained(ClientOptions.__annotations__, _SETTINGS, "account settings")
    return table(("setting", "meaning"), ((code(n), said) for n, said in _SETTINGS.items()))


def operations() -> str:
    """Return a section for each operation: its parameters, what it returns, what it rests on."""
    client = Qualys("user", "no password is used for this page")
    iterators = {_listing_of(name): name for name in table_of(Qualys) if name.startswith("iter_")}
    sections = []
    for name, line in table_of(Qualys).items():
        if not isinstance(line, operation):
            continue
        shown = _spelled(name, getattr(client, name))
        result = _result(line)
        if name in iterators:
            result += " " + _lazily(shown, iterators[name], client)
        sections.append(
            f"### {name}\n\n```py\n{shown}\n```\n\n{result}\n\n{paragraphs(line.build.__doc__)}"
        )
    return "\n".join(sections)


def _lazily(listing: str, name: str, client: Qualys) -> str:
    """Say that a method yields what a listing lists, and which parameters it lacks, if any."""
    lines = _spelled(name, getattr(client, name)).splitlines()
    lacks = [one.split(":")[0].strip() for one in listing.splitlines()[1:] if one not in lines]
    without = f", without {' and '.join(map(code, lacks))}," if lacks else ""
    return f"`{name}` takes the same{without} and yields them one by one."


def _listing_of(name: str) -> str:
    """Return the method that lists what an iterator yields; raise LookupError for none."""
    what = name.removeprefix("iter_")
    for listing in (what, f"list_{what}", f"get_{what}"):
        if isinstance(table_of(Qualys).get(listing), operation):
            return listing
    raise LookupError(f"{name} yields what no method lists")


def _spelled(name: str, call: Callable[..., Any]) -> str:
    """Spell a method as in a script, a line for each parameter where one line is too short."""
    parameters = parameters_of_call(call)
    shared = [at for at, one in enumerate(parameters) if _is_of_jobs(one)]
    if shared:  # they have a table of their own
        own = [one for one in parameters if not _is_of_jobs(one)]
        parameters = [*(own[:-1] if own[-1] == "*" else own), "**parameters"]
    whole = f"Qualys.{name}({', '.join(parameters)})"
    if len(whole) <= _WIDTH:
        return whole
    return f"Qualys.{name}(\n" + "".join(f"    {one},\n" for one in parameters) + ")"


def _is_of_jobs(spelled: str) -> bool:
    name, _, kind = spelled.partition(": ")
    return name in JobParameters.__annotations__ and " | None" in kind


def _result(line: Any) -> str:
    if line.build.__name__ == "get_job_results":  # overloaded
        return "Returns one `JobResultSummary`, or a `BaseList` of them for several jobs."
    return f"Returns `{type_name(_result_type(line))}`."


def _result_type(line: Any) -> Any:
    inner: tuple[Any, ...] = get_args(get_type_hints(line.build)["return"])
    while len(inner) > 1 and get_args(inner[0]):  # one of several forms of work
        inner = get_args(inner[0])
    return inner[-1]


def records() -> str:
    """Return a section for each kind of record."""
    return "\n".join(_record(kind) for kind in _records())


def _records() -> Iterator[type[Record]]:
    """Yield the public records and those inside them, each once."""
    seen: dict[type[Record], None] = {}
    waiting: list[Any] = [vars(qualys)[name] for name in sorted(qualys.__all__)]
    waiting += [
        _result_type(line) for line in table_of(Qualys).values() if isinstance(line, operation)
    ]
    while waiting:
        kind = waiting.pop(0)
        if isinstance(kind, type) and issubclass(kind, Record):
            if kind not in (*seen, Record):
                seen[kind] = None
                waiting += get_type_hints(kind).values()
        else:
            waiting += get_args(kind)
    yield from seen


def _record(kind: type[Record]) -> str:
    hints = get_type_hints(kind)
    moments = {name for name, value in vars(kind).items() if isinstance(value, TimestampField)}
    rows = []
    for name in kind.__struct_fields__:
        public = name.removesuffix("_raw")
        if public in moments:
            rows.append((code(public), code("datetime | None")))
        elif name != "problems":
            rows.append((code(name), code(type_name(hints[name]))))
    properties = [
        f"- `{name}`: {flat(value.__doc__)}"
        for name, value in vars(kind).items()
        if isinstance(value, property)
    ]
    more = "\nComputed:\n\n" + "\n".join(properties) + "\n" if properties else ""
    shown = table(("attribute", "type"), rows)
    return f"### {kind.__name__}\n\n{paragraphs(kind.__doc__)}\n{shown}{more}"


def defects() -> str:
    """Return a table of what the existing SDK does, what happens here, and the test of each."""
    from tests.qualys import test_known_defects as tested

    rows = []
    for name, test in vars(tested).items():
        found = re.fullmatch(r"test_defect_(\d\d)\w*", name)
        if found is None:
            continue
        theirs, _, ours = inspect.cleandoc(test.__doc__ or "").partition("\n\n")
        if not ours:
            raise LookupError(f"{name} does not say what they do and what happens here")
        rows.append((found[1].lstrip("0"), flat(theirs), flat(ours), code(name)))
    if [int(row[0]) for row in rows] != list(range(1, 26)):
        raise LookupError("there are 25 known defects, in their order")
    return table(("", "the existing SDK", "here", "test"), rows)
