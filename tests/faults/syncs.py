"""Cells of syncs: a record with a complete sync, a world eight days on, and a fault on the way."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from faults import rows, verdict
from faults.cell import FAULTS, Cell
from faults.commands import Ran, here
from faults.fault import Fault
from faults.proxy import Armed, Proxy
from faults.vendors import Vendors, write_settings
from faults.verdict import Verdict

DAYS_ON = 8
PHASES = {
    "sync nsight": {
        "list_clients": ("list_clients",),
        "list_sites": ("list_sites",),
        "list_devices_at_client": ("list_devices_at_client",),
        "details": ("list_servers", "list_workstations"),
        "patch_list_all": ("patch_list_all",),
    },
    "sync qualys": {
        "auth": ("auth",),
        "get_all_assets": ("get_all_assets",),
        "get_assets": ("get_assets",),
        "get_asset_count": ("get_asset_count",),
        "get_patches": ("get_patches",),
        "get_patch_count": ("get_patch_count",),
        "list_jobs": ("list_jobs",),
        "get_job": ("get_job",),
        "get_job_runs": ("get_job_runs",),
        "get_job_results": ("get_job_results",),
        "get_run_results": ("get_run_results",),
    },
}
"""What is struck, by the command: each kind of call that a sync makes."""
PATIENT_SECONDS = 20.0
IMPATIENT_SECONDS = 1.0


SHARES = {"connection": 2, "status": 3, "question": 1, "content": 1}
"""One in so many cells of a group is run: transport treats all readings alike."""
OFTEN = ("patch_list_all", "get_job", "get_run_results")
"""Kinds of call that are many, so that a fault from the second on is another than one for ever."""


def cells() -> Iterator[Cell]:
    """Name every cell of syncs. What a reading is answered before or after an act is the same."""
    for command, phases in PHASES.items():
        for phase, kinds in phases.items():
            for fault in FAULTS.values():
                if any(map(fault.fits, kinds)) and not _is_about_acts(fault):
                    yield from _of(fault, command, phase)


def _is_about_acts(fault: Fault) -> bool:
    return fault.group == "status" and fault.name.endswith("before the act")


def _of(fault: Fault, command: str, phase: str) -> Iterator[Cell]:
    for when in fault.whens:
        if when == "from the second" and fault.group != "question" and phase not in OFTEN:
            continue
        cell = Cell(command, phase, fault.name, when)
        if cell.is_of_share(SHARES[fault.group] * (4 if fault.is_rare else 1)):
            yield cell


class Syncs:
    """The world of these cells, and what an undisturbed sync of it learns."""

    def __init__(self, vendors: Vendors, proxy: Proxy, folder: Path) -> None:
        self.vendors, self.proxy, self.folder = vendors, proxy, folder
        self.before: dict[str, rows.Rows] = {}
        self.after: dict[str, rows.Rows] = {}
        self.usual: set[str] = set()
        self._count = 0

    def begin(self) -> None:
        """Sync a new world, go on in time, and sync it again aside."""
        vendors, proxy = self.vendors, self.proxy
        proxy.begin(None)
        proxy.is_learning = True
        vendors.reset()
        vendors.small_pages(None)
        base, aside = self.folder / "base", self.folder / "aside"
        base.mkdir()
        self._sync(base)
        vendors.advance(days=DAYS_ON)
        shutil.copytree(base, aside)
        self._sync(aside)
        proxy.is_learning = False
        for command in PHASES:
            source = command.split()[1]
            self.before[source] = rows.read(base, source)
            self.after[source] = rows.read(aside, source)
            assert self.before[source] != self.after[source]

    def go_there(self) -> None:
        """Make the world again in which the cells run."""
        self.vendors.reset()
        self.vendors.small_pages(None)
        self.vendors.advance(days=DAYS_ON)

    def _sync(self, folder: Path) -> None:
        config = write_settings(folder, self.vendors, self.proxy.url, seconds=PATIENT_SECONDS)
        ran = here(config, "sync", "--fresh", "--max-age", "0")
        assert ran.code == 0, ran.err
        self.usual |= set(warnings(ran))

    def kinds(self) -> set[str]:
        """Return the kinds of call that the undisturbed syncs made."""
        return {call.kind for calls in self.proxy.known.values() for call in calls}

    def run(self, cell: Cell) -> Verdict:
        """Run a cell from the record of the first sync, and judge it."""
        self._count += 1
        folder = self.folder / f"cell{self._count}"
        shutil.copytree(self.folder / "base", folder)
        try:
            return self._judged(cell, folder)
        finally:
            shutil.rmtree(folder)

    def _judged(self, cell: Cell, folder: Path) -> Verdict:
        fault, proxy, source = cell.fault, self.proxy, cell.command.split()[1]
        seconds = IMPATIENT_SECONDS if fault.waits else PATIENT_SECONDS
        proxy.longest_seconds = seconds * 2 + 4
        kinds = frozenset(filter(fault.fits, PHASES[cell.command][cell.phase]))
        armed = Armed(fault, kinds, cell.when)
        if fault.small:
            self._small(kinds)
        proxy.begin(armed)
        config = write_settings(folder, self.vendors, proxy.url, seconds=seconds)
        ran = here(config, "sync", "--source", source, "--max-age", "0")
        endless = list(proxy.endless)
        proxy.begin(None)
        if fault.small:
            self.vendors.small_pages(None)
        if not armed.done:
            return Verdict(verdict.UNMET)
        found = self._at_once(ran, endless) or self._of_rows(cell, folder, ran)
        if found.word in (verdict.RIGHT, verdict.UNMET):
            return found
        return self._later(folder, source, found)

    def _small(self, kinds: frozenset[str]) -> None:
        service = next(iter(kinds))
        learnt = {"get_run_results": "get_job_results"}.get(service, service)
        self.vendors.small_pages(learnt)

    def _at_once(self, ran: Ran, endless: list[str]) -> Verdict | None:
        return at_once(self.vendors, ran, endless)

    def _of_rows(self, cell: Cell, folder: Path, ran: Ran) -> Verdict:
        source = cell.command.split()[1]
        before, after = self.before[source], self.after[source]
        found = rows.read(folder, source)
        difference = rows.compare(found, after, before, cell.fault.blurs)
        if ran.code:
            if not rows.compare(found, before, before):
                return Verdict(verdict.LOUD, said(ran))
            if not difference:
                return Verdict(verdict.LOUD, said(ran))
            return Verdict(verdict.TORN, f"{difference} -- {said(ran)}")
        if not difference:
            return Verdict(verdict.RIGHT)
        if not set(warnings(ran)) - self.usual:
            return Verdict(verdict.SILENT_WRONG, str(difference))
        if difference.strange:
            return Verdict(verdict.WARNED_WRONG, f"{difference} -- {said(ran)}")
        return Verdict(verdict.KEPT, said(ran))

    def _later(self, folder: Path, source: str, found: Verdict) -> Verdict:
        """Sync again without a fault, and see whether all is right then."""
        config = write_settings(folder, self.vendors, self.proxy.url, seconds=PATIENT_SECONDS)
        ran = here(config, "sync", "--source", source, "--max-age", "0")
        after = self.after[source]
        left = rows.compare(rows.read(folder, source), after, after)
        if not ran.code and not left:
            return found
        if found.is_forbidden:
            return Verdict(found.word, f"{found.reason}; and after a clean sync: {left}")
        return Verdict(verdict.LASTING, f"{found}; then {ran.code} {said(ran)}; {left}")


def at_once(vendors: Vendors, ran: Ran, endless: list[str]) -> Verdict | None:
    """Return what can be said of any command without looking at what it did."""
    for secret in (vendors.key, vendors.password):
        if secret and secret in ran.out + ran.err:
            return Verdict(verdict.SECRET, said(ran).replace(secret, "***"))
    if ran.code == 1 or "Traceback" in ran.err or "internal error" in ran.err:
        return Verdict(verdict.INTERNAL_ERROR, said(ran))
    if endless:
        return Verdict(verdict.ENDLESS, f"at {', '.join(sorted(set(endless)))}")
    return None


def warnings(ran: Ran) -> list[str]:
    """Return what a command warned of."""
    return [line for line in ran.err.splitlines() if line.startswith("warning: ")]


def said(ran: Ran) -> str:
    """Return what a command said to people, in a line."""
    lines = [line for line in ran.err.splitlines() if not line.startswith("changes: ")]
    return f"exit {ran.code}: " + " | ".join(lines)[-500:]
