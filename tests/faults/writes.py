"""Cells of writes: a command that changes something, and a fault in what it reads or sends."""

import re
import shutil
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from faults import verdict
from faults.call import CHANGES, NOT_REPEATABLE, Call
from faults.cell import FAULTS, Cell
from faults.commands import Ran, here
from faults.fault import Fault
from faults.proxy import Armed, Proxy
from faults.syncs import IMPATIENT_SECONDS, PATIENT_SECONDS, at_once, said
from faults.vendors import Vendors, write_settings
from faults.verdict import Verdict

NSIGHT = ("approve", "ignore", "do-nothing", "inherit", "retry", "reprocess")
QUALYS = ("create", "clone", "update", "enable", "disable", "delete")
WORLDS = {
    "nsight ignore of many": {"customers": 1, "devices": 1, "patches": 1700, "exact_patches": True},
    "nsight retry": {"patches": 60},
    "nsight reprocess": {"patches": 60},
}
MONTHS_ON = 9
"""Worlds of their own: with several patches that failed, or, after months, with more open patches
on a device than one call may name."""
COMMANDS = (
    *(f"nsight {name}" for name in NSIGHT),
    "nsight ignore of many",
    *(f"qualys {name}" for name in QUALYS),
)
PHASES = ("auth", "reading", "change")
"""What is struck: the login, what is read before and after, what changes something."""
_DOUBT = re.compile(
    r"unknown|may have|may be|perhaps|in doubt|not known|no answer came|look"
    r"|check (?:whether|before)"
)
"""Words by which a command says that it cannot tell what became of a change."""


WHOLE = ("nsight approve", "nsight retry", "qualys create", "qualys update", "qualys enable")
"""Commands that meet every fault; of the others, which go the same way, each meets one in six."""


def cells() -> Iterator[Cell]:
    """Name every cell of writes."""
    for command in COMMANDS:
        for phase in PHASES:
            if phase == "auth" and command.startswith("nsight"):
                continue
            for fault in FAULTS.values():
                if _fits(fault, command, phase):
                    yield from _of(fault, command, phase)


def _of(fault: Fault, command: str, phase: str) -> Iterator[Cell]:
    share = (1 if command in WHOLE and phase == "change" else 6) * (4 if fault.is_rare else 1)
    for when in fault.whens:
        is_one_call = phase == "auth" or (phase == "change" and command.startswith("qualys"))
        if is_one_call and when == "from the second":
            continue
        cell = Cell(command, phase, fault.name, when)
        if cell.is_of_share(share):
            yield cell


def _fits(fault: Fault, command: str, phase: str) -> bool:
    if phase == "change":
        is_met = any(map(fault.fits, CHANGES))
        return is_met and (fault.group != "content" or fault.name in _OF_CHANGES)
    if fault.small or fault.blurs or fault.hidden or fault.name.endswith("before the act"):
        return False
    if phase == "auth":
        return fault.group == "status"
    kinds = ("patch_list_all",) if command.startswith("nsight") else ("get_job", "list_jobs")
    is_met = any(map(fault.fits, kinds)) and fault.group != "content"
    return is_met or fault.name in _OF_CHANGES


_OF_CHANGES = frozenset(
    {
        "an empty body", "null", "an empty list in JSON", "an empty object", "a text in JSON",
        "HTML with status 200", "a login page", "half of the document", "JSON nested 300,000 deep",
        "an error of Qualys with status 200", "a failed result",
    }
)  # fmt: skip
"""Contents that make a difference to what is said of a change."""


@dataclass
class Told:
    """What one undisturbed run of a command changes, from which state to which."""

    arguments: tuple[str, ...]
    start: dict[str, Any]
    goal: dict[str, Any]
    reads: frozenset[str]
    known: defaultdict[str, list[Call]]


