"""Jobs on record are what the source lists: a wrong answer is taken back, the unread is kept."""

import random

import pytest
from small_fleet import DAY, NOW, device, inventory

from patchfleet.models import Job, JobResult, JobRun, Jobs

ROWS = {
    "jobs": ("id",),
    "job_runs": ("job_id", "id"),
    "job_results": ("job_id", "run_id", "device_id"),
}


def answer(chance):
    """Make up what a source may say: any jobs, any of their runs, any results, any of it unread."""
    listed = {f"j{n}" for n in range(4) if chance.random() < 0.7}
    unread = {job for job in listed if chance.random() < 0.2}
    runs = {(job, str(n)) for job in listed for n in range(3) if chance.random() < 0.7}
    skipped = {run for run in runs if chance.random() < 0.3}
    words = ("done", "failed", "running")
    return Jobs(
        as_of=NOW,
        jobs=tuple(
            Job(id=job, name=chance.choice(words), status="enabled", vendor_status="")
            for job in sorted(listed - unread)
        ),
        runs=tuple(
            JobRun(id=run, job_id=job, status=chance.choice(words))
            for job, run in sorted(runs - skipped)
            if job not in unread
        ),
        results=tuple(
            JobResult(
                job_id=job, run_id=run, device_id=f"d{n}",
                status=chance.choice(words), vendor_status="",
            )
            for job, run in sorted(runs - skipped)
            for n in range(3)
            if job not in unread and chance.random() < 0.7
        ),
        kept_jobs=frozenset(unread),
        kept_runs=frozenset(skipped),
    )  # fmt: skip


def told(jobs):
    """Spell what an answer says as the rows of the three tables, by their keys."""
    return {
        "jobs": {(one.id,): one.name for one in jobs.jobs},
        "job_runs": {(one.job_id, one.id): one.status for one in jobs.runs},
        "job_results": {
            (one.job_id, one.run_id, one.device_id): one.status for one in jobs.results
        },
    }


def on_record(store):
    with store.snapshot() as snapshot:
        rows = {}
        for table, key in ROWS.items():
            said = "name" if table == "jobs" else "status"
            asked = snapshot.ask(f"SELECT {', '.join(key)}, {said} FROM {table}").rows()
            rows[table] = {tuple(row[:-1]): row[-1] for row in asked}
        return rows


@pytest.mark.slow
@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.full(share=0.2)) for seed in range(1, 6))]
)
def test_what_is_listed_no_longer_ends_and_what_was_not_read_stays(store, seed):
    chance = random.Random(seed)
    held = {table: {} for table in ROWS}
    for day in range(4):
        wrong, right = answer(chance), answer(chance)
        run = store.begin("qualys", now=NOW + day * DAY)
        run.inventory(inventory(device("d0", is_patched=False)))
        for said in (wrong, right, right):  # as a sync that is resumed, and twice the same
            run.jobs(said)
            held = {
                table: {
                    **{
                        key: value
                        for key, value in rows.items()
                        if key[0] in said.kept_jobs or key[:2] in said.kept_runs
                    },
                    **told(said)[table],
                }
                for table, rows in held.items()
            }
        run.complete(now=NOW + day * DAY, as_of=NOW + day * DAY)
        assert on_record(store) == held
    assert store.publications.damaged() == []
