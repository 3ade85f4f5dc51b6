"""What somebody at a terminal sees, types and interrupts; and what a pipe gets instead."""

import os
import re
import select
import signal
import subprocess
import sys
import threading
import time

import pytest

from patchfleet.store import Store

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="terminals and signals of POSIX"),
]

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
ALL = ("stdin", "stdout", "stderr")


class Terminal:
    """A process at a terminal of 100 columns: what it wrote, and a hand that types."""

    def __init__(self, command, streams=ALL, **environment):
        import pty

        self._ours, theirs = pty.openpty()
        ends = {name: theirs if name in streams else subprocess.PIPE for name in ALL[1:]}
        ends["stdin"] = theirs if "stdin" in streams else subprocess.DEVNULL
        environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", **environment}
        self.process = subprocess.Popen(command, env=environment, **ends)
        os.close(theirs)
        self.seen = ""

    def until(self, text):
        """Read until `text` was written, or the process has ended."""
        while text not in self.seen and self._read():
            pass
        assert text in self.seen, self.seen

    def types(self, text):
        os.write(self._ours, text.encode())

    def interrupt(self):
        """Press Ctrl-C until it is heard: between a prompt and the wait for an answer it is not."""
        while self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            if select.select([self._ours], [], [], 2)[0]:
                return

    def end(self):
        """Read the rest and return exit code, what the terminal shows, and what a pipe got."""
        while self._read():
            pass
        out, _ = self.process.communicate(timeout=60)
        os.close(self._ours)
        return self.process.returncode, self.seen, (out or b"").decode()

    def _read(self):
        if not select.select([self._ours], [], [], 60)[0]:
            self.process.kill()
            pytest.fail(f"nothing more was written; so far: {self.seen}")
        try:
            piece = os.read(self._ours, 65_536)
        except OSError:  # Linux's way to say that nobody holds the other end any more
            return False
        self.seen += piece.decode(errors="replace").replace("\r\n", "\n")
        return bool(piece)


def approve(cli, *words):
    return Terminal(cli.command("nsight", "approve", "--severity", "critical", *words))


@pytest.mark.parametrize("answer", ["n\n", "\n"])
def test_no_changes_nothing(moving, answer):
    cli, emulator = moving
    terminal = approve(cli)
    terminal.until("Approve them? [y/N]: ")
    terminal.types(answer)
    code, seen, _ = terminal.end()
    assert code == 7
    assert seen.rstrip().endswith("nothing was changed")
    assert emulator.calls == []


def test_yes_changes_what_was_shown(moving):
    cli, emulator = moving
    terminal = approve(cli)
    terminal.until("Approve them? [y/N]: ")
    assert emulator.calls == [], "nothing is sent before the answer"
    terminal.types("y\n")
    code, seen, _ = terminal.end()
    assert code == 0
    assert "confirmed by reading back" in seen
    assert "patch_approve" in {call.service for call in emulator.calls}


def test_ctrl_c_at_the_question(moving):
    cli, emulator = moving
    terminal = approve(cli)
    terminal.until("Approve them? [y/N]: ")
    terminal.interrupt()
    code, seen, _ = terminal.end()
    assert code == 130
    assert "interrupted" in seen
    assert emulator.calls == []


@pytest.mark.parametrize("missing", ["stdin", "stderr"])
def test_somebody_who_cannot_see_or_answer_is_not_asked(moving, missing):
    cli, emulator = moving
    streams = tuple(name for name in ALL if name != missing)
    words = ("nsight", "approve", "--severity", "critical")
    code, _, _ = Terminal(cli.command(*words), streams).end()
    assert code == 7
    assert emulator.calls == []


def test_colour_on_a_terminal_only(reading):
    words = ("nsight", "patches", "--status", "failed")
    assert "\x1b[" in Terminal(reading.command(*words)).end()[1]
    plain = Terminal(reading.command(*words), NO_COLOR="1").end()[1]
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", plain), "no colour, though perhaps bold"
    _, _, piped = Terminal(reading.command(*words), ("stdin", "stderr")).end()
    assert "\x1b" not in piped
    assert piped == reading(*words).out


def test_errors_are_coloured_on_a_terminal_only(reading):
    words = ("--config", "nowhere.toml", "runs")
    code, seen, _ = Terminal(reading.command(*words)).end()
    assert code == 4
    assert seen.startswith("\x1b[31m\x1b[1merror:\x1b[0m there is no file nowhere.toml\n")
    _, seen, _ = Terminal(reading.command(*words), NO_COLOR="1").end()
    assert seen.startswith("error: there is no file nowhere.toml\nhint: ")
    assert reading(*words).err.startswith("error: ")