class Writes:
    """The world of these cells, and what each command does in it undisturbed."""

    def __init__(self, vendors: Vendors, proxy: Proxy, folder: Path) -> None:
        self.vendors, self.proxy, self.folder = vendors, proxy, folder
        self._told: dict[str, Told] = {}
        self._count = 0

    def begin(self) -> None:
        """Wait until a command is asked for."""

    def world(self, command: str) -> None:
        """Begin the world of a command anew."""
        self.vendors.reset(**WORLDS.get(command, {}))
        if command.endswith("of many"):
            self.vendors.advance(days=MONTHS_ON * 30)
        self.vendors.small_pages(None)

    def record(self, command: str) -> Path:
        """Return a folder with a record of that world, made once."""
        base = self.folder / (command if command in WORLDS else "usual")
        if not base.exists() and command.startswith("nsight"):
            base.mkdir()
            config = write_settings(base, self.vendors, self.proxy.url, seconds=PATIENT_SECONDS)
            ran = here(config, "sync", "--source", "nsight")
            assert ran.code == 0, ran.err
        self._count += 1
        cell = self.folder / f"cell{self._count}"
        if command.startswith("nsight"):
            shutil.copytree(base, cell)
        else:
            cell.mkdir()
        return cell

    def state(self, command: str) -> dict[str, Any]:
        """Return what a command can change, as the vendor has it."""
        if command.startswith("qualys"):
            return {_named(job): _job(job) for job in self.vendors.truth("qualys")["jobs"]}
        return {
            f"{device['deviceid']}/{patch['patchid']}": (patch["status"], patch["policy"])
            for customer in self.vendors.truth("nsight")["customers"]
            for site in customer["sites"]
            for device in site["devices"]
            for patch in device["patches"]
        }

    def told(self, command: str) -> Told:
        """Run a command undisturbed, once, and return what it did."""
        if command not in self._told:
            proxy = self.proxy
            proxy.begin(None)
            self.world(command)
            folder = self.record(command)
            arguments, start = self._arguments(command), self.state(command)
            proxy.begin(None)
            proxy.known, proxy.is_learning = defaultdict(list), True
            config = write_settings(folder, self.vendors, proxy.url, seconds=PATIENT_SECONDS)
            ran = here(config, *arguments)
            proxy.is_learning = False
            assert ran.code == 0, ran.err
            goal = self.state(command)
            assert start != goal, f"{command} changed nothing: {ran.err}"
            reads = frozenset(call.kind for call in proxy.calls) - CHANGES - {"auth"}
            if command.startswith("qualys"):
                proxy.known["get_job"] += self._reads_of_jobs()
            self._told[command] = Told(arguments, start, goal, reads, proxy.known)
        return self._told[command]

    def _reads_of_jobs(self) -> list[Call]:
        """Return a call for each job there is, so that one may be answered with another's."""
        jobs = self.vendors.truth("qualys")["jobs"]
        return [Call("GET", f"/pm/v1/deploymentjob/{job['id']}", ()) for job in jobs]

    def _arguments(self, command: str) -> tuple[str, ...]:
        vendor, name, *_ = command.split()
        if vendor == "nsight":
            return (vendor, name, "--all", "--yes")
        jobs = {job["name"]: job for job in self.vendors.truth("qualys")["jobs"]}
        return _qualys_arguments(name, jobs)

    def run(self, cell: Cell) -> Verdict:
        """Run a cell in a new world, and judge it."""
        told = self.told(cell.command)
        self.world(cell.command)
        folder = self.record(cell.command)
        try:
            return self._judged(cell, folder, told)
        finally:
            shutil.rmtree(folder)

    def _judged(self, cell: Cell, folder: Path, told: Told) -> Verdict:
        fault, proxy = cell.fault, self.proxy
        seconds = IMPATIENT_SECONDS if fault.waits else PATIENT_SECONDS
        proxy.longest_seconds = seconds * 2 + 4
        armed = Armed(fault, _struck(cell, told), cell.when)
        proxy.known = told.known
        proxy.begin(armed)
        config = write_settings(folder, self.vendors, proxy.url, seconds=seconds)
        ran = here(config, *told.arguments)
        armed_again, proxy.armed = armed, None
        if not armed_again.done:
            return Verdict(verdict.UNMET)
        found = at_once(self.vendors, ran, proxy.endless)
        return found or judge(self, cell.command, folder, ran) or self._again(cell, folder, ran)

    def _again(self, cell: Cell, folder: Path, ran: Ran) -> Verdict:
        """Judge what is right so far by what the same command does when it is run once more."""
        told, command = self.told(cell.command), cell.command
        if ran.code == 0:
            return Verdict(verdict.RIGHT)
        config = write_settings(folder, self.vendors, self.proxy.url, seconds=PATIENT_SECONDS)
        again = here(config, *told.arguments)
        twice = repeated(self, command)
        if twice:
            return Verdict(verdict.REPEATED_WRITE, f"{twice}, when run again -- {said(ran)}")
        if self.state(command) != told.goal:
            return Verdict(verdict.LASTING, f"{said(ran)}; then {said(again)}")
        return Verdict(verdict.LOUD, said(ran))


def _struck(cell: Cell, told: Told) -> frozenset[str]:
    if cell.phase == "auth":
        return frozenset({"auth"})
    return CHANGES if cell.phase == "change" else told.reads | {"list_jobs", "get_job"}


