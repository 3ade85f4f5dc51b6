"""Source whose devices are read by worker processes, batch by batch.

Invariants:
- a device is yielded once, by the first worker that read it (tests/engine/test_distributed.py);
- a batch whose worker is gone is sent again (tests/engine/test_distributed.py);
- a sync never waits forever for a worker (tests/engine/test_distributed.py).
"""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Literal, Protocol

from msgspec import Struct

from patchfleet.errors import Incomplete, Unreachable, VendorError
from patchfleet.fleet.distributed.batch import Batch, BatchResult
from patchfleet.fleet.same_account import account_of
from patchfleet.fleet.source import DeviceListing, Listings, Source
from patchfleet.models import Device, Inventory, SourceState

DEVICES_A_BATCH = 50
BATCHES_AHEAD = 64
"""Batches in the queue at a time, so that the queue does not grow with the fleet."""


class QueueTimeouts(Struct, frozen=True, kw_only=True):
    """Time-outs of a sync for a worker to take a batch, and for a living one to finish it.

    After `attempts` workers without a result, the devices of a batch are problems. `clock` and
    `wait` are replaced in tests.
    """

    worker_seconds: float = 60
    batch_seconds: float = 15 * 60
    look_seconds: float = 0.2
    attempts: int = 3
    clock: Callable[[], float] = time.monotonic
    wait: Callable[[float], None] = time.sleep


class BatchStatus(Struct, frozen=True):
    """Status of a batch; `worker` is the one that reads it."""

    state: Literal["waiting", "working", "answered", "failed"]
    worker: str = ""


class WorkQueue(Protocol):
    """A queue that takes the batches of one source to workers, and brings the results back."""

    def send(self, name: str, batch: Batch) -> None:
        """Put a batch into the queue under a unique name."""
        ...

    def look(self, names: Iterable[str]) -> Mapping[str, BatchStatus]:
        """Return the status of batches."""
        ...

    def take(self, name: str) -> BatchResult:
        """Return the result of a batch, and delete both."""
        ...

    def withdraw(self, name: str) -> None:
        """Cancel a batch: no worker begins it, and a late result is dropped."""
        ...

    def clear(self) -> None:
        """Cancel and delete all batches of this source, of any process."""
        ...

    def is_alive(self, worker: str) -> bool:
        """Return whether a worker lives."""
        ...


