"""Construction of calls to the Data Extraction API [D: data_extraction_api.htm].

All calls go to one address, `/api/`, with everything in the query; the key is added elsewhere.
Parameters are checked here, so that an invalid call is never sent.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from patchfleet.errors import ConfigError
from patchfleet.nsight.codes import whole_number
from patchfleet.transport.messages import Request, Response
from patchfleet.transport.operation import Echo, Operation

T = TypeVar("T")

IDS_PER_CALL = 100
"""Ids in one call: no limit is documented; 100 make about 900 bytes of address."""


def call(
    service: str,
    parse: Callable[[Response], T],
    *,
    repeatable: bool = True,
    is_reading: bool = True,
    echoes: tuple[Echo[T], ...] = (),
    **parameters: object,
) -> Operation[T]:
    """Return the operation of a service; parameters that are None are not sent."""
    query = [("service", service)]
    query += [(name, str(value)) for name, value in parameters.items() if value is not None]
    request = Request(path="/api/", query=tuple(query))
    about = ", ".join(f"{name} {value}" for name, value in query[1:] if name != "patchids")
    return Operation(service, request, parse, repeatable, echoes, is_reading, about)


def repeated(what: str, asked: object, *names: str) -> Echo[Any]:
    """Declare that an answer may repeat an id of the question, in its records or in one record.

    `names` are attributes; undocumented ones are looked up among the extras, since the server may
    repeat the id there.
    """

    def found(result: Any) -> Iterator[object]:
        for record in result if isinstance(result, list) else (result,):
            for name in names:
                if name in record.__struct_fields__:
                    yield getattr(record, name)
                elif record.extra:
                    yield whole_number(record.get(name))

    return Echo(what, asked, found)


def number(name: str, value: object) -> int:
    """Return an id as a number, or raise: N-able answers an unknown id and a bad one alike."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,18}\s*", value):
        return int(value)
    raise ConfigError(f"{name} is {value!r}, not a number", hint=f"give {name} as a whole number")


def patch_numbers(patchids: object) -> tuple[int, ...]:
    """Return patch ids given as a list, a comma-separated text or one number; raise without any."""
    values: Iterable[object]
    if isinstance(patchids, str):
        values = [part for part in patchids.split(",") if part.strip()]
    elif isinstance(patchids, Iterable) and not isinstance(patchids, bytes | bytearray):
        values = patchids
    else:
        values = [patchids]
    numbers = tuple(dict.fromkeys(number("patchids", value) for value in values))
    if not numbers:
        raise ConfigError("patchids is empty", hint="give at least one patch id")
    return numbers


def chunks(numbers: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Split a long list into chunks for one call each."""
    return [numbers[i : i + IDS_PER_CALL] for i in range(0, len(numbers), IDS_PER_CALL)]
