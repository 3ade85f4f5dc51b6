"""JSON of a job's runs and of a run's result summary.

A summary has the assets of one page; `assetCount` is the total [O: peer]. Where the vendor reads
the inputs of the summary is unknown: here they are read from the query and the JSON body, the query
first [A].
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from patchfleet.emulator.qualys.asset import Asset
from patchfleet.emulator.qualys.jobs.job import Job, Plan, Result, Run
from patchfleet.emulator.qualys.jobs.registry import JobRegistry
from patchfleet.emulator.qualys.jobs.summary import moment
from patchfleet.emulator.qualys.paging import in_order, numbered_page
from patchfleet.emulator.qualys.request import Refused, Request, whole


def runs(job: Job) -> list[dict[str, Any]]:
    """Return the runs of a job, oldest first [O: peer; order A]."""
    return [
        {
            "jobInstanceId": run.number,
            "scheduledDateTime": run.scheduled_at.isoformat(timespec="milliseconds"),
            "timezoneType": run.body["timezoneType"],
        }
        for run in job.runs
    ]


def result_summary(registry: JobRegistry, job: Job, request: Request) -> dict[str, Any]:
    """Return one page of the results of a run, the latest unless `jobInstanceId` names one."""
    inputs = {**request.fields, **request.query}
    run = _asked_for(job, inputs.get("jobInstanceId"))
    results = list(run.results.values()) if run else []
    now = registry.state.now
    ordered = in_order(results, _sort(inputs.get("sort")), _readers(now))
    return {
        "id": job.id,
        "name": job.body["name"],
        "assetCount": len(results),
        "patchCount": (run.patch_count if run else None) or 0,
        "createdBy": job.author["name"],
        "createdOn": moment(job.created_at),
        "assets": [
            row(registry, run, one, now)
            for one in numbered_page(ordered, request, inputs=inputs)
            if run
        ],
    }


def _asked_for(job: Job, number: Any) -> Run | None:
    """Return the run of a number, by default the latest; a job that never ran has none."""
    if number in (None, ""):
        return job.runs[-1] if job.runs else None
    run = job.run(whole("jobInstanceId", number, 0, 1 << 31))
    if run is None:
        raise Refused(404, "1404", f"job {job.id} has no run {number}")
    return run


def _sort(given: Any) -> str:
    """Return the sort as text: a JSON body may hold it as JSON; a bare name ascends [A]."""
    if given and not isinstance(given, str):
        return json.dumps(given)
    text = (given or "").strip()
    return text if not text or text.startswith("[") else f'[{{"{text}":"asc"}}]'


def _readers(now: datetime) -> Mapping[str, Callable[[Result], Any]]:
    return {
        "name": lambda one: one.asset.name,
        "id": lambda one: one.asset.uuid,
        "operatingSystem": lambda one: one.asset.machine.system.name,
        "status": lambda one: one.step(now).status,
        "statusCode": lambda one: one.step(now).code,
        "statusDateTime": lambda one: one.step(now).at,
        "startDateTime": lambda one: one.plan.started_at if one.plan else None,
        "totalPatchCount": lambda one: one.plan.buckets.count if one.plan else None,
    }


def row(registry: JobRegistry, run: Run, result: Result, now: datetime) -> dict[str, Any]:
    """Return the result of a run on an asset so far."""
    step, plan = result.step(now), result.plan
    began = plan is not None and plan.started_at is not None and plan.started_at <= now
    received = plan is not None and len(plan.steps) > 1 and plan.steps[1].at <= now
    return {
        "asset": asset_part(registry, result.asset),
        "status": step.status,
        "statusCode": step.code,
        "statusDateTime": moment(step.at) if step.at <= now else None,
        "jobSentOn": moment(result.begins_at) if result.begins_at <= now else None,
        "startDateTime": moment(plan.started_at) if plan and began else None,
        "endDateTime": moment(step.at) if step.is_final else None,
        "jobInstanceId": str(run.number),
        "runId": run.run_id,
        "executing": int(step.is_executing),
        "pendingExecution": int(not received and not step.is_final),
        "pendingReboot": int(_waits_for_restart(result, now)),
        "pendingVerification": int(step.is_verifying),
        "interimResultStatus": None,
        "additionalFields": {},
        "pendingForRebootInAnotherJob": bool(plan and plan.waits_for),
        "pendingForRebootInAnotherJobName": plan.waits_for if plan else None,
        **_outcome(plan if step.has_outcome else None),
        "totalPatchCount": plan.buckets.count if plan else 0,
    }


def _outcome(plan: Plan | None) -> dict[str, Any]:
    """Return the buckets and actions of a plan, all empty before its outcome."""
    plan = plan or Plan(())
    buckets, acts = plan.buckets, plan.actions
    return {
        "successPatches": len(buckets.success),
        "installedPatches": len(buckets.installed),
        "failedPatches": len(buckets.failed),
        "supersededPatches": len(buckets.superseded),
        "notApplicablePatches": len(buckets.not_applicable),
        "skipPatchCount": len(buckets.skipped),
        "success": list(buckets.success),
        "installed": list(buckets.installed),
        "failed": list(buckets.failed),
        "superseded": list(buckets.superseded),
        "notApplicable": list(buckets.not_applicable),
        "successfulActionsCount": acts.successful,
        "failedActionsCount": acts.failed,
        "skippedActionsCount": acts.skipped,
    }


def _waits_for_restart(result: Result, now: datetime) -> bool:
    """Return whether a patch of this result still waits for the asset to restart.

    While the asset restarts it reports nothing, so it still counts as waiting.
    """
    plan = result.plan
    if result.step(now).awaits_restart:
        return True
    if plan is None or plan.patched_at is None or plan.patched_at > now:
        return False
    return not result.asset.reboot_pending.keys().isdisjoint(plan.buckets.success)


def asset_part(registry: JobRegistry, asset: Asset) -> dict[str, Any]:
    """Return the asset inside a result; the last two fields are here by choice [nesting U].

    A card has no `ipv6Address` here: release 3.9 names it for lists of assets only.
    """
    machine = asset.machine
    return {
        "id": asset.uuid,
        "name": asset.name,
        "operatingSystem": machine.system.name,
        "tags": [
            {"id": tag, "name": registry.state.tags[tag].name} for tag in sorted(asset.tag_ids)
        ],
        "lastLoggedOnUser": machine.user or None,
        "interfaces": [
            {
                "interfaceName": f"Ethernet {place}",
                "macAddress": mac,
                "address": machine.ip,
                "gatewayAddress": machine.ip.rsplit(".", 1)[0] + ".1",
            }
            for place, mac in enumerate(machine.macs[:1])
        ],
        "scanDateTime": moment(asset.scanned_at),
        "osIdentifier": None if asset.platform == "Windows" else machine.system.name,
    }
