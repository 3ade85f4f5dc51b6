"""What travels between the process that syncs and its workers: devices to read, and what they said.

Law of this file: nothing of how an account is reached is in it: no address, no user, no key. A
patch that stands on many devices travels once.
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
"""How often a worker asks, in the middle of a batch, whether anybody still wants it."""


class Batch(Struct, frozen=True):
    """Some devices of one source, to be listed by whoever has its account."""

    devices: list[Device]
    known: dict[str, str]
    at_once: int


class Failure(Struct, frozen=True, array_like=True):
    """A vendor's error with all that is known of it but what it was raised from.

    `more` are the fields that its own kind has, such as the code of one that was rejected.
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
    """What one device told: rows of finding, patch, condition and installation, or why nothing.

    Patch and condition are places in the lists of the answer.
    """

    device_id: str
    rows: list[tuple[str, int, int, datetime | None]] | None
    fingerprint: str | None
    failure: Failure | None
    problems: tuple[str, ...] = ()


class BatchResult(Struct, frozen=True):
    """What a worker learned of a batch, with its calls; devices it did not come to are not in it.

    `trouble` is what ended it early, where that was no vendor's word of one device.
    """

    calls: int
    patches: list[Patch]
    conditions: list[FindingStatus]
    told: list[DeviceReply]
    trouble: str | None = None

    def listings(self) -> Iterator[tuple[str, DeviceListing | VendorError]]:
        """Yield each device's id with its listing, or why it could not be read."""
        for told in self.told:
            if told.failure is not None:
                yield told.device_id, _error_of(told.failure)
            elif told.rows is None:
                yield told.device_id, DeviceListing(None, told.fingerprint)
            else:
                findings = [
                    Finding(number, self.patches[patch], self.conditions[condition], at)
                    for number, patch, condition, at in told.rows
                ]
                yield told.device_id, DeviceListing(findings, told.fingerprint, told.problems)


def as_text(what: Batch | BatchResult) -> str:
    """Spell a batch or an answer as JSON."""
    return msgspec.json.encode(what).decode()


def batch_of(text: str) -> Batch:
    """Read a batch; raises `msgspec.DecodeError` for what is none."""
    return msgspec.json.decode(text, type=decodable(Batch))


def answer_of(text: str) -> BatchResult:
    """Read an answer; raises `msgspec.DecodeError` for what is none."""
    return msgspec.json.decode(text, type=decodable(BatchResult))


def read(source: Source, batch: Batch, is_wanted: Callable[[], bool]) -> BatchResult:
    """Ask a source for the devices of a batch, until they are read or nobody wants them any more.

    What was read by then is the answer. Errors that concern all devices are raised.
    """
    answering = _Answering()
    come: queue.SimpleQueue[tuple[Device, DeviceListing | VendorError] | BaseException | None]
    come = queue.SimpleQueue()
    stopping = threading.Event()
    # A call may wait minutes for its place in the pace: whoever must end does not wait with it.
    pulling = (source, batch, answering, come, stopping)
    threading.Thread(target=_pull, args=pulling, name="patchfleet-batch", daemon=True).start()
    looks_at = time.monotonic()
    try:
        while True:
            if time.monotonic() >= looks_at:
                if not is_wanted():
                    break
                looks_at = time.monotonic() + LOOKS_UP_SECONDS
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
    """Hand on what the source yields, then None, or the error that ended it."""
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
    """An answer while it grows."""

    def __init__(self) -> None:
        self._calls = 0
        self._patches: dict[Patch, int] = {}
        self._conditions: dict[FindingStatus, int] = {}
        self._told: dict[str, DeviceReply] = {}

    def count_call(self) -> None:
        self._calls += 1

    def add(self, device: Device, answer: DeviceListing | VendorError) -> None:
        if isinstance(answer, VendorError):
            self._told[device.id] = DeviceReply(device.id, None, None, _failure_of(answer))
        elif answer.findings is None:
            self._told[device.id] = DeviceReply(device.id, None, answer.fingerprint, None)
        else:
            rows = [self._row(finding) for finding in answer.findings]
            self._told[device.id] = DeviceReply(
                device.id, rows, answer.fingerprint, None, answer.problems
            )

    def answer(self) -> BatchResult:
        return BatchResult(
            self._calls, list(self._patches), list(self._conditions), [*self._told.values()]
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
    """Return every kind of error there is, by its name."""
    found = {kind.__name__: kind}
    for one in kind.__subclasses__():
        found |= _kinds(one)
    return found
