"""One Qualys call, and the same call about another object, for faults.

It answers through the subscription's own functions and changes nothing; a call that changes
something has no other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from patchfleet.emulator.bodies import changed_json, identities, records, with_records
from patchfleet.emulator.fault_kind import Ask, Options
from patchfleet.emulator.nsight.question import other_of
from patchfleet.emulator.qualys.gateway import Subscription
from patchfleet.emulator.qualys.gateway_faults import with_inputs
from patchfleet.emulator.qualys.request import Refused, Request
from patchfleet.emulator.response import Response

ACTS = frozenset({
    "auth", "create_job", "update_job", "change_job_status", "delete_job",
    "create_job_progress_report", "create_mitigation_progress_report", "create_mitigation_job",
    "delete_mitigation_job",
})  # fmt: skip
"""The operations that change something."""


@dataclass(frozen=True, slots=True)
class QualysQuestion:
    """One call of Qualys; see `Question`."""

    subscription: Subscription
    service: str
    request: Request
    before: Response | None

    @property
    def is_act(self) -> bool:
        """Return whether the call changes anything."""
        return self.service in ACTS

    def other(self, options: Options, *, in_pairs: bool = False) -> Ask | None:
        """Return a function that answers the same about the next object of a kind."""
        instead = str(options.get("instead", ""))
        for of, alter in _ALTERED.items():
            if options["of"] in ("any", of):
                altered = alter(self, instead, in_pairs)
                if altered is not None:
                    return self._ask(altered)
        return None

    def without(self, identity: str) -> Ask | None:
        """Return a function that answers as if an asset, named by any of its ids, were absent."""
        asset = next(
            (
                one
                for one in self.subscription.state.assets.values()
                if identity in (one.uuid, str(one.asset_id))
            ),
            None,
        )
        if asset is None:
            return None
        own = {asset.uuid, str(asset.asset_id)}

        def change(value: Any) -> Any:
            kept = [row for row in records(value) if not own & identities(row)]
            if isinstance(value, dict) and isinstance(value.get("count"), int) and not kept:
                value["count"] -= 1
            if isinstance(value, dict) and isinstance(value.get("assetCount"), int):
                value["assetCount"] -= len(records(value)) - len(kept)
            return with_records(value, kept)

        ask = self._ask(self.request)
        return lambda: changed_json(ask(), change)

    def _ask(self, request: Request) -> Callable[[], Response]:
        return lambda: self.subscription.respond(request)

    def in_path(self, name: str, known: list[str], instead: str, in_pairs: bool) -> Request | None:
        """Return the call with another id in its path."""
        given = self.subscription.groups(self.request).get(name, "")
        found = instead or (other_of(known, given, in_pairs=in_pairs) if given else "")
        if not given or not found or (instead and instead not in known):
            return None
        return replace(self.request, path=self.request.path.replace(given, found))

    def other_run(self, instead: str, _: bool) -> Request | None:
        """Return the call about another run of the job; without a number it is the latest."""
        job_id = self.subscription.groups(self.request).get("job_id", "")
        job = self.subscription.registry.jobs.get(job_id)
        numbers = [run.number for run in job.runs] if job else []
        if self.service != "get_job_results" or not numbers:
            return None
        try:
            inputs = {**self.request.fields, **self.request.query}
        except Refused:
            return None
        given = str(inputs.get("jobInstanceId") or numbers[-1])
        others = [str(one) for one in numbers if str(one) != given]
        found = instead or (others[-1] if others else "")
        if not found:
            return None
        query = {**self.request.query, "jobInstanceId": found}
        return with_inputs(replace(self.request, query=query), {"jobInstanceId": int(found)})

    def other_platform(self, _: str, __: bool) -> Request | None:
        """Return the call about the other platform."""
        given = self.request.query.get("platform")
        if given not in ("Windows", "Linux"):
            return None
        other = "Linux" if given == "Windows" else "Windows"
        return replace(self.request, query={**self.request.query, "platform": other})

    def other_asset(self, instead: str, in_pairs: bool) -> Request | None:
        """Return the call about another host of the inventory."""
        given = self.request.query.get("assetId", "")
        known = sorted(str(one.asset_id) for one in self.subscription.state.assets.values())
        found = instead or (other_of(known, given, in_pairs=in_pairs) if given else "")
        if not given or not found:
            return None
        return replace(self.request, query={**self.request.query, "assetId": found})

    def other_job(self, instead: str, in_pairs: bool) -> Request | None:
        """Return the call about another job."""
        return self.in_path("job_id", list(self.subscription.registry.jobs), instead, in_pairs)

    def other_patch(self, instead: str, in_pairs: bool) -> Request | None:
        """Return the call about another patch."""
        known = sorted(self.subscription.state.patches)
        return self.in_path("patch_id", known, instead, in_pairs)


_ALTERED: Mapping[str, Callable[[QualysQuestion, str, bool], Request | None]] = {
    "job": QualysQuestion.other_job,
    "run": QualysQuestion.other_run,
    "asset": QualysQuestion.other_asset,
    "device": QualysQuestion.other_asset,
    "patch": QualysQuestion.other_patch,
    "platform": QualysQuestion.other_platform,
}
