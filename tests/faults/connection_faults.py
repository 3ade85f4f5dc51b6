"""Faults of connections: broken, silent, cut, with wrong lengths, packed badly, without an end."""

import asyncio
import gzip
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

from faults.call import Reply
from faults.fault import Fault, altered, spelled

if TYPE_CHECKING:
    from faults.proxy import Exchange

GROUP = "connection"
DRIP_SECONDS = 0.2
BOMB_BYTES = 300 << 20
"""More than a client takes at once."""


async def _reset_before(exchange: "Exchange") -> None:
    exchange.reset()


async def _reset_after(exchange: "Exchange") -> None:
    await exchange.forward()
    exchange.reset()


async def _end_before(exchange: "Exchange") -> None:
    exchange.close()


async def _end_after(exchange: "Exchange") -> None:
    await exchange.forward()
    exchange.close()


async def _stall_before(exchange: "Exchange") -> None:
    await exchange.gone()


async def _stall_after(exchange: "Exchange") -> None:
    await exchange.forward()
    await exchange.gone()


async def _answer_then_end(exchange: "Exchange") -> None:
    await exchange.send(await exchange.forward())
    exchange.close()


def _cut(reply: Reply, part: float) -> bytes:
    kept = max(0, min(int(len(reply.body) * part), len(reply.body) - 1))
    return reply.spelled()[: len(reply.spelled()) - len(reply.body) + kept]


def _told(reply: Reply, *lines: str) -> bytes:
    return reply.head(*lines) + b"\r\n" + reply.body


async def _too_long_and_silent(exchange: "Exchange") -> None:
    reply = await exchange.forward()
    await exchange.raw(_told(reply, f"Content-Length: {len(reply.body) + 9}"))
    await exchange.gone()


def _chunked(reply: Reply, chunks: list[bytes], end: bytes = b"0\r\n\r\n") -> bytes:
    sized = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks if chunk)
    return reply.head("Transfer-Encoding: chunked") + b"\r\n" + sized + end


