"""Base of the Qualys records: attributes named as on the wire, read from the bytes of a page.

Unknown fields are kept: a page with some is read again, slowly, and the record type takes on their
names, so that the next page is fast. A value of another type than documented is kept as it is and
named in `problems`; the rest of its record is unaffected. Damaged text is shown with U+FFFD and
named there too. Times are aware UTC, converted from the wire's numbers on access.
"""

import threading
from collections.abc import Iterator
from datetime import datetime
from types import UnionType
from typing import (
    Any,
    ClassVar,
    Generic,
    Self,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    overload,
)

import msgspec
from msgspec import UNSET, Struct, field

from patchfleet.decodable import decodable
from patchfleet.errors import Unreadable
from patchfleet.qualys.json_repair import is_damaged, mended
from patchfleet.qualys.records.values import moment_of

T = TypeVar("T")
_LEARNT = "unknown_"


class TimestampField:
    """Return a time of the wire as an aware UTC `datetime`: epoch milliseconds, or ISO 8601.

    Never (0 and below) is None. Values before 1990, outside the calendar or other than a time are
    returned unchanged: "Not Announced".
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self._raw = f"{name}_raw"

    @overload
    def __get__(self, record: None, owner: type) -> Self: ...
    @overload
    def __get__(self, record: object, owner: type) -> datetime | None: ...
    def __get__(self, record: object | None, owner: type) -> Self | datetime | None:
        if record is None:
            return self
        shown: datetime | None = moment_of(getattr(record, self._raw))
        return shown


def raw(name: str) -> Any:
    """Declare the wire's own value of a `Moment`, under the wire's name."""
    return field(default=None, name=name)


class Record(Struct, kw_only=True, gc=False, forbid_unknown_fields=True):
    """The base of all records: reads as an object and as a mapping of the wire's names.

    Records hold values and never each other in a cycle, so they need no garbage collector.
    """

    problems: tuple[str, ...] = field(default=(), name="problems of reading")
    """Values that were not of their documented type: the field, the expected type, the value."""

    documented: ClassVar[type["Record"] | None] = None

    @property
    def extra(self) -> dict[str, Any]:
        """The undocumented fields, under their names on the wire."""
        return {
            info.encode_name: value
            for info in msgspec.structs.fields(type(self))
            if info.name.startswith(_LEARNT) and (value := getattr(self, info.name)) is not UNSET
        }

    def items(self) -> list[tuple[str, Any]]:
        """Return the names and values: the documented ones, then the unknown ones."""
        known = [
            (name, getattr(self, name)) for name in _names(type(self).documented or type(self))
        ]
        return [*known, *self.extra.items()]

    def keys(self) -> list[str]:
        """Return the names that can be read."""
        return [name for name, _ in self.items()]

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.keys())

    def __getitem__(self, name: str) -> Any:
        if name in _names(type(self).documented or type(self)):
            return getattr(self, name)
        return dict(self.items())[name]

    def __contains__(self, name: object) -> bool:
        return name in self.keys()

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            extra = self.extra
            if name in extra:
                return extra[name]
        raise AttributeError(f"{type(self).__name__} has no '{name}'")

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of that name, or `default` if there is none."""
        return dict(self.items()).get(name, default)

    def to_dict(self) -> dict[str, Any]:
        """Return a plain dict; records inside become dicts too, times stay `datetime`."""
        return {name: _plain(value) for name, value in self.items()}

    def __repr__(self) -> str:
        shown = (f"{name}={value!r}" for name, value in self.items() if value is not None)
        return f"{type(self).__name__}({', '.join(shown)})"

    def __reduce__(self) -> tuple[Any, ...]:  # a type with added fields is not importable by name
        wire = {
            info.encode_name: getattr(self, info.name)
            for info in msgspec.structs.fields(type(self))
            if getattr(self, info.name) is not UNSET
        }
        return _restored, (type(self).documented or type(self), wire)


def _plain(value: Any) -> Any:
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value


def _restored(record: type[Record], wire: dict[str, Any]) -> Record:
    kind = learned(record, set(wire) - _wire_names(record))
    names = {info.encode_name: info.name for info in msgspec.structs.fields(kind)}
    return kind(**{names[name]: value for name, value in wire.items()})


