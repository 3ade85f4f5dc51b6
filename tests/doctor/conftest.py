"""Recordings of emulated accounts."""

from collections.abc import Callable
from typing import Any

import pytest
from recordings import recording_of

from patchfleet.doctor import Recording
from patchfleet.emulator import Emulator


@pytest.fixture(scope="session")
def recorded() -> Callable[..., Recording]:
    """Record a new world with these settings."""

    def make(*, sample: int = 3, **world: Any) -> Recording:
        settings = {"customers": 3, "devices": 20, "patches": 40, **world}
        return recording_of(Emulator(**settings), sample=sample)

    return make


@pytest.fixture(scope="session")
def baseline() -> Recording:
    """The emulator as the command line records it."""
    from patchfleet.cli.doctor.compare import emulated

    return emulated()
