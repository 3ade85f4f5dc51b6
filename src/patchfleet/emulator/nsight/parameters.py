"""Parameters of an N-sight call.

A parameter that is absent or empty is missing (code 5); an unusable value is invalid (code 4) [D:
error_messages_.htm]; unknown parameters are ignored; of a repeated parameter the last one counts
(choice).
"""

import re
from collections.abc import Mapping

from patchfleet.emulator.nsight.envelope import invalid_value, missing_parameter

Parameters = Mapping[str, str]

_IDS = re.compile(r"[0-9]{1,12}(,[0-9]{1,12})*")


def number(parameters: Parameters, name: str) -> int:
    """Return a required number; raise Refused if it is missing or not a number."""
    value = required(parameters, name)
    if not (value.isascii() and value.isdigit() and len(value) <= 12):
        raise invalid_value(name)
    return int(value)


def numbers(parameters: Parameters, name: str) -> list[int]:
    """Return required ids joined by commas without blanks; raise Refused otherwise."""
    value = required(parameters, name)
    if not _IDS.fullmatch(value):
        raise invalid_value(name)
    return [int(part) for part in value.split(",")]


def required(parameters: Parameters, name: str) -> str:
    """Return a required text; raise Refused if it is missing."""
    value = parameters.get(name, "")
    if not value:
        raise missing_parameter(name)
    return value


def one_of(parameters: Parameters, name: str, allowed: tuple[str, ...]) -> str:
    """Return an optional word, empty when absent; raise Refused if it is not `allowed`.

    Case matters [O: ps-rmm].
    """
    value = parameters.get(name, "")
    if value and value not in allowed:
        raise invalid_value(name)
    return value
