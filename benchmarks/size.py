"""How much is measured: the figures of the page come from `FULL` alone."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """How big the fleets are and how often each comparison is made.

    `wrapper_devices` and `tree_devices` are samples of the fleet, evenly spread over it, for what
    is too slow or too big to be done for all; `memory_devices` are the fleets whose syncs are
    weighed, the smallest first.
    """

    devices: int
    patches: int
    latency_ms: float
    rounds: int
    wrapper_devices: int
    tree_devices: int
    memory_devices: tuple[int, ...]
    starts: int


FULL = Size(2000, 200, 50, 5, 60, 400, (250, 1000, 2000), 21)
QUICK = Size(300, 200, 50, 3, 20, 100, (75, 150, 300), 7)
TINY = Size(4, 20, 0, 1, 2, 2, (2, 4), 1)
