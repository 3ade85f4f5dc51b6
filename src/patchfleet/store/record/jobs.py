"""Jobs of a source, their runs, and their results on each device.

A job that the source no longer lists ends. A job that it lists and that was not read again stays as
it was last read.
"""

from datetime import datetime

import msgspec
from sqlalchemy import Connection, Table, select

from patchfleet.models import FINAL_STATUSES, Job, JobResult, JobRun, JobRunRef, Jobs
from patchfleet.store.record import validity
from patchfleet.store.record.nul_bytes import without_nul
from patchfleet.store.record.schema import job, job_result, job_run
from patchfleet.store.record.schema import source as sources

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(JobRun).decode
_decode_job = msgspec.json.Decoder(Job).decode


def write(connection: Connection, source: int, run: int, jobs: Jobs) -> None:
    """Write the jobs of a source, valid from `run` on."""
    jobs = without_nul(jobs)
    said: dict[Table, dict[validity.Key, validity.Values]] = {
        job: {(source, one.id): _values_of(one) for one in jobs.jobs},
        job_run: {(source, one.job_id, one.id): _values_of(one) for one in jobs.runs},
        job_result: {
            (source, one.job_id, one.run_id, one.device_id): _values_of(one) for one in jobs.results
        },
    }

    def is_kept(key: validity.Key) -> bool:
        return key[1] in jobs.kept_jobs or key[1:3] in jobs.kept_runs

    for table, wanted in said.items():
        of_source = table.c.source == source
        validity.set_valid(connection, table, of_source, run, wanted)
        validity.close_absent(connection, table, of_source, run, wanted.keys(), is_kept=is_kept)


def _values_of(one: Job | JobRun | JobResult) -> validity.Values:
    return (_encode(one).decode(),)


def names(connection: Connection, source_name: str) -> dict[str, str]:
    """Return the names of the jobs of a source that are on record now, by their ids."""
    held = (
        select(job.c.id, job.c.said)
        .join(sources, job.c.source == sources.c.id)
        .where(sources.c.name == source_name, job.c.to_run.is_(None))
    )
    return {number: _decode_job(said).name for number, said in connection.execute(held)}


def runs_over(connection: Connection, source_name: str, before: datetime) -> frozenset[JobRunRef]:
    """Return the job runs scheduled earlier than `before` that are final on every device."""
    asked = (
        select(job_run.c.said)
        .join(sources, job_run.c.source == sources.c.id)
        .where(sources.c.name == source_name, job_run.c.to_run.is_(None))
    )
    runs = (_decode(said) for said in connection.scalars(asked))
    return frozenset(
        (one.job_id, one.id)
        for one in runs
        if one.status in FINAL_STATUSES
        and one.scheduled_at is not None
        and one.scheduled_at < before
    )
