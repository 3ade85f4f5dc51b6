"""A command whose streams are closed, full, or open for the wrong thing."""

import shlex
import subprocess
from pathlib import Path

import pytest

from patchfleet.cli.exit_codes import Exit

COMMANDS = (["today"], ["runs", "--json"], ["--help"], ["today", "--customer", "nobody at all"])
STREAMS = (">&-", "2>&-", "<&-", ">&- 2>&-", ">&- 2>&- <&-", ">/dev/full", "2>/dev/full",
           ">/dev/full 2>/dev/full", "1</dev/null", "2</dev/null")  # fmt: skip


@pytest.fixture
def shell(reading):
    def run(words, streams):
        line = f"{shlex.join(reading.command(*words))} {streams}"
        ended = subprocess.run(["bash", "-c", line], capture_output=True, timeout=60, check=False)
        return ended.returncode, ended.stdout.decode(), ended.stderr.decode()

    return run


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("streams", STREAMS)
def test_no_stream_is_a_traceback(shell, streams):
    for words in COMMANDS:
        code, out, err = shell(words, streams)
        assert "Traceback" not in out + err
        assert "internal error" not in out + err
        is_lost = any(
            one in streams for one in (">&-", ">/dev/full", "1<")
        ) and not streams.startswith("2")
        is_wrong = words[-1] == "nobody at all"
        assert code == (Exit.USAGE if is_wrong else Exit.CONFIG if is_lost else Exit.DONE), words
        if is_lost and not is_wrong and "2>" not in streams:
            assert "error: cannot write to standard output: " in err


@pytest.mark.slow
def test_a_file_is_written_while_output_is_closed(shell, reading):
    code, _, err = shell(["today", "--output", "t.json"], ">&- <&-")
    assert (code, err) == (Exit.DONE, "wrote t.json\n")
    assert (reading.folder / "t.json").stat().st_size


@pytest.mark.slow
def test_no_file_takes_the_number_of_a_stream(shell, reading):
    code, out, _ = shell(["sync"], ">&- 2>&- <&-")
    assert (code, out) == (Exit.DONE, "")
    assert reading("store", "check").code == Exit.DONE
    assert reading("runs", "--json").json["rows"][0]["state"] == "complete"
