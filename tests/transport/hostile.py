"""An emulated vendor without a socket, between which and the caller anything may happen.

A driver that answers the requests of a flow from the emulator, and spoils those that change
something: before they reach it, or after they took effect.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Literal
from urllib.parse import urlencode

from patchfleet.emulator import Emulator
from patchfleet.errors import VendorError
from patchfleet.nsight import NAble
from patchfleet.qualys import TokenAuth
from patchfleet.transport.call_policy import CallPolicy
from patchfleet.transport.exchange import exchange
from patchfleet.transport.journal import Claim, Earlier
from patchfleet.transport.messages import NoResponse, Request, Response
from patchfleet.transport.operation import ConcurrentFlows, Pause, Wanted, Work
from patchfleet.transport.rate_limit import NoRateLimit
from patchfleet.transport.retry import Retries

Scope = Literal["once", "always", "everything"]
When = Literal["before", "after"]
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)

HTML = b"<html><body><h1>upstream connect error</h1></body></html>"
JWT = b'{"_error": {"errorCode": "500", "message": "JWT expired"}}'
OWN = b'{"_error": {"errorCode": "1000", "message": "not like this"}}'


def _status(status: int, body: bytes = HTML, **headers: str) -> Response:
    return Response(status, {name.replace("_", "-"): text for name, text in headers.items()}, body)


BEHAVIOURS: dict[str, Response | NoResponse] = {
    "200 null": _status(200, b"null"),
    "200 list": _status(200, b"[]"),
    "200 object": _status(200, b"{}"),
    "200 page": _status(200),
    "200 nothing": _status(200, b""),
    "204": _status(204, b""),
    "302": _status(302, location="http://elsewhere.invalid/"),
    "400": _status(400),
    "401": _status(401),
    "401 own": _status(401, OWN),
    "403": _status(403),
    "403 own": _status(403, OWN),
    "404": _status(404),
    "404 own": _status(404, OWN),
    "409": _status(409),
    "429": _status(429, b"", retry_after="0"),
    "429 bare": _status(429, b""),
    "500": _status(500),
    "500 JWT": _status(500, JWT),
    "502": _status(502),
    "503": _status(503),
    "504": _status(504),
    "cut": NoResponse("the connection broke before the answer was complete", "unknown"),
    "slow": NoResponse("no complete answer within 60 seconds", "unknown"),
    "not connected": NoResponse("no connection", "refused"),
}
"""What the caller gets in the place of the vendor's answer."""

REFUSALS = {
    "400",
    "401",
    "401 own",
    "403",
    "403 own",
    "404",
    "404 own",
    "409",
    "429",
    "429 bare",
    "500 JWT",
}
"""What may be told as failed, where the thing is read as it was."""


@dataclass
class Memory:
    """A journal that is kept in memory."""

    lines: list[Wanted] = field(default_factory=list)
    claims: dict[int, list[Claim]] = field(default_factory=dict)

    def sent(self, wanted: Wanted, at: datetime) -> int:
        assert at.tzinfo is not None
        self.lines.append(wanted)
        return len(self.lines) - 1

    def ended(self, line: int, claims: Any, at: datetime) -> None:
        assert at.tzinfo is not None
        assert line not in self.claims
        self.claims[line] = list(claims)

    def unfinished(self, wanted: Wanted) -> Earlier | None:
        same = [n for n, line in enumerate(self.lines) if _same(line, wanted)]
        if not same:
            return None
        outcomes = {claim.outcome for claim in self.claims.get(same[-1], ())}
        if outcomes & {"confirmed", "failed"}:
            return None
        return Earlier(same[-1], self.lines[same[-1]].marker)

    def said(self, line: int = -1) -> set[str]:
        """Return what is claimed of the last change, or of one; nothing of an open line."""
        number = line % len(self.lines)
        return {claim.outcome for claim in self.claims.get(number, ())}


def _same(one: Wanted, other: Wanted) -> bool:
    return replace(one, marker="") == replace(other, marker="")


