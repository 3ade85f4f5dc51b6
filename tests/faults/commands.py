"""Commands run for real: in this process, where nothing has to die, or in one of their own."""

import os
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from faults.vendors import clean_environment


@dataclass(frozen=True)
class Ran:
    """What came of a command."""

    code: int
    out: str
    err: str
    seconds: float


def here(config: Path, *arguments: str) -> Ran:
    """Run a command in this process, as `patchfleet` does."""
    from patchfleet.cli import run

    hidden = {name: os.environ.pop(name) for name in list(os.environ) if name in _ours()}
    out, err, began = StringIO(), StringIO(), time.perf_counter()
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = run(["--config", str(config), *arguments])
    finally:
        os.environ.update(hidden)
    return Ran(code, out.getvalue(), err.getvalue(), time.perf_counter() - began)


def apart(config: Path, *arguments: str) -> "subprocess.Popen[str]":
    """Begin a command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "patchfleet", "--config", str(config), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=clean_environment(),
    )


def ended(process: "subprocess.Popen[str]", seconds: float) -> Ran:
    """Wait for a command's end; one that does not end is killed, and its code is -9."""
    began = time.perf_counter()
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
    return Ran(process.returncode, out, err, time.perf_counter() - began)


def _ours() -> set[str]:
    return {name for name in os.environ if name.startswith("PATCHFLEET_") and "FAULTS" not in name}
