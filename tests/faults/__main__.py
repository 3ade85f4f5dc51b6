"""Run cells of the matrix: all, those whose names hold some words, or a sample.

As many processes as there are cores share them, each beside emulated vendors of its own. A run of
the whole writes its counts into docs/faults.md. The exit code is 1 where a cell fails.
"""

import argparse
import os
import subprocess
import sys
import time
from collections import Counter
from threading import Thread

from faults import matrix, page
from faults.cell import Cell
from faults.verdict import FORBIDDEN

UNENDING = 1e9


def main() -> int:
    given = _given()
    if given.part:
        return _part(given)
    counts = _shared(given.processes)
    for (group, word), count in sorted(counts.items()):
        sys.stdout.write(f"{count:6,} {group}: {word}\n")
    if not (given.only or given.sample or given.failed or given.seconds < UNENDING):
        page.write(counts)
    return int(any(word in FORBIDDEN for _, word in counts))


def _shared(processes: int) -> Counter[tuple[str, str]]:
    """Run the cells in several processes, pass on what they say, and add up what they count."""
    counts: Counter[tuple[str, str]] = Counter()
    parts = [
        subprocess.Popen(
            [sys.executable, "-m", "faults", *sys.argv[1:], "--part", str(i), str(processes)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for i in range(processes)
    ]
    heard = [Thread(target=_hear, args=(part, counts)) for part in parts]
    for one in heard:
        one.start()
    for one in heard:
        one.join()
    if failed := [part.returncode for part in parts if part.wait()]:
        raise SystemExit(f"processes ended with {failed}: not all cells were run")
    return counts


def _hear(part: "subprocess.Popen[str]", counts: Counter[tuple[str, str]]) -> None:
    assert part.stdout is not None
    for line in part.stdout:
        if line.startswith("COUNT\t"):
            _, group, word, count = line.rstrip("\n").split("\t")
            counts[group, word] += int(count)
        else:
            sys.stdout.write(line)
            sys.stdout.flush()


def _part(given: argparse.Namespace) -> int:
    """Run every n-th of the cells that are chosen."""
    first, step = given.part
    chosen = [cell for kind in matrix.KINDS for cell in _chosen(kind, given)][first::step]
    counts: Counter[tuple[str, str]] = Counter()
    end = time.monotonic() + given.seconds
    with matrix.running() as running:
        for cell in chosen:
            if time.monotonic() > end:
                break
            began = time.perf_counter()
            found = running.run(cell)
            vendor = "N-sight" if "nsight" in cell.command else "Qualys"
            counts[f"{matrix.kind_of(cell)}, {vendor}", found.word] += 1
            if found.is_forbidden or given.say:
                took = time.perf_counter() - began
                sys.stdout.write(f"{took:5.1f} {cell.name}\n        {found}\n")
                sys.stdout.flush()
    for (group, word), count in sorted(counts.items()):
        sys.stdout.write(f"COUNT\t{group}\t{word}\t{count}\n")
    return 0


def _chosen(kind: str, given: argparse.Namespace) -> list[Cell]:
    cells = matrix.failed(kind) if given.failed else list(matrix.cells(kind))
    cells = [one for one in cells if all(word in f"{kind}: {one.name}" for word in given.only)]
    return matrix.drawn(cells, kind, given.seed, given.sample) if given.sample else cells


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/test faults")
    parser.add_argument("--only", action="append", default=[], help="cells that hold these words")
    parser.add_argument("--sample", type=int, help="so many of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--failed", action="store_true", help="every cell that ever failed")
    parser.add_argument("--seconds", type=float, default=UNENDING, help="begin none after so long")
    parser.add_argument("--say", action="store_true", help="tell every verdict")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--part", type=int, nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
