"""One page decoded repeatedly in a process of its own: into Patchfleet's records, or plainly.

The plain structure has the fields of the record with their types and nothing else, and is not
tracked by the garbage collector, as the records are not; the first reading, which builds the
decoder, is not counted on either side.
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
    """Read the page of the file; answer with the CPU seconds of one reading."""
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
    """Return the client's decoder of patches."""
    shape: RecordDecoder[list[PMPatch]] = RecordDecoder(list[PMPatch])
    return shape.read


def bare() -> Callable[[bytes], list[Any]]:
    """Return the decoder of a structure with only the fields of `PMPatch`."""
    fields = [
        (field.encode_name, field.type, None)
        for field in msgspec.structs.fields(PMPatch)
        if field.name != "problems"
    ]
    patch = msgspec.defstruct("BarePatch", fields, gc=False)
    return msgspec.json.Decoder(list[patch]).decode  # type: ignore[valid-type]


if __name__ == "__main__":
    main()
