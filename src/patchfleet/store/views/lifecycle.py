"""The view `finding_lifecycle`: one row per finding ever seen, with the time of each event.

A time is that of the first run that reported the event, next to the number of that run. An event
that no run reported is NULL, never an estimate.
"""

from patchfleet.models import OPEN_STATES
from patchfleet.store.views.definitions import PLACE

_OPEN = "state IN (" + ", ".join(f"'{state}'" for state in OPEN_STATES) + ")"
_IGNORED = "(state = 'ignored' OR decision = 'ignore')"
_FAILS = "(state = 'failed' AND before IS DISTINCT FROM 'failed')"


def _first(when: str, name: str) -> str:
    """Return the SQL for time and run of the first interval that meets the condition `when`."""
    return (
        f"arg_min(valid_from, from_run) FILTER ({when}) AS {name}_at, "
        f"min(from_run) FILTER ({when}) AS {name}_run"
    )


FINDING_LIFECYCLE = f"""
    SELECT {", ".join(f"any_value({name}) AS {name}" for name in PLACE)},
        any_value(source) AS account,
        finding_id, last(patch ORDER BY from_run) AS patch, last(kb ORDER BY from_run) AS kb,
        last(severity ORDER BY from_run) AS severity,
        last(released_at ORDER BY from_run) AS released_at,
        last(state ORDER BY from_run) AS state, last(decision ORDER BY from_run) AS decision,
        min(first_seen_at) AS first_seen_at, {_first(_OPEN, "first_missing")},
        {_first("decision = 'approve'", "first_approved")},
        count(*) FILTER ({_FAILS}) AS failure_count,
        max(valid_from) FILTER ({_FAILS}) AS last_failed_at,
        max(from_run) FILTER ({_FAILS}) AS last_failed_run,
        {_first("state = 'installed'", "first_installed")},
        last(installed_at ORDER BY from_run) AS installed_at,
        {_first(_IGNORED, "first_ignored")},
        last(valid_to ORDER BY from_run) AS removed_at,
        last(to_run ORDER BY from_run) AS removed_run,
        any_value(scanned_at) AS scanned_at, device_key
    FROM (
        SELECT i.*, d.scanned_at, lag(i.state) OVER (
            PARTITION BY device_key, i.finding_id ORDER BY i.from_run) AS before
        FROM finding_history AS i LEFT JOIN devices AS d USING (device_key)
    )
    GROUP BY device_key, finding_id
"""
