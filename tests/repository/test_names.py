"""Names of classes and files: one meaning each."""

import ast
from collections import defaultdict

from tree import MODULES, SOURCE, parsed

VENDORS = {"nsight", "qualys", "emulator"}
"""Rooms that may repeat each other's words, and ours where the vendor uses the same."""

PARALLEL = (
    ("nsight/records", "nsight/operations"),
    ("qualys/records", "qualys/operations"),
    ("store/record", "store/queries"),
    ("cli/nsight", "cli/qualys"),
    ("emulator/nsight", "emulator/qualys", "emulator/qualys/jobs"),
    ("fleet/sources/nsight", "fleet/sources/qualys", "fleet"),
)
"""Rooms that hold the same things for another vendor or another purpose, under the same names.

`fleet/source.py` is the protocol of both vendors' `source.py`.
"""


def test_a_public_class_is_defined_in_one_room_only() -> None:
    rooms = defaultdict(set)
    for path in MODULES:
        room = path.relative_to(SOURCE).parts[0]
        for node in parsed(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                rooms[node.name].add(room)
    twice = {name: found - VENDORS for name, found in rooms.items() if len(found - VENDORS) > 1}
    assert twice == {}


def test_a_file_has_its_name_alone_in_its_room() -> None:
    folders = defaultdict(set)
    for path in MODULES:
        inside = path.relative_to(SOURCE)
        if len(inside.parts) > 1 and inside.name != "__init__.py":
            folders[inside.parts[0], inside.name].add(inside.parent.as_posix())
    twice = {
        name: found
        for name, found in folders.items()
        if len(found) > 1 and not any(found <= {*rooms} for rooms in PARALLEL)
    }
    assert twice == {}
