"""C ElementTree of stored bodies, in a process of its own.

Reading the files is not counted; the built trees are not searched.
"""

from pathlib import Path
from xml.etree.ElementTree import fromstring

from benchmarks.processes import Used, answer, question


def main() -> None:
    """Build a tree of each body in the folder; answer with the resources used."""
    bodies = [path.read_bytes() for path in sorted(Path(question()["folder"]).iterdir())]
    begin = Used.so_far()
    for body in bodies:
        fromstring(body)  # noqa: S314 -- the emulator's own
    answer(in_all=Used.so_far().since(begin))


if __name__ == "__main__":
    main()
