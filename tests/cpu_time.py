"""Processor time of each test: `pytest --cpu-time` sums it by file and names the slowest tests.

A busy machine changes it little, unlike time by the clock. Programs that a test starts and waits
for count; servers that outlive it, such as PostgreSQL, do not.
"""

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

SHOWN = 30


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--cpu-time`."""
    parser.addoption("--cpu-time", action="store_true", help="show where the processor's time goes")


def pytest_configure(config: pytest.Config) -> None:
    """Measure only when asked."""
    if config.getoption("cpu_time"):
        config.pluginmanager.register(CpuTime())


def cpu_seconds() -> float:
    """Return the time of this process and of its children that have ended."""
    return sum(os.times()[:4])


class CpuTime:
    """Seconds of each test with its fixtures, whichever process ran it."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._since = 0.0

    def pytest_runtest_logstart(self) -> None:
        """Begin to measure a test."""
        self._since = cpu_seconds()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Iterator[None]:
        """Put the time of set-up, call or tear-down into its report, which a worker passes on."""
        report: Any = yield
        before, self._since = self._since, cpu_seconds()
        report.cpu_seconds = self._since - before
        return report

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Add up the three parts of each test."""
        self.seconds[report.nodeid] += report.cpu_seconds

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show the files and the tests that took longest."""
        files: Counter[str] = Counter()
        cases: Counter[str] = Counter()
        for name, seconds in self.seconds.items():
            file = name.partition("::")[0]
            files[file] += seconds
            cases[file] += 1
        say = terminalreporter.write_line
        say(f"{files.total():8.1f} s of processor time in {cases.total():,} tests")
        for file, seconds in files.most_common(SHOWN):
            say(f"{seconds:8.1f} s {file} ({cases[file]:,})")
        say("the slowest tests:")
        for name, seconds in self.seconds.most_common(SHOWN):
            say(f"{seconds:8.1f} s {name}")
