"""Emulated accounts of both vendors over one world, with a clock, faults and a log of calls.

One lock guards all of it. The vendors' paths never overlap.
"""

import json
import re
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from threading import RLock
from typing import Any, Literal
from urllib.parse import urlencode

from patchfleet._renamed.members import FormerMembers
from patchfleet.emulator.bodies import ids_in
from patchfleet.emulator.calls import Call
from patchfleet.emulator.clock import DEFAULT_START, Clock
from patchfleet.emulator.fault_kind import STAND_IN
from patchfleet.emulator.faults import OF_NSIGHT, OF_QUALYS, Asked, Fault, Faults
from patchfleet.emulator.near_duplicates import add_look_alikes
from patchfleet.emulator.nsight import urls
from patchfleet.emulator.nsight.account import Account, open_account
from patchfleet.emulator.nsight.ground_truth import truth_of
from patchfleet.emulator.nsight.question import NSightQuestion
from patchfleet.emulator.qualys.gateway import LOG_IN, PREFIXES, Subscription
from patchfleet.emulator.qualys.gateway_faults import ALTERATIONS, limited
from patchfleet.emulator.qualys.question import QualysQuestion
from patchfleet.emulator.qualys.request import Request, json_answer
from patchfleet.emulator.response import Response, html, xml
from patchfleet.emulator.settings import Settings
from patchfleet.emulator.world import World, make_world

Pairs = Iterable[tuple[str, str]]
CALLS_KEPT = 100_000


