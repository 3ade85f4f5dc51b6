"""One page decoded again and again, in a process of its own: as our records, or bare.

Law of this file: the bare structure has the fields of our record with their types and nothing else,
and is not watched by the garbage collector, as our records are not; what the first reading builds
is not counted on either side.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.processes import Used, answer, question
from patchfleet.qualys import PMPatch
from patchfleet.qualys.records.record import RecordDecoder

TIMES = 50


def main() -> None:
    """Read the page of the file; answer with the processor's seconds for one reading."""
    asked = question()
    body = Path(asked["file"]).read_bytes()
    read = ours() if asked["kind"] == "ours" else bare()
    records = len(read(body))
    begin = Used.so_far()
    for _ in range(TIMES):
        read(body)
    cpu_seconds = Used.so_far().since(begin).cpu_seconds / TIMES
    answer(cpu_seconds=cpu_seconds, records=records)


def ours() -> Callable[[bytes], list[Any]]:
    """Return what reads patches for our client."""
    shape: RecordDecoder[list[PMPatch]] = RecordDecoder(list[PMPatch])
    return shape.read


def bare() -> Callable[[bytes], list[Any]]:
    """Return the decoder of a structure with the fields of `PMPatch` and no more."""
    fields = [
        (field.encode_name, field.type, None)
        for field in msgspec.structs.fields(PMPatch)
        if field.name != "problems"
    ]
    patch = msgspec.defstruct("BarePatch", fields, gc=False)
    return msgspec.json.Decoder(list[patch]).decode  # type: ignore[valid-type]


if __name__ == "__main__":
    main()
