"""Random samples of the tests marked `full`: a plain run draws some, `pytest --full` runs all.

A group is a file, or several files of few tests that need an environment of their own.
Invariant: a run draws at least one test of each group (tests/repository/test_sampling.py).
"""

import math
import os
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import hypothesis
import pytest

SEED = "PATCHFLEET_TEST_SEED"
SHARE = 0.05
"""The part of a group's tests that a plain run draws, unless the marker states another."""

DRAWN: pytest.StashKey[dict[str, tuple[int, int]]] = pytest.StashKey()
"""How many of the `full` tests of a file or another group were drawn, of how many."""

_RUN = {"is_full": False}


def seed() -> int:
    """Return the seed of this run, the same in each of its processes."""
    return int(os.environ.setdefault(SEED, str(random.randrange(1_000_000))))


class Sample(NamedTuple):
    """The tests that run, those left out, and how many of each group were drawn."""

    kept: list[pytest.Item]
    left_out: list[pytest.Item]
    drawn: dict[str, tuple[int, int]]


def sample(items: Sequence[pytest.Item], named: Iterable[str]) -> Sample:
    """Draw from `items`; a test whose node id is in `named` always runs."""
    named = tuple(named)
    groups = defaultdict(list)
    for item in items:
        marker = item.get_closest_marker("full")
        if marker and not item.nodeid.startswith(named):
            file = item.nodeid.partition("::")[0]
            group = marker.kwargs.get("group", file)
            groups[group, marker.kwargs.get("share", SHARE)].append(item)
    left_out: set[pytest.Item] = set()
    drawn: dict[str, tuple[int, int]] = {}
    for (group, share), of_group in groups.items():
        count = math.ceil(len(of_group) * share)
        chance = random.Random(f"{group} {share} {seed()}")
        left_out |= set(of_group) - set(chance.sample(of_group, count))
        before = drawn.get(group, (0, 0))
        drawn[group] = before[0] + count, before[1] + len(of_group)
    kept = [item for item in items if item not in left_out]
    return Sample(kept, [item for item in items if item in left_out], drawn)


def summary(drawn: dict[str, tuple[int, int]]) -> str:
    """Format what was drawn, and the two ways to run more."""
    count, of = (sum(numbers) for numbers in zip(*drawn.values(), strict=True))
    return (
        f"{count} of {of:,} tests marked full were drawn from {len(drawn)} groups by "
        f"{SEED}={seed()}; ./script/test full runs all of them"
    )


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--full`: no sample, everything."""
    parser.addoption("--full", action="store_true", help="run all tests marked full, no sample")


def examples(plain: int, full: int) -> int:
    """Return how many examples of a property this run tries."""
    return full if _RUN["is_full"] else plain


def pytest_configure(config: pytest.Config) -> None:
    """Set the seed before other processes start, which inherit it, and the number of examples.

    How long an example takes depends on how busy the machine is: it fails no test.
    """
    seed()
    _RUN["is_full"] = config.getoption("full")
    hypothesis.settings.register_profile(
        "untimed",
        deadline=None,
        max_examples=examples(50, 200),
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )
    hypothesis.settings.load_profile("untimed")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Print the seed first: a run that is killed prints no summary."""
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None:
        terminal.write_line(f"{SEED}={seed()}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Report what was drawn, and how to draw it again."""
    drawn = terminalreporter.config.stash.get(DRAWN, {})
    if drawn:
        terminalreporter.write_line(summary(drawn))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a process has drawn: each draws the same."""
    node.config.stash[DRAWN] = getattr(node, "workeroutput", {}).get("drawn", {})


@pytest.hookimpl(trylast=True)  # after rooms have marked theirs and -k and -m have chosen
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests marked `full` that are not drawn."""
    if not config.getoption("full"):
        named = [argument for argument in config.args if "::" in argument]
        drawn = sample(items, named)
        items[:] = drawn.kept
        config.stash[DRAWN] = drawn.drawn
        if drawn.left_out:
            config.hook.pytest_deselected(items=drawn.left_out)
    if hasattr(config, "workerinput"):  # it is one of several processes
        config.workeroutput["drawn"] = config.stash.get(DRAWN, {})  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def is_full(request: pytest.FixtureRequest) -> bool:
    """Whether everything runs, without a sample."""
    return bool(request.config.getoption("full"))
