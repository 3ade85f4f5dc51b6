"""Condition for a newly seen finding to count as new.

Findings that were present when a device was first listed, or listed again after an absence, are not
new: their real age is unknown. The first run of a source sees all devices for the first time.
"""

LISTED_SINCE = """
    WITH floor AS (
        SELECT p.source, coalesce(max(r.run_id), 0) AS run_id
        FROM publications AS p LEFT JOIN runs AS r ON r.source = p.source
            AND r.state = 'complete' AND r.as_of <= p.as_of - INTERVAL 1 DAY
        GROUP BY p.source
    ), lately AS (
        SELECT p.source, p.run_id, row_number() OVER (PARTITION BY p.source ORDER BY p.run_id) AS n
        FROM published AS p JOIN floor AS f ON f.source = p.source AND p.run_id >= f.run_id
    ), there AS (
        SELECT device_key, n, make_timestamp(epoch_us(scanned_at)) AS scanned_at,
            n - row_number() OVER (PARTITION BY device_key ORDER BY n) AS stay
        FROM devices_by_run AS d JOIN lately AS p ON p.source = d.source AND p.run_id = d.run
        WHERE scanned_at IS NOT NULL
    )
    SELECT device_key, arg_max(began_at, last) AS listed_since
    FROM (
        SELECT device_key, stay, min(scanned_at) AS began_at, max(n) AS last
        FROM there GROUP BY device_key, stay
    ) GROUP BY device_key
"""
"""Since when each device is listed by every run, as far as the last day before `as_of` needs it: of
one that is listed for longer, a time before that day. Facts come with their history."""

IS_NEW = "first_seen_at > as_of - INTERVAL 1 DAY AND first_seen_at > listed_since"
"""What is open is new where it joins `LISTED_SINCE`: seen within a day, and by no first listing."""
