"""Skipped tests under CI: failures, except where the machine cannot know or do something.

Invariant: any other skip fails under CI (tests/repository/test_skips.py).
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest

ALLOWED = (
    "NO HISTORY",  # a checkout without the commits that a rule is for
    "NO MOUNT",  # a container that may not mount
)
"""Beginnings of the reasons for which a test may be skipped under CI; the summary shows each."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Iterator[None]:
    """Make a skip under CI a failure, whoever skipped: a marker, a fixture or the test."""
    del item, call
    report = yield
    if os.environ.get("CI") == "true" and report.skipped and not hasattr(report, "wasxfail"):
        reason = str(report.longrepr[2]).removeprefix("Skipped: ")
        if not reason.startswith(ALLOWED):
            report.outcome, report.longrepr = "failed", f"skipped under CI: {reason}"
    return report
