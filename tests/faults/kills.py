"""Cells of kills: a command in a process of its own, ended by SIGKILL at a call that was chosen."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

from faults import rows, verdict
from faults.call import CHANGES, Call
from faults.cell import Cell
from faults.commands import apart, ended, here
from faults.proxy import Proxy
from faults.syncs import PATIENT_SECONDS, Syncs, at_once, said
from faults.syncs import PHASES as SYNC_PHASES
from faults.vendors import Vendors, write_settings
from faults.verdict import Verdict
from faults.writes import COMMANDS, Writes, judge, repeated

MOMENTS = {
    "killed before the act": ("once", "from the second"),
    "killed after the act": ("once", "from the second"),
}
"""Before the vendor has the call, or when it was done and before its answer is on the way."""


def cells() -> Iterator[Cell]:
    """Name every cell of kills: between two calls is before the second of them."""
    for command, phases in SYNC_PHASES.items():
        for phase in phases:
            for moment, whens in MOMENTS.items():
                for when in whens:
                    if phase not in ("auth", "list_clients") or when == "once":
                        yield Cell(command, phase, moment, when)
    for command in COMMANDS:
        for phase in ("reading", "change"):
            for moment, whens in MOMENTS.items():
                for when in whens:
                    if command.startswith("nsight") or phase == "reading" or when == "once":
                        yield Cell(command, phase, moment, when)


class Killing:
    """End a process at a call of some kinds, and let that call go no further."""

    def __init__(self, kinds: frozenset[str], when: str) -> None:
        self.kinds, self.nth = kinds, 1 if when == "once" else 2
        self.count = 0
        self.pid = 0
        self.is_done = False

    def __call__(self, call: Call) -> None:
        self.count += call.kind in self.kinds
        if call.kind in self.kinds and self.count == self.nth:
            os.kill(self.pid, signal.SIGKILL)
            self.is_done = True
            raise ConnectionAbortedError


class Kills:
    """The worlds of syncs and of writes, with commands that do not live long."""

    def __init__(self, vendors: Vendors, proxy: Proxy, folder: Path) -> None:
        self.vendors, self.proxy, self.folder = vendors, proxy, folder
        for name in ("syncs", "writes"):
            (folder / name).mkdir()
        self.syncs = Syncs(vendors, proxy, folder / "syncs")
        self.writes = Writes(vendors, proxy, folder / "writes")

    def begin(self) -> None:
        """Wait until a cell is asked for."""

    def run(self, cell: Cell) -> Verdict:
        """Run a cell, and judge what the next command makes of it."""
        self.proxy.longest_seconds = PATIENT_SECONDS * 3
        return self._sync(cell) if cell.command.startswith("sync") else self._write(cell)

    def _sync(self, cell: Cell) -> Verdict:
        syncs = self.syncs
        if not syncs.before:
            syncs.begin()
        else:
            syncs.go_there()
        folder = syncs.folder / "killed"
        shutil.copytree(syncs.folder / "base", folder)
        source = cell.command.split()[1]
        arguments = ("sync", "--source", source, "--max-age", "0")
        try:
            kinds = frozenset(SYNC_PHASES[cell.command][cell.phase])
            config = write_settings(folder, self.vendors, self.proxy.url, seconds=PATIENT_SECONDS)
            if not self._killed(Killing(kinds, cell.when), cell, config, arguments):
                return Verdict(verdict.UNMET)
            before, after = syncs.before[source], syncs.after[source]
            found = rows.read(folder, source)
            if torn := rows.compare(found, before, before) and rows.compare(found, after, before):
                return Verdict(verdict.TORN, str(torn))
            again = here(config, *arguments)
            left = rows.compare(rows.read(folder, source), after, before)
            if again.code or left:
                return Verdict(verdict.LASTING, f"{said(again)}; {left}")
            return at_once(self.vendors, again, []) or Verdict(verdict.RIGHT)
        finally:
            shutil.rmtree(folder)

    def _write(self, cell: Cell) -> Verdict:
        writes, command = self.writes, cell.command
        told = writes.told(command)
        writes.world(command)
        folder = writes.record(command)
        try:
            kinds = CHANGES if cell.phase == "change" else told.reads
            config = write_settings(folder, self.vendors, self.proxy.url, seconds=PATIENT_SECONDS)
            if not self._killed(Killing(kinds, cell.when), cell, config, told.arguments):
                return Verdict(verdict.UNMET)
            again = here(config, *told.arguments)
            if twice := repeated(writes, command):
                return Verdict(verdict.REPEATED_WRITE, f"{twice}, when run again: {said(again)}")
            found = at_once(self.vendors, again, []) or judge(writes, command, folder, again)
            if found:
                return found
            if writes.state(command) != told.goal:
                return Verdict(verdict.LASTING, said(again))
            return Verdict(verdict.RIGHT if again.code == 0 else verdict.LOUD, said(again))
        finally:
            shutil.rmtree(folder)

    def _killed(
        self, killing: Killing, cell: Cell, config: Path, arguments: tuple[str, ...]
    ) -> bool:
        """Run the command until it is killed; return whether it was."""
        proxy = self.proxy
        proxy.begin(None)
        hook: Callable[[Call], None] = killing
        process = apart(config, *arguments)
        killing.pid = process.pid
        if cell.fault_name == "killed before the act":
            proxy.before = hook
        else:
            proxy.after = hook
        ran = ended(process, 120)
        proxy.before = proxy.after = lambda _: None
        assert killing.is_done == (ran.code == -signal.SIGKILL), said(ran)
        return killing.is_done
