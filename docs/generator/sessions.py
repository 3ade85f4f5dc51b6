"""Examples that really ran: each page is a session, and its results are written under them.

A block marked `console` holds commands after `$ `, with what they print beneath. A block marked
`python` is run, and a block marked `text` right after it holds what it prints. All blocks of a page
share one empty folder, one environment and one Python namespace, in order. Shell that is not run is
marked `sh`.

Law of this file: a command that fails ends the page, unless its line says `; echo "exit $?"`. What
differs from run to run by nature is compared without it, and then the old text stays.
"""

import io
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

PORTS = ("8017", "8018")
"""The ports in the pages; the emulators of a session take any free ones in their place."""

_HOST = "127.0.0.1:"
_LONGEST_LIST = 8
_BLOCK = re.compile(
    r"```console\n(?P<shell>.*?)```\n|```python\n(?P<code>.*?)```\n(?:\n```text\n(?P<said>.*?)```\n)?",
    re.DOTALL,
)
_VARYING = (
    (re.compile(r"\bin \d+\.\d+ ?s\b"), "in N s"),
    (re.compile(r"\b\d{8}T\d{6}-[0-9a-f]{6}\b"), "JOURNAL"),
    (re.compile(r"itself, as of \d{4}-\d\d-\d\d \d\d:\d\d UTC"), "itself, as of NOW"),
    (re.compile(rf"127\.0\.0\.1:(?!{'|'.join(PORTS)})\d+"), "127.0.0.1:PORT"),
)
_KEPT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TMPDIR")


def with_results(page: str) -> str:
    """Return the text of a page with every example run and its results beneath it."""
    if not _BLOCK.search(page):
        return page
    if "$ curl" in page and shutil.which("curl") is None:
        raise SystemExit("the examples of a page call curl, and there is none here")
    with _surroundings() as session:
        return _BLOCK.sub(session.replaced, page)


class _Session:
    """One page: its emulators, if it starts any, and the names its Python examples have made."""

    def __init__(self) -> None:
        self._hosts: dict[str, str] = {}
        self._names: dict[str, object] = {"__name__": "__main__"}
        self._emulators: list[subprocess.Popen[str]] = []

    def replaced(self, block: re.Match[str]) -> str:
        """Run a block and return it with its results, or as it was where they are the same."""
        if block["shell"] is not None:
            new = f"```console\n{self._shell(block['shell'])}```\n"
        else:
            said = self._python(block["code"])
            if block["said"] is None and said:
                raise ValueError(f"an example prints and has no text block: {said!r}")
            new = f"```python\n{block['code']}```\n"
            if block["said"] is not None:
                new += f"\n```text\n{said}```\n"
        return block[0] if _comparable(new) == _comparable(block[0]) else new

    def _shell(self, block: str) -> str:
        """Run the commands of a block and return them with what they print."""
        lines = re.findall(r"^\$ (?:.*\\\n)*.*\n", block, re.MULTILINE)
        if not block.startswith("$ "):  # its lines would be taken for results, and lost
            raise ValueError(f"a console block begins with a command after `$ `, not {block!r}")
        return "".join(f"{line}{self._shown(self._run(line[2:].rstrip()))}" for line in lines)

    def _run(self, command: str) -> str:
        if command.startswith("patchfleet emulate"):
            return self._emulate(command)
        command = self._real(command)
        if command.startswith("export "):
            name, _, value = shlex.split(command)[1].partition("=")
            os.environ[name] = value
            return ""
        done = subprocess.run(  # noqa: S603 -- the pages are ours
            ["bash", "-o", "pipefail", "-c", command],  # noqa: S607
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        if done.returncode:
            raise ValueError(f"{command!r} exits with {done.returncode}:\n{done.stdout}")
        return done.stdout

    def _emulate(self, command: str) -> str:
        """Start an emulator, as in another terminal, and return what it says when it is ready.

        It takes a free port by itself: one that was looked for before could be another's by then.
        """
        words = shlex.split(command)
        place = words.index("--port") + 1
        port, words[place] = words[place], "0"
        emulator = subprocess.Popen(  # noqa: S603 -- the pages are ours
            words,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self._emulators.append(emulator)
        assert emulator.stdout is not None
        said = ""
        for line in emulator.stdout:
            said += line
            if "Ctrl-C" in line or line.startswith("{"):
                self._hosts[f"{_HOST}{port}"] = re.findall(rf"{_HOST}\d+", said)[0]
                return said
        raise ValueError(f"{command!r} ended:\n{said}")

    def _python(self, code: str) -> str:
        heard = io.StringIO()
        with redirect_stdout(heard):
            program = compile(self._real(code), "<an example of the page>", "exec")
            exec(program, self._names)  # noqa: S102 -- the pages are ours
        return self._shown(heard.getvalue())

    def _real(self, text: str) -> str:
        """Return what a page says with the ports that its emulators really have."""
        for shown, real in self._hosts.items():
            text = text.replace(shown, real)
        return text

    def _shown(self, text: str) -> str:
        """Return what was printed as it stands on the page: long indented lists are cut."""
        shown: list[str] = []
        indented: list[str] = []
        plain = text.replace(str(Path.cwd()), "~")
        for shown_host, real in self._hosts.items():
            plain = plain.replace(real, shown_host)
        for line in [*plain.splitlines(), ""]:
            if line.startswith("  "):
                indented.append(line.rstrip())
                continue
            if len(indented) > _LONGEST_LIST:
                left_out = len(indented) - _LONGEST_LIST // 2
                indented[_LONGEST_LIST // 2 :] = [f"  … {left_out} more lines"]
            shown += [*indented, line.rstrip()]
            indented = []
        return "".join(f"{line}\n" for line in shown[:-1])

    def end(self) -> None:
        """End the emulators of the page."""
        for emulator in self._emulators:
            emulator.send_signal(signal.SIGTERM)
            emulator.communicate(timeout=60)


@contextmanager
def _surroundings() -> Iterator[_Session]:
    """Give a page an empty folder and an environment with nothing of whoever runs this."""
    before = dict(os.environ)
    session = _Session()
    with TemporaryDirectory() as folder, chdir(folder):
        kept = {name: before[name] for name in _KEPT if name in before}
        os.environ.clear()
        os.environ.update(kept)
        os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), kept["PATH"]])
        os.environ |= {"HOME": folder, "COLUMNS": "100", "NO_COLOR": "1", "PYTHONUTF8": "1"}
        os.environ |= {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
        os.environ |= {"PYTHONDONTWRITEBYTECODE": "1"}
        Path("examples").symlink_to(Path(__file__).parents[2] / "examples")
        try:
            yield session
        finally:
            session.end()
            os.environ.clear()
            os.environ.update(before)


def _comparable(text: str) -> str:
    for pattern, name in _VARYING:
        text = pattern.sub(name, text)
    return text
