"""What a kind of fault is: a description, options, and a function that spoils a reply.

Law of this file: values only, so that every kind can be listed, documented and checked as data.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from patchfleet._renamed import renamed
from patchfleet.emulator.response import Response, xml

When = Literal["before", "after"]
Options = Mapping[str, Any]
Ask = Callable[[], Response]
JSON = (str, int, float, bool, list, dict, type(None))
"""The types of an option that may hold anything JSON can."""
STAND_IN = xml(b'<?xml version="1.0" encoding="ISO-8859-1"?>\n<result status="OK"/>')
"""The reply that is spoiled when the call was lost before it took effect."""


class Question(Protocol):
    """What was asked, for faults that answer something else."""

    @property
    def is_act(self) -> bool:
        """Return whether the call changes anything at the vendor."""
        ...

    @property
    def before(self) -> Response | None:
        """Return what the vendor answered to the call before this one, None for the first."""

    def other(self, options: Options, *, in_pairs: bool = False) -> Ask | None:
        """Return what answers the same about another thing, None where there is none.

        It is the next one, round and round, or in pairs the neighbour.
        """

    def without(self, identity: str) -> Ask | None:
        """Return what answers as if a device were not there, None for what cannot tell."""


@dataclass(frozen=True, slots=True)
class FaultedCall:
    """Hold one call to be spoiled: its reply, the emulated time, its URL with the key, options.

    `wall_now` is the time of the client's side, for what it compares with its own clock.
    """

    reply: Response
    now: datetime
    wall_now: datetime
    url: str
    options: Options
    question: Question


@dataclass(frozen=True, slots=True)
class Option:
    """Describe one option of a kind: its default, what it may be, what it means.

    Numbers lie between `low` and `high`; texts are printable Latin-1, since they go on the wire.
    `words` are the only texts it may be, if there are any.
    """

    default: Any
    types: tuple[type, ...]
    description: str
    low: float = 0
    high: float = 10_000
    words: tuple[str, ...] = ()

    def accepts(self, value: object) -> bool:
        """Return whether a value may be given for this option."""
        if not isinstance(value, self.types) or (type(value) is bool and bool not in self.types):
            return False
        if self.types == JSON:
            return True
        if isinstance(value, str):
            is_known = not self.words or value in self.words
            return is_known and (not value or (value.isprintable() and max(value) <= "ÿ"))
        return not isinstance(value, (int, float)) or self.low <= value <= self.high


def _always(_: Question, __: Options) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class FaultKind:
    """Describe a kind of fault.

    `spoil` turns a case into what is sent.  `when` says whether by default the call has taken
    effect ("after") or never reached the vendor's state ("before"); the option of that name, which
    every kind has, says otherwise.  `suits` says whether it can be shown to a question at all.
    """

    description: str
    spoil: Callable[[FaultedCall], Response]
    when: When = "before"
    options: Mapping[str, Option] = field(default_factory=dict)
    suits: Callable[[Question, Options], bool] = _always

    def completed(self, given: Options) -> dict[str, Any]:
        """Return all options, the given ones checked; raise ValueError for what does not fit."""
        complete = {name: option.default for name, option in self.options.items()}
        complete["when"] = self.when
        for name, value in given.items():
            if name not in complete:
                raise ValueError(f"no option {name!r}; there are: {', '.join(complete)}")
            if name == "when" and value not in ("before", "after"):
                raise ValueError('when is "before" or "after" the call takes effect')
            if name != "when" and not self.options[name].accepts(value):
                raise ValueError(f"{name}: {self.options[name].description}; not {value!r}")
            complete[name] = value
        return complete

    def as_dict(self) -> dict[str, Any]:
        """Return the description and the options with their defaults, as JSON can hold them."""
        options = {name: option.description for name, option in self.options.items()}
        return {
            "description": self.description,
            "options": {**options, "when": f"before or after it takes effect ({self.when})"},
            "defaults": {name: option.default for name, option in self.options.items()},
        }


__getattr__ = renamed(__name__)
