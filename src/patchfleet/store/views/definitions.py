"""Definitions of the views over findings and patches, as of a run and through time.

`{prefix}` precedes the names of the views of one snapshot when two are compared.
"""

OF_SOURCE = ("source",)
PLACE = (*OF_SOURCE, "customer_id", "customer", "site_id", "site", "device_id", "device", "kind")
"""The columns of a row's source, and those of its device and the place of it."""

FINDINGS_SCANNED = """
    SELECT f.*
    FROM {prefix}findings_raw AS f JOIN {prefix}devices AS d USING (device_key)
    WHERE d.scanned_at IS NOT NULL
"""
"""Findings of devices that were read, without names and without the patch."""

FINDINGS = """
    SELECT f.* EXCLUDE (device_key), d.source, d.account, d.customer_id, d.site_id, d.device_id,
        d.scanned_at, d.customer, d.site, d.device, d.kind, d.device_key,
        p.* EXCLUDE (source, patch_id)
    FROM {rows} AS f
        JOIN {prefix}devices AS d USING (device_key)
        JOIN {prefix}patches_with_age AS p USING (patch_id)
    WHERE d.scanned_at IS NOT NULL
"""

# The age is computed once a patch, not once a finding.
PATCHES_WITH_AGE = """
    SELECT p.*, b.as_of, CASE WHEN p.released_at IS NOT NULL THEN CAST(
        greatest(0, (epoch_us(b.as_of) - epoch_us(p.released_at)) // 86400000000) AS INTEGER
    ) END AS age_days
    FROM {prefix}patches_raw AS p JOIN {prefix}publications AS b USING (source)
"""
PATCHES = """
    SELECT * EXCLUDE (as_of, age_days), source AS account FROM {prefix}patches_with_age
    WHERE patch_id IN (SELECT patch_id FROM {prefix}findings_scanned)
"""

FINDING_HISTORY = f"""
    SELECT {", ".join(f"{'i' if name in OF_SOURCE else 'd'}.{name}" for name in PLACE)},
        i.source AS account,
        i.finding_id, p.patch, p.kb, p.severity, p.released_at, i.state, i.decision,
        i.is_own_decision, i.vendor_status, i.vendor_decision, i.installed_at, i.first_seen_at,
        i.changed_at, i.from_run, coalesce(i.to_run, d.left_with) AS to_run,
        first_run.as_of AS valid_from, end_run.as_of AS valid_to, i.patch_id, i.device_key
    FROM ({{of}}) AS i
        JOIN patches_all AS p USING (patch_id)
        JOIN devices_all AS d USING (device_key)
        LEFT JOIN runs AS first_run ON first_run.run_id = i.from_run
        LEFT JOIN runs AS end_run ON end_run.run_id = coalesce(i.to_run, d.left_with)
"""
FINDINGS_CURRENT = "SELECT *, NULL AS to_run FROM findings_raw"
FINDINGS_ALL = f"FROM findings_ended UNION ALL BY NAME {FINDINGS_CURRENT}"

# Few findings have ever changed, and questions of time are about these.
_CHANGED = "findings_ended USING (device_key, finding_id)"
HISTORY_VIEWS = {
    "finding_history": "FROM findings_all",
    "findings_unchanged": f"{FINDINGS_CURRENT} ANTI JOIN {_CHANGED}",
    "findings_changed": f"{FINDINGS_ALL} SEMI JOIN {_CHANGED}",
}
"""The rows of each view of `FINDING_HISTORY`: all, and findings with one and with several."""

# A device that left before the oldest publication that is kept is in none, and has no history.
# A finding of a device that left ends with the first run that no longer had the device.
DEVICES_ALL = f"""
    SELECT every.*, (
        SELECT min(run_id) FROM published AS p WHERE p.source = every.source AND run_id > last_run
    ) AS left_with
    FROM (
        SELECT device_key, max(run) AS last_run,
            {", ".join(f"arg_max({name}, run) AS {name}" for name in PLACE)}
        FROM devices_by_run GROUP BY device_key
    ) AS every
"""
