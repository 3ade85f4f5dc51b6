"""Sizes of the measurements; the figures of the page come from `FULL` alone."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """Sizes of the fleets and numbers of rounds.

    `wrapper_devices` and `tree_devices` are samples of the fleet, evenly spread over it, for work
    that is too slow or too big to be done for all; `memory_devices` are the fleets whose syncs are
    measured for memory, the smallest first. `qualys_jobs` of `qualys_job_assets` each,
    `qualys_assets` and `qualys_patches` make a Qualys subscription; `memory_patches` are the lists
    measured for memory. `recorded_devices` are recorded and published, `asked_devices` are those of
    a store that answers questions, with `patches` each; `asked_rows` of its findings become a
    workbook. `remembered_devices` are synced on `remembered_days`.
    """

    devices: int
    patches: int
    latency_ms: float
    rounds: int
    wrapper_devices: int
    tree_devices: int
    memory_devices: tuple[int, ...]
    starts: int
    qualys_jobs: int
    qualys_job_assets: int
    qualys_assets: int
    qualys_patches: int
    memory_patches: tuple[int, ...]
    recorded_devices: int
    asked_devices: int
    asked_rows: int
    remembered_devices: int
    remembered_days: int


FULL = Size(
    devices=2000, patches=200, latency_ms=50, rounds=5, wrapper_devices=60, tree_devices=400,
    memory_devices=(250, 1000, 2000), starts=21, qualys_jobs=500, qualys_job_assets=40,
    qualys_assets=12_000, qualys_patches=25_000, memory_patches=(2500, 25_000),
    recorded_devices=10_000, asked_devices=100_000, asked_rows=200_000,
    remembered_devices=500, remembered_days=365,
)  # fmt: skip
QUICK = Size(
    devices=300, patches=200, latency_ms=50, rounds=3, wrapper_devices=20, tree_devices=100,
    memory_devices=(75, 150, 300), starts=7, qualys_jobs=200, qualys_job_assets=40,
    qualys_assets=6000, qualys_patches=15_000, memory_patches=(1500, 15_000),
    recorded_devices=1000, asked_devices=5000, asked_rows=20_000,
    remembered_devices=50, remembered_days=60,
)  # fmt: skip
TINY = Size(
    devices=4, patches=20, latency_ms=0, rounds=1, wrapper_devices=2, tree_devices=2,
    memory_devices=(2, 4), starts=1, qualys_jobs=4, qualys_job_assets=12,
    qualys_assets=30, qualys_patches=60, memory_patches=(30, 60),
    recorded_devices=8, asked_devices=10, asked_rows=50,
    remembered_devices=10, remembered_days=3,
)  # fmt: skip
