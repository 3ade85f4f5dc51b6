"""Shaping of values and elements: what may be written of them, and nothing else.

Texts become the name of a format or a listed word, names of fields are listed ones (`names.py`).
What is new in a closed list, and each name that is not listed, is kept apart in `Withheld`, for the
screen and never for a file.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import chain, groupby
from types import NoneType
from typing import Any
from xml.etree.ElementTree import Element

from patchfleet.doctor.formats import format_of
from patchfleet.doctor.names import UNLISTED, field_name
from patchfleet.doctor.shape import (
    Field,
    ListValues,
    NumberValues,
    ObjectValues,
    Range,
    Shape,
    TextValues,
    joined_counts,
    merge,
)
from patchfleet.doctor.vocabulary import Vocabulary

_MOST_DIGITS = 300
_LARGEST = 10**_MOST_DIGITS
DEEPEST = 40
"""The depth below which values are not shaped: no vendor nests so far."""


class Withheld:
    """Words and names that were seen and not written, with where and how often."""

    def __init__(self) -> None:
        self.names: Counter[str] = Counter()
        self.words: dict[str, Counter[str]] = defaultdict(Counter)

    def name(self, name: str) -> None:
        """Note a name of a field or header."""
        self.names[name] += 1

    def word(self, field: str, word: str) -> None:
        """Note a word of a closed list."""
        self.words[field][word] += 1


class Shaper:
    """Shapes the values of one vendor, whose vocabulary decides which words are written."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.withheld = Withheld()

    def of_json(self, value: Any, name: str = "") -> Shape:
        """Return the shape of a decoded JSON value of the field `name`."""
        return self._of_values([value], name, 0)

    def of_element(self, element: Element, name: str = "") -> Shape:
        """Return the shape of an element of XML: a text, or its attributes and elements."""
        return self._of_elements([element], name, 0)

    def of_text(self, text: str, name: str) -> Shape:
        """Return the shape of one text of the field `name`."""
        return self._of_texts([text], name)

    def name(self, name: str) -> str:
        """Return the name of a field as it may be written; note one that may not."""
        written = field_name(name, self.vocabulary.allowed)
        if written == UNLISTED:
            self.withheld.name(name)
        return written

    def _of_values(self, values: list[Any], name: str, depth: int) -> Shape:
        """Return the shape of all values at one place: one pass, since lists are long."""
        if depth > DEEPEST:
            return Shape()
        kinds: dict[type, list[Any]] = defaultdict(list)
        for value in values:
            kinds[type(value)].append(value)
        lists, objects = kinds[list], kinds[dict]
        integers, words = self._of_numbers(kinds[int], name)
        shape = self._of_texts(kinds[str], name)
        return Shape(
            nulls=len(kinds[NoneType]),
            booleans=len(kinds[bool]),
            decimals=len(kinds[float]),
            integers=integers,
            texts=shape.texts,
            words=joined_counts(shape.words, words),
            lists=self._of_lists(lists, name, depth) if lists else None,
            objects=self._of_objects(objects, depth) if objects else None,
        )

    def _of_lists(self, lists: list[list[Any]], name: str, depth: int) -> ListValues:
        items = self._of_values(list(chain.from_iterable(lists)), name, depth + 1)
        return ListValues(len(lists), _range(map(len, lists)), items)

    def _of_objects(self, objects: list[dict[str, Any]], depth: int) -> ObjectValues:
        columns: dict[str, list[Any]] = defaultdict(list)
        pairs = _Pairs(self.vocabulary)
        for one in objects:
            for key, value in one.items():
                columns[key].append(value)
            pairs.add(one)
        fields: dict[str, Field] = pairs.fields()
        holders: dict[str, list[str]] = defaultdict(list)
        for key in columns:
            holders[self.name(key)].append(key)
        for written, keys in holders.items():
            shape = merge(*(self._of_values(columns[key], key, depth + 1) for key in keys))
            present, times = len(columns[keys[0]]), None
            if len(keys) > 1:  # several names that are written alike
                counts = [sum(key in one for key in keys) for one in objects]
                present = sum(map(bool, counts))
                times = _times(filter(None, counts))
            fields[written] = Field(shape, present, times)
        return ObjectValues(len(objects), dict(sorted(fields.items())))

    def _of_elements(self, elements: list[Element], name: str, depth: int) -> Shape:
        """Return the shape of all elements at one place."""
        if depth > DEEPEST:
            return Shape()
        plain = [one.text or "" for one in elements if not len(one) and not one.attrib]
        holders = [one for one in elements if len(one) or one.attrib]
        shape = self._of_texts(plain, name)
        if not holders:
            return shape
        columns = _Columns()
        pairs = _Pairs(self.vocabulary)
        texts: list[str] = []
        for one in holders:
            columns.add(one, self.name)
            pairs.add({local(child.tag): (child.text or "").strip() for child in reversed(one)})
            beside = "".join([one.text or "", *(child.tail or "" for child in one)])
            if beside.strip():
                texts.append(beside)
        fields: dict[str, Field] = pairs.fields()
        for written, attributes in columns.attributes.items():
            inner = merge(*(self._of_texts([text], key) for key, text in attributes))
            fields[written] = Field(inner, columns.present[written], columns.times(written))
        for written, found in columns.elements.items():
            by_tag = groupby(sorted(found, key=_tag), key=_tag)
            inner = merge(*(self._of_elements(list(same), tag, depth + 1) for tag, same in by_tag))
            fields[written] = Field(
                inner, columns.present[written], columns.times(written), columns.places[written]
            )
        if texts:
            fields["#text"] = Field(self._of_texts(texts, name), len(texts))
        objects = ObjectValues(len(holders), dict(sorted(fields.items())))
        return Shape(texts=shape.texts, words=shape.words, objects=objects)

    def _of_texts(self, texts: Iterable[str], name: str) -> Shape:
        words: Counter[str] = Counter()
        lengths: dict[str, list[int]] = defaultdict(list)
        padded: Counter[str] = Counter()
        is_closed = self.vocabulary.is_closed(name)
        for text in texts:
            bare = text.strip()
            word = self.vocabulary.word(name, bare)
            if word is not None:
                words[word] += 1
                continue
            if is_closed and bare:
                self.withheld.word(name, bare)
            kind = format_of(bare)
            lengths[kind].append(len(bare))
            padded[kind] += bare != text
        found = {
            kind: TextValues(len(some), _range(some), padded[kind])
            for kind, some in sorted(lengths.items())
        }
        return Shape(texts=found, words=dict(sorted(words.items())))

    def _of_numbers(
        self, values: list[int], name: str
    ) -> tuple[NumberValues | None, dict[str, int]]:
        words: Counter[str] = Counter()
        others: list[int] = []
        for value in values:
            word = self.vocabulary.word(name, _digits(value)) if value >= 0 else None
            if word is None:
                others.append(value)
            else:
                words[word] += 1
        if not others:
            return None, words
        negative = sum(value < 0 for value in others)
        digits = _range(len(_digits(abs(value))) for value in others)
        return NumberValues(len(others), digits, negative), words


