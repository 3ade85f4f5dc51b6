"""What N-able tells, in N-able's words: typed where the documentation gives a type.

A record's attributes are the wire's names in snake case (`patchUrl` is `patch_url`), and
`record["patchUrl"]` reads the same value by the wire's name, in any case. What the documentation
does not name is kept in `extra` as text, under the wire's own name, and so is a value that is not
of its documented type.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, ClassVar, TypeVar
from xml.etree.ElementTree import Element, tostring

import msgspec
from msgspec import Struct, field

from patchfleet.errors import Unreadable
from patchfleet.nsight.words import whole_number


class Record(Struct, kw_only=True, gc=False):
    """The base of all records: reads as an object and as a mapping.

    Records hold only values, never each other in a circle: the garbage collector need not look.
    """

    ALIASES: ClassVar[Mapping[str, str]] = {}
    """Wire names that are not those of the attributes; the first for an attribute is shown."""

    extra: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        for key, value in self.extra.items():
            if plain(key) == plain(name):
                return value
        attribute = attributes(type(self)).get(plain(name))
        if attribute is None:
            raise KeyError(name)
        return getattr(self, attribute)

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
        return list(dict.fromkeys([*_wire_names(type(self)).values(), *self.extra]))

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
    return names | {plain(wire): name for wire, name in record.ALIASES.items()}


@cache
def _wire_names(record: type[Record]) -> dict[str, str]:
    names = {name: name for name in record.__struct_fields__ if name != "extra"}
    return names | {name: wire for wire, name in reversed(list(record.ALIASES.items()))}


def read_all(elements: list[Element], record: type[R]) -> list[R]:
    """Make typed records of elements whose children are the fields; see `read` for one."""
    known = dict(attributes(record))
    return _typed([_row(element, known) for element in elements], record)


def read_rows(tags: list[str], texts: list[tuple[str, ...]], record: type[R]) -> list[R]:
    """Make typed records of the texts that stand under the same tags in each; see `layout.py`."""
    known = attributes(record)
    names = [known.get(plain(tag)) or f"<{tag}>" for tag in tags]
    rows: list[dict[str, Any]] = [
        {name: text for name, text in zip(names, row, strict=True) if text} for row in texts
    ]
    unknown = [name for name in names if name.startswith("<")]
    if unknown:
        for row in rows:
            extra = {name[1:-1]: row.pop(name) for name in unknown if name in row}
            if extra:
                row["extra"] = extra
    return _typed(rows, record)


def _typed(rows: list[dict[str, Any]], record: type[R]) -> list[R]:
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
            value = whole_number((element.text or "").strip())
            if value is not None:
                return value
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
        if len(child):  # what is known is read by whoever knows what is inside
            if not name:
                row.setdefault("extra", {})[tag] = tostring(child, encoding="unicode").strip()
            continue
        text = (child.text or "").strip()
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
            row.setdefault("extra", {})[_wire_names(record)[info.name]] = row.pop(info.name)
    try:
        return msgspec.convert(row, record, strict=False)
    except msgspec.ValidationError as error:
        raise Unreadable(f"a record is incomplete: {error}") from None
