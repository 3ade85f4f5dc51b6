"""`./script/bench`: measure, print, and after a full run write docs/benchmarks.md."""

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from benchmarks import (
    against_sdk,
    against_tree,
    against_wrapper,
    asking,
    decoding,
    emulator,
    memory,
    page,
    recording,
    remembering,
    startup,
    stream_memory,
)
from benchmarks.comparison import Comparison, table
from benchmarks.size import FULL, QUICK, TINY, Size

ITEMS: dict[str, tuple[str, Callable[[Size], list[Comparison]]]] = {
    "sync": (against_wrapper.TITLE, against_wrapper.measure),
    "record": (against_tree.TITLE, against_tree.measure),
    "memory": (memory.TITLE, memory.measure),
    "start": (startup.TITLE, startup.measure),
    "emulator": (emulator.TITLE, emulator.measure),
    "qualys": (against_sdk.TITLE, against_sdk.measure),
    "stream": (stream_memory.TITLE, stream_memory.measure),
    "decode": (decoding.TITLE, decoding.measure),
    "publish": (recording.TITLE, recording.measure),
    "questions": (asking.TITLE, asking.measure),
    "year": (remembering.TITLE, remembering.measure),
}


def main() -> None:
    """Measure all items or the named ones."""
    parser = argparse.ArgumentParser(
        prog="script/bench",
        description="Measure Patchfleet beside something known, in the same run. "
        "A full run of all items writes the results into docs/benchmarks.md.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(ITEMS)}")
    sizes = parser.add_mutually_exclusive_group()
    sizes.add_argument("--quick", action="store_true", help="small fleets, to try it")
    sizes.add_argument("--tiny", action="store_true", help="four devices: that it runs at all")
    asked = parser.parse_args()
    unknown = [name for name in asked.names if name not in ITEMS]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]}: there are {', '.join(ITEMS)}")
    size = QUICK if asked.quick else TINY if asked.tiny else FULL
    measured: dict[str, list[Comparison]] = {}
    for name in asked.names or ITEMS:
        title, measure = ITEMS[name]
        rows = measured[title] = measure(size)
        sys.stdout.write(f"{title}\n\n{table(rows)}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{page.machine()}\n")
    if size is FULL and not asked.names:
        page.write(page.results(measured, datetime.now(UTC).date()))
        sys.stdout.write("wrote docs/benchmarks.md\n")


if __name__ == "__main__":
    main()
