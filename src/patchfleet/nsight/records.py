"""What N-able tells, in N-able's words: typed where the documentation gives a type.

A record's attributes are the wire's names in snake case (`patchUrl` is `patch_url`), and
`record["patchUrl"]` reads the same value by the wire's name, in any case. What the documentation
does not name is kept in `extra` as text, under the wire's own name.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, ClassVar, TypeVar
from xml.etree.ElementTree import Element

import msgspec
from msgspec import Struct, field

from patchfleet.errors import Unreadable


class Record(Struct, kw_only=True):
    """The base of all records: reads as an object and as a mapping."""

    ALIASES: ClassVar[Mapping[str, str]] = {}

    extra: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        attribute = attributes(type(self)).get(plain(name))
        if attribute is not None:
            return getattr(self, attribute)
        for key, value in self.extra.items():
            if plain(key) == plain(name):
                return value
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and any(plain(key) == plain(name) for key in self.keys())

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.keys())

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of that wire name, or the default where there is none."""
        try:
            return self[name]
        except KeyError:
            return default

    def keys(self) -> list[str]:
        """Return the names that can be read: the documented ones, then the unknown ones."""
        return [*_names(type(self)), *self.extra]

    def items(self) -> list[tuple[str, Any]]:
        """Return the names and values, for `dict(record)` and loops."""
        return [(key, self[key]) for key in self.keys()]


R = TypeVar("R", bound=Record)


def plain(name: str) -> str:
    """Return a wire name without case and separators: `installDateText` is `installdatetext`.

    Element names differ in case between services and inside one [I, reference §2.2].
    """
    return name.lower().replace("_", "")


@cache
def attributes(record: type[Record]) -> dict[str, str]:
    """Map the plain wire names of a record to its attributes."""
    names = {plain(name): name for name in record.__struct_fields__ if name != "extra"}
    return names | dict(record.ALIASES)


@cache
def _names(record: type[Record]) -> tuple[str, ...]:
    return tuple(plain(name) for name in record.__struct_fields__ if name != "extra")


def read_all(elements: list[Element], record: type[R]) -> list[R]:
    """Make typed records of elements whose children are the fields; see `read` for one."""
    known = dict(attributes(record))
    rows = [_row(element, known) for element in elements]
    try:
        return msgspec.convert(rows, list[record], strict=False)  # type: ignore[valid-type]
    except msgspec.ValidationError:  # find the odd ones; the others need not suffer
        return [_tolerant(row, record) for row in rows]


def read(element: Element, record: type[R], **given: Any) -> R:
    """Make one typed record: fields by plain name, empty ones absent, unknown ones kept.

    `given` are fields that stand elsewhere in the answer, already of their type.
    """
    row = _row(element, dict(attributes(record))) | given
    try:
        return msgspec.convert(row, record, strict=False)
    except msgspec.ValidationError:
        return _tolerant(row, record)


def id_of(parent: Element, name: str) -> int:
    """Return the number in a child; an id that is none is unreadable."""
    for element in parent:
        if plain(element.tag) == name:
            text = (element.text or "").strip()
            if text.isascii() and text.isdigit():
                return int(text)
            break
    raise Unreadable(f"<{plain(parent.tag)}> has no number in <{name}>")


def _row(element: Element, known: dict[str, str]) -> dict[str, Any]:
    """Collect an element's children; `known` learns each spelling of a tag that it meets."""
    row: dict[str, Any] = {}
    for child in element:
        tag = child.tag
        name = known.get(tag)
        if name is None:
            name = known.get(plain(tag), "")
            known[tag] = name
        text = child.text
        if text is None or len(child):
            continue
        text = text.strip()
        if not text:
            continue
        if name:
            row[name] = text
        else:
            row.setdefault("extra", {})[tag] = text
    return row


def _tolerant(row: dict[str, Any], record: type[R]) -> R:
    """Make a record of a row with values of the wrong type: each goes to `extra` as it was.

    A value that the record cannot be without is an error: such a row means something else.
    """
    row = dict(row)
    for info in msgspec.structs.fields(record):
        if info.name == "extra" or info.name not in row:
            continue
        try:
            row[info.name] = msgspec.convert(row[info.name], info.type, strict=False)
        except msgspec.ValidationError:
            if info.required:
                raise Unreadable(
                    f"<{plain(info.name)}> is '{row[info.name][:40]}', not a number"
                ) from None
            row.setdefault("extra", {})[plain(info.name)] = row.pop(info.name)
    try:
        return msgspec.convert(row, record, strict=False)
    except msgspec.ValidationError as error:
        raise Unreadable(f"a record is incomplete: {error}") from None
