"""Expected result of a Qualys sync, computed from the emulator's ground truth alone."""

BUCKETS = ("success", "failed", "installed", "superseded", "notApplicable")


def true_states(truth):
    """Return the state of every patch on every asset, by asset and patch."""
    tried = newest_attempts(truth)
    states = {}
    for asset in truth["assets"]:
        number = asset["uuid"]
        for patch in asset["installed"]:
            states[number, patch] = "installed"
        for patch in (*asset["missing"], *asset["reboot_pending"]):
            states[number, patch] = tried.get((number, patch), (0, "missing"))[1]
    return states


def newest_attempts(truth):
    """Return the outcome in the newest result that names a patch, by asset and patch."""
    newest = {}
    for job in truth["jobs"]:
        for row in read_rows(job) if job["type"] == "Install" else ():
            for bucket in BUCKETS:
                for patch in row[bucket]:
                    key = row["asset"]["id"], patch
                    at = row["endDateTime"] or row["statusDateTime"]
                    if key not in newest or newest[key][0] < at:
                        newest[key] = at, _state(bucket, row)
    return newest


def read_rows(job):
    """Return the results of the last run, and of the one before while that is not over."""
    rows = []
    for run in reversed(job["runs"][-2:]):
        rows += run["results"]
        if all(row["endDateTime"] for row in run["results"]):
            break
    return rows


def true_decisions(truth):
    """Return the pairs of asset and patch that an enabled job will install."""
    jobs = {job["id"]: job for job in truth["jobs"]}
    return {
        (asset["uuid"], patch)
        for job in truth["jobs"]
        if job["status"] == "Enabled" and job["type"] == "Install"
        for patch in named(job, jobs)
        for asset in truth["assets"]
        if asset["platform"] == job["platform"] and is_for(job, asset)
    }


def named(job, jobs):
    linked = jobs.get(job["linkedJobId"]) or {}
    return job["approvedPatches"] or linked.get("approvedPatches") or ()


def is_for(job, asset):
    tags = set(asset["tags"])
    fits = {"Any": any, "All": all}
    excluded = job["exclusionTagIds"] or ()
    wanted = job["assetTagIds"] or ()
    if asset["uuid"] in (job["exclusionAssetIds"] or ()):
        return False
    if excluded and fits[job["exclusionFilterType"]](tag in tags for tag in excluded):
        return False
    if job["scheduleType"] in ("On-demand", "Once") and job["runs"]:
        rows = {row["asset"]["id"]: row for row in job["runs"][-1]["results"]}
        if asset["uuid"] in rows and rows[asset["uuid"]]["endDateTime"]:
            return False
    by_tag = wanted and fits[job["filterType"]](tag in tags for tag in wanted)
    return bool(asset["uuid"] in (job["assetIds"] or ()) or by_tag)


def _state(bucket, row):
    if bucket == "failed":
        return "failed"
    return "reboot_required" if bucket == "success" and row["pendingReboot"] else "missing"
