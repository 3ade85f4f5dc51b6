"""Request to the emulated gateway and its refusal.

A bad request raises `Refused`, which `gateway.py` turns into the vendor's error envelope.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl

from patchfleet.emulator.response import Headers, Response

FORM = "application/x-www-form-urlencoded"
TOO_MANY = "2501"
"""The error code of a page beyond the 10,000th record [O: qualysdk]; the others are choices."""


class Refused(Exception):
    """Answer with `{"_error": {"errorCode", "message"}}` and a status [O: qualysdk; status: A]."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Request:
    """One call: `groups` are the named parts of its path, `query` its decoded parameters.

    Header names are lower case. `raw` is the body as received; `json` decodes it. Only faults set
    the last two: the number of records by which a page begins too late, and whether the token
    expires with this call.
    """

    method: str
    path: str
    groups: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes = b""
    shift: int = 0
    is_token_dead: bool = False

    def with_groups(self, groups: Mapping[str, str]) -> "Request":
        """Return the same call with the named parts of its path."""
        return replace(self, groups=groups)

    def with_form(self) -> "Request":
        """Return the same call with the body's form fields added to the query's parameters."""
        kind = self.headers.get("content-type", "").split(";")[0].strip().lower()
        if kind != FORM:
            return self
        given = parse_qsl(self.raw.decode("utf-8", "replace"), keep_blank_values=True)
        return replace(self, query={**self.query, **dict(given)})

    @property
    def json(self) -> Any:
        """Return the body decoded from JSON, None if empty; raise Refused (400) for other text."""
        if not self.raw.strip():
            return None
        try:
            return json.loads(self.raw)
        except ValueError as problem:
            raise Refused(400, "1400", f"the body is not JSON: {problem}") from problem

    @property
    def fields(self) -> Mapping[str, Any]:
        """Return the body as a JSON object, empty for no body; raise Refused (400) for others."""
        body = self.json
        if body is None:
            return {}
        if not isinstance(body, dict):
            raise Refused(400, "1400", "the body must be a JSON object")
        return body

    def number(self, name: str, default: int, low: int = 0, high: int = 1 << 31) -> int:
        """Return a whole number of the query; raise Refused (400) outside `low` to `high`."""
        return whole(name, self.query.get(name, default), low, high)

    def flag(self, name: str) -> bool:
        """Return a flag of the query, false when absent; raise Refused (400) for other words."""
        value = self.query.get(name, "false").lower()
        if value not in ("true", "false"):
            raise Refused(400, "1400", f"{name} must be true or false, not {value!r}")
        return value == "true"

    @property
    def platform(self) -> str:
        """Return the requested platform, Windows by default [D]; raise Refused (400)."""
        value = self.query.get("platform", "Windows")
        if value not in ("Windows", "Linux"):
            raise Refused(400, "1400", f"platform must be Windows or Linux, not {value!r}")
        return value


def whole(name: str, value: object, low: int, high: int) -> int:
    """Return a number given as text or as a JSON number; raise Refused (400) for anything else."""
    try:
        number = int(value) if isinstance(value, (str, int)) else None
    except ValueError:
        number = None
    if number is None or isinstance(value, bool) or not low <= number <= high:
        raise Refused(400, "1400", f"{name} must be a whole number from {low} to {high}")
    return number


def json_answer(value: object, status: int = 200, headers: Headers = ()) -> Response:
    """Return a JSON answer."""
    return written(json.dumps(value, ensure_ascii=False).encode(), status, headers)


def written(body: bytes, status: int = 200, headers: Headers = ()) -> Response:
    """Return an answer with `body` as its JSON."""
    return Response(status, (("Content-Type", "application/json"), *headers), body)


def text_of(inputs: Mapping[str, Any], name: str) -> str:
    """Return a text of the query or of a body, "" when absent or null; raise Refused (400)."""
    value = inputs.get(name)
    if value is not None and not isinstance(value, str):
        raise Refused(400, "1400", f"{name} must be a text")
    return value or ""
