"""Run cells of the matrix: all, those whose names hold some words, or a sample.

`python -m faults --only "qualys create" --only 503 --say` tells every verdict.
"""

import argparse
import sys
import time
from collections import Counter

from faults import matrix
from faults.cell import Cell


def main() -> int:
    given = _given()
    chosen = [
        cell
        for kind in matrix.KINDS
        for cell in _chosen(kind, given)
        if all(word in f"{kind}: {cell.name}" for word in given.only)
    ]
    chosen = chosen[given.part[0] :: given.part[1]]
    counts: Counter[tuple[str, str]] = Counter()
    end = time.monotonic() + given.seconds
    with matrix.running() as running:
        for cell in chosen:
            if time.monotonic() > end:
                break
            began = time.perf_counter()
            found = running.run(cell)
            counts[cell.command, found.word] += 1
            if found.is_forbidden or given.say:
                took = time.perf_counter() - began
                sys.stdout.write(f"{took:5.1f} {cell.name}\n        {found}\n")
                sys.stdout.flush()
    for (command, word), count in sorted(counts.items()):
        sys.stdout.write(f"COUNT\t{command}\t{word}\t{count}\n")
    return 0


def _chosen(kind: str, given: argparse.Namespace) -> list[Cell]:
    if given.failed:
        return matrix.failed(kind)
    if given.sample:
        return matrix.sample(kind, given.seed, given.sample)
    return list(matrix.cells(kind))


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m faults")
    parser.add_argument("--only", action="append", default=[], help="cells that hold these words")
    parser.add_argument("--sample", type=int, help="so many of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--failed", action="store_true", help="every cell that ever failed")
    parser.add_argument("--seconds", type=float, default=1e9, help="begin none after so long")
    parser.add_argument("--part", type=int, nargs=2, default=(0, 1), metavar=("I", "OF"))
    parser.add_argument("--say", action="store_true", help="tell every verdict")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