_known_names: dict[type, dict[str, None]] = {}


def _names(record: type[Record]) -> dict[str, None]:
    """Return the documented names of a record type, in order."""
    names = _known_names.get(record)
    if names is None:
        names = {
            info.encode_name: None
            for info in msgspec.structs.fields(record)
            if info.name != "problems"
        }
        _known_names[record] = names
    return names


def _wire_names(record: type[Record]) -> set[str]:
    return {info.encode_name for info in msgspec.structs.fields(record)}


R = TypeVar("R", bound=Record)


def learned(record: type[R], unknown: set[str], **types: Any) -> type[R]:
    """Return a type of this record with the unknown fields too, and fields of other types."""
    if not unknown and not types:
        return record
    fields: list[Any] = [
        (f"{_LEARNT}{place}", Any, field(default=UNSET, name=name))
        for place, name in enumerate(sorted(unknown))
    ]
    for info in msgspec.structs.fields(record):
        if info.name in types:
            changed = field(default=info.default, name=info.encode_name)
            fields.append((info.name, types[info.name], changed))
    kind = msgspec.defstruct(
        record.__name__,
        fields,
        bases=(record,),
        namespace={"documented": record, "__doc__": record.__doc__},
        module=record.__module__,
        kw_only=True,
        gc=False,
        forbid_unknown_fields=True,
    )
    return cast("type[R]", kind)


class RecordDecoder(Generic[T]):
    """The decoder of a body of one record or a list of them; it adds the fields the vendor adds.

    One decoder serves all threads.
    """

    def __init__(self, kind: Any) -> None:
        self._kind = kind
        self._unknown: dict[type[Record], set[str]] = {}
        self._lock = threading.Lock()
        self._learned = kind
        self._decoder: msgspec.json.Decoder[T] | None = None

    def read(self, body: bytes) -> T:
        """Read a body; raise `Unreadable` for one that is not JSON of this shape."""
        decoder = self._decoder or self._new_decoder()
        if is_damaged(body):
            whole, is_mended = mended(body) or body, True
        else:
            try:
                return decoder.decode(body)
            except msgspec.ValidationError:
                whole, is_mended = body, False
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                whole, is_mended = mended_or_raise(body, error), True
        result = self._read_slowly(whole)
        if is_mended:
            _name_damage(result)
        return result

    def _new_decoder(self) -> "msgspec.json.Decoder[T]":
        self._decoder = msgspec.json.Decoder(decodable(self._learned), strict=False)
        return self._decoder

    def _read_slowly(self, body: bytes) -> T:
        value = decoded(body)
        with self._lock:
            before = sum(map(len, self._unknown.values()))
            self._look_at(value, self._kind)
            if sum(map(len, self._unknown.values())) > before:
                self._learned = self._with_unknown(self._kind)
                self._new_decoder()
            decoder = self._decoder or self._new_decoder()
        try:
            return decoder.decode(body)
        except msgspec.ValidationError:
            result: T = tolerant(value, self._learned, _sample(body))
            return result
        except msgspec.DecodeError as error:
            raise not_json(body, str(error)) from None

    def _look_at(self, value: Any, kind: Any) -> None:
        """Note the names that the documentation does not have."""
        if isinstance(kind, type) and issubclass(kind, Record):
            if isinstance(value, dict):
                fields = {info.encode_name: info.type for info in msgspec.structs.fields(kind)}
                for name, one in value.items():
                    if name in fields:
                        self._look_at(one, fields[name])
                    else:
                        self._unknown.setdefault(kind, set()).add(name)
            return
        for part in get_args(kind):
            if get_origin(kind) is list:
                for one in value if isinstance(value, list) else ():
                    self._look_at(one, part)
            else:
                self._look_at(value, part)

    def _with_unknown(self, kind: Any) -> Any:
        """Return the type with the unknown fields found so far in its records."""
        if isinstance(kind, type) and issubclass(kind, Record):
            types = {
                info.name: changed
                for info in msgspec.structs.fields(kind)
                if (changed := self._with_unknown(info.type)) is not info.type
            }
            return learned(kind, self._unknown.get(kind, set()), **types)
        parts = get_args(kind)
        changed_parts = tuple(self._with_unknown(part) for part in parts)
        if all(new is old for new, old in zip(changed_parts, parts, strict=True)):
            return kind
        if get_origin(kind) in (Union, UnionType):
            return Union[changed_parts]  # noqa: UP007 -- the parts are known only now
        outer: Any = get_origin(kind)
        return outer[changed_parts]


