"""What a fault is, and what it may do with one exchange.

Law of this file: values and words; the sockets are the proxy's.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from faults.call import Reply

if TYPE_CHECKING:
    from faults.proxy import Exchange

WHEN = ("once", "always", "from the second")
"""On the first call of its kind, on each, on each but the first."""


@dataclass(frozen=True)
class Fault:
    """A fault: a name, its group, and what it does with one exchange.

    `fits` says for which kinds of call it can be made at all. `waits` marks those that a time-out
    has to end. `blurs` names the columns of rows of which it makes unknown, or odd and named, what
    was known: they are not compared. `hidden` is the reason why no client can see it.  `small` asks
    the emulator for pages of two records. One that `is_rare` has many like it: a quarter of the
    cells is enough.
    """

    name: str
    group: str
    act: Callable[["Exchange"], Awaitable[None]]
    fits: Callable[[str], bool] = lambda _: True
    waits: bool = False
    blurs: frozenset[str] = frozenset()
    hidden: str = ""
    small: bool = False
    whens: tuple[str, ...] = WHEN
    is_rare: bool = False


def altered(alter: Callable[[Reply], Reply]) -> Callable[["Exchange"], Awaitable[None]]:
    """Let the vendor act, and send another answer."""

    async def act(exchange: "Exchange") -> None:
        await exchange.send(alter(await exchange.forward()))

    return act


def instead(reply: Reply, *, acts: bool) -> Callable[["Exchange"], Awaitable[None]]:
    """Send this answer; `acts` says whether the vendor has done what was asked."""

    async def act(exchange: "Exchange") -> None:
        if acts:
            await exchange.forward()
        await exchange.send(reply)

    return act


def spelled(spell: Callable[[Reply], bytes], *, closes: bool = True) -> Callable:
    """Let the vendor act, and put these bytes on the wire."""

    async def act(exchange: "Exchange") -> None:
        await exchange.raw(spell(await exchange.forward()))
        if closes:
            exchange.close()

    return act
