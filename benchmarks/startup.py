"""The start of a command, beside the start of the interpreter alone."""

from benchmarks.comparison import Comparison
from benchmarks.processes import PYTHON, Used, run
from benchmarks.size import Size

TITLE = "Start-up"

PATCHFLEET = PYTHON.with_name("patchfleet")
NOTHING = (PYTHON, "-c", "pass")
STARTS = {
    "`patchfleet --version`": (PATCHFLEET, "--version"),
    "`patchfleet --help`": (PATCHFLEET, "--help"),
    "`import patchfleet.nsight`": (PYTHON, "-c", "import patchfleet.nsight"),
}
TARGETS = {"`patchfleet --version`": 5, "`patchfleet --help`": 9}


def measure(size: Size) -> list[Comparison]:
    """Start each command and the bare interpreter, turn by turn."""
    for command in (NOTHING, *STARTS.values()):
        run(command)  # afterwards the files are cached for all of them
    bare: list[Used] = []
    used: dict[str, list[Used]] = {what: [] for what in STARTS}
    for _ in range(size.starts):
        bare.append(run(NOTHING))
        for what, command in STARTS.items():
            used[what].append(run(command))
    return [
        Comparison(
            what=f"{what}, {kind}",
            unit="ms",
            ours=[1e3 * one[field] for one in used[what]],
            other=[1e3 * one[field] for one in bare],
            at_most=TARGETS.get(what),
        )
        for what in STARTS
        for field, kind in ((1, "CPU"), (0, "by the clock"))
    ]
