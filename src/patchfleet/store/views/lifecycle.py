"""The view `milestones`: one row for every finding there ever was, and when what became of it.

Law of this file: a time is that of the first run that said so, and the run stands beside it; what
no run ever said is NULL, never a guess.
"""

from patchfleet.models import OPEN_STATES

_OPEN = "state IN (" + ", ".join(f"'{state}'" for state in OPEN_STATES) + ")"
_IGNORED = "(state = 'ignored' OR decision = 'ignore')"
_FAILS = "(state = 'failed' AND before IS DISTINCT FROM 'failed')"


def _first(when: str, name: str) -> str:
    """Spell the time and the run of the first interval in which something was so."""
    return (
        f"arg_min(from_at, from_run) FILTER ({when}) AS {name}_at, "
        f"min(from_run) FILTER ({when}) AS {name}_run"
    )


MILESTONES = f"""
    SELECT any_value(source) AS source, any_value(customer_id) AS customer_id,
        any_value(customer) AS customer, any_value(site_id) AS site_id, any_value(site) AS site,
        any_value(device_id) AS device_id, any_value(device) AS device, any_value(kind) AS kind,
        finding_id, last(patch ORDER BY from_run) AS patch, last(kb ORDER BY from_run) AS kb,
        last(severity ORDER BY from_run) AS severity,
        last(released_at ORDER BY from_run) AS released_at,
        last(state ORDER BY from_run) AS state, last(decision ORDER BY from_run) AS decision,
        min(first_seen_at) AS first_seen_at, {_first(_OPEN, "missing")},
        {_first("decision = 'approve'", "approved")},
        count(*) FILTER ({_FAILS}) AS failures,
        max(from_at) FILTER ({_FAILS}) AS last_failed_at,
        max(from_run) FILTER ({_FAILS}) AS last_failed_run,
        {_first("state = 'installed'", "installed_seen")},
        last(installed_at ORDER BY from_run) AS installed_at,
        {_first(_IGNORED, "ignored")},
        last(to_at ORDER BY from_run) AS gone_at, last(to_run ORDER BY from_run) AS gone_run,
        any_value(scanned_at) AS scanned_at, device_key
    FROM (
        SELECT i.*, d.scanned_at, lag(i.state) OVER (
            PARTITION BY device_key, i.finding_id ORDER BY i.from_run) AS before
        FROM intervals AS i LEFT JOIN devices AS d USING (device_key)
    )
    GROUP BY device_key, finding_id
"""
