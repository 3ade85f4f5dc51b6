"""Environments of other libraries, made by `script/environment` when a test needs one."""

import os
import subprocess
from pathlib import Path

import pytest

HOME = Path(__file__).parent.parent
IMPOSSIBLE = 3
"""The exit code of `script/environment` where this machine lacks Python 3.12 or Java."""


def python_of(name: str) -> Path:
    """Return the interpreter of an environment; without one skip, and fail under CI."""
    made = subprocess.run(
        [HOME / "script" / "environment", name], capture_output=True, text=True, check=False
    )
    if made.returncode == IMPOSSIBLE and os.environ.get("CI") != "true":
        pytest.skip(made.stderr.strip())
    assert made.returncode == 0, made.stderr
    return HOME / ".venv" / name / "bin" / "python"
