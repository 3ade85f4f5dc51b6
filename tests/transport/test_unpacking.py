"""Packed bodies, in whatever pieces they come: whole, or an error; never shorter."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchfleet.transport.unpacking import PIECE_BYTES, Unpacking


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


PACKED = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": raw_deflate,
}
CODINGS = st.lists(st.sampled_from(sorted(PACKED)), max_size=3)
TEXTS = st.binary(max_size=2000)


def unpacked(encoding: str, body: bytes, at: int = 0) -> bytes:
    """Return what a body holds that comes in two parts."""
    unpacking = Unpacking(encoding)
    pieces = [*unpacking.pieces(body[:at]), *unpacking.pieces(body[at:]), *unpacking.rest()]
    assert all(len(piece) <= max(PIECE_BYTES, len(body)) for piece in pieces)
    return b"".join(pieces)


def packed(codings: list[str], data: bytes) -> bytes:
    for coding in codings:
        data = PACKED[coding](data)
    return data


@given(CODINGS, TEXTS, st.integers(0, 3000))
def test_what_was_packed_comes_out(codings: list[str], data: bytes, at: int) -> None:
    assert unpacked(", ".join(codings), packed(codings, data), at) == data


@given(st.lists(TEXTS, min_size=1, max_size=4), st.integers(0, 9000), st.integers(0, 5))
def test_all_members_of_a_gzip_are_the_body(members: list[bytes], at: int, padding: int) -> None:
    body = b"".join(gzip.compress(one) + bytes(padding) for one in members)
    assert unpacked("gzip", body, at) == b"".join(members)


@given(st.lists(TEXTS, min_size=1, max_size=3), st.data())
def test_a_gzip_that_is_cut_anywhere_inside_is_damaged(members: list[bytes], data) -> None:
    whole = [gzip.compress(one) for one in members]
    ends = {sum(map(len, whole[:count])) for count in range(len(whole) + 1)}
    body = b"".join(whole)
    cut = data.draw(st.integers(1, len(body) - 1).filter(lambda place: place not in ends))
    with pytest.raises(zlib.error):
        unpacked("gzip", body[:cut])


@given(st.sampled_from(["gzip", "deflate"]), TEXTS, st.binary(min_size=1, max_size=50))
def test_what_follows_is_no_part_of_it(coding: str, data: bytes, more: bytes) -> None:
    if coding == "gzip" and (not more.strip(b"\0") or more.startswith(b"\x1f")):
        return
    with pytest.raises(zlib.error):
        unpacked(coding, packed([coding], data) + more)


def test_however_tight_no_piece_is_long() -> None:
    assert unpacked("gzip, gzip", packed(["gzip", "gzip"], bytes(20_000_000))) == bytes(20_000_000)


@given(st.sampled_from(["", "identity", "br", "utf-8", "none"]), TEXTS)
def test_what_nobody_packed_stays_as_it_is(encoding: str, data: bytes) -> None:
    assert unpacked(encoding, data) == data