class Vendors(FormerMembers):
    """Both vendors' accounts over one world; the settings are those of `Emulator`."""

    def __init__(
        self,
        *,
        customers: int = 6,
        devices: int = 60,
        seed: int = 1,
        patches: int = 200,
        lookalikes: int = 0,
        start: datetime | None = None,
        latency_ms: float = 0,
        exact_patches: bool = False,
        non_windows: Literal["empty", "fail"] = "empty",
        blocked_agents: str | None = None,
        settle_seconds: float = 0,
        qualys_assets: int | None = None,
        qualys_patches: int | None = None,
        qualys_jobs: int | None = None,
        qualys_job_assets: int | None = None,
        qualys_token_seconds: int = 4 * 3600,
        qualys_forbidden: bool = False,
    ) -> None:
        self._lock = RLock()
        self._clock = Clock(start or DEFAULT_START)
        self.settings = Settings(
            customers=customers,
            devices=devices,
            seed=seed,
            patches=patches,
            lookalikes=lookalikes,
            start=self._clock.now,
            latency_ms=latency_ms,
            exact_patches=exact_patches,
            non_windows=non_windows,
            blocked_agents=blocked_agents,
            settle_seconds=settle_seconds,
            qualys_assets=qualys_assets,
            qualys_patches=qualys_patches,
            qualys_jobs=qualys_jobs,
            qualys_job_assets=qualys_job_assets,
            qualys_token_seconds=qualys_token_seconds,
            qualys_forbidden=qualys_forbidden,
        )
        self._blocked = re.compile(blocked_agents) if blocked_agents else None
        self._world = _world(self.settings)
        self._account = _open(self.settings, self._world)
        self._subscription = None if qualys_jobs is None else self._subscribe()
        self._faults = Faults()
        self._calls: deque[Call] = deque(maxlen=CALLS_KEPT)
        self._call_count = 0
        self._answered: dict[str, Response] = {}

    def handle(
        self,
        method: str,
        path: str,
        query_pairs: Pairs = (),
        headers: Pairs = (),
        body: bytes = b"",
        *,
        port: int | None = None,
    ) -> Response:
        """Answer one request of either API; `headers` may come in any case.

        Vendor calls take their parameters from the query alone, GET and POST alike [O: ps-rmm].
        No vendor answers differently by the `port` that a request came in at.
        """
        del port
        headers = list(headers)
        with self._lock:
            if path.startswith(PREFIXES):
                heard = {name.lower(): value for name, value in headers}
                return self._qualys_call(
                    Request(method, path, query=dict(query_pairs), headers=heard, raw=body)
                )
            return self._vendor_call(method, path, dict(query_pairs), headers)

    @property
    def qualys(self) -> Subscription:
        """Return the Qualys subscription with its user and password; it is opened on first use."""
        with self._lock:
            if self._subscription is None:
                self._subscription = self._subscribe()
            return self._subscription

    def _subscribe(self) -> Subscription:
        """Open the account; with `qualys_jobs` raise ValueError immediately for too few assets."""
        subscription = Subscription(self.settings, self._world, self._clock)
        subscription.advance_to(self.now)
        return subscription

    def _qualys_call(self, request: Request) -> Response:
        service = self.qualys.service(request.method, request.path)
        body = None if request.path in LOG_IN else _json_of(request.raw)
        asked = Asked(
            service, request.path, "", f"{request.path}?{urlencode(request.query)}",
            QualysQuestion(self.qualys, service, request, self._answered.get("qualys")),
            lambda: _ids([request.path, *request.query.values(), json.dumps(body)]),
        )  # fmt: skip
        fault = self._faults.match(asked, OF_QUALYS)
        altered = request
        if fault is not None and fault.kind in ALTERATIONS:
            altered = ALTERATIONS[fault.kind](request, fault.options)
        reply = self.qualys.respond(altered) if fault is None or fault.is_after else None
        if fault is not None and fault.kind == "rate_limited":
            answer = limited(request.path)
        else:
            answer = self._faulted(fault, reply, asked, json_answer([]))
        agent = request.headers.get("user-agent", "")
        self._note(
            answer, reply, fault, service=service, path=request.path, params=dict(request.query),
            user_agent=agent, vendor="qualys", method=request.method, body=body,
        )  # fmt: skip
        return answer

    def _vendor_call(
        self, method: str, path: str, parameters: dict[str, str], headers: Pairs
    ) -> Response:
        agent = next((value for name, value in headers if name.lower() == "user-agent"), "")
        service = parameters.get("service", "")
        shown = {name: value for name, value in parameters.items() if name != "apikey"}
        asked = Asked(
            service, path, parameters.get("deviceid", ""), f"{path}?{urlencode(parameters)}",
            NSightQuestion(self._account, parameters, self._answered.get("nsight")),
            lambda: _ids(shown.values()),
        )  # fmt: skip
        fault = self._faults.match(asked, OF_NSIGHT)
        is_lost = fault is not None and not fault.is_after
        reply = None if is_lost else self._reply(method, path, parameters, agent)
        answer = self._faulted(fault, reply, asked, STAND_IN)
        self._note(
            answer, reply, fault, service=service, path=path, params=shown, user_agent=agent,
            method=method,
        )  # fmt: skip
        return answer

    def _faulted(
        self, fault: Fault | None, reply: Response | None, asked: Asked, stand_in: Response
    ) -> Response:
        """Return what is sent: the vendor's reply, or the reply changed by a fault."""
        if fault is None:
            return reply or stand_in
        return fault.apply(reply, self._clock, asked, stand_in)

    def _note(
        self, answer: Response, reply: Response | None, fault: Fault | None, **call: Any
    ) -> None:
        """Log one vendor call and keep the vendor's answer for later faults."""
        if reply is not None and call["service"] != "auth":
            self._answered[call.get("vendor", "nsight")] = reply
        unsent = answer.delivery.manner in ("hang", "reset", "raw", "endless")
        self._call_count += 1
        self._calls.append(
            Call(
                n=self._call_count,
                at=self.now,
                status=0 if unsent else answer.status,
                vendor_status=None if reply is None else reply.status,
                fault=fault.kind if fault else None,
                **call,
            )
        )

    def _reply(self, method: str, path: str, parameters: dict[str, str], agent: str) -> Response:
        if self._blocked and self._blocked.search(agent):
            return html(403, "403 Forbidden")
        if path not in urls.PATHS:
            return html(404, "404 Not Found")
        if method not in ("GET", "POST"):
            return html(405, "405 Method Not Allowed")
        return xml(urls.respond(self._account, parameters))

    @property
    def api_key(self) -> str:
        """Return the account's key, a function of the seed."""
        return self._account.api_key

    @property
    def now(self) -> datetime:
        """Return the emulated time, aware and UTC."""
        return self._clock.now

    @property
    def calls(self) -> list[Call]:
        """Return the vendor calls so far, oldest first, the last 100,000 of them."""
        with self._lock:
            return list(self._calls)

    @property
    def faults(self) -> Sequence[Fault]:
        """Return the faults that are set, used up or not."""
        with self._lock:
            return list(self._faults.all)

    def clear_calls(self) -> None:
        """Clear the log of calls; the next call is number 1."""
        with self._lock:
            self._calls.clear()
            self._call_count = 0

    def advance(self, **step: float) -> datetime:
        """Move the clock by `timedelta(**step)` and return the new time; all due events happen."""
        return self.advance_to(self.now + timedelta(**step))

    def advance_to(self, when: datetime) -> datetime:
        """Move the clock to an aware time; raise ValueError if it is in the past."""
        with self._lock:
            self._clock.move_to(when)
            self._account.advance_to(self.now)
            if self._subscription is not None:
                self._subscription.advance_to(self.now)
            return self.now

    def manual_action(self, device: int, act: Literal["install", "restart"]) -> None:
        """Do what a person does at the dashboard or the machine: install now, or restart.

        Raises ValueError for an unknown act or a device that cannot be reached.
        """
        with self._lock:
            self._account.manual_action(device, act)

    def reset(self, **changes: Any) -> None:
        """Begin again with a new world: the previous settings with `changes`.

        Faults and calls are cleared. Bad settings raise ValueError and leave the old world
        unchanged.
        """
        with self._lock:
            fresh = Vendors(**{**asdict(self.settings), **changes})
            self.settings = fresh.settings
            self._clock, self._account = fresh._clock, fresh._account
            self._world, self._subscription = fresh._world, fresh._subscription
            self._faults, self._blocked = fresh._faults, fresh._blocked
            self._answered = {}
            self.clear_calls()

    def fault(
        self,
        kind: str,
        *,
        service: str | list[str] | None = None,
        path: str | list[str] | None = None,
        device: int | None = None,
        about: str | int | None = None,
        after: int = 0,
        times: int | None = 1,
        **options: Any,
    ) -> Fault:
        """Make calls go wrong: `kind` is one of `FAULTS`; see `Fault` for the rest."""
        with self._lock:
            fault = Fault(kind, service, path, device, about, after, times, options)
            self._faults.all.append(fault)
            return fault

    def clear_faults(self) -> int:
        """Remove all faults and return their number."""
        with self._lock:
            count = len(self._faults.all)
            self._faults.all.clear()
            return count

    def ground_truth(
        self, device: int | None = None, *, vendor: Literal["nsight", "qualys"] = "nsight"
    ) -> dict[str, Any]:
        """Return a vendor's whole world as JSON-compatible data, or of one N-sight device."""
        with self._lock:
            if vendor == "qualys":
                seed = self.settings.seed
                return {"now": self.now.isoformat(), "seed": seed, **self.qualys.ground_truth()}
            if vendor != "nsight":
                raise ValueError('vendor is "nsight" or "qualys"')
            return truth_of(self._account, self.settings.seed, device)


def _ids(texts: Iterable[str]) -> set[str]:
    """Return all ids contained in some texts."""
    return {found for text in texts for found in ids_in(text)}


def _json_of(raw: bytes) -> Any:
    """Return a body decoded from JSON, None if it is not JSON."""
    try:
        return json.loads(raw) if raw.strip() else None
    except ValueError:
        return None


def _world(settings: Settings) -> World:
    world = make_world(
        settings.seed,
        customers=settings.customers,
        devices=settings.devices,
        start=settings.start,
        all_windows=settings.exact_patches,
    )
    return add_look_alikes(settings.seed, world, settings.lookalikes, settings.start)


def _open(settings: Settings, world: World) -> Account:
    """Return the N-sight account of a new world."""
    return open_account(
        settings.seed,
        world,
        start=settings.start,
        patches=settings.patches,
        exactly=settings.exact_patches,
        settle_seconds=settings.settle_seconds,
        fails_without_patching=settings.non_windows == "fail",
    )
