"""Faults on demand: which calls go wrong, how, and how often.

Law of this file: matching is arithmetic on counters.  Every call a fault matches counts for its
`after`; the first fault that is due spoils the call, and only that one uses up a turn.
"""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from typing import Any

from patchfleet.emulator.answer import Answer
from patchfleet.emulator.clock import Clock
from patchfleet.emulator.fault_kind import STAND_IN, Case, FaultKind
from patchfleet.emulator.http_faults import HTTP_FAULTS
from patchfleet.emulator.nsight.variants import REPLY_FAULTS
from patchfleet.emulator.qualys.faults import QUALYS_FAULTS

FAULTS: Mapping[str, FaultKind] = {**HTTP_FAULTS, **REPLY_FAULTS, **QUALYS_FAULTS}
"""Every kind of fault by name."""

OF_NSIGHT = frozenset({**HTTP_FAULTS, **REPLY_FAULTS})
OF_QUALYS = frozenset({**HTTP_FAULTS, **QUALYS_FAULTS})
"""The kinds that concern each vendor's calls."""


@dataclass(slots=True, eq=False)
class Fault:
    """Make some calls go wrong.

    It concerns calls of a `service`, to a `path`, for a `device` (None: any), skips the first
    `after` of them and spoils the next `times` (None: all).  `seen` and `done` count.  Raises
    ValueError for an unknown kind or option.
    """

    kind: str
    service: str | None = None
    path: str | None = None
    device: int | None = None
    after: int = 0
    times: int | None = 1
    options: dict[str, Any] = field(default_factory=dict)
    seen: int = field(default=0, init=False)
    done: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if self.kind not in FAULTS:
            raise ValueError(f"no fault {self.kind!r}; there are: {', '.join(FAULTS)}")
        _check_count("after", self.after, 0)
        if self.times is not None:
            _check_count("times", self.times, 1)
        self.options = FAULTS[self.kind].completed(self.options)

    def concerns(self, service: str, path: str, device: str) -> bool:
        """Return whether a call is one this fault is about."""
        return (
            self.service in (None, service)
            and self.path in (None, path)
            and (self.device is None or str(self.device) == device)
        )

    @property
    def is_due(self) -> bool:
        """Return whether the call just counted is to be spoiled."""
        return self.seen > self.after and (self.times is None or self.done < self.times)

    def spoil(
        self, reply: Callable[[], Answer], clock: Clock, url: str, stand_in: Answer = STAND_IN
    ) -> Answer:
        """Return what is sent instead of the reply; `reply` is called if the call takes effect."""
        answer = reply() if self.options["when"] == "after" else stand_in
        case = Case(answer, clock.now, clock.wall_now, url, self.options)
        return FAULTS[self.kind].spoil(case)

    def as_dict(self) -> dict[str, Any]:
        """Return the fault and its counters as JSON can hold them."""
        return {name: getattr(self, name) for name in self.__slots__}


class Faults:
    """Keep the faults that are set, in the order in which they were set."""

    def __init__(self) -> None:
        self.all: list[Fault] = []

    def match(
        self, service: str, path: str, device: str, kinds: Container[str] = FAULTS
    ) -> Fault | None:
        """Count a call and return the fault that spoils it, if any, among these kinds."""
        chosen = None
        for fault in self.all:
            if fault.kind in kinds and fault.concerns(service, path, device):
                fault.seen += 1
                if chosen is None and fault.is_due:
                    fault.done += 1
                    chosen = fault
        return chosen


def _check_count(name: str, value: object, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name} must be a whole number, {least} or more; not {value!r}")