class QueuedSource:
    """A source that reads its inventory itself and lets workers list the devices.

    `on_retry` gets the reason, a sentence, for which a batch is sent to another worker.
    """

    def __init__(
        self,
        source: Source,
        engine: WorkQueue,
        *,
        devices_a_batch: int = DEVICES_A_BATCH,
        patience: QueueTimeouts = QueueTimeouts(),  # noqa: B008 -- frozen
        on_retry: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.name = source.name
        self.has_a_call_for_each_device = True
        account = account_of(source)
        self.vendor = "" if account is None else account.vendor
        self.account_digest = "" if account is None else account.digest
        self._source, self._engine = source, engine
        self._devices_a_batch, self._patience = devices_a_batch, patience
        self._on_retry = on_retry

    def inventory(self, on_call: Callable[[], None], known: SourceState | None = None) -> Inventory:
        """Return customers, sites and devices; see `Source`."""
        return self._source.inventory(on_call, known)

    def cost(self, devices: int) -> int:
        """Return the least number of calls for the listings of `devices` devices."""
        return self._source.cost(devices)

    def listings(
        self,
        devices: Sequence[Device],
        known: Mapping[str, str],
        *,
        at_once: int,
        on_call: Callable[[], None],
    ) -> Listings:
        """Yield each device when its batch has a result; see `Source`.

        Batches of a killed sync are deleted first, and open ones at the end. Raises `Incomplete`
        if no worker takes a batch.
        """
        if not devices:
            return

        def batch(of: Iterable[Device]) -> Batch:
            listed = list(of)
            ids = {device.id for device in listed}
            return Batch(listed, {key: known[key] for key in ids & known.keys()}, at_once)

        size = self._devices_a_batch
        parts = [
            _Part({device.id: device for device in devices[begin : begin + size]})
            for begin in range(0, len(devices), size)
        ]
        self._engine.clear()
        try:
            fan_out = _FanOut(self._engine, parts, batch, self._patience, self._on_retry)
            yield from fan_out.answers(on_call)
        finally:
            self._engine.clear()


class _Part(Struct):
    """Devices of one batch that are still without a listing; sent for the `attempt`-th time."""

    devices: dict[str, Device]
    attempt: int = 1
    begun_at: float | None = None


class _FanOut:
    """The batches of one listing, until each of its devices is read."""

    def __init__(
        self,
        engine: WorkQueue,
        parts: list[_Part],
        batch: Callable[[Iterable[Device]], Batch],
        patience: QueueTimeouts,
        on_retry: Callable[[str], None],
    ) -> None:
        self._engine, self._batch, self._patience = engine, batch, patience
        self._on_retry = on_retry
        self._todo = parts[::-1]
        self._open: dict[str, _Part] = {}
        listing = uuid.uuid4().hex
        self._names = (f"{listing}-{number}" for number in count(1))
        self._life_at = patience.clock()

    def answers(self, on_call: Callable[[], None]) -> Listings:
        """Send batches and yield the listings, until all devices are read."""
        while self._todo or self._open:
            while self._todo and len(self._open) < BATCHES_AHEAD:
                self._send(self._todo.pop())
            has_moved = False
            for name, seen in self._engine.look(list(self._open)).items():
                if seen.state == "answered":
                    has_moved = True
                    yield from self._taken(name, on_call)
                elif (reason := self._given_up(name, seen)) is not None:
                    has_moved = True
                    self._engine.withdraw(name)
                    yield from self._again(self._open.pop(name), reason)
            if not has_moved:
                self._raise_without_workers()
                self._patience.wait(self._patience.look_seconds)

    def _send(self, part: _Part) -> None:
        name = next(self._names)
        self._engine.send(name, self._batch(part.devices.values()))
        self._open[name] = part

    def _taken(self, name: str, on_call: Callable[[], None]) -> Listings:
        """Yield the listings of a result; devices that are not in it are sent again."""
        part, answer = self._open.pop(name), self._engine.take(name)
        self._life_at = self._patience.clock()
        for _ in range(answer.calls):
            on_call()
        for device_id, listing in answer.listings():
            device = part.devices.pop(device_id, None)
            if device is not None:
                part.attempt = 0  # a batch that progresses may have any number of workers
                yield device, listing
        if part.devices:
            reason = answer.trouble or "was stopped"
            yield from self._again(part, f"a worker {reason}")

    def _given_up(self, name: str, seen: BatchStatus) -> str | None:
        """Return why a batch needs another worker, or None while its worker may continue."""
        if seen.state == "failed":
            return "a worker met an unexpected error"
        if seen.state == "waiting":
            return None
        if not self._engine.is_alive(seen.worker):
            return f"worker {seen.worker} is gone"
        now = self._patience.clock()
        self._life_at = now
        part = self._open[name]
        if part.begun_at is None:
            part.begun_at = now
        if now - part.begun_at < self._patience.batch_seconds:
            return None
        minutes = self._patience.batch_seconds / 60
        return f"worker {seen.worker} did not end within {minutes:g} minutes"

    def _again(
        self, part: _Part, reason: str
    ) -> Iterator[tuple[Device, DeviceListing | VendorError]]:
        """Send the rest of a batch again, or yield its devices as unreachable."""
        left = f"{len(part.devices):,} {'device' if len(part.devices) == 1 else 'devices'}"
        if part.attempt == self._patience.attempts:
            for device in part.devices.values():
                yield device, Unreachable(f"{part.attempt} workers could not read it: {reason}")
            return
        self._on_retry(f"{reason}: {left} of its batch are read again")
        part.attempt += 1
        part.begun_at = None
        self._todo.append(part)

    def _raise_without_workers(self) -> None:
        """Raise Incomplete if no worker has been active for `worker_seconds`."""
        seconds = self._patience.clock() - self._life_at
        if seconds < self._patience.worker_seconds:
            return
        devices = sum(len(part.devices) for part in (*self._todo, *self._open.values()))
        raise Incomplete(
            f"no worker took a batch for {seconds:.0f} seconds: {devices:,} devices are not read",
            [],
            hint="start `patchfleet worker` with this record, this account and this version; the "
            "next sync resumes here",
        )
