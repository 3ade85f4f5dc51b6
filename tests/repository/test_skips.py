"""Nothing is skipped in silence under CI."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tree import HOME

FILE = """
import pytest

@pytest.mark.skipif(True, reason="a system of its own")
def test_by_a_marker():
    pass

@pytest.fixture
def server():
    pytest.skip("no server here")

def test_by_a_fixture(server):
    pass

def test_by_itself():
    pytest.skip("no such file")

def test_by_an_import():
    pytest.importorskip("a_module_that_is_nowhere")

def test_allowed():
    pytest.skip("NO HISTORY: no git here")

@pytest.mark.xfail(reason="known", strict=True)
def test_expected_to_fail():
    raise ValueError
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("under_ci", "said"),
    [("true", "2 failed, 1 skipped, 1 xfailed, 2 errors"), ("", "5 skipped, 1 xfailed")],
)
def test_a_skipped_test_fails_under_ci(tmp_path: Path, under_ci: str, said: str) -> None:
    (tmp_path / "test_all.py").write_text(FILE)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p skips -p no:cacheprovider\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", str(tmp_path)],
        env={**os.environ, "CI": under_ci, "PYTHONPATH": str(HOME / "tests")},
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert said in done.stdout
    assert ("skipped under CI: a system of its own" in done.stdout) is bool(under_ci)
