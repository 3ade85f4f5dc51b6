"""Replacement of NUL characters, which PostgreSQL cannot store in text.

A NUL becomes U+2400 before it is stored, in both databases, so that both give the same results.
"""

from typing import Any, TypeVar

import msgspec

from patchfleet.decodable import decodable

Value = TypeVar("Value", bound=msgspec.Struct)

SIGN = "\N{SYMBOL FOR NULL}"


def without_nul(value: Value) -> Value:
    """Return a frozen value with every NUL in its texts replaced by U+2400."""
    if b"\\u0000" not in msgspec.json.encode(value):  # the usual case, and a fast check
        return value
    return msgspec.convert(_shown(msgspec.to_builtins(value)), decodable(type(value)))


def storable(text: str) -> str:
    """Return a text with every NUL as U+2400 and every lone surrogate as a question mark."""
    return text.encode("utf-8", "replace").decode().replace("\0", SIGN)


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", SIGN)
    if isinstance(value, dict):
        return {name: _shown(inner) for name, inner in value.items()}
    return [_shown(inner) for inner in value] if isinstance(value, list | tuple) else value
