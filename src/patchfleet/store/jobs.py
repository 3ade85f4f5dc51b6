"""Jobs of a source on record: what was ordered, when it ran, and what it did on each device.

Law of this file: what a source no longer lists of its past is not taken for gone: runs and results
stay as they were last said, and only a job that is deleted ends.
"""

from datetime import datetime

import msgspec
from sqlalchemy import Connection, select

from patchfleet.models import OVER_STATUSES, JobRun, Jobs, RunRef
from patchfleet.store import intervals
from patchfleet.store.schema import job, job_result, job_run
from patchfleet.store.schema import source as sources
from patchfleet.store.texts import without_nul

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(JobRun).decode


def write(connection: Connection, source: int, run: int, jobs: Jobs) -> None:
    """Make the record say what a source says of its jobs, from `run` on."""
    jobs = without_nul(jobs)
    said = {(source, one.id): (_encode(one).decode(),) for one in jobs.jobs}
    intervals.settle(connection, job, job.c.source == source, run, said)
    intervals.end_all_but(connection, job, job.c.source == source, run, said.keys())
    runs = {(source, one.job_id, one.id): (_encode(one).decode(),) for one in jobs.runs}
    intervals.settle(connection, job_run, job_run.c.source == source, run, runs)
    results = {
        (source, one.job_id, one.run_id, one.device_id): (_encode(one).decode(),)
        for one in jobs.results
    }
    intervals.settle(connection, job_result, job_result.c.source == source, run, results)


def runs_over(connection: Connection, source_name: str, before: datetime) -> frozenset[RunRef]:
    """Return the runs begun before a time that are over on all of their devices."""
    asked = (
        select(job_run.c.said)
        .join(sources, job_run.c.source == sources.c.id)
        .where(sources.c.name == source_name, job_run.c.to_run.is_(None))
    )
    runs = (_decode(said) for said in connection.scalars(asked))
    return frozenset(
        (one.job_id, one.id)
        for one in runs
        if one.status in OVER_STATUSES
        and one.scheduled_at is not None
        and one.scheduled_at < before
    )
