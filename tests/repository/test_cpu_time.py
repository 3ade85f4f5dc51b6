"""The table of processor time that `pytest --cpu-time` prints."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tree import HOME

BUSY = """
import subprocess, sys, time

def burn(seconds):
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass

def test_itself():
    burn(0.4)

def test_its_program():
    code = "import time\\nwhile time.process_time() < 0.8: pass"
    subprocess.run([sys.executable, "-c", code], check=True)
"""
IDLE = """
import time

def test_waits():
    time.sleep(0.5)
"""


@pytest.mark.slow
@pytest.mark.parametrize("processes", ["0", "2"])
def test_time_of_tests_and_their_programs_is_summed_by_file(tmp_path: Path, processes: str) -> None:
    (tmp_path / "test_busy.py").write_text(BUSY)
    (tmp_path / "test_idle.py").write_text(IDLE)
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-p", "cpu_time", "-p", "no:hypothesispytest",
            "-c", HOME / "pyproject.toml", "--rootdir", tmp_path, "--cpu-time",
            "-n", processes, "--dist", "loadfile", ".",
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(HOME / "tests")},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    told = re.findall(r"^ *([\d.]+) s (test_\S+)", done.stdout, re.MULTILINE)
    assert [name for _, name in told] == [
        "test_busy.py", "test_idle.py",
        "test_busy.py::test_its_program", "test_busy.py::test_itself", "test_idle.py::test_waits",
    ]  # fmt: skip
    seconds = {name: float(number) for number, name in told}
    assert seconds["test_busy.py::test_its_program"] >= 0.8
    assert seconds["test_busy.py::test_itself"] >= 0.4
    assert seconds["test_idle.py"] < 0.4, "waiting is no work"
    assert "s of processor time in 3 tests" in done.stdout
