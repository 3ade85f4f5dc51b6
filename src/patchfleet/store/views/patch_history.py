"""The view `patch_history`: one row per uninterrupted period of a patch description.

A description holds in a published run if a finding of that run refers to it. Both runs of a row are
therefore published runs.
"""

DEVICES_BY_RUN = r"""
    SELECT * EXCLUDE (filename),
        CAST(regexp_extract(filename, 'run[=-](\d+).devices\.parquet$', 1) AS BIGINT) AS run
    FROM {files}
"""
"""The devices of every publication, with its run: the view `devices_by_run`. They are one list of
files: after a year of days the engine takes a second to understand a reader for each. Revision 0001
named its folders `run-1`."""

PATCHES_BY_KEY = """
    SELECT source,
        CASE
            WHEN vendor_id IS NOT NULL THEN 'id:' || vendor_id
            WHEN kb IS NOT NULL THEN 'kb:' || kb || coalesce(' (' || product || ')', '')
            ELSE 'title:' || patch || coalesce(' (' || product || ')', '')
        END AS patch_key,
        * EXCLUDE (source)
    FROM patches_all
"""
"""`patch_key` joins descriptions of one patch. A source need not number its patches; then the
KB number, or else the title, for one product is the best key."""

# A stay of a device: from the first published run that read it to the first that no longer has it.
# A device that came back has several stays.
_STAYS = """
    SELECT device_key, min(run_id) AS came,
        CASE WHEN count(next_run) = count(*) THEN max(next_run) END AS gone
    FROM (
        SELECT device_key, p.*, nth - row_number() OVER (
            PARTITION BY device_key ORDER BY nth) AS stay
        FROM devices_by_run AS d JOIN numbered AS p ON p.source = d.source AND p.run_id = d.run
        WHERE d.scanned_at IS NOT NULL
    )
    GROUP BY device_key, stay
"""
# Deduplicated before anything is sorted: at worst, patches times runs remain.
_SPANS = """
    SELECT DISTINCT h.source, h.patch_id, h.from_run, h.to_run, s.came, s.gone
    FROM {findings} AS h JOIN stays AS s USING (device_key)
"""
# Changes of a run that was never published became visible with the next published one.
_PUBLISHED_BY = """
    SELECT r.run_id, p.run_id AS published_run
    FROM runs AS r ASOF JOIN published AS p ON p.source = r.source AND p.run_id >= r.run_id
"""
_KNOWN = """
    SELECT s.source, s.patch_id, greatest(s.came, b.published_run) AS begun,
        least(s.gone, e.published_run) AS ended
    FROM spans AS s
        JOIN published_by AS b ON b.run_id = s.from_run
        LEFT JOIN published_by AS e ON e.run_id = s.to_run
"""
_CHANGES = """
    SELECT source, patch_id, run, sum(change) AS change
    FROM (
        SELECT source, patch_id, unnest([begun, ended]) AS run, unnest([1, -1]) AS change
        FROM known WHERE ended IS NULL OR begun < ended
    )
    WHERE run IS NOT NULL
    GROUP BY source, patch_id, run
"""
_EDGES = """
    SELECT * FROM (
        SELECT source, patch_id, run, change, sum(change) OVER (
            PARTITION BY source, patch_id ORDER BY run) AS held
        FROM changes
    )
    WHERE held = 0 OR held = change
"""
_PERIODS = """
    SELECT source, patch_id, run AS from_run, lead(run) OVER (
        PARTITION BY source, patch_id ORDER BY run) AS to_run
    FROM edges QUALIFY held > 0
"""

_PATCH_HISTORY = f"""
    WITH numbered AS (
            SELECT *, row_number() OVER of_source AS nth, lead(run_id) OVER of_source AS next_run
            FROM published WINDOW of_source AS (PARTITION BY source ORDER BY run_id)
        ),
        stays AS ({_STAYS}), spans AS ({_SPANS}),
        published_by AS ({_PUBLISHED_BY}), known AS ({_KNOWN}),
        changes AS ({_CHANGES}), edges AS ({_EDGES}), periods AS ({_PERIODS})
    SELECT p.*, p.source AS account, s.from_run, b.as_of AS valid_from,
        s.to_run, e.as_of AS valid_to
    FROM periods AS s
        JOIN patches_by_key AS p USING (patch_id)
        JOIN runs AS b ON b.run_id = s.from_run
        LEFT JOIN runs AS e ON e.run_id = s.to_run
"""


def patch_history(findings: str) -> str:
    """Return the query for the history of the descriptions that `findings` refers to.

    `findings` is `findings_all` or a part of it that has all findings of each description.
    """
    return _PATCH_HISTORY.format(findings=findings)
