"""Machines: devices of several sources that are one physical or virtual computer.

A device is an entry of one source. A match decision is a person's: two devices are one machine, or
they are not.
"""

from datetime import datetime
from typing import Literal, TypeAlias, get_args

from msgspec import Struct

from patchfleet._renamed import renamed
from patchfleet.models.fleet import Device

DeviceRef: TypeAlias = tuple[str, str]
"""A device of any source: the name of the source, and its own id of the device."""

CandidateKind = Literal["re-imaged", "renamed", "cloned", "shared hostname"]
CANDIDATE_KINDS: tuple[CandidateKind, ...] = get_args(CandidateKind)


class SourcedDevice(Struct, frozen=True, kw_only=True, gc=False):
    """A device of a source, with the name of its customer there ("": unknown)."""

    source: str
    device: Device
    customer: str = ""

    @property
    def ref(self) -> DeviceRef:
        """Return the reference to the device among those of all sources."""
        return self.source, self.device.id


class MatchDecision(Struct, frozen=True, kw_only=True):
    """A person's decision: two devices are one machine, or they are not.

    Raises ValueError for a device and itself. `at` is aware UTC.
    """

    left: DeviceRef
    right: DeviceRef
    is_same: bool
    by: str
    at: datetime
    reason: str = ""

    def __post_init__(self) -> None:
        if self.left == self.right:
            raise ValueError(f"a decision is about two devices, not twice about {self.left}")


class Member(Struct, frozen=True, gc=False):
    """A device of a machine, with the score (0 to 100) of the match and its reasons.

    A device that is a machine by itself has the score 100 and no reason.
    """

    source: str
    device_id: str
    score: int = 100
    reasons: tuple[str, ...] = ()

    @property
    def ref(self) -> DeviceRef:
        """Return the reference to the device among those of all sources."""
        return self.source, self.device_id


class Machine(Struct, frozen=True, gc=False):
    """One machine: its members in the order of source and id, never none.

    `id` is made from the first member ever, and stays when that one is removed.
    """

    id: str
    members: tuple[Member, ...]


class MatchCandidate(Struct, frozen=True, kw_only=True):
    """Two devices that may be one machine, for a person to decide; `left` is the smaller one."""

    left: DeviceRef
    right: DeviceRef
    kind: CandidateKind
    score: int
    reasons_for: tuple[str, ...]
    reasons_against: tuple[str, ...]


class ConflictingDecisions(Struct, frozen=True):
    """Decisions that contradict each other: none of them joins until one is revoked."""

    verdicts: tuple[MatchDecision, ...]
    reason: str


class Identity(Struct, frozen=True):
    """The machines of all devices: each device is in exactly one of them.

    Machines are in the order of their ids, candidates the most likely first.
    """

    machines: tuple[Machine, ...]
    look_alikes: tuple[MatchCandidate, ...]
    contradictions: tuple[ConflictingDecisions, ...] = ()


__getattr__ = renamed(__name__)
