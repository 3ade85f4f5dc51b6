"""An emulated subscription, and clients that do not wait long."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from patchfleet.emulator import Emulator, Host
from patchfleet.qualys import Qualys, Retries

QUICK = Retries(attempts=4, limited_attempts=8, first_wait_seconds=0.001)


@pytest.fixture
def host() -> Iterator[Host]:
    """An account that a test may change."""
    with Emulator(customers=2, devices=24).running() as running:
        yield running


@pytest.fixture
def connect(host: Host) -> Iterator[Callable[..., Qualys]]:
    """Make clients of the account; all are closed in the end."""
    made: list[Qualys] = []

    def client(**settings: Any) -> Qualys:
        account = host.emulator.qualys
        given: dict[str, Any] = {
            "username": account.username,
            "password": account.password,
            "override_platform": {"gateway_url": host.url},
            "retries": QUICK,
            "timeout": 20,
            **settings,
        }
        made.append(Qualys(**given))
        return made[-1]

    yield client
    for one in made:
        one.close()


@pytest.fixture
def qualys(connect: Callable[..., Qualys]) -> Qualys:
    """A client of the account."""
    return connect()


@pytest.fixture
def truth(host: Host) -> dict[str, Any]:
    """What is so in the emulated subscription."""
    return host.emulator.ground_truth(vendor="qualys")
