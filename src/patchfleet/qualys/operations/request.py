"""Construction of calls to Qualys, and the parameters that many of them take.

An invalid parameter raises `ConfigError` before anything is sent.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal, TypeAlias

import msgspec

from patchfleet.errors import ConfigError, VendorError
from patchfleet.qualys.envelope import whole
from patchfleet.qualys.records.record import RecordDecoder
from patchfleet.transport.messages import Request, Response
from patchfleet.transport.operation import Echo, Operation, T

Platform: TypeAlias = Literal["windows", "linux", "Windows", "Linux"]
AnyPlatform: TypeAlias = Literal["all", "windows", "linux", "Windows", "Linux"]
Sort: TypeAlias = str | Mapping[str, str] | Sequence[Mapping[str, str]] | None
Attributes: TypeAlias = str | Iterable[str] | None
Query: TypeAlias = Mapping[str, str | int | bool | None]
Verb: TypeAlias = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]

PLATFORMS = ("Windows", "Linux")
IDS_A_CALL = 1000
"""The number of ids per call in the existing SDK; the vendor's limit is unknown [O: peer]."""


def call(
    name: str,
    method: Verb,
    path: str,
    parse: Callable[[Response], T],
    *,
    query: Query | None = None,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    repeatable: bool = True,
    is_reading: bool = True,
    echoes: tuple[Echo[T], ...] = (),
) -> Operation[T]:
    """Build an operation; parameters that are None are left out, `body` is sent as JSON."""
    content = b"" if body is None else msgspec.json.encode(body)
    kind = {} if body is None else {"Content-Type": "application/json"}
    pairs = tuple(
        (key, _worded(value)) for key, value in (query or {}).items() if value is not None
    )
    request = Request(
        method=method, path=path, query=pairs, headers={**kind, **(headers or {})}, body=content
    )
    return Operation(name, request, parse, repeatable, echoes, is_reading)


def _worded(value: str | int | bool) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def reader(shape: RecordDecoder[T]) -> Callable[[Response], T]:
    """Return a reader of answers of this shape; an error with status 200 is raised."""

    def read(response: Response) -> T:
        if b'"_error"' in response.body[:64]:
            whole(response)
        return shape.read(response.body)

    return read


def values_of(name: str, records: Iterable[Any]) -> set[str]:
    """Return the texts and numbers in a field of the records."""
    found = (getattr(one, name) for one in records)
    return {str(one) for one in found if isinstance(one, str | int) and one != ""}


def is_about(
    what: str, number: str, records: Callable[[Any], Iterable[Any]] = lambda answer: [answer]
) -> Echo[Any]:
    """Declare that an answer is about this id if it names one; letters may differ in case."""

    def found(answer: Any) -> Iterator[str]:
        for one in values_of("id", records(answer)):
            yield number if one.lower() == number.lower() else one

    return Echo(what, number, found)


def among(what: str, ids: Iterable[str | int], key: Callable[[Any], Any]) -> Echo[Any]:
    """Declare that a list holds only records of these ids."""
    asked = {str(one).lower() for one in ids}

    def found(records: Iterable[Any]) -> Iterator[str]:
        for one in map(key, records):
            if isinstance(one, str | int) and str(one).lower() not in asked:
                yield str(one)

    return Echo(what, "one of those asked for", found)


def of_platform(query: Query) -> Echo[Any]:
    """Declare that each record of a list that names a platform names the requested one."""
    asked = str(query["platform"])
    others = {known.lower() for known in PLATFORMS} - {asked.lower()}

    def found(answer: Any) -> Iterator[str]:
        named = values_of("platform", getattr(answer, "records", answer))
        return (word for word in named if word.strip().lower() in others)

    return Echo("platform", asked, found)


@contextmanager
def about(record: str) -> Iterator[None]:
    """Add the name of the record to the errors within."""
    try:
        yield
    except VendorError as error:
        if not error.message.startswith(record):
            error.message = f"{record}: {error.message}"
            error.args = (error.message,)
        raise


def platform_word(platform: str) -> str:
    """Return a platform as the wire writes it; raise `ConfigError` for an unknown one."""
    for known in PLATFORMS:
        if isinstance(platform, str) and platform.strip().lower() == known.lower():
            return known
    raise ConfigError(
        f"platform is {platform!r}",
        hint="'Windows' or 'Linux': patch management has no other platform in its API",
    )


def platforms_of(platform: str) -> tuple[str, ...]:
    """Return the platforms meant, each of which takes a call; `all` is both."""
    if isinstance(platform, str) and platform.strip().lower() == "all":
        return PLATFORMS
    return (platform_word(platform),)


def sort_text(sort: Sort) -> str | None:
    """Return the wire's form of a sort: JSON [D: cat1]; a field's name alone sorts ascending.

    `-name` sorts descending.
    """
    if sort is None:
        return None
    if isinstance(sort, str):
        text = sort.strip()
        if text.startswith(("[", "{")):
            return text
        order = "desc" if text.startswith("-") else "asc"
        name = text.removeprefix("-")
        if not name:
            raise ConfigError("sort names no field", hint="for example 'name' or '-name'")
        sort = {name: order}
    several = [sort] if isinstance(sort, Mapping) else list(sort)
    return msgspec.json.encode(several).decode()


def attribute_names(attributes: Attributes) -> list[str] | None:
    """Return the names of the requested attributes with the id, which lists need."""
    if attributes is None:
        return None
    texts = attributes.split(",") if isinstance(attributes, str) else attributes
    names = [name.strip() for name in texts]
    if not names or not all(names):
        raise ConfigError("attributes names nothing", hint="for example 'id,name,status'")
    return names if "id" in names else ["id", *names]


def path_part(parameter: str, value: object) -> str:
    """Return an id of unknown form; raise `ConfigError` if it is not a single part of a path."""
    text = str(value).strip() if isinstance(value, str | int) else ""
    if not re.fullmatch(r"[0-9A-Za-z_-]{1,100}", text):
        raise ConfigError(f"{parameter} is {value!r}", hint="letters, digits, - and _ only")
    return text


def chunks(ids: Sequence[T]) -> list[Sequence[T]]:
    """Split ids into chunks for one call each."""
    return [ids[start : start + IDS_A_CALL] for start in range(0, len(ids), IDS_A_CALL)]
