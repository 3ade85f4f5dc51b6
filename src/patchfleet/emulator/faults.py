"""Faults on demand: selection of calls, kinds of fault, and counters.

Every call that a fault matches counts for its `after`; the first fault that is due changes the
answer, and only that one uses up a turn.
"""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from patchfleet._renamed.members import FormerMembers
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
"""The kinds in which a gateway, an answer or a value is wrong without looking so."""

FAULTS: Mapping[str, FaultKind] = {
    **HTTP_FAULTS, **HOSTILE_FAULTS, **REPLY_FAULTS, **QUALYS_FAULTS
}  # fmt: skip
"""Every kind of fault by name."""

OF_NSIGHT = frozenset({**HTTP_FAULTS, **REPLY_FAULTS})
OF_QUALYS = frozenset({**HTTP_FAULTS, **QUALYS_FAULTS})
"""The plain kinds that apply to each vendor's calls; the hostile ones apply to both."""
Words = str | list[str] | None


@dataclass(frozen=True, slots=True)
class Asked:
    """One call as faults see it; `ids` returns all ids in it."""

    service: str
    path: str
    device: str
    url: str
    question: Question
    ids: Callable[[], set[str]]


@dataclass(slots=True, eq=False)
class Fault(FormerMembers):
    """A fault for some calls.

    It applies to calls of a `service`, to a `path`, for a `device`, and to those with the id
    `about` in their path, query or body (None: any). There may be several services and paths, with
    `*` for any text. It skips the first `after` of them and changes the next `times` (None: all).
    `seen` and `done` are counters. Raises ValueError for an unknown kind or option.
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
        """Return whether the fault applies to a call."""
        return (
            _fits(self.service, call.service)
            and _fits(self.path, call.path)
            and (self.device is None or str(self.device) == call.device)
            and (self.about is None or str(self.about) in call.ids())
            and FAULTS[self.kind].suits(call.question, self.options)
        )

    @property
    def is_due(self) -> bool:
        """Return whether the answer to the call just counted is to be changed."""
        return self.seen > self.after and (self.times is None or self.done < self.times)

    def apply(
        self, answer: Response | None, clock: Clock, call: "Asked", stand_in: Response = STAND_IN
    ) -> Response:
        """Return what is sent instead of `answer`, which is None if the call was lost."""
        case = FaultedCall(
            answer or stand_in, clock.now, clock.wall_now, call.url, self.options, call.question
        )
        return FAULTS[self.kind].apply(case)

    @property
    def is_after(self) -> bool:
        """Return whether the call takes effect before its answer is changed."""
        return bool(self.options["when"] == "after")

    def as_dict(self) -> dict[str, Any]:
        """Return the fault and its counters as a JSON-compatible dict."""
        return {name: getattr(self, name) for name in self.__slots__}


class Faults:
    """The faults that are set, in order."""

    def __init__(self) -> None:
        self.all: list[Fault] = []

    def match(self, call: "Asked", kinds: Container[str] = FAULTS) -> Fault | None:
        """Count a call and return the fault of these kinds that is due for it, if any."""
        chosen = None
        for fault in self.all:
            if (fault.kind in kinds or fault.kind in HOSTILE_FAULTS) and fault.concerns(call):
                fault.seen += 1
                if chosen is None and fault.is_due:
                    fault.done += 1
                    chosen = fault
        return chosen


def _fits(wanted: Words, word: str) -> bool:
    """Return whether a word is the one wanted, one of several, or fits a pattern."""
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
