"""Base of the N-sight records: typed where the documentation gives a type.

Attributes are the wire's names in snake case (`patchUrl` is `patch_url`); `record["patchUrl"]`
reads the same value, in any case. Undocumented fields are kept in `extra` as text, under the wire's
name, and so is a value of another type than documented, which `problems` names too; the record's
other values are unaffected. Without a mandatory field (an id, a patch's status) the answer is
unreadable.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, NamedTuple, TypeVar, get_args, get_origin
from xml.etree.ElementTree import Element, tostring

import msgspec
from msgspec import Struct, field

from patchfleet.decodable import decodable
from patchfleet.errors import Unreadable
from patchfleet.nsight.codes import LONGEST_NUMBER, is_placeholder, whole_number
from patchfleet.nsight.document import REPLACED, printable
from patchfleet.nsight.envelope import Answer, name_of, plain, whole_text


class Record(Struct, kw_only=True, gc=False):
    """The base of all records: reads as an object and as a mapping.

    Records hold values and never each other in a cycle, so they need no garbage collector.
    """

    ALIASES: ClassVar[Mapping[str, str]] = {}
    """Wire names that differ from those of the attributes; the first for an attribute is shown."""

    CALLED: ClassVar[str] = ""
    """The name of a record in a message, if it is not the name of its type."""

    READ_APART: ClassVar[frozenset[str]] = frozenset()
    """Attributes that may hold elements, beside lists; the reader of the answer reads them."""

    SIGNED: ClassVar[frozenset[str]] = frozenset()
    """Numbers that may be below zero; elsewhere `-1` means none."""

    extra: dict[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    """Problems in reading it, in sentences."""

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
        """Return the value of that wire name, or `default` if there is none."""
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


class Records(list[R]):
    """A list with the time of its answer and the problems in it.

    `answered_at` is None if the answer omits it; `problems` are sentences that name the record.
    `clients` are the ids of the clients that the answer is about, if it names them.
    """

    answered_at: datetime | None = None
    problems: tuple[str, ...] = ()
    clients: tuple[int, ...] = ()


_ASIDE = frozenset({"extra", "problems"})


@cache
def attributes(record: type[Record]) -> dict[str, str]:
    """Map the plain wire names of a record to its attributes."""
    names = {plain(name): name for name in record.__struct_fields__ if name not in _ASIDE}
    return names | {plain(wire): name for wire, name in record.ALIASES.items()}


@cache
def _wire_names(record: type[Record]) -> dict[str, str]:
    names = {name: name for name in record.__struct_fields__ if name not in _ASIDE}
    return names | {name: wire for wire, name in reversed(list(record.ALIASES.items()))}


class _Form(NamedTuple):
    """The expectations of a record type on its fields, by attribute."""

    types: dict[str, Any]
    numbers: frozenset[str]
    texts: frozenset[str]
    apart: frozenset[str]
    required: frozenset[str]
    ids: frozenset[str]
    id: str


@cache
def _form(record: type[Record]) -> _Form:
    fields = [info for info in msgspec.structs.fields(record) if info.name not in _ASIDE]

    def of(is_so: Callable[[Any], bool]) -> frozenset[str]:
        return frozenset(info.name for info in fields if is_so(info.type))

    numbers = of(lambda kind: int in (get_args(kind) or (kind,)))
    required = frozenset(info.name for info in fields if info.required)
    return _Form(
        types={info.name: info.type for info in fields},
        numbers=numbers,
        texts=of(lambda kind: str in (get_args(kind) or (kind,))),
        apart=of(lambda kind: get_origin(kind) is list) | record.READ_APART,
        required=required,
        ids=frozenset(name for name in required if name.endswith("_id")),
        id=next((info.name for info in fields if info.name in numbers), ""),
    )


def read_all(elements: list[Element], record: type[R], answer: Answer) -> Records[R]:
    """Make typed records of elements whose children are the fields; see `read` for one."""
    return _listed([_row(element, record, answer) for element in elements], record, answer)


def read(element: Element, record: type[R], answer: Answer, **more: Any) -> R:
    """Make one typed record of an element, with the further values `more`.

    Raises `Unreadable` if a mandatory field is missing or not a number.
    """
    (found,) = _typed([{**_row(element, record, answer), **more}], record, answer.problems)
    return found


def read_rows(tags: list[str], texts: list[tuple[str, ...]], record: type[R]) -> Records[R]:
    """Make typed records of the texts under the same tags in each; see `flat_xml.py`."""
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
    problems: list[str] = []
    numbers = _form(record).numbers.intersection(names)
    columns = list(zip(*texts, strict=True)) or [()] * len(names)
    is_plain = all(_are_plain(columns[names.index(name)], name, record) for name in numbers)
    found = Records(_typed(rows, record, problems, is_plain=is_plain))
    found.problems = tuple(problems)
    return found


def _listed(rows: list[dict[str, Any]], record: type[R], answer: Answer) -> Records[R]:
    found = Records(_typed(rows, record, answer.problems))
    found.answered_at, found.problems = answer.answered_at, tuple(answer.problems)
    return found


def _typed(
    rows: list[dict[str, Any]], record: type[R], problems: list[str], *, is_plain: bool = False
) -> list[R]:
    """Make records of rows, and add their problems to `problems`.

    `is_plain` means that all numbers of all rows are known to be plain digits.
    """
    found = _at_once(rows, record) if is_plain else None
    if found is None:
        found = [_one(row, record) for row in rows]
    called = record.CALLED or record.__name__.lower()
    for place, one in enumerate(found, 1):
        if one.problems:
            name = f"{called} {getattr(one, _form(record).id, None) or place}"
            problems += (f"{name}: {problem}" for problem in one.problems)
    return found


def _at_once(rows: list[dict[str, Any]], record: type[R]) -> list[R] | None:
    """Make records of rows; None if one has a problem, which the others do not share."""
    try:
        return msgspec.convert(rows, decodable(list[record]), strict=False)  # type: ignore[valid-type]
    except msgspec.ValidationError:
        return None


def _one(row: dict[str, Any], record: type[R]) -> R:
    """Make a record of a row that may have any problem."""
    numbers = _form(record).numbers
    if all(_are_plain((row[name],), name, record) for name in row if name in numbers):
        try:
            return msgspec.convert(row, decodable(record), strict=False)
        except msgspec.ValidationError:
            pass
    return _tolerant(row, record)


def _are_plain(texts: Sequence[Any], name: str, record: type[Record]) -> bool:
    """Return whether texts are plain digits, as ids and counts are written: `1e3` is not.

    None and 0 are no ids, and of the others some may be below zero.
    """
    form = _form(record)
    try:
        joined = "".join(texts)
    except TypeError:  # a value that the reader of the answer added is a number already
        return all(isinstance(text, int) or whole_number(text) is not None for text in texts)
    if not joined:
        return name not in form.required
    if name in record.SIGNED and "-" in joined:
        texts = [text.removeprefix("-") for text in texts]
        joined = "".join(texts)
    return (
        joined.isascii()
        and joined.isdigit()
        and len(max(texts, key=len)) <= LONGEST_NUMBER
        and not (name in form.ids and "0" in texts)
    )


def id_of(parent: Element, name: str) -> int:
    """Return the number in a child; raise `Unreadable` without one."""
    found = {whole_number(whole_text(one)) for one in parent if name_of(one) == name}
    number = found.pop() if len(found) == 1 else None
    if not number:
        raise Unreadable(f"<{name_of(parent)}> has no number in <{name}>")
    return number


def _row(element: Element, record: type[Record], answer: Answer) -> dict[str, Any]:
    """Collect an element's children, by attribute; their problems go to the answer's."""
    gathered = _Gathered(record, is_mended=answer.is_mended)
    known = gathered.known
    texts = [element.text]
    for child in element:
        tag = child.tag
        name = known.get(tag) or known.get(plain(tag), "")
        if len(child):
            gathered.add_markup(child, tag.rpartition("}")[2], name)
        elif child.text and (text := child.text.strip()):
            gathered.add(tag.rpartition("}")[2], name, text)
        texts.append(child.tail)
    stray = "".join(filter(None, texts)).strip()
    if stray:
        gathered.odd.append(f"there is a text beside its fields: {printable(stray)}")
    if gathered.odd:
        gathered.row["problems"] = tuple(gathered.odd)
    return gathered.row


class _Gathered:
    """The fields of one record while they are collected."""

    __slots__ = ("_form", "_is_mended", "_record", "_torn", "known", "odd", "row")

    def __init__(self, record: type[Record], *, is_mended: bool) -> None:
        self.known, self._form = attributes(record), _form(record)
        self._record, self._is_mended = record, is_mended
        self.row: dict[str, Any] = {}
        self.odd: list[str] = []
        self._torn: set[str] = set()

    def add(self, tag: str, name: str, text: str) -> None:
        """Add a text under its attribute, or as an extra; two different ones count as none."""
        if self._is_mended and REPLACED in text:
            self.odd.append(f"<{tag}> holds characters that no XML may hold, shown as {REPLACED}")
        if not name:
            extra = self.row.setdefault("extra", {})
            extra[tag] = text if tag not in extra else f"{extra[tag]}; {text}"
        elif name in self._torn or self.row.setdefault(name, text) != text:
            wire = _wire_names(self._record)[name]
            before = self.row.get(name) or self.row["extra"][wire]
            _take_out(self.row, name, f"{before}; {text}", self._record, "and there twice")
            if name not in self._torn:
                self.odd.append(f"<{wire}> is there twice, with different values")
            self._torn.add(name)

    def add_markup(self, child: Element, tag: str, name: str) -> None:
        """Keep an element with others in it; for a known text, use the text and note a problem."""
        if name in self._form.apart:
            return
        self.row.setdefault("extra", {})[tag] = tostring(child, encoding="unicode").strip()
        if not name:
            return
        if name in self._form.required and name not in self._form.texts:
            raise Unreadable(f"<{tag}> of a record holds markup, not a number")
        self.odd.append(f"<{tag}> holds markup, kept as it is in extra")
        text = whole_text(child)
        if text and name in self._form.texts:
            self.add(tag, name, text)


def _take_out(
    row: dict[str, Any], name: str, text: str, record: type[Record], why: str = "not a number"
) -> None:
    """Move an invalid value to the record's `extra`, unless the field is mandatory."""
    wire = _wire_names(record)[name]
    if name in _form(record).required:
        raise Unreadable(f"<{wire}> is '{printable(text, 40)}', {why}")
    row.setdefault("extra", {})[wire] = text
    row.pop(name, None)