def judge(writes: Writes, command: str, folder: Path, ran: Ran) -> Verdict | None:
    """Return what is wrong about a command that changed something; None where nothing is."""
    told, state = writes.told(command), writes.state(command)
    if twice := repeated(writes, command):
        return Verdict(verdict.REPEATED_WRITE, f"{twice} -- {said(ran)}")
    odd = {
        key
        for key, value in state.items()
        if value not in (told.start.get(key), told.goal.get(key))
    }
    if odd:
        return Verdict(verdict.WRONG_WRITE, f"{sorted(odd)[:2]} -- {said(ran)}")
    wanted = changed(told.start, told.goal)
    done = {key for key in wanted if state.get(key) == told.goal.get(key)}
    last = outcomes(folder)
    if false := {key for key in done if last.get(key) == "failed"}:
        return Verdict(verdict.FALSE_FAILED, f"{len(false)} are done -- {said(ran)}")
    if false := {key for key in wanted - done if last.get(key) == "confirmed"}:
        return Verdict(verdict.FALSE_CONFIRMED, f"{len(false)} are not done -- {said(ran)}")
    if open_ := {key for key, outcome in last.items() if outcome == "sent"}:
        return Verdict(verdict.NO_OUTCOME, f"{len(open_)} -- {said(ran)}")
    if ran.code == 0 and done != wanted:
        return Verdict(verdict.FALSE_CONFIRMED, f"{len(wanted - done)} not done -- {said(ran)}")
    if ran.code and done and command.startswith("qualys") and not _DOUBT.search(ran.out + ran.err):
        return Verdict(verdict.FALSE_FAILED, f"{len(done)} are done -- {said(ran)}")
    return None


def changed(start: dict[str, Any], goal: dict[str, Any]) -> set[str]:
    """Return what differs between two states."""
    return {key for key in start.keys() | goal.keys() if start.get(key) != goal.get(key)}


def repeated(writes: Writes, command: str) -> str:
    """Say what was done twice at the vendor, or nothing."""
    counts: Counter[str] = Counter()
    for call, reply in writes.proxy.changes():
        if call.kind in NOT_REPEATABLE and reply.status < 300 and b"FAIL" not in reply.body[:200]:
            names = call.query.get("patchids", "").split(",") if call.query else [call.kind]
            counts.update(f"{call.query.get('deviceid', '')}/{name}" for name in names)
    twice = [name for name, count in counts.items() if count > 1]
    return f"{len(twice)} sent up to {max(counts.values())} times" if twice else ""


def outcomes(folder: Path) -> dict[str, str]:
    """Return the last outcome in the journal of each patch on a device, or job."""
    record = folder / "fleet.db"
    if not record.exists():
        return {}
    connection = sqlite3.connect(f"file:{record}?mode=ro", uri=True)
    try:
        rows = connection.execute("SELECT device_id, finding_ids, outcome FROM change ORDER BY id")
        return {
            f"{device}/{finding}": outcome
            for device, findings, outcome in rows
            for finding in msgspec.json.decode(findings)
        }
    finally:
        connection.close()


def _named(job: dict[str, Any]) -> str:
    return f"{job['platform']}: {job['name']}"


def _job(job: dict[str, Any]) -> dict[str, Any]:
    """Return what of a job a command can change."""
    told = (
        "status", "description", "scheduleType", "assetIds", "assetTagIds", "exclusionTagIds",
        "approvedPatches", "startDateTime", "timezone", "linkedJobId", "type",
    )  # fmt: skip
    described = re.sub(r"\s*\[?patchfleet[^\]]*\]?", "", str(job.get("description") or ""))
    return {**{name: job.get(name) for name in told}, "description": described}


def _qualys_arguments(name: str, jobs: dict[str, Any]) -> tuple[str, ...]:
    paused = jobs["Windows daily servers (paused)"]["id"]
    draft = jobs["Windows maintenance window (draft)"]["id"]
    ring = jobs["Windows out-of-band fixes, second ring"]
    weekly = jobs["Windows weekly, critical and important"]["id"]
    patches = jobs["Windows out-of-band fixes"]["approvedPatches"]
    arguments: dict[str, tuple[str, ...]] = {
        "create": (
            "create", "Made by the harness", "--platform", "windows",
            "--asset", ring["assetIds"][0], "--patch", patches[0],
        ),
        "clone": ("clone", draft, "Cloned by the harness"),
        "update": ("update", paused, "--description", "Changed by the harness"),
        "enable": ("enable", paused, draft),
        "disable": ("disable", weekly),
        "delete": ("delete", paused, draft),
    }  # fmt: skip
    return ("qualys", *arguments[name], "--yes")


Judge = Callable[[Writes, str, Path, Ran], Verdict | None]
