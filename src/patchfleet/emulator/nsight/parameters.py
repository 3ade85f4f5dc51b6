"""How the emulator reads the parameters of a call.

Law of this file: what is absent or empty is missing (code 5), what cannot be used is invalid
(code 4) [D: error_messages_.htm]; unknown parameters are passed over; of a parameter given twice
the last one counts (choice).
"""

import re
from collections.abc import Mapping

from patchfleet.emulator.nsight.envelope import invalid_value, missing_parameter

Parameters = Mapping[str, str]

_IDS = re.compile(r"[0-9]{1,12}(,[0-9]{1,12})*")


def number(parameters: Parameters, name: str) -> int:
    """Return a required number; raise Refused when it is missing or not a number."""
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
    """Return a required text; raise Refused when it is missing."""
    value = parameters.get(name, "")
    if not value:
        raise missing_parameter(name)
    return value


def one_of(parameters: Parameters, name: str, allowed: tuple[str, ...]) -> str:
    """Return an optional word, empty when absent; raise Refused when it is another word.

    The case of the letters counts [O: ps-rmm].
    """
    value = parameters.get(name, "")
    if value and value not in allowed:
        raise invalid_value(name)
    return value
