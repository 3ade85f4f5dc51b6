"""Jobs of an account at the start, so that it is not empty.

A function of the account at its start. The results of a past run are computed on first read from
what its assets had and missed at the start: what succeeded is installed, what failed is missing.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from patchfleet.emulator.qualys.asset import Asset
from patchfleet.emulator.qualys.jobs.body_schema import UNSET
from patchfleet.emulator.qualys.jobs.job import Buckets, Ids, Job, Result, Run
from patchfleet.emulator.qualys.jobs.recurrence import local_text
from patchfleet.emulator.qualys.jobs.registry import JobRegistry
from patchfleet.emulator.qualys.jobs.run_simulation import Task, make_plan
from patchfleet.emulator.qualys.jobs.targeting import targets
from patchfleet.emulator.qualys.patch import CataloguePatch
from patchfleet.emulator.seeded_random import SeededRandom

Body = Mapping[str, Any]

_DAY = timedelta(days=1)
_SERIOUS = "vendorSeverity:[Critical, Important]"
_PATCHES_A_RESULT = 4
_USUAL_ASSETS = 40
_PAST_DAYS = 60
_SETTLED = 2 * _DAY
"""A run that began this long ago is over."""


def add_usual_jobs(registry: JobRegistry) -> None:
    """Add jobs of every schedule on both platforms, some done, some with past runs, a draft."""
    for platform in ("Windows", "Linux"):
        assets = _reporting(registry, platform)
        if not assets:
            continue
        audit = assets[:14]
        _add_done(registry, audit, name="catch-up after the audit", days_ago=40, patch_count=25)
        done = _add_done(registry, assets[:6], name="out-of-band fixes", days_ago=9, patch_count=3)
        for days_ago, fields in _recurring(registry, platform):
            _add_recurring(registry, platform, days_ago, fields)
        _add(
            registry,
            5,
            platform=platform,
            name=f"{platform} maintenance window (draft)",
            scheduleType="Once",
            startDateTime=local_text(_evening(registry, -20)),
            assetIds=_ids(assets[:3]),
            approvedPatches=done.body["approvedPatches"],
            timeout=4,
            timeoutUnit="HOURS",
        )
        _add(
            registry,
            3,
            platform=platform,
            name=f"{platform} out-of-band fixes, second ring",
            scheduleType="On-demand",
            assetIds=_ids(assets[6:10] or assets[:1]),
            linkedJobId=done.id,
        )


def add_done_jobs(registry: JobRegistry, count: int, assets_each: int | None) -> None:
    """Add `count` finished On-demand jobs with `assets_each` results, for measurements.

    Every second one is for Linux if there are enough assets. None is 40 assets each, or all that
    report if they are fewer. Raises ValueError if a number is given and Windows has too few.
    """
    pools = {name: _reporting(registry, name) for name in ("Windows", "Linux")}
    reporting = len(pools["Windows"])
    if assets_each is None:
        assets_each = min(_USUAL_ASSETS, reporting)
    if count and reporting < max(1, assets_each):
        raise ValueError(
            f"{reporting} Windows assets report, too few for jobs of {max(1, assets_each)}"
        )
    for number in range(count):
        is_linux = number % 2 and len(pools["Linux"]) >= assets_each
        platform = "Linux" if is_linux else "Windows"
        pool = pools[platform]
        first = number * assets_each % len(pool)
        job = _add(
            registry,
            3 + number * (_PAST_DAYS - 3) // count,
            platform=platform,
            name=f"Job {number + 1:05}",
            scheduleType="On-demand",
            status="Enabled",
            assetIds=_ids((pool + pool)[first : first + assets_each]),
            **_query("patchStatus:Missing"),
        )
        _run_once(registry, job)


def _recurring(registry: JobRegistry, platform: str) -> list[tuple[int, dict[str, Any]]]:
    """Return recurring jobs with the number of days since they began."""
    tags = {tag.name: tag.id for tag in registry.state.tags.values()}
    query = _query(_SERIOUS)
    weekly = {
        "name": f"{platform} weekly, critical and important",
        "scheduleType": "Weekly",
        "recurringWeekDays": "0,0,0,1,0,0,0",
        "assetTagIds": [tags[platform]],
        "exclusionTagIds": [tags["Do Not Patch"]],
        "timeout": 6,
        "timeoutUnit": "HOURS",
        "status": "Enabled",
        "postDeployment": {
            "rebootOption": {
                "userMessage": "Updates are installed. Please restart.",
                "deferment": {"count": 2, "interval": 30, "intervalUnit": "MINUTES"},
            },
            "rebootCountdown": {"interval": 15, "intervalUnit": "MINUTES"},
        },
    }
    monthly = {
        "name": f"{platform} pilot, three days after Patch Tuesday",
        "scheduleType": "Monthly",
        "monthlyRecurringType": "1",
        "patchTuesdayPlusXDays": "3",
        "timezoneType": "SPECIFIC_TZ",
        "timezone": "UTC",
        "assetTagIds": [tags["Pilot"]],
        "status": "Enabled",
    }
    daily = {
        "name": f"{platform} daily servers (paused)",
        "scheduleType": "Daily",
        "assetTagIds": [tags["Servers"], tags[platform]],
        "filterType": "All",
    }
    return [(22, {**weekly, **query}), (50, {**monthly, **query}), (12, {**daily, **query})]


def _add(registry: JobRegistry, days_ago: int, **fields: Any) -> Job:
    """Add a job created `days_ago` before the start."""
    body = {**UNSET, "type": "Install", **fields}
    registry.settle(body)
    return registry.add(body, registry.state.now - days_ago * _DAY)


def _add_done(
    registry: JobRegistry, assets: Sequence[Asset], *, name: str, days_ago: int, patch_count: int
) -> Job:
    """Add a finished On-demand job of patches that most of its assets have by now."""
    at = registry.state.now - days_ago * _DAY
    had = Counter(patch_id for one in assets for patch_id in _listed(one.installed, at))
    job = _add(
        registry,
        days_ago,
        platform=assets[0].platform,
        name=f"{assets[0].platform} {name}",
        scheduleType="On-demand",
        assetIds=_ids(assets),
        approvedPatches=[patch_id for patch_id, _ in had.most_common(patch_count)],
        status="Enabled",
    )
    _run_once(registry, job)
    return job


def _run_once(registry: JobRegistry, job: Job) -> None:
    """Give an On-demand job the run it had when it was created."""
    job.enabled_at = job.created_at
    run = registry.lifecycle.new_run(job, job.created_at)
    assets = [registry.state.assets[asset_id] for asset_id in job.body["assetIds"]]
    run.remember = _memory(registry, assets, lambda _: job.created_at)


def _add_recurring(registry: JobRegistry, platform: str, days_ago: int, fields: Body) -> None:
    """Add a recurring job with its past runs; an enabled one continues as any other."""
    begun = local_text(_evening(registry, days_ago - 1))
    job = _add(registry, days_ago, platform=platform, startDateTime=begun, **fields)
    job.enabled_at = job.created_at
    assets = [asset for asset in targets(registry.state, job.body) if asset.is_reporting]
    for local in job.timetable.local_times(job.created_at.date()):
        first = registry.lifecycle.first_begin(job, local)
        if first > registry.state.now - _SETTLED:
            break
        run = registry.lifecycle.new_run(job, registry.lifecycle.scheduled(job, local))
        run.remember = _memory(registry, assets, _beginner(job, local))
    if job.is_enabled:
        registry.lifecycle.plan_next(job)


def _beginner(job: Job, local: datetime) -> Callable[[Asset], datetime]:
    return lambda asset: job.timetable.begins(local, asset.zone)


def _memory(
    registry: JobRegistry, assets: Sequence[Asset], begins: Callable[[Asset], datetime]
) -> Callable[[Run], dict[str, Result]]:
    """Return the function that fills in the results and the patches of a past run."""

    def remember(run: Run) -> dict[str, Result]:
        explicit = run.body["approvedPatches"]
        past = _explicit_result if explicit else _queried_result
        results = {asset.uuid: past(run, asset, begins(asset)) for asset in assets}
        plans = [result.plan for result in results.values() if result.plan]
        used = dict.fromkeys(
            patch_id for plan in plans for patch_id in (*plan.buckets.success, *plan.buckets.failed)
        )
        run.patches = [registry.state.patches[patch_id] for patch_id in explicit or used]
        return results

    return remember


def _queried_result(run: Run, asset: Asset, begins_at: datetime) -> Result:
    """Return the result of a run by QQL: installed patches succeeded, missing ones failed."""
    random = SeededRandom(0, "past", run.job.id, run.number, asset.uuid)
    is_choosy = run.body["dynamicPatchesQQL"] == _SERIOUS
    there = _listed(asset.installed, begins_at, is_choosy=is_choosy)
    absent = _listed(asset.missing, begins_at, is_choosy=is_choosy)
    first = random.below(max(1, len(there)))
    done = (there + there)[first : first + min(len(there), random.between(1, _PATCHES_A_RESULT))]
    failed = absent[:1] if random.happens(0.15) else []
    return _past_result(run, asset, begins_at, due=done + failed, failed=failed, others=Buckets())


def _explicit_result(run: Run, asset: Asset, begins_at: datetime) -> Result:
    """Return the result of a run of explicit patches; some were installed before."""
    random = SeededRandom(0, "past", run.job.id, run.number, asset.uuid)
    wanted = run.body["approvedPatches"]
    there = [one for one in wanted if one in asset.installed or one in asset.reboot_pending]
    absent = [one for one in wanted if one in asset.missing]
    present = [one for one in there if random.happens(0.15)]
    due = [one for one in there if one not in present] + absent
    others = Buckets(
        installed=present,
        not_applicable=[one for one in wanted if one not in there and one not in absent],
    )
    return _past_result(run, asset, begins_at, due=due, failed=absent, others=others)


def _past_result(
    run: Run, asset: Asset, begins_at: datetime, *, due: Ids, failed: Ids, others: Buckets
) -> Result:
    known = {**asset.installed, **asset.reboot_pending, **asset.missing}
    task = Task(
        run_key=f"{run.job.id} {run.number}",
        asset=asset,
        body=run.body,
        begins_at=begins_at,
        closes_at=None,
        due=[known[patch_id] for patch_id in due],
        others=others,
        known_failures=frozenset(failed),
    )
    return Result(asset, begins_at, plan=make_plan(task))


def _listed(
    patches: Mapping[str, CataloguePatch], by: datetime, *, is_choosy: bool = False
) -> list[str]:
    """Return the ids of the patches listed by a time; only serious ones if choosy."""
    return [
        patch.uuid
        for patch in patches.values()
        if patch.listed_at <= by
        and (not is_choosy or patch.vendor_severity in ("Critical", "Important"))
    ]


def _reporting(registry: JobRegistry, platform: str) -> list[Asset]:
    """Return the reporting assets of a platform, by name."""
    found = [
        asset
        for asset in registry.state.assets.values()
        if asset.platform == platform and asset.is_reporting
    ]
    return sorted(found, key=lambda asset: (asset.name, asset.uuid))


def _ids(assets: Sequence[Asset]) -> list[str]:
    return [asset.uuid for asset in assets]


def _query(text: str) -> dict[str, Any]:
    return {"isDynamicPatchesQQL": True, "dynamicQQLType": 1, "dynamicPatchesQQL": text}


def _evening(registry: JobRegistry, days_ago: int) -> datetime:
    """Return 22:00 of a day, local and naive."""
    day = (registry.state.now - days_ago * _DAY).astimezone(UTC).date()
    return datetime.combine(day, time(22))
