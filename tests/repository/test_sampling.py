"""The sample that a plain run draws from the tests marked `full`."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tree import HOME

FILE = """
import pytest

@pytest.mark.full
@pytest.mark.parametrize("number", range(100))
def test_few(number):
    pass

@pytest.mark.full(share=0.5)
@pytest.mark.parametrize("number", range(10))
def test_half(number):
    pass

def test_always():
    pass
"""
ALONE = """
import pytest

@pytest.mark.full
def test_alone():
    pass
"""


@pytest.fixture
def run(tmp_path: Path) -> "Run":
    (tmp_path / "test_several.py").write_text(FILE)
    (tmp_path / "test_one.py").write_text(ALONE)
    (tmp_path / "test_plain.py").write_text("def test_plain():\n    pass\n")
    return Run(tmp_path)


class Run:
    """Runs pytest with the sampling of these tests on files of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *arguments: str, seed: str = "1") -> tuple[set[str], str]:
        """Return which tests ran, and what the run printed."""
        done = subprocess.run(
            [
                sys.executable, "-m", "pytest", "-p", "sampling", "-p", "no:hypothesispytest",
                "-p", "no:cacheprovider", "-c", HOME / "pyproject.toml", "--rootdir", self.folder,
                "-vv", *(arguments or ["."]),
            ],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(HOME / "tests"), "PATCHFLEET_TEST_SEED": seed},
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        passed = re.findall(r"PASSED (\S+::\S+)|(\S+::\S+) PASSED", done.stdout)
        return {one or other for one, other in passed}, done.stdout


@pytest.mark.slow
def test_a_share_of_each_file_is_drawn_and_at_least_one(run: "Run") -> None:
    ran, said = run()
    names = sorted(name.partition("[")[0].partition("::")[2] for name in ran)
    assert names == [
        "test_alone", "test_always", *["test_few"] * 5, *["test_half"] * 5, "test_plain",
    ]  # fmt: skip
    assert said.startswith("PATCHFLEET_TEST_SEED=1\n")
    assert (
        "11 of 111 tests marked full were drawn from 2 groups by PATCHFLEET_TEST_SEED=1; "
        "./script/test full runs all of them\n"
    ) in said


@pytest.mark.slow
def test_a_seed_draws_the_same_in_any_number_of_processes(run: "Run") -> None:
    ran, _ = run()
    assert run()[0] == ran
    shared, said = run("-n", "2", "--dist", "loadfile", ".")
    assert {name.removeprefix("./") for name in shared} == ran
    assert "11 of 111 tests marked full were drawn" in said
    assert run(seed="2")[0] != ran


@pytest.mark.slow
def test_all_run_if_asked_and_one_that_is_named(run: "Run") -> None:
    ran, said = run("--full", ".")
    assert len(ran) == 113
    assert "were drawn" not in said
    for number in range(2):
        one = f"test_several.py::test_few[{number}]"
        assert run(one)[0] == {one}


def test_every_marker_is_explained() -> None:
    settings = tomllib.loads((HOME / "pyproject.toml").read_text(encoding="utf-8"))
    page = (HOME / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for marker in settings["tool"]["pytest"]["ini_options"]["markers"]:
        name = re.split(r"[:(]", marker)[0]
        assert f"`{name}`" in page, name