def tolerant(value: Any, kind: Any, sample: str) -> Any:
    """Convert a value to its type; values of another type stay, named in `problems`.

    Raises `Unreadable` if a list or a record is expected and absent.
    """
    if get_origin(kind) is list:
        if not isinstance(value, list):
            raise Unreadable("the answer is not a list", sample=sample)
        return [tolerant(one, get_args(kind)[0], sample) for one in value]
    if not isinstance(value, dict):
        raise Unreadable("a record of the answer is not an object", sample=sample)
    given: dict[str, Any] = {}
    problems: list[str] = []
    for info in msgspec.structs.fields(kind):
        if info.encode_name in value:
            given[info.name] = _as_far_as_possible(
                value[info.encode_name], info.type, info.encode_name, problems
            )
    return kind(**given, problems=tuple(problems))


def _as_far_as_possible(value: Any, kind: Any, name: str, problems: list[str]) -> Any:
    """Return a value as the expected type; a value that does not fit stays, and is named."""
    try:
        return msgspec.convert(value, decodable(kind), strict=False)
    except msgspec.ValidationError as error:
        for part in get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,):
            if isinstance(value, list) and get_origin(part) is list:
                (item,) = get_args(part)
                return [
                    _as_far_as_possible(one, item, f"{name}[{place}]", problems)
                    for place, one in enumerate(value)
                ]
            if isinstance(value, dict) and isinstance(part, type) and issubclass(part, Record):
                inner: Record = tolerant(value, part, "")
                problems += (f"{name}.{problem}" for problem in inner.problems)
                return inner
        problems.append(f"{name}: {error}".replace("`", "'"))
        return value


def listed(value: Any, kind: type[R], what: str) -> list[R]:
    """Return a list of records that further calls need; raise `Unreadable` if it is not one."""
    found = [] if value is None else value
    if not isinstance(found, list) or not all(isinstance(one, kind) for one in found):
        raise Unreadable(f"{what} are not a list of records")
    return found


def decoded(body: bytes) -> Any:
    """Return the JSON of a body; raise `Unreadable` if it is not JSON."""
    whole = (mended(body) or body) if is_damaged(body) else body
    try:
        return msgspec.json.decode(whole)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        whole = mended_or_raise(body, error)
    try:
        return msgspec.json.decode(whole)
    except msgspec.DecodeError as error:
        raise not_json(body, str(error)) from None


def mended_or_raise(body: bytes, error: Exception) -> bytes:
    """Return a body with its damaged text replaced; raise `Unreadable` if otherwise broken."""
    whole = None if isinstance(error, RecursionError) else mended(body)
    if whole is None:
        deep = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
        raise not_json(body, deep) from None
    return whole


def _name_damage(value: Any) -> None:
    """Name the fields with damaged text in the problems of each record."""
    if isinstance(value, list):
        for one in value:
            _name_damage(one)
    if isinstance(value, Record):
        for name, one in value.items():
            _name_damage(one)
            if "\ufffd" in repr(one):
                problem = f"{name}: characters that cannot be read are shown as \ufffd"
                value.problems = (*value.problems, problem)


def not_json(body: bytes, why: str) -> Unreadable:
    """Return the error for an answer that is not JSON, with the start of the answer."""
    what = "is empty" if not body.strip() else "is a web page" if _is_html(body) else "is not JSON"
    detail = f" ({why})" if what == "is not JSON" else ""
    return Unreadable(f"the answer {what}{detail}", sample=_sample(body))


def _is_html(body: bytes) -> bool:
    return body.lstrip()[:1] == b"<"


def _sample(body: bytes) -> str:
    return body[:200].decode("utf-8", "replace")
