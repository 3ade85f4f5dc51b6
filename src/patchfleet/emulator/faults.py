"""Faults on demand: which calls go wrong, how, and how often.

Law of this file: one table of all kinds, and matching, which is arithmetic on counters.  Every call
a fault matches counts for its `after`; the first fault that is due spoils the call, and only that
one uses up a turn.
"""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from patchfleet.emulator.answer_faults import ANSWER_FAULTS
from patchfleet.emulator.clock import Clock
from patchfleet.emulator.fault_kind import STAND_IN, FaultedCall, FaultKind, Question
from patchfleet.emulator.http_faults import HTTP_FAULTS
from patchfleet.emulator.nsight.reply_faults import REPLY_FAULTS
from patchfleet.emulator.qualys.gateway_faults import QUALYS_FAULTS
from patchfleet.emulator.response import Response
from patchfleet.emulator.value_faults import VALUE_FAULTS
from patchfleet.emulator.wire_faults import WIRE_FAULTS

HOSTILE_FAULTS: Mapping[str, FaultKind] = {**WIRE_FAULTS, **ANSWER_FAULTS, **VALUE_FAULTS}
"""The kinds in which somebody says what is not so: a gateway, a wrong answer, an odd value."""

FAULTS: Mapping[str, FaultKind] = {
    **HTTP_FAULTS, **HOSTILE_FAULTS, **REPLY_FAULTS, **QUALYS_FAULTS
}  # fmt: skip
"""Every kind of fault by name."""

OF_NSIGHT = frozenset({**HTTP_FAULTS, **REPLY_FAULTS})
OF_QUALYS = frozenset({**HTTP_FAULTS, **QUALYS_FAULTS})
"""The plain kinds that concern each vendor's calls; the hostile ones concern both."""
Words = str | list[str] | None


@dataclass(frozen=True, slots=True)
class Asked:
    """Hold one call as faults look at it; `ids` finds all ids it carries."""

    service: str
    path: str
    device: str
    url: str
    question: Question
    ids: Callable[[], set[str]]


@dataclass(slots=True, eq=False)
class Fault:
    """Make some calls go wrong.

    It concerns calls of a `service`, to a `path`, for a `device`, and those that carry an id in
    their path, query or body (`about`; None: any).  Services and paths may be several, and have `*`
    for anything.  It skips the first `after` of them and spoils the next `times` (None: all).
    `seen` and `done` count.  Raises ValueError for an unknown kind or option.
    """

    kind: str
    service: Words = None
    path: Words = None
    device: int | None = None
    about: str | int | None = None
    after: int = 0
    times: int | None = 1
    options: dict[str, Any] = field(default_factory=dict)
    seen: int = field(default=0, init=False)
    done: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if self.kind not in FAULTS:
            raise ValueError(f"no fault {self.kind!r}; there are: {', '.join(FAULTS)}")
        _check_words("service", self.service)
        _check_words("path", self.path)
        _check_count("after", self.after, 0)
        if self.times is not None:
            _check_count("times", self.times, 1)
        self.options = FAULTS[self.kind].completed(self.options)

    def concerns(self, call: "Asked") -> bool:
        """Return whether a call is one this fault is about."""
        return (
            _fits(self.service, call.service)
            and _fits(self.path, call.path)
            and (self.device is None or str(self.device) == call.device)
            and (self.about is None or str(self.about) in call.ids())
            and FAULTS[self.kind].suits(call.question, self.options)
        )

    @property
    def is_due(self) -> bool:
        """Return whether the call just counted is to be spoiled."""
        return self.seen > self.after and (self.times is None or self.done < self.times)

    def spoil(
        self, answer: Response | None, clock: Clock, call: "Asked", stand_in: Response = STAND_IN
    ) -> Response:
        """Return what is sent instead of an answer, which is None for a call that was lost."""
        case = FaultedCall(
            answer or stand_in, clock.now, clock.wall_now, call.url, self.options, call.question
        )
        return FAULTS[self.kind].spoil(case)

    @property
    def is_after(self) -> bool:
        """Return whether the call takes effect before its answer is spoiled."""
        return bool(self.options["when"] == "after")

    def as_dict(self) -> dict[str, Any]:
        """Return the fault and its counters as JSON can hold them."""
        return {name: getattr(self, name) for name in self.__slots__}


class Faults:
    """Keep the faults that are set, in the order in which they were set."""

    def __init__(self) -> None:
        self.all: list[Fault] = []

    def match(self, call: "Asked", kinds: Container[str] = FAULTS) -> Fault | None:
        """Count a call and return the fault that spoils it, if any, among these kinds."""
        chosen = None
        for fault in self.all:
            if (fault.kind in kinds or fault.kind in HOSTILE_FAULTS) and fault.concerns(call):
                fault.seen += 1
                if chosen is None and fault.is_due:
                    fault.done += 1
                    chosen = fault
        return chosen


def _fits(wanted: Words, word: str) -> bool:
    """Return whether a word is the one that is wanted, one of several, or fits a pattern."""
    if wanted is None:
        return True
    return any(fnmatchcase(word, one) for one in ([wanted] if isinstance(wanted, str) else wanted))


def _check_words(name: str, value: object) -> None:
    words = value if isinstance(value, list) else [value]
    if value is not None and not all(isinstance(one, str) for one in words):
        raise ValueError(f"{name} must be a text or a list of texts; not {value!r}")


def _check_count(name: str, value: object, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name} must be a whole number, {least} or more; not {value!r}")
