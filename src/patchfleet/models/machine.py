"""One machine, whoever told us about it: devices of several sources that are the same thing.

A device is what one source lists; a machine is what stands on the desk. People say *verdict* here
where they decide whether two devices are one machine: a *decision* is what is done about a patch.
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
    """A device as a source has it now, with the name of its customer there ("": not known)."""

    source: str
    device: Device
    customer: str = ""

    @property
    def ref(self) -> DeviceRef:
        """Which device it is, among those of all sources."""
        return self.source, self.device.id


class MatchDecision(Struct, frozen=True, kw_only=True):
    """What a person decided: two devices are one machine, or they are not.

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
            raise ValueError(f"a verdict is about two devices, not twice about {self.left}")


class Member(Struct, frozen=True, gc=False):
    """A device of a machine: how sure it is (0 to 100), and why, in short sentences.

    A device that is a machine by itself needs no reason: its score is 100.
    """

    source: str
    device_id: str
    score: int = 100
    reasons: tuple[str, ...] = ()

    @property
    def ref(self) -> DeviceRef:
        """Which device it is, among those of all sources."""
        return self.source, self.device_id


class Machine(Struct, frozen=True, gc=False):
    """One machine: its members in the order of source and id, never none.

    `id` is made of its first member ever, and stays when that one goes.
    """

    id: str
    members: tuple[Member, ...]


class MatchCandidate(Struct, frozen=True, kw_only=True):
    """Two devices that may be one machine, for a person to say; `left` is the smaller of them."""

    left: DeviceRef
    right: DeviceRef
    kind: CandidateKind
    score: int
    reasons_for: tuple[str, ...]
    reasons_against: tuple[str, ...]


class ConflictingDecisions(Struct, frozen=True):
    """Verdicts that cannot all be true: none that joins is followed until one is taken back."""

    verdicts: tuple[MatchDecision, ...]
    reason: str


class Identity(Struct, frozen=True):
    """Which devices are which machines: each device is in exactly one of them.

    Machines are in the order of their ids, look-alikes the most likely first.
    """

    machines: tuple[Machine, ...]
    look_alikes: tuple[MatchCandidate, ...]
    contradictions: tuple[ConflictingDecisions, ...] = ()


__getattr__ = renamed(__name__)
