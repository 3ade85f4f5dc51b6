"""Seeded random numbers, the only source of chance in the emulated world.

Every number depends on the seed and the given names or numbers alone: no wall clock, no `hash()`,
no process, no order of calls between streams. Only `random.Random.random()` is used, the one
generator whose sequence Python promises to keep from version to version.
"""

import hashlib
import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class SeededRandom:
    """Repeatable numbers from a stream named by a seed and words or numbers."""

    __slots__ = ("unit",)

    def __init__(self, seed: int, *names: object) -> None:
        name = "/".join(map(str, (seed, *names)))
        self.unit = random.Random(name).random  # noqa: S311 - nothing here is a secret

    def below(self, limit: int) -> int:
        """Return a whole number from 0 up to, not including, `limit`."""
        return int(self.unit() * limit)

    def between(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both included."""
        return low + int(self.unit() * (high - low + 1))

    def happens(self, probability: float) -> bool:
        """Return true with this probability."""
        return self.unit() < probability

    def pick(self, choices: Sequence[T]) -> T:
        """Return one of the choices, each equally likely."""
        return choices[int(self.unit() * len(choices))]

    def weighted(self, choices: Sequence[tuple[T, int]]) -> T:
        """Return one of the choices, each as likely as its weight."""
        rest = self.unit() * sum(weight for _, weight in choices)
        for choice, weight in choices:
            rest -= weight
            if rest < 0:
                return choice
        return choices[-1][0]

    def digits(self, count: int, alphabet: str = "0123456789") -> str:
        """Return a string of `count` characters of the alphabet."""
        return "".join(self.pick(alphabet) for _ in range(count))


def draw(seed: int, *numbers: int) -> float:
    """Return a number in [0, 1) that depends on the arguments alone."""
    digest = hashlib.blake2b(repr((seed, numbers)).encode(), digest_size=7).digest()
    return int.from_bytes(digest, "big") / (1 << 56)


def scatter(number: int, low: int, high: int) -> int:
    """Return an id in [low, high) for a counting number: different numbers, different ids.

    The step is prime and larger than any range used here, so it has no factor in common with the
    range and the map is one to one while `number` stays below `high - low`.
    """
    span = high - low
    if not 0 <= number < span:
        raise ValueError(f"the emulated world has no more ids between {low} and {high}")
    return low + (number * 2_654_435_761 + 97) % span