class _Columns:
    """The attributes and elements of holders of one place, by the names that are written."""

    def __init__(self) -> None:
        self.attributes: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self.elements: dict[str, list[Element]] = defaultdict(list)
        self.places: dict[str, Range] = {}
        self.present: Counter[str] = Counter()
        self._times: dict[str, set[int]] = defaultdict(set)

    def add(self, holder: Element, name_of: Callable[[str], str]) -> None:
        """Add the attributes and elements of one holder."""
        times: Counter[str] = Counter()
        for key, text in holder.attrib.items():
            written = name_of("@" + local(key))
            self.attributes[written].append((local(key), text))
            times[written] += 1
        for place, child in enumerate(holder, 1):
            written = name_of(local(child.tag))
            self.elements[written].append(child)
            here = Range(place, place)
            self.places[written] = self.places.get(written, here) | here
            times[written] += 1
        for written, many in times.items():
            self.present[written] += 1
            self._times[written].add(many)

    def times(self, written: str) -> Range | None:
        """Return how often a name is in one holder, None for once in each."""
        return _times(self._times[written])


class _Pairs:
    """Codes with their labels, counted over objects."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._seen: dict[str, Counter[str]] = defaultdict(Counter)

    def add(self, values: Mapping[str, Any]) -> None:
        """Count the pairs of one object whose code and label are both listed."""
        for pair in self._vocabulary.pairs:
            if pair.code in values and pair.label in values:
                words = [self._word(name, values[name]) for name in pair]
                if words[0] and words[1]:
                    self._seen[f"{pair.code} & {pair.label}"][f"{words[0]} {words[1]}"] += 1

    def fields(self) -> dict[str, Field]:
        """Return a field for each pair that was seen."""
        return {
            name: Field(Shape(words=dict(sorted(words.items()))), sum(words.values()))
            for name, words in self._seen.items()
        }

    def _word(self, name: str, value: Any) -> str | None:
        is_whole = isinstance(value, int) and not isinstance(value, bool) and value >= 0
        text = _digits(value) if is_whole else value
        return self._vocabulary.word(name, text.strip()) if isinstance(text, str) else None


def local(name: str) -> str:
    """Return a name of XML without its namespace."""
    return name.rpartition("}")[2]


def _tag(element: Element) -> str:
    return local(element.tag)


def _range(numbers: Iterable[int]) -> Range:
    found = list(numbers)
    return Range(min(found), max(found))


def _times(counts: Iterable[int]) -> Range | None:
    """Return how often a name occurs, None for once in each."""
    found = _range(counts)
    return None if found.high == 1 else found


def _digits(value: int) -> str:
    """Return a number as text; the digits of a huge one are not counted."""
    return str(value) if abs(value) < _LARGEST else "9" * _MOST_DIGITS
