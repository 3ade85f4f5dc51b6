"""Emulated gateway: routes, authentication, permission, and the error envelope.

An unknown path is answered with 404, a wrong method with 405 (both choices).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from patchfleet._renamed.members import FormerMembers
from patchfleet.emulator.clock import Clock
from patchfleet.emulator.qualys.assets import AssetCalls
from patchfleet.emulator.qualys.auth import Doorkeeper
from patchfleet.emulator.qualys.ground_truth import truth_of
from patchfleet.emulator.qualys.inventory import InventoryCalls
from patchfleet.emulator.qualys.jobs.ground_truth import truth_of as jobs_truth_of
from patchfleet.emulator.qualys.jobs.initial_jobs import add_done_jobs, add_usual_jobs
from patchfleet.emulator.qualys.jobs.mitigation import Mitigations
from patchfleet.emulator.qualys.jobs.registry import JobRegistry
from patchfleet.emulator.qualys.jobs.reports import Reports
from patchfleet.emulator.qualys.jobs.routes import job_routes
from patchfleet.emulator.qualys.patch_catalogue import CatalogueCalls
from patchfleet.emulator.qualys.patches import PatchCalls
from patchfleet.emulator.qualys.request import Refused, Request, json_answer
from patchfleet.emulator.qualys.state import credentials, open_state
from patchfleet.emulator.response import Response
from patchfleet.emulator.settings import Settings
from patchfleet.emulator.world import World

Respond = Callable[[Request], Any]
PREFIXES = ("/auth", "/pm/", "/mtg/", "/am/", "/rest/")
"""The first parts of the gateway's paths."""
LOG_IN = ("/auth", "/auth/")
"""[D: generating_jwt_token.htm; with a slash O: three clients]"""


@dataclass(frozen=True, slots=True)
class Route:
    """One operation: its name, method, path, and the function that answers."""

    name: str
    method: str
    path: re.Pattern[str]
    respond: Respond


class Subscription(FormerMembers):
    """One Qualys subscription over a world: its state, its jobs, its log-in."""

    def __init__(self, settings: Settings, world: World, clock: Clock) -> None:
        self.username, self.password = credentials(settings.seed)
        self._is_forbidden = settings.qualys_forbidden
        self.state = open_state(
            settings.seed,
            world,
            start=settings.start,
            assets=settings.qualys_assets,
            patches=settings.qualys_patches,
        )
        self.registry = JobRegistry(self.state)
        self._mitigations = Mitigations(self.registry)
        if settings.qualys_jobs is None:
            add_usual_jobs(self.registry)
        else:
            add_done_jobs(self.registry, settings.qualys_jobs, settings.qualys_job_assets)
        self._door = Doorkeeper(
            settings.seed,
            self.state.user,
            (self.username, self.password),
            settings.qualys_token_seconds,
            clock,
        )
        self.routes = [
            Route(name, method, re.compile(path), respond)
            for (method, path), (name, respond) in self._table().items()
        ]

    def _table(self) -> Mapping[tuple[str, str], tuple[str, Respond]]:
        """Return all calls but the log-in; a more specific path comes before a general one."""
        table: dict[tuple[str, str], tuple[str, Respond]] = {}
        for calls in (PatchCalls, CatalogueCalls, AssetCalls, InventoryCalls):
            table |= calls(self.state).routes
        table |= job_routes(self.registry)
        table |= self._mitigations.routes
        table |= Reports(self.registry, self._mitigations).routes
        return table

    def advance_to(self, until: datetime) -> None:
        """Let everything due up to `until` happen, to jobs and assets together."""
        self.registry.lifecycle.advance_to(until)
        self.state.advance_to(until)

    def ground_truth(self) -> dict[str, Any]:
        """Return the whole state as JSON-compatible data."""
        return {**truth_of(self.state), **jobs_truth_of(self.registry, self._mitigations)}

    def service(self, method: str, path: str) -> str:
        """Return the name of the called operation, "" if there is none."""
        if method == "POST" and path in LOG_IN:
            return "auth"
        route = self._route(method, path)
        return route[0].name if route else ""

    def groups(self, request: Request) -> Mapping[str, str]:
        """Return the named parts of a call's path, empty for an unknown path."""
        route = self._route(request.method, request.path)
        return route[1] if route else {}

    @property
    def services(self) -> list[str]:
        """Return the names of all operations."""
        return sorted({"auth", *(route.name for route in self.routes)})

    def respond(self, request: Request) -> Response:
        """Return the answer to a request; a refusal is an answer too."""
        try:
            if request.is_token_dead:
                self._door.revoke(request)
            return self._answer(request)
        except Refused as refusal:
            return json_answer(
                {"_error": {"errorCode": refusal.code, "message": refusal.message}}, refusal.status
            )

    def _answer(self, request: Request) -> Response:
        """Check the token first, then the path, then the user's permission."""
        if request.path in LOG_IN and request.method == "POST":
            return self._door.log_in(request)
        self._door.check(request)
        found = self._route(request.method, request.path)
        if found is None:
            raise self._unknown(request)
        if self._is_forbidden and not request.path.startswith(("/am/", "/rest/")):
            raise Refused(403, "1403", "the user lacks the permission PM.API.ACCESS")
        route, groups = found
        answer = route.respond(request.with_groups(groups))
        return answer if isinstance(answer, Response) else json_answer(answer)

    def _route(self, method: str, path: str) -> tuple[Route, Mapping[str, str]] | None:
        for route in self.routes:
            match = route.path.fullmatch(path) if route.method == method else None
            if match:
                return route, match.groupdict()
        return None

    def _unknown(self, request: Request) -> Refused:
        methods = {route.method for route in self.routes if route.path.fullmatch(request.path)}
        if not methods:
            return Refused(404, "1404", f"there is nothing at {request.path}")
        return Refused(405, "1405", f"{request.path} takes {' and '.join(sorted(methods))}")