class Vendor:
    """One emulated account, and what stands between it and whoever calls."""

    def __init__(self, emulator: Emulator, changes: Callable[[Request], bool]) -> None:
        self.emulator = emulator
        self.journal = Memory()
        self.acts = self.sendings = 0
        self._changes = changes
        self._behaviour: Response | NoResponse | None = None
        self._when: When = "before"
        self._scope: Scope = "once"
        self._is_spoilt = False

    @cached_property
    def _auth(self) -> TokenAuth:
        account = self.emulator.qualys
        nowhere = {"gateway_url": "http://127.0.0.1:1"}
        return TokenAuth(account.username, account.password, override_platform=nowhere)

    def spoil(self, behaviour: Response | NoResponse, when: When, scope: Scope) -> None:
        """Give this in the place of the answer to what changes something."""
        self._behaviour, self._when, self._scope = behaviour, when, scope

    def call_policy(self, vendor: str) -> CallPolicy:
        if vendor == "qualys":
            call_policy = self._auth.call_policy
        else:
            call_policy = NAble(
                base_url="http://127.0.0.1:1", key=self.emulator.api_key
            )._call_policy
        return replace(
            call_policy,
            rate_limit=NoRateLimit(),
            retries=Retries(attempts=3, limited_attempts=3, first_wait_seconds=0),
            journal=self.journal,
            clock=lambda: 0.0,
            now=lambda: NOW,
        )

    def run(self, vendor: str, work: Work[Any], *, until: int | None = None) -> Any:
        """Do work, or drop it after so many steps, as a kill does; raise what it raises."""
        flow = exchange(work, self.call_policy(vendor))
        outcome: Any = None
        number = 0
        failure: VendorError | None = None
        while True:
            try:
                step = flow.send(outcome) if failure is None else flow.throw(failure)
            except StopIteration as end:
                return end.value
            outcome = failure = None
            number += 1
            if until is not None and number > until:
                flow.close()
                raise Killed
            if isinstance(step, ConcurrentFlows):
                try:
                    outcome = [self._driven(part) for part in step.parts]
                except VendorError as error:
                    failure = error
            elif not isinstance(step, Pause):
                outcome = self.answer(step)

    def _driven(self, flow: Any) -> Any:
        outcome: Any = None
        while True:
            try:
                step = flow.send(outcome)
            except StopIteration as end:
                return end.value
            outcome = None if isinstance(step, Pause) else self.answer(step)

    def answer(self, request: Request) -> Response | NoResponse:
        is_change = self._changes(request)
        self.sendings += is_change
        spoils = self._behaviour is not None and (
            (is_change and not (self._scope == "once" and self._is_spoilt))
            or (self._scope == "everything" and self._is_spoilt)
        )
        if not spoils:
            self.acts += is_change
            return self._reply(request)
        if is_change:
            self._is_spoilt = True
            if self._when == "after" and not (
                isinstance(self._behaviour, NoResponse) and self._behaviour.fate == "refused"
            ):
                self.acts += 1
                self._reply(request)
        assert self._behaviour is not None
        return self._behaviour

    def _reply(self, request: Request) -> Response:
        headers = dict(request.headers)
        query = list(request.query)
        body = request.body
        if request.is_login:
            body += b"&" + urlencode({"password": self.emulator.qualys.password}).encode()
        elif request.path == "/api/":
            query.append(("apikey", self.emulator.api_key))
        elif (
            self._auth.call_policy.login is not None
            and self._auth.call_policy.login.token is not None
        ):
            token = self._auth.call_policy.login.token.reveal()
            headers["Authorization"] = f"Bearer {token}"
        found = self.emulator.handle(request.method, request.path, query, headers.items(), body)
        told = {name.lower(): value for name, value in found.headers}
        return Response(found.status, told, found.body)


class Killed(BaseException):
    """What ends a command that is killed."""


def outcome_of(vendor: Vendor, name: str, work: Work[Any]) -> tuple[str, Any]:
    """Do work and say how it ended: done, failed or unknown, and with what."""
    try:
        return "done", vendor.run(name, work)
    except VendorError as error:
        return ("unknown" if error.is_in_doubt else "failed"), error