def _tolerant(row: dict[str, Any], record: type[R]) -> R:
    """Make a record of a row with values of the wrong type: each goes to `extra` unchanged.

    An invalid value of a mandatory field is an error: such a row means something else.
    """
    row = dict(row)
    form = _form(record)
    odd = list(row.get("problems", ()))
    for name, kind in form.types.items():
        if name not in row:
            continue
        text = row[name]
        try:
            if name in form.numbers:
                row[name] = _number(text, name, record)
            row[name] = msgspec.convert(row[name], decodable(kind), strict=False)
        except (msgspec.ValidationError, ValueError):
            _take_out(row, name, str(text), record)
            if not (is_placeholder(text) or _is_negative(text)):
                tag = _wire_names(record)[name]
                odd.append(f"<{tag}> is '{printable(str(text), 40)}', not of its type")
    row["problems"] = tuple(odd)
    try:
        return msgspec.convert(row, decodable(record), strict=False)
    except msgspec.ValidationError as error:
        raise Unreadable(f"a record is incomplete: {error}") from None


def _number(text: Any, name: str, record: type[Record]) -> int:
    if isinstance(text, int):
        return text
    digits = text[1:] if _is_negative(text) and name in record.SIGNED else text
    number = whole_number(digits)
    if number is None or (name in _form(record).ids and not number):
        raise ValueError(text)
    return -number if digits is not text else number


def _is_negative(text: Any) -> bool:
    return isinstance(text, str) and text[:1] == "-" and whole_number(text[1:]) is not None