def test_progress_is_for_a_terminal_and_never_data(moving):
    cli, _ = moving
    terminal = Terminal(cli.command("sync", "--fresh", "--json"), ("stdin", "stderr"))
    code, seen, out = terminal.end()
    assert code == 0
    assert "10 of 10 devices" in ESCAPE.sub("", seen)
    assert out.startswith("{\n")
    assert '"is_complete": true' in out
    quiet = cli.process("sync", "--fresh", "--json")
    assert "of 10 devices" not in quiet.err
    assert "\x1b" not in quiet.err


def test_a_table_is_folded_and_never_cut(reading):
    words = ("nsight", "patches", "--status", "failed")
    seen = ESCAPE.sub("", Terminal(reading.command(*words)).end()[1])
    assert max(map(len, seen.splitlines())) <= 100
    letters = re.sub(r"\s", "", seen)
    for row in reading(*words, "--json").json["rows"]:
        assert all(word in letters for word in row["patch"].split() if len(word) < 9)
    assert "…" not in seen


@pytest.mark.full(group="readers who leave", share=0.5)
@pytest.mark.parametrize("words", [["runs"], ["runs", "--json"], ["nsight", "patches"], ["--help"]])
@pytest.mark.parametrize("taken", [0, 10])
def test_a_reader_who_has_seen_enough(reading, words, taken):
    process = subprocess.Popen(
        reading.command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert len(process.stdout.read(taken)) == taken
    process.stdout.close()
    said = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(timeout=60) == 0
    assert "rror" not in said
    assert "Exception" not in said


def test_a_sync_nobody_listens_to_is_not_broken_off(moving):
    cli, _ = moving
    process = subprocess.Popen(
        cli.command("sync", "--fresh"), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    process.stderr.close()
    assert process.wait(timeout=60) == 0
    with Store.open(cli.folder / "fleet.db") as store:
        newest = store.runs.latest()[0]
    assert (newest.id, newest.state) == (2, "complete")


def arrival(emulator, service):
    """Return an event that is set when a call of this service has arrived."""
    arrived, handle = threading.Event(), emulator.handle

    def watched(method, path, query_pairs=(), headers=(), body=b"", **more):
        answer = handle(method, path, query_pairs, headers, body, **more)
        if dict(query_pairs).get("service") == service:
            arrived.set()
        return answer

    emulator.handle = watched
    return arrived


@pytest.mark.full(group="Ctrl-C in a sync", share=0.5)
@pytest.mark.parametrize(
    "service", ["list_clients", "list_sites", "list_servers", "patch_list_all"]
)
def test_ctrl_c_in_a_sync_is_prompt_though_calls_hang(moving, service):
    cli, emulator = moving
    arrived = arrival(emulator, service)
    emulator.fault(
        "hang", service=service, after=1 if service == "patch_list_all" else 0, times=None
    )
    process = subprocess.Popen(
        cli.command("sync", "--fresh"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert arrived.wait(60)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert time.monotonic() - began < 10, "a call that hangs is given up after 20 seconds"
    assert process.returncode == 130
    assert out == b""
    assert err.decode().strip() == (
        "error: interrupted; what was read is kept, and the next sync resumes here"
    )
    emulator.clear_faults()
    with Store.open(cli.folder / "fleet.db") as store:
        kept = store.runs.latest()[0]
    assert kept.state == "incomplete"
    result = cli("sync", "--json")
    assert result.code == 0
    assert result.json["is_resumed"]
    assert result.json["already_scanned"] == kept.devices


def test_ctrl_c_in_an_approval_names_what_is_in_doubt(moving):
    cli, emulator = moving
    arrived = arrival(emulator, "patch_approve")
    emulator.fault("hang", service="patch_approve", when="after", times=None)
    words = ("nsight", "approve", "--severity", "critical", "--yes")
    first = cli(*words[:-1], "--dry-run", "--json").json["devices"][0]
    process = subprocess.Popen(cli.command(*words), stderr=subprocess.PIPE)
    assert arrived.wait(60)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"check {first['device']}: it may have been changed" in err.decode()
    assert "not reached" in err.decode()
    assert "Traceback" not in err.decode()


def test_an_emulator_runs_until_it_is_told_to_stop(cli):
    for told in (signal.SIGINT, signal.SIGTERM):
        process = subprocess.Popen(
            cli.command("emulate", "nsight", "--devices", 2, "--json"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        line = process.stdout.readline()
        assert set(line_keys(line)) == {
            "url", "api_key", "control_url", "qualys_username", "qualys_password",
        }  # fmt: skip
        process.send_signal(told)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out, err) == (0, b"", b"")


def line_keys(line):
    import json

    return json.loads(line)
