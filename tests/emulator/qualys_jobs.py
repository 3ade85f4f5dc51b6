"""An account for tests of Qualys jobs: its clock, and calls as values."""

import json
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from patchfleet.emulator import Emulator
from patchfleet.emulator.clock import DEFAULT_START
from patchfleet.emulator.qualys.request import Request
from patchfleet.emulator.response import Response

START = DEFAULT_START


class Desk:
    """An account of 3 customers with no jobs, unless `jobs` states another number."""

    def __init__(
        self, *, seed: int = 4, devices: int = 40, jobs: int | None = 0, assets: int | None = None
    ):
        emulator = Emulator(
            seed=seed, customers=3, devices=devices, patches=0, start=START,
            qualys_jobs=jobs, qualys_job_assets=assets,
        )  # fmt: skip
        self.subscription = emulator.qualys
        self.state = self.subscription.state
        self.calls: list[str] = []

    def call(self, method: str, path: str, query: Any = None, body: Any = None) -> Any:
        """Make a call and return its JSON; raise Refused for an error."""
        answer = self.answer(method, path, query, body)
        return json.loads(answer.body) if isinstance(answer, Response) else _as_json(answer)

    def answer(self, method: str, path: str, query: Any = None, body: Any = None) -> Any:
        for route in self.subscription.routes:
            match = route.path.fullmatch(path)
            if route.method == method and match:
                self.calls.append(route.name)
                words = {key: str(value) for key, value in (query or {}).items()}
                raw = b"" if body is None else json.dumps(body).encode()
                return route.respond(Request(method, path, match.groupdict(), words, {}, raw))
        raise AssertionError(f"no route for {method} {path}")

    def ground_truth(self) -> dict[str, Any]:
        """Return the jobs, their ignored fields and the mitigation jobs as they really are."""
        whole = self.subscription.ground_truth()
        return {name: whole[name] for name in ("jobs", "passed_over", "mitigation_jobs")}

    def create(self, **body: Any) -> dict[str, Any]:
        return self.call("POST", "/pm/v1/deploymentjob", body=body)

    def get(self, job_id: str) -> dict[str, Any]:
        return self.call("GET", f"/pm/v1/deploymentjob/{job_id}")

    def update(self, job_id: str, **body: Any) -> dict[str, Any]:
        return self.call("PATCH", f"/pm/v1/deploymentjob/update/{job_id}", body=body)

    def listed(self, **query: Any) -> list[dict[str, Any]]:
        return self.call("GET", "/pm/v1/deploymentjobs/summary", query)

    def set_status(self, status: str, *ids: str) -> list[dict[str, Any]]:
        path = f"/pm/v1/deploymentjobs/update/status/{status}"
        return self.call("POST", path, body={"ids": list(ids)})

    def delete(self, *ids: str) -> list[dict[str, Any]]:
        return self.call("DELETE", "/pm/v1/deploymentjobs", body={"ids": list(ids)})

    def runs(self, job_id: str) -> list[dict[str, Any]]:
        return self.call("GET", f"/pm/v1/deploymentjob/{job_id}/runs")

    def results(self, job_id: str, **query: Any) -> dict[str, Any]:
        path = f"/pm/v1/deploymentjob/{job_id}/deploymentjobresult/summary"
        return self.call("POST", path, {"pageSize": 1000, **query})

    def rows(self, job_id: str, **query: Any) -> dict[str, dict[str, Any]]:
        """Return the results of a job by asset id."""
        return {row["asset"]["id"]: row for row in self.results(job_id, **query)["assets"]}

    def advance(self, **step: float) -> None:
        self.subscription.advance_to(self.state.now + timedelta(**step))

    def advance_to(self, when: datetime) -> None:
        self.subscription.advance_to(when)

    def assets(self, platform: str = "Windows", *, silent: bool = False) -> list[Any]:
        """Return the assets of a platform that report, or those that do not, by name."""
        found = [
            one
            for one in self.state.assets.values()
            if one.platform == platform and one.is_reporting != silent
        ]
        return sorted(found, key=lambda one: one.name)

    def ids(self, platform: str = "Windows") -> list[str]:
        return [asset.uuid for asset in self.assets(platform)]

    def tag(self, name: str) -> str:
        return next(tag.id for tag in self.state.tags.values() if tag.name == name)

    def body(self, platform: str = "Windows", **changes: Any) -> dict[str, Any]:
        """Return a body that keeps every rule, with changes; None removes a field."""
        body = {
            "name": "Job",
            "platform": platform,
            "type": "Install",
            "scheduleType": "On-demand",
            "assetIds": self.ids(platform),
            "isDynamicPatchesQQL": True,
            "dynamicQQLType": 1,
            "dynamicPatchesQQL": "patchStatus:Missing",
            **changes,
        }
        return {name: value for name, value in body.items() if value is not None}

    def some_patch(self, platform: str = "Windows", place: int = 0) -> str:
        own = [one for one in self.state.patches.values() if one.platform == platform]
        return sorted(one.uuid for one in own)[place]


def _as_json(value: Any) -> Any:
    """Return a value as a caller would read it, which shows that it is JSON-compatible."""
    return json.loads(json.dumps(value))


EXPLICIT = {"isDynamicPatchesQQL": None, "dynamicQQLType": None, "dynamicPatchesQQL": None}
"""Changes to a body that remove its QQL."""


def run_now(desk: Desk, *, days: int = 8, **changes: Any) -> dict[str, dict[str, Any]]:
    """Create an enabled On-demand job, let it end, and return its rows by asset."""
    job = desk.create(**desk.body(status="Enabled", **changes))
    desk.advance(days=days)
    return desk.rows(job["id"])


def missing(desk: Desk, platform: str = "Windows", count: int = 1000) -> list[str]:
    """Return missing patches, the most often missing first, none of them superseded."""
    found: Counter[str] = Counter()
    for asset in desk.assets(platform):
        found.update(one.uuid for one in asset.missing.values() if not one.is_superseded)
    return [patch for patch, _ in found.most_common(count)]
