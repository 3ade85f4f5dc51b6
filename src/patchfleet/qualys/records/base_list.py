"""List type of every Qualys listing."""

from collections.abc import Iterable
from typing import Any, TypeVar

from patchfleet.qualys.records.record import Record

T = TypeVar("T")


class BaseList(list[T]):
    """A list, under the name that users of the existing SDK know.

    `missing` holds the ids that were looked up and had no answer.
    """

    def __init__(self, values: Iterable[T] = (), *, missing: Iterable[Any] = ()) -> None:
        super().__init__(values)
        self.missing: list[Any] = list(missing)

    @property
    def problems(self) -> list[str]:
        """Values that were not of their documented type, by record; see `Record.problems`."""
        return [
            f"{_name_of(value)}: {problem}"
            for value in self
            if isinstance(value, Record)
            for problem in value.problems
        ]

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return plain dicts, for a data frame or JSON; raise TypeError for other than records."""
        if not all(isinstance(value, Record) for value in self):
            raise TypeError("only records can be made dicts of")
        return [value.to_dict() for value in self if isinstance(value, Record)]


def _name_of(record: Record) -> str:
    return f"{type(record).__name__} {record.get('id') or record.get('name') or ''}".strip()
