"""A source whose devices are read by other processes, batch by batch.

Laws of this file: a device is yielded once, by whichever worker was first; a batch without a living
worker is given to another; and who syncs never waits without end.
"""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Literal, Protocol

from msgspec import Struct

from patchfleet.errors import Incomplete, Unreachable, VendorError
from patchfleet.fleet.distributed.batch import Batch, BatchResult
from patchfleet.fleet.source import DeviceListing, Listings, Source
from patchfleet.models import Device, Inventory, SourceState

DEVICES_A_BATCH = 50
BATCHES_AHEAD = 64
"""So many batches wait or are read at once: what an engine holds does not grow with the fleet."""


class QueueTimeouts(Struct, frozen=True, kw_only=True):
    """How long is waited for any worker to take a batch, and for a living one to answer it.

    After `attempts` workers that did not get through, the devices of a batch are problems.
    """

    worker_seconds: float = 60
    batch_seconds: float = 15 * 60
    look_seconds: float = 0.2
    attempts: int = 3
    clock: Callable[[], float] = time.monotonic
    wait: Callable[[float], None] = time.sleep


class BatchStatus(Struct, frozen=True):
    """How a batch stands; `worker` names who has it."""

    state: Literal["waiting", "working", "answered", "failed"]
    worker: str = ""


class WorkQueue(Protocol):
    """What takes the batches of one source to workers, and brings their answers."""

    def send(self, name: str, batch: Batch) -> None:
        """Put a batch into the queue, under a name that no other has."""
        ...

    def look(self, names: Iterable[str]) -> Mapping[str, BatchStatus]:
        """Return how batches stand."""
        ...

    def take(self, name: str) -> BatchResult:
        """Return the answer to a batch, and forget both."""
        ...

    def withdraw(self, name: str) -> None:
        """Take a batch back: nobody begins it any more, and a late answer is dropped."""
        ...

    def clear(self) -> None:
        """Withdraw and forget all batches of this source, whoever sent them."""
        ...

    def is_alive(self, worker: str) -> bool:
        """Say whether a worker lives."""
        ...


class QueuedSource:
    """A source that reads its inventory itself and lets workers list the devices.

    `on_retry` is told in a sentence why a batch is given to another worker.
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
        self._source, self._engine = source, engine
        self._devices_a_batch, self._patience = devices_a_batch, patience
        self._on_retry = on_retry

    def inventory(self, on_call: Callable[[], None], known: SourceState | None = None) -> Inventory:
        """Return customers, sites and devices; see `Source`."""
        return self._source.inventory(on_call, known)

    def cost(self, devices: int) -> int:
        """Return how many calls the listings of so many devices take, at least."""
        return self._source.cost(devices)

    def listings(
        self,
        devices: Sequence[Device],
        known: Mapping[str, str],
        *,
        at_once: int,
        on_call: Callable[[], None],
    ) -> Listings:
        """Yield each device when the batch it is in is answered; see `Source`.

        Batches that a killed sync left are withdrawn first, and in the end what is still open.
        Raises `Incomplete` where no worker takes a batch.
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
    """Devices that are read together: those still without an answer, for the `attempt`-th time."""

    devices: dict[str, Device]
    attempt: int = 1
    begun_at: float | None = None


class _FanOut:
    """The batches of one listing, until each of its devices has an answer."""

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
        """Send batches and yield what comes back, until all devices are answered."""
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
                self._refuse_to_wait_for_nobody()
                self._patience.wait(self._patience.look_seconds)

    def _send(self, part: _Part) -> None:
        name = next(self._names)
        self._engine.send(name, self._batch(part.devices.values()))
        self._open[name] = part

    def _taken(self, name: str, on_call: Callable[[], None]) -> Listings:
        """Yield what an answer says of its devices; those it does not name are sent once more."""
        part, answer = self._open.pop(name), self._engine.take(name)
        self._life_at = self._patience.clock()
        for _ in range(answer.calls):
            on_call()
        for device_id, listing in answer.listings():
            device = part.devices.pop(device_id, None)
            if device is not None:
                part.attempt = 0  # whoever gets on may be followed by others
                yield device, listing
        if part.devices:
            reason = answer.trouble or "was told to end"
            yield from self._again(part, f"a worker {reason}")

    def _given_up(self, name: str, seen: BatchStatus) -> str | None:
        """Say why a batch needs another worker, or return None while the one it has may go on."""
        if seen.state == "failed":
            return "a worker met an error nobody foresaw"
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
        """Send what is left of a batch once more, or give its devices up."""
        left = f"{len(part.devices):,} {'device' if len(part.devices) == 1 else 'devices'}"
        if part.attempt == self._patience.attempts:
            for device in part.devices.values():
                yield device, Unreachable(f"{part.attempt} workers did not get it read: {reason}")
            return
        self._on_retry(f"{reason}: {left} of its batch are read again")
        part.attempt += 1
        part.begun_at = None
        self._todo.append(part)

    def _refuse_to_wait_for_nobody(self) -> None:
        """Raise Incomplete where no worker has shown itself for too long."""
        seconds = self._patience.clock() - self._life_at
        if seconds < self._patience.worker_seconds:
            return
        devices = sum(len(part.devices) for part in (*self._todo, *self._open.values()))
        raise Incomplete(
            f"no worker took a batch for {seconds:.0f} seconds: {devices:,} devices are not read",
            [],
            hint="start `patchfleet worker` with this record, this account and this version; the "
            "next sync goes on from here",
        )
