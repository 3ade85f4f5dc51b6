"""One request and one answer of HTTP/1.1 as values, and what kind of call a request is.

Law of this file: no sockets but the two readers; a call keeps the bytes that came.
"""

import asyncio
import json
import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlencode

_JOB = r"/pm/v1/deploymentjob/(?P<job>[^/]+)"
_QUALYS = [
    (method, re.compile(path), kind)
    for method, path, kind in (
        ("POST", r"/auth", "auth"),
        ("POST", r"/am/v1/assets/host/list", "get_all_assets"),
        ("POST", r"/am/v1/assets/host/filter/list", "query_assets"),
        ("POST", r"/am/v1/assets/host/count", "count_assets"),
        ("POST", r"/pm/v1/assets", "get_assets"),
        ("GET", r"/pm/v1/assets/count", "get_asset_count"),
        ("POST", r"/pm/v2/patches", "get_patches"),
        ("GET", r"/pm/v1/patches/count", "get_patch_count"),
        ("GET", r"/pm/v1/deploymentjobs/summary", "list_jobs"),
        ("GET", _JOB, "get_job"),
        ("GET", _JOB + r"/runs", "get_job_runs"),
        ("POST", _JOB + r"/deploymentjobresult/summary", "get_job_results"),
        ("POST", r"/pm/v1/deploymentjob", "create_job"),
        ("PATCH", r"/pm/v1/deploymentjob/update/(?P<job>[^/]+)", "update_job"),
        ("POST", r"/pm/v1/deploymentjobs/update/status/(?P<status>\w+)", "change_job_status"),
        ("DELETE", r"/pm/v1/deploymentjobs", "delete_job"),
    )
]
CHANGES = frozenset(
    {
        "patch_approve", "patch_ignore", "patch_do_nothing", "patch_inherit", "patch_retry",
        "patch_reprocess", "create_job", "update_job", "change_job_status", "delete_job",
    }
)  # fmt: skip
"""The kinds of call that change something."""
NOT_REPEATABLE = frozenset({"patch_retry", "patch_reprocess", "create_job"})
"""Those of which a second one does the thing a second time."""


@dataclass(frozen=True)
class Call:
    """A request as it came."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    @cached_property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @cached_property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    @cached_property
    def kind(self) -> str:
        """Name the call: N-sight's service, or the emulator's own word for a call of Qualys.

        Results are told apart by whether they are of one run.
        """
        if "service" in self.query:
            return self.query["service"]
        kind = next(
            (
                kind
                for method, path, kind in _QUALYS
                if method == self.method and path.fullmatch(self.path)
            ),
            self.path,
        )
        if kind == "get_job_results" and "run" in self.subject:
            return "get_run_results"
        return kind

    @cached_property
    def subject(self) -> dict[str, str]:
        """Return what the call is about: customer, site, device, job, run, platform, page."""
        about = {
            name: self.query[word]
            for word, name in (
                ("clientid", "customer"), ("siteid", "site"), ("deviceid", "device"),
                ("devicetype", "device type"), ("platform", "platform"),
                ("jobInstanceId", "run"), ("pageNumber", "page"), ("searchAfter", "page"),
                ("lastSeenAssetId", "page"),
            )
            if word in self.query
        }  # fmt: skip
        if cursor := dict(self.headers).get("searchafter"):
            about["page"] = cursor
        for _, path, _ in _QUALYS:
            if (found := path.fullmatch(self.path)) and "job" in found.groupdict():
                about["job"] = found["job"]
        return about

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body.strip() else None

    def instead(self, other: "Call") -> "Call":
        """Ask what another call asked, in the name of this one: its key, its token."""
        if "apikey" in self.query:
            query = {**other.query, "apikey": self.query["apikey"]}
            return replace(self, target=f"{other.path}?{urlencode(query)}", body=other.body)
        cursor = tuple(header for header in other.headers if header[0] == "searchafter")
        mine = tuple(header for header in self.headers if header[0] != "searchafter")
        return replace(self, target=other.target, body=other.body, headers=(*mine, *cursor))

    def spelled(self) -> bytes:
        lines = [f"{self.method} {self.target} HTTP/1.1"]
        lines += [
            f"{name}: {value}"
            for name, value in self.headers
            if name.lower() not in ("content-length", "connection", "transfer-encoding")
        ]
        lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + self.body


@dataclass(frozen=True)
class Reply:
    """An answer: a status, headers without the length, and a body."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def with_json(self, value: Any) -> "Reply":
        return replace(self, body=json.dumps(value).encode())

    def with_header(self, name: str, value: str) -> "Reply":
        return replace(self, headers=(*self.headers, (name, value)))

    def without(self, *names: str) -> "Reply":
        kept = tuple(h for h in self.headers if h[0].lower() not in names)
        return replace(self, headers=kept)

    def head(self, *more: str) -> bytes:
        """Spell the status line and the headers, and what else is given, without an end."""
        lines = [f"HTTP/1.1 {self.status} Whatever"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join([*lines, *more]).encode("latin-1") + b"\r\n"

    def spelled(self) -> bytes:
        return self.head(f"Content-Length: {len(self.body)}") + b"\r\n" + self.body


def page(status: int, text: str) -> Reply:
    """Return a web page as gateways make them."""
    body = f"<html><head><title>{text}</title></head><body><h1>{text}</h1></body></html>"
    return Reply(status, (("Content-Type", "text/html"),), body.encode())


async def read_call(reader: asyncio.StreamReader) -> Call | None:
    """Read one request, None where the caller has closed."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    headers = _headers(lines)
    body = await reader.readexactly(int(dict(headers).get("content-length", 0)))
    return Call(method, target, headers, body)


async def read_reply(reader: asyncio.StreamReader) -> Reply:
    """Read one answer of the emulator, which always says a length."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = _headers(lines)
    body = await reader.readexactly(int(dict(headers)["content-length"]))
    kept = tuple(h for h in headers if h[0] not in ("content-length", "connection"))
    return Reply(int(first.split(" ")[1]), kept, body)


def _headers(lines: list[str]) -> tuple[tuple[str, str], ...]:
    pairs = (line.partition(":") for line in lines if line)
    return tuple((name.strip().lower(), value.strip()) for name, _, value in pairs)
