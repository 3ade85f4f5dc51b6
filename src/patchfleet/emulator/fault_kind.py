"""Kinds of fault as data: a description, options, and a function that changes a reply."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from patchfleet._renamed import renamed
from patchfleet._renamed.members import FormerMembers
from patchfleet.emulator.response import Response, xml

When = Literal["before", "after"]
Options = Mapping[str, Any]
Ask = Callable[[], Response]
JSON = (str, int, float, bool, list, dict, type(None))
"""The types of an option that accepts any JSON value."""
STAND_IN = xml(b'<?xml version="1.0" encoding="ISO-8859-1"?>\n<result status="OK"/>')
"""The reply that is changed if the call was lost before it took effect."""


class Question(Protocol):
    """The call that a fault answers with something else."""

    @property
    def is_act(self) -> bool:
        """Return whether the call changes anything at the vendor."""
        ...

    @property
    def before(self) -> Response | None:
        """Return the vendor's previous answer, None for the first call."""

    def other(self, options: Options, *, in_pairs: bool = False) -> Ask | None:
        """Return a function that answers the same call about another object, None if there is none.

        The other object is the next one in a circle, or with `in_pairs` the neighbour.
        """

    def without(self, identity: str) -> Ask | None:
        """Return a function that answers as if a device were absent, None if that is impossible."""


@dataclass(frozen=True, slots=True)
class FaultedCall:
    """One call to be changed: its reply, the emulated time, its URL with the key, the options.

    `wall_now` is the client's time, for values that it compares with its own clock.
    """

    reply: Response
    now: datetime
    wall_now: datetime
    url: str
    options: Options
    question: Question


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a kind: its default, its allowed values, its meaning.

    Numbers lie between `low` and `high`; texts are printable Latin-1, because they are sent in
    headers. `words`, if there are any, are the only allowed texts.
    """

    default: Any
    types: tuple[type, ...]
    description: str
    low: float = 0
    high: float = 10_000
    words: tuple[str, ...] = ()

    def accepts(self, value: object) -> bool:
        """Return whether `value` is allowed for this option."""
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
class FaultKind(FormerMembers):
    """One kind of fault.

    `apply` returns what is sent for a call. `when` is whether by default the call takes effect
    ("after") or never reaches the vendor's state ("before"); every kind has an option of that name
    to override it. `suits` is whether the fault can be applied to a call at all.
    """

    description: str
    apply: Callable[[FaultedCall], Response]
    when: When = "before"
    options: Mapping[str, Option] = field(default_factory=dict)
    suits: Callable[[Question, Options], bool] = _always

    def completed(self, given: Options) -> dict[str, Any]:
        """Return all options, the given ones checked; raise ValueError for a bad one."""
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
        """Return the description and the options with their defaults as a JSON-compatible dict."""
        options = {name: option.description for name, option in self.options.items()}
        return {
            "description": self.description,
            "options": {**options, "when": f"before or after it takes effect ({self.when})"},
            "defaults": {name: option.default for name, option in self.options.items()},
        }


__getattr__ = renamed(__name__)
