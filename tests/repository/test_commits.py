"""Subjects of commits, and the hook that checks them before they are made."""

import shutil
import subprocess
from pathlib import Path

import pytest
from tree import HOME

HOOK = HOME / "script" / "hooks" / "commit-msg"
FIRST = "Move modules to rooms named in the field's words"
"""The subject of the first commit that the rule is for."""


def subjects() -> list[str]:
    """Return the subjects from the first commit of the rule on; skip where history is missing."""
    if shutil.which("git") is None or not (HOME / ".git").exists():
        pytest.skip("NO HISTORY: subjects of commits were not checked, for there is no git here")
    command = ["git", "-C", str(HOME), "log", "--no-merges", "--format=%s"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        pytest.skip(f"NO HISTORY: subjects of commits were not checked: {done.stderr.strip()}")
    lines = done.stdout.splitlines()
    if FIRST not in lines:
        pytest.skip(f"NO HISTORY: subjects of commits were not checked, '{FIRST}' is not in it")
    return lines[: lines.index(FIRST) + 1]


def test_subjects_of_commits_are_short_and_have_no_full_stop() -> None:
    long = [f"{len(one)}: {one}" for one in subjects() if len(one) > 72 or one.endswith(".")]
    assert not long, "\n".join(long)


def refused(message: str, folder: Path) -> str:
    """Return what the hook says of a message; "" where it accepts it."""
    path = folder / "COMMIT_EDITMSG"
    path.write_text(message, encoding="utf-8")
    done = subprocess.run(
        [str(HOOK), str(path)], capture_output=True, text=True, check=False, timeout=60
    )
    assert bool(done.returncode) == bool(done.stderr)
    return done.stderr


@pytest.mark.parametrize(
    "message",
    [
        "Mark dependent deletion vectors stale in the same transaction\n",
        f"{'ü' * 72}\n\n{'The body may be long. ' * 9}\n",
        "# a comment of git\nName a thing\n# another\n",
        f"Name a thing\n# {'-' * 24} >8 {'-' * 24}\ndiff --git a b\n{'x' * 80}\n",
        f"fixup! {'x' * 72}\n",
    ],
    ids=["short", "72 letters", "comments", "verbose", "fixup"],
)
def test_the_hook_accepts(message: str, tmp_path: Path) -> None:
    assert not refused(message, tmp_path)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (f"{'ü' * 73}\n", "73 characters"),
        ("Name a thing.\n", "full stop"),
        ("Name a thing\nand another\n", "second line"),
    ],
    ids=["73 letters", "full stop", "two lines"],
)
def test_the_hook_refuses(message: str, reason: str, tmp_path: Path) -> None:
    said = refused(message, tmp_path)
    assert reason in said
    assert "hint: " in said
