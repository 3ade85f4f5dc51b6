"""Shape of the values at one place of many answers: kinds, sizes, formats, listed words, fields.

A shape holds no value of an account. Its only texts are names of formats, listed words and names of
fields, each of a list that Patchfleet ships (`vocabulary.py`).

Invariant: `merge` is associative and commutative and has `Shape()` as its identity, so that neither
the order nor the grouping of answers matters (tests/doctor/test_shape.py).
"""

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any, TypeVar

from msgspec import Struct, field

K = TypeVar("K")
T = TypeVar("T")


class Range(Struct, frozen=True, array_like=True):
    """The least and the largest of some numbers."""

    low: int
    high: int

    def __or__(self, other: "Range") -> "Range":
        return Range(min(self.low, other.low), max(self.high, other.high))

    def __str__(self) -> str:
        return str(self.low) if self.low == self.high else f"{self.low} to {self.high}"


class TextValues(Struct, frozen=True, omit_defaults=True):
    """Texts of one format: how many, their lengths, how many with blanks around them."""

    count: int
    lengths: Range
    padded: int = 0


class NumberValues(Struct, frozen=True, omit_defaults=True):
    """Whole numbers: how many, their numbers of digits, how many below zero."""

    count: int
    digits: Range
    negative: int = 0


class ListValues(Struct, frozen=True, omit_defaults=True):
    """Lists: how many, their lengths, and the shape of all their items."""

    count: int
    lengths: Range
    items: "Shape"


class Field(Struct, frozen=True, omit_defaults=True):
    """A field: its values, in how many objects it is, how often in one, and its place in them.

    `times` is None for a field that is there once. Only elements of XML repeat, and only their
    place is recorded, counted from 1.
    """

    shape: "Shape"
    present: int
    times: Range | None = None
    places: Range | None = None


class ObjectValues(Struct, frozen=True, omit_defaults=True):
    """Objects or elements: how many, and their fields by name."""

    count: int
    fields: dict[str, Field] = field(default_factory=dict)


class Shape(Struct, frozen=True, omit_defaults=True):
    """The values at one place: how many of each kind."""

    nulls: int = 0
    booleans: int = 0
    decimals: int = 0
    integers: NumberValues | None = None
    texts: dict[str, TextValues] = field(default_factory=dict)
    """Texts that are not listed words, by the name of their format."""
    words: dict[str, int] = field(default_factory=dict)
    """Listed words and code numbers, and how often each."""
    lists: ListValues | None = None
    objects: ObjectValues | None = None

    @property
    def count(self) -> int:
        """The number of values."""
        return (
            self.nulls
            + self.booleans
            + self.decimals
            + sum(self.words.values())
            + sum(one.count for one in self.texts.values())
            + sum(one.count for one in (self.integers, self.lists, self.objects) if one)
        )

    def __or__(self, other: "Shape") -> "Shape":
        return Shape(
            self.nulls + other.nulls,
            self.booleans + other.booleans,
            self.decimals + other.decimals,
            _either(self.integers, other.integers, _numbers),
            _joined(self.texts, other.texts, _texts),
            _joined(self.words, other.words, int.__add__),
            _either(self.lists, other.lists, _lists),
            _either(self.objects, other.objects, _objects),
        )


def merge(*shapes: Shape) -> Shape:
    """Return the shape of the values of all shapes."""
    return reduce(Shape.__or__, shapes, Shape())


def _either(left: T | None, right: T | None, join: Callable[[T, T], T]) -> T | None:
    if left is None or right is None:
        return left if right is None else right
    return join(left, right)


def _joined(
    left: Mapping[str, T], right: Mapping[str, T], join: Callable[[T, T], T]
) -> dict[str, T]:
    if not left or not right:
        return dict(sorted((left or right).items()))
    joined = {**left, **right}
    for name in left.keys() & right.keys():
        joined[name] = join(left[name], right[name])
    return dict(sorted(joined.items()))


def _texts(left: TextValues, right: TextValues) -> TextValues:
    return TextValues(
        left.count + right.count, left.lengths | right.lengths, left.padded + right.padded
    )


def _numbers(left: NumberValues, right: NumberValues) -> NumberValues:
    return NumberValues(
        left.count + right.count, left.digits | right.digits, left.negative + right.negative
    )


def _lists(left: ListValues, right: ListValues) -> ListValues:
    return ListValues(
        left.count + right.count, left.lengths | right.lengths, left.items | right.items
    )


def _objects(left: ObjectValues, right: ObjectValues) -> ObjectValues:
    return ObjectValues(left.count + right.count, _joined(left.fields, right.fields, _fields))


def _fields(left: Field, right: Field) -> Field:
    return Field(
        left.shape | right.shape,
        left.present + right.present,
        _times(left.times, right.times),
        _either(left.places, right.places, Range.__or__),
    )


def _times(left: Range | None, right: Range | None) -> Range | None:
    """Return how often a field is in one object, where None means once."""
    if left is None and right is None:
        return None
    return (left or Range(1, 1)) | (right or Range(1, 1))


def joined_counts(left: Mapping[str, int], right: Mapping[str, int]) -> dict[str, int]:
    """Return the sums of two tables of counts."""
    return _joined(left, right, int.__add__)


def joined_shapes(left: Mapping[str, Shape], right: Mapping[str, Shape]) -> dict[str, Shape]:
    """Return the shapes of two tables, merged by name."""
    return _joined(left, right, Shape.__or__)


def wider(left: Range | None, right: Range | None) -> Range | None:
    """Return the range of both, either of which may be missing."""
    return _either(left, right, Range.__or__)


def texts_of(value: Shape) -> Any:
    """Yield every text that a shape holds: formats, words and names of fields."""
    yield from value.texts
    yield from value.words
    if value.lists is not None:
        yield from texts_of(value.lists.items)
    if value.objects is not None:
        for name, one in value.objects.fields.items():
            yield name
            yield from texts_of(one.shape)
