"""Messages between a sync and its workers: batches of devices, and their results.

A patch of many devices is sent once.

Invariant: no address, user or key of an account is in a message (tests/engine/test_distributed.py).
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime

import msgspec
from msgspec import Struct

from patchfleet.decodable import decodable
from patchfleet.errors import Fate, VendorError
from patchfleet.fleet.source import DeviceListing, Source
from patchfleet.models import Device, Finding, FindingStatus, Patch

LOOKS_UP_SECONDS = 0.5
"""Seconds between a worker's checks, within a batch, that its sync still runs."""


class Batch(Struct, frozen=True):
    """Some devices of one source, to be listed by a worker with its account."""

    devices: list[Device]
    known: dict[str, str]
    at_once: int


class Failure(Struct, frozen=True, array_like=True):
    """A vendor's error without its cause.

    `more` are the fields of its own class, such as the `code` of `Rejected`.
    """

    kind: str
    message: str
    hint: str | None
    vendor: str
    operation: str
    fate: Fate
    transient: bool
    retry_after_seconds: float | None = None
    more: dict[str, str | int | None] = {}


class DeviceReply(Struct, frozen=True, array_like=True):
    """Listing of one device: rows of finding, patch, status and installation, or its failure.

    Patch and status are indexes into the lists of the result.
    """

    device_id: str
    rows: list[tuple[str, int, int, datetime | None]] | None
    fingerprint: str | None
    failure: Failure | None
    problems: tuple[str, ...] = ()


class BatchResult(Struct, frozen=True):
    """Result of a batch: the calls made, and the replies of the devices read so far.

    `trouble` is the reason for an early end other than an error of one device.
    """

    calls: int
    patches: list[Patch]
    conditions: list[FindingStatus]
    replies: list[DeviceReply]
    trouble: str | None = None

    def listings(self) -> Iterator[tuple[str, DeviceListing | VendorError]]:
        """Yield the id of each device with its listing or its error."""
        for reply in self.replies:
            if reply.failure is not None:
                yield reply.device_id, _error_of(reply.failure)
            elif reply.rows is None:
                yield reply.device_id, DeviceListing(None, reply.fingerprint)
            else:
                findings = [
                    Finding(number, self.patches[patch], self.conditions[condition], at)
                    for number, patch, condition, at in reply.rows
                ]
                yield reply.device_id, DeviceListing(findings, reply.fingerprint, reply.problems)


def as_text(what: Batch | BatchResult) -> str:
    """Encode a batch or a result as JSON."""
    return msgspec.json.encode(what).decode()


def batch_of(text: str) -> Batch:
    """Decode a batch; raises `msgspec.DecodeError` for anything else."""
    return msgspec.json.decode(text, type=decodable(Batch))


def answer_of(text: str) -> BatchResult:
    """Decode a result; raises `msgspec.DecodeError` for anything else."""
    return msgspec.json.decode(text, type=decodable(BatchResult))


def read(source: Source, batch: Batch, is_wanted: Callable[[], bool]) -> BatchResult:
    """Read the devices of a batch from a source, until all are read or `is_wanted` returns False.

    The result has the devices read by then. Errors that concern all devices are raised.
    """
    answering = _Answering()
    come: queue.SimpleQueue[tuple[Device, DeviceListing | VendorError] | BaseException | None]
    come = queue.SimpleQueue()
    stopping = threading.Event()
    # A call may wait minutes for the rate limit; a worker that has to end does not wait for it.
    pulling = (source, batch, answering, come, stopping)
    threading.Thread(target=_pull, args=pulling, name="patchfleet-batch", daemon=True).start()
    checks_at = time.monotonic()
    try:
        while True:
            if time.monotonic() >= checks_at:
                if not is_wanted():
                    break
                checks_at = time.monotonic() + LOOKS_UP_SECONDS
            try:
                one = come.get(timeout=LOOKS_UP_SECONDS)
            except queue.Empty:
                continue
            if one is None:
                break
            if isinstance(one, BaseException):
                raise one
            answering.add(*one)
    finally:
        stopping.set()
    return answering.answer()


def _pull(
    source: Source,
    batch: Batch,
    answering: "_Answering",
    come: "queue.SimpleQueue[tuple[Device, DeviceListing | VendorError] | BaseException | None]",
    stopping: threading.Event,
) -> None:
    """Put what the source yields into the queue, then None or the error that ended it."""
    try:
        listings = source.listings(
            batch.devices, batch.known, at_once=batch.at_once, on_call=answering.count_call
        )
        with closing(listings):
            for one in listings:
                come.put(one)
                if stopping.is_set():
                    return
        come.put(None)
    except BaseException as error:  # noqa: BLE001 -- handed to the reader, which raises it
        come.put(error)


class _Answering:
    """A result while it grows."""

    def __init__(self) -> None:
        self._calls = 0
        self._patches: dict[Patch, int] = {}
        self._conditions: dict[FindingStatus, int] = {}
        self._replies: dict[str, DeviceReply] = {}

    def count_call(self) -> None:
        self._calls += 1

    def add(self, device: Device, answer: DeviceListing | VendorError) -> None:
        if isinstance(answer, VendorError):
            self._replies[device.id] = DeviceReply(device.id, None, None, _failure_of(answer))
        elif answer.findings is None:
            self._replies[device.id] = DeviceReply(device.id, None, answer.fingerprint, None)
        else:
            rows = [self._row(finding) for finding in answer.findings]
            self._replies[device.id] = DeviceReply(
                device.id, rows, answer.fingerprint, None, answer.problems
            )

    def answer(self) -> BatchResult:
        return BatchResult(
            self._calls, list(self._patches), list(self._conditions), [*self._replies.values()]
        )

    def _row(self, finding: Finding) -> tuple[str, int, int, datetime | None]:
        patch = self._patches.setdefault(finding.patch, len(self._patches))
        condition = self._conditions.setdefault(finding.condition, len(self._conditions))
        return finding.id, patch, condition, finding.installed_at


def _failure_of(error: VendorError) -> Failure:
    held = vars(error).items()
    return Failure(
        kind=type(error).__name__,
        message=error.message,
        hint=error.hint,
        vendor=error.vendor,
        operation=error.operation,
        fate=error.fate,
        transient=error.transient,
        retry_after_seconds=error.retry_after_seconds,
        more={
            name: value
            for name, value in held
            if name not in _COMMON and (value is None or isinstance(value, str | int))
        },
    )


def _error_of(failure: Failure) -> VendorError:
    kind = _kinds(VendorError).get(failure.kind, VendorError)
    error = kind(
        failure.message, vendor=failure.vendor, operation=failure.operation, hint=failure.hint
    )
    error.fate, error.transient = failure.fate, failure.transient
    error.retry_after_seconds = failure.retry_after_seconds
    for name, value in failure.more.items():
        setattr(error, name, value)
    return error


_COMMON = frozenset(Failure.__struct_fields__)


def _kinds(kind: type[VendorError]) -> dict[str, type[VendorError]]:
    """Return every subclass of an error by its name."""
    found = {kind.__name__: kind}
    for one in kind.__subclasses__():
        found |= _kinds(one)
    return found
