"""Decompression of a body, piece by piece.

A gzip body may have several members, one after the other (RFC 1952, 2.2): all of them are the
answer. A truncated body, or one followed by other bytes, is damaged.

Invariant: no piece is longer than `PIECE_BYTES`, however tightly it is packed
(tests/transport/test_unpacking.py).
"""

import zlib
from collections.abc import Iterator

PIECE_BYTES = 256 * 1024
_GZIP = zlib.MAX_WBITS | 16


class _Coding:
    """One content coding: gzip or deflate. Raises `zlib.error` for damaged data."""

    def __init__(self, name: str) -> None:
        self._is_gzip = name != "deflate"
        self._unpacker = zlib.decompressobj(_GZIP if self._is_gzip else zlib.MAX_WBITS)
        self._has_begun = False

    def pieces(self, packed: bytes) -> Iterator[bytes]:
        """Yield what more bytes hold."""
        while packed:
            if self._unpacker.eof:
                packed = self._next_member(packed)
                continue
            yield self._piece(packed)
            self._has_begun = True
            packed = self._unpacker.unconsumed_tail or self._unpacker.unused_data

    def _piece(self, packed: bytes) -> bytes:
        try:
            return self._unpacker.decompress(packed, PIECE_BYTES)
        except zlib.error:
            if self._is_gzip or self._has_begun:
                raise
            self._unpacker = zlib.decompressobj(-zlib.MAX_WBITS)  # raw deflate: some send it
            return self._unpacker.decompress(packed, PIECE_BYTES)

    def _next_member(self, packed: bytes) -> bytes:
        if not self._is_gzip:
            raise zlib.error("other bytes follow the packed data")
        packed = packed.lstrip(b"\0")  # the padding of a member
        if packed:
            self._unpacker = zlib.decompressobj(_GZIP)
        return packed

    def rest(self) -> bytes:
        """Return the remaining output, once no more bytes come."""
        rest = self._unpacker.flush()
        if self._has_begun and not self._unpacker.eof:
            raise zlib.error("the packed data is truncated")
        return rest


class Unpacking:
    """The decompression of a body by its `Content-Encoding`; a plain body is unchanged."""

    def __init__(self, encoding: str) -> None:
        names = (name.strip().lower() for name in encoding.split(","))
        known = [name for name in names if name in ("gzip", "x-gzip", "deflate")]
        self._codings = [_Coding(name) for name in reversed(known)]

    def pieces(self, received: bytes) -> Iterator[bytes]:
        """Yield the content of more bytes of the body; raise `zlib.error` for damaged data."""
        return self._through(received, 0)

    def rest(self) -> Iterator[bytes]:
        """Yield the rest once the whole body came; raise `zlib.error` if it is truncated."""
        for place, coding in enumerate(self._codings, 1):
            yield from self._through(coding.rest(), place)

    def _through(self, received: bytes, place: int) -> Iterator[bytes]:
        if place == len(self._codings):
            if received:
                yield received
            return
        for piece in self._codings[place].pieces(received):
            yield from self._through(piece, place + 1)
