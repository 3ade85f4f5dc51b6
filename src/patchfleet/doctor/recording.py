"""Recording of an account: for each read the shapes of its answers, and the file that holds them.

A file is JSON for people to read before they send it. A damaged file, another file, and one of a
newer version are a `ConfigError` each.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field

from patchfleet.decodable import decodable
from patchfleet.doctor.shape import (
    Range,
    Shape,
    joined_counts,
    joined_shapes,
    texts_of,
    wider,
)
from patchfleet.errors import ConfigError
from patchfleet.version import __version__

FORMAT = "patchfleet shapes"
VERSION = 1
LARGEST_FILE_BYTES = 64 * 1024 * 1024
_RANGE = re.compile(rb"\[\s+(\d+),\s+(\d+)\s+\]")
_HINT = "make one with `patchfleet doctor --record FILE`"


class Answers(Struct, frozen=True, omit_defaults=True):
    """All answers to one read: statuses, outcomes, sizes, durations, headers and bodies.

    `works` counts what was asked, `calls` the calls with their repeats. `outcomes` are results of
    reading: `read`, the name of an error, or `not read: the limit of calls`. `success` and
    `failure` are the bodies of answers with records, and of errors in the vendor's own form.
    """

    works: int = 0
    calls: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=dict)
    milliseconds: Range | None = None
    body_bytes: Range | None = None
    headers: dict[str, Shape] = field(default_factory=dict)
    bodies: dict[str, int] = field(default_factory=dict)
    success: Shape = Shape()
    failure: Shape = Shape()

    def __or__(self, other: "Answers") -> "Answers":
        return Answers(
            self.works + other.works,
            self.calls + other.calls,
            joined_counts(self.statuses, other.statuses),
            joined_counts(self.outcomes, other.outcomes),
            wider(self.milliseconds, other.milliseconds),
            wider(self.body_bytes, other.body_bytes),
            joined_shapes(self.headers, other.headers),
            joined_counts(self.bodies, other.bodies),
            self.success | other.success,
            self.failure | other.failure,
        )


class Recording(Struct, frozen=True):
    """The answers of accounts, by vendor and read; a read that had nothing to ask has no works."""

    vendors: dict[str, dict[str, Answers]]
    format: str = FORMAT
    version: int = VERSION
    patchfleet: str = __version__

    def __or__(self, other: "Recording") -> "Recording":
        vendors = {
            name: merged_reads(self.vendors.get(name, {}), other.vendors.get(name, {}))
            for name in sorted(self.vendors.keys() | other.vendors.keys())
        }
        return Recording(vendors)

    def texts(self) -> Iterator[str]:
        """Yield every text of the recording that comes from an answer."""
        for reads in self.vendors.values():
            for answers in reads.values():
                yield from answers.statuses
                yield from answers.outcomes
                yield from answers.bodies
                yield from answers.headers
                for shape in (*answers.headers.values(), answers.success, answers.failure):
                    yield from texts_of(shape)


def merged_reads(left: Mapping[str, Answers], right: Mapping[str, Answers]) -> dict[str, Answers]:
    """Return the answers of two recordings of one vendor, by read, in the order of the first."""
    names = [*left, *(name for name in right if name not in left)]
    return {name: left.get(name, Answers()) | right.get(name, Answers()) for name in names}


def write_recording(recording: Recording, path: Path) -> None:
    """Write a recording; raise `ConfigError` if the file cannot be written."""
    text = msgspec.json.format(msgspec.json.encode(recording), indent=1)
    text = _RANGE.sub(rb"[\1, \2]", text)  # a range on one line, for those who read the file
    try:
        path.write_bytes(text + b"\n")
    except OSError as error:
        raise ConfigError(
            f"cannot write {path}: {error.strerror}", hint="name a file in another folder"
        ) from None


def read_recording(path: Path) -> Recording:
    """Read a recording; raise `ConfigError` for any other file."""
    value = _decoded(_content(path), path)
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise ConfigError(f"{path} is not a file of shapes", hint=_HINT)
    version = value.get("version")
    if isinstance(version, int) and version > VERSION:
        raise ConfigError(
            f"{path} has version {version} of the format, this Patchfleet reads {VERSION}",
            hint="upgrade Patchfleet, or record again with this one",
        )
    try:
        return msgspec.convert(value, decodable(Recording))
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path} is damaged: {error}".replace("`", "'"), hint=_HINT) from None


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}", hint=_HINT) from None
    if len(content) > LARGEST_FILE_BYTES:
        raise ConfigError(f"{path} is too large to be a file of shapes", hint=_HINT)
    return content


def _decoded(content: bytes, path: Path) -> Any:
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ConfigError(f"{path} is not JSON, or was cut", hint=_HINT) from None