def _halves(body: bytes) -> list[bytes]:
    return [body[: len(body) // 2], body[len(body) // 2 :]]


def _packed(reply: Reply, body: bytes, said: str = "gzip") -> Reply:
    return replace(reply.with_header("Content-Encoding", said), body=body)


def _gzip(reply: Reply) -> Reply:
    return _packed(reply, gzip.compress(reply.body))


def _gzip_members(reply: Reply) -> Reply:
    third = len(reply.body) // 3 + 1
    parts = (reply.body[at : at + third] for at in range(0, len(reply.body), third))
    return _packed(reply, b"".join(map(gzip.compress, parts)))


def _gzip_half(reply: Reply) -> Reply:
    packed = gzip.compress(reply.body)
    return _packed(reply, packed[: len(packed) // 2])


def _gzip_harmed(reply: Reply) -> Reply:
    packed = bytearray(gzip.compress(reply.body))
    packed[len(packed) // 2] ^= 0xFF
    return _packed(reply, bytes(packed))


def _bomb(layers: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = bytes(1 << 20)
    bomb = b"".join(packer.compress(zeros) for _ in range(BOMB_BYTES >> 20)) + packer.flush()
    for _ in range(layers - 1):
        bomb = gzip.compress(bomb)
    return bomb


_BOMBS: dict[int, bytes] = {}


def _bombed(layers: int, said: str):
    def alter(reply: Reply) -> Reply:
        if layers not in _BOMBS:
            _BOMBS[layers] = _bomb(layers)
        return _packed(reply, _BOMBS[layers], said)

    return altered(alter)


async def _endless_body(exchange: "Exchange") -> None:
    reply = await exchange.forward()
    await exchange.raw(reply.head("Transfer-Encoding: chunked") + b"\r\n")
    while not exchange.connection.is_left:
        await exchange.raw(b"100\r\n" + b" " * 256 + b"\r\n")
        await asyncio.sleep(0.01)


async def _endless_headers(exchange: "Exchange") -> None:
    reply = await exchange.forward()
    await exchange.raw(reply.head())
    while not exchange.connection.is_left:
        await exchange.raw(b"X-More: " + b"x" * 1000 + b"\r\n")
        await asyncio.sleep(0.01)


async def _early_hints(exchange: "Exchange") -> None:
    while not exchange.connection.is_left:
        await exchange.raw(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
        await asyncio.sleep(DRIP_SECONDS)


async def _drip(exchange: "Exchange", data: bytes) -> None:
    for place in range(len(data)):
        if exchange.connection.is_left:
            break
        await exchange.raw(data[place : place + 1])
        await asyncio.sleep(DRIP_SECONDS)


async def _dripping_header(exchange: "Exchange") -> None:
    reply = await exchange.forward()
    await exchange.raw(reply.head())
    await _drip(exchange, b"X-Slow: " + b"x" * 10_000)


async def _dripping_status(exchange: "Exchange") -> None:
    await exchange.forward()
    await _drip(exchange, b"HTTP/1.1 " + b"0" * 10_000)


async def _dripping_body(exchange: "Exchange") -> None:
    reply = await exchange.forward()
    await exchange.raw(reply.head(f"Content-Length: {len(reply.body) + 10_000}") + b"\r\n")
    await _drip(exchange, reply.body + b" " * 10_000)


async def _twice_at_once(exchange: "Exchange") -> None:
    reply = await exchange.forward()
    await exchange.raw(reply.spelled() * 2)


async def _twice_a_moment_later(exchange: "Exchange") -> None:
    reply = await exchange.forward()
    await exchange.send(reply)
    await asyncio.sleep(0.03)
    await exchange.send(reply)


async def _earlier_first(exchange: "Exchange") -> None:
    """Send the answer before this one once more, then this one."""
    reply = await exchange.forward()
    earlier = exchange.connection.last or Reply(200, reply.headers, b"")
    await exchange.raw(earlier.spelled() + reply.spelled())


def _lines(*lines: str):
    return spelled(lambda reply: _told(reply, *lines))


_LENGTH = "Content-Length: {}"
LATE = ("an answer twice, 30 ms later", "an answer twice, in one packet", "the answer before first")
CONNECTION_FAULTS = (
    Fault("reset before the act", GROUP, _reset_before),
    Fault("reset after the act", GROUP, _reset_after),
    Fault("end before the act", GROUP, _end_before),
    Fault("end after the act", GROUP, _end_after),
    Fault("silence before the act", GROUP, _stall_before, waits=True),
    Fault("silence after the act", GROUP, _stall_after, waits=True),
    Fault("closed after each answer, unsaid", GROUP, _answer_then_end),
    Fault("status line cut", GROUP, spelled(lambda reply: reply.spelled()[:11])),
    Fault("header cut", GROUP, spelled(lambda reply: reply.head()[:-5])),
    Fault("body cut at its begin", GROUP, spelled(lambda reply: _cut(reply, 0))),
    Fault("body cut in the middle", GROUP, spelled(lambda reply: _cut(reply, 0.5))),
    Fault("body cut at nine tenths", GROUP, spelled(lambda reply: _cut(reply, 0.9))),
    Fault("body cut before its last byte", GROUP, spelled(lambda reply: _cut(reply, 1))),
    Fault(
        "length too long", GROUP,
        spelled(lambda reply: _told(reply, _LENGTH.format(len(reply.body) + 9))),
    ),
    Fault("length too long, then silence", GROUP, _too_long_and_silent, waits=True),
    Fault(
        "length too short", GROUP,
        spelled(lambda reply: _told(reply, _LENGTH.format(max(0, len(reply.body) - 9)))),
    ),
    Fault(
        "length said twice", GROUP,
        spelled(lambda reply: _told(reply, *[_LENGTH.format(len(reply.body))] * 2)),
    ),
    Fault(
        "lengths that conflict", GROUP,
        spelled(
            lambda reply: _told(reply, _LENGTH.format(len(reply.body)), _LENGTH.format(3))
        ),
    ),
    Fault("length below zero", GROUP, _lines("Content-Length: -5")),
    Fault("length no number", GROUP, _lines("Content-Length: many")),
    Fault("no length, until the end", GROUP, _lines()),
    Fault(
        "no length, and cut", GROUP,
        spelled(lambda reply: _told(replace(reply, body=reply.body[: len(reply.body) // 2]))),
    ),
    Fault("chunks", GROUP, spelled(lambda r: _chunked(r, _halves(r.body)), closes=False)),
    Fault(
        "chunks and a length", GROUP,
        spelled(lambda r: _chunked(r.with_header("Content-Length", "7"), _halves(r.body))),
    ),
    Fault(
        "chunks with extensions and trailers", GROUP,
        spelled(
            lambda r: _chunked(r, _halves(r.body), b"0;a=b\r\nX-Sum: 1\r\n\r\n"), closes=False
        ),
    ),
    Fault("chunks without the last", GROUP, spelled(lambda r: _chunked(r, _halves(r.body), b""))),
    Fault(
        "chunks cut between two", GROUP,
        spelled(lambda r: _chunked(r, _halves(r.body)[:1], b"")),
    ),
    Fault(
        "chunk too short", GROUP,
        spelled(lambda r: _chunked(r, [r.body], b"ff\r\nxx\r\n0\r\n\r\n")),
    ),
    Fault("chunk of no size", GROUP, spelled(lambda r: _chunked(r, _halves(r.body), b"zz\r\n"))),
    Fault("gzip", GROUP, altered(_gzip)),
    Fault("gzip of several members", GROUP, altered(_gzip_members)),
    Fault("gzip, half", GROUP, altered(_gzip_half)),
    Fault("gzip, harmed", GROUP, altered(_gzip_harmed)),
    Fault(
        "gzip, unsaid", GROUP, altered(lambda r: replace(r, body=gzip.compress(r.body)))
    ),
    Fault("gzip said and plain", GROUP, altered(lambda r: _packed(r, r.body))),
    Fault("an encoding nobody knows", GROUP, altered(lambda r: _packed(r, r.body, "x-snow"))),
    Fault("a bomb", GROUP, _bombed(1, "gzip")),
    Fault("a bomb in a bomb", GROUP, _bombed(2, "gzip, gzip")),
    Fault("a body without end", GROUP, _endless_body, waits=True),
    Fault("headers without end", GROUP, _endless_headers, waits=True),
    Fault(
        "a header of a megabyte", GROUP,
        altered(lambda r: r.with_header("X-Big", "x" * (1 << 20))),
    ),
    Fault(
        "one early hint", GROUP,
        spelled(
            lambda r: b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + r.spelled(), closes=False
        ),
    ),
    Fault("early hints without end", GROUP, _early_hints, waits=True),
    Fault("a status that drips", GROUP, _dripping_status, waits=True),
    Fault("a header that drips", GROUP, _dripping_header, waits=True),
    Fault("a body that drips", GROUP, _dripping_body, waits=True),
    Fault("noise before the answer", GROUP, spelled(lambda r: b"\x00\xff\r\n" + r.spelled())),
    Fault("no HTTP at all", GROUP, spelled(lambda r: b"\x16\x03\x01\x02\x00\x01" + r.body)),
    Fault("a line that is no header", GROUP, _lines("this is no header")),
    Fault(
        "HTTP/1.0", GROUP,
        spelled(lambda r: r.spelled().replace(b"HTTP/1.1", b"HTTP/1.0", 1)),
    ),
    Fault(LATE[0], GROUP, _twice_a_moment_later),
    Fault(LATE[1], GROUP, _twice_at_once),
    Fault(LATE[2], GROUP, _earlier_first),
)  # fmt: skip
