"""Maker of the records of earlier revisions: one filled record, packed with its truth.

Run it with the code of the commit that is to write the record, and its folder of emulators:
`PYTHONPATH=CHECKOUT/src python tests/store/revisions/make.py REVISION COMMIT`.
Everything in the record is written by that code; nothing of the present one is imported.
"""

import importlib
import io
import json
import lzma
import os
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
from contextlib import closing
from pathlib import Path

WORLD = {"customers": 2, "devices": 6, "seed": 4, "patches": 5}
"""A small world, of both vendors."""
CANDIDATES = {"devices": 3, "lookalikes": 1}
"""With match candidates too, which only the tables of 0008 keep otherwise than those before."""
OPEN = """
    SELECT run.id, source.name, device.id, condition.state, count(*)
    FROM run
    JOIN publication ON publication.run = run.id
    JOIN source ON source.id = run.source
    JOIN device ON device.source = run.source
    JOIN scan ON scan.run = run.id AND scan.device = device.key AND scan.scanned_at IS NOT NULL
    JOIN finding ON finding.device = device.key AND finding.from_run <= run.id
        AND (finding.to_run IS NULL OR finding.to_run > run.id)
    JOIN condition ON condition.key = finding.condition
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""
HELD = """
    SELECT source, device_id, patch, state, decision, vendor_status, installed_at, first_seen_at,
        changed_at FROM {view} ORDER BY ALL
"""


class Writer:
    """The command line of one commit, on one record, with its emulators."""

    def __init__(self, folder: Path, host, emulator) -> None:
        self.folder = folder
        self.record = folder / "fleet.db"
        self.control = f"{host.url}/_control"
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.environ["PYTHONPATH"],
            "HOME": str(folder),
            "PATCHFLEET_STORE": str(self.record),
            "PATCHFLEET_NSIGHT_URL": host.url,
            "PATCHFLEET_NSIGHT_KEY": host.api_key,
            "PATCHFLEET_QUALYS_URL": host.url,
            "PATCHFLEET_QUALYS_USERNAME": emulator.qualys.username,
            "PATCHFLEET_QUALYS_PASSWORD": emulator.qualys.password,
            "USER": "keeper",
            "LOGNAME": "keeper",
        }

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run a command and return its output; raise where it ends with another code."""
        done = subprocess.run(
            [sys.executable, "-m", "patchfleet", *arguments],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != code:
            raise SystemExit(f"{arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def ask(self, call: str, **body: object) -> None:
        """Ask the control API of the emulators for something."""
        data = json.dumps(body).encode()
        urllib.request.urlopen(f"{self.control}/{call}", data=data).close()

    def rows(self, sql: str) -> list[list[object]]:
        """Read rows of the record itself."""
        with closing(sqlite3.connect(self.record)) as record:
            return [list(row) for row in record.execute(sql)]


def fill(writer: Writer, revision: str, commands: set[str]) -> None:
    """Make two complete runs a source, three of N-sight, with changes between, one incomplete."""
    writer.run("sync")
    writer.run("nsight", "approve", "--status", "missing", "--yes")
    if "sync --max-age" in commands:
        writer.run(
            "qualys", "create", "Pilot", "--platform", "windows", "--tag", "Servers",
            "--query", "vendorSeverity:`Critical`", "--enabled", "--yes",
        )  # fmt: skip
    writer.ask("advance", days=3)
    if "machines" in commands:
        decide(writer, "link" if revision >= "0009" else "same")
    writer.run("sync")
    writer.ask("advance", days=5)
    writer.run("sync", *(["--source", "nsight"] if "sync --max-age" in commands else []))
    writer.ask("advance", days=1)
    if "sync --max-age" in commands:
        writer.run("sync", "--source", "nsight", "--max-calls", "5", code=3)
    else:
        device = writer.rows("SELECT max(d.id) FROM device d JOIN finding f ON f.device = d.key")[
            0
        ][0]
        service = "patch_list_all"
        writer.ask("faults", kind="garbage", service=service, device=int(device), times=9)
        writer.run("sync", code=3)


def decide(writer: Writer, word: str) -> None:
    """Let a person join a device of each source."""
    pair = "SELECT s.name || ':' || max(d.id) FROM device d JOIN source s ON s.id = d.source"
    devices = writer.rows(f"{pair} GROUP BY s.name ORDER BY s.name")
    if len(devices) == 2:
        writer.run("machines", word, *(name for (name,) in devices), "--reason", "as labelled")


def truth(writer: Writer, commands: set[str]) -> dict[str, object]:
    """Return what that code states of the record, and what its rows say by themselves."""
    stated: dict[str, object] = {"runs": json.loads(writer.run("runs", "--json"))}
    if "sql" in commands:
        view = "findings" if "machines candidates" in commands else "held"
        stated["findings"] = json.loads(writer.run("sql", HELD.format(view=view), "--json"))
    else:
        stated["patches"] = json.loads(writer.run("nsight", "patches", "--json"))
    return {"stated": stated, "open": writer.rows(OPEN)}


def known(writer: Writer) -> set[str]:
    """Return the commands of that code, and a few options, by which it is told apart."""
    said = writer.run("--help").partition("Commands:")[2].partition("Exit codes")[0]
    found = {line.split()[0] for line in said.splitlines() if line.strip()}
    if "--max-age" in writer.run("sync", "--help"):
        found.add("sync --max-age")
    if "machines" in found and "candidates" in writer.run("machines", "--help"):
        found.add("machines candidates")
    return found


def pack(writer: Writer, said: dict[str, object], file: Path) -> None:
    """Write the record as SQL, its publications and its truth as one archive, of no date."""
    with closing(sqlite3.connect(writer.record)) as record:
        record.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        sql = "\n".join(record.iterdump())
    members = {"record.sql": sql.encode(), "truth.json": json.dumps(said, indent=1).encode()}
    folder = writer.folder / "fleet.published"
    for path in sorted(folder.rglob("*.parquet")):
        members[f"published/{path.relative_to(folder)}"] = path.read_bytes()
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in sorted(members.items()):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    file.write_bytes(lzma.compress(raw.getvalue(), preset=9 | lzma.PRESET_EXTREME))


def main(revision: str, commit: str) -> None:
    """Make the record of a revision and pack it beside this file."""
    Emulator = importlib.import_module("patchfleet.emulator").Emulator
    emulator = Emulator(**(WORLD | CANDIDATES if revision == "0007" else WORLD))
    with tempfile.TemporaryDirectory() as folder, emulator.running() as host:
        writer = Writer(Path(folder), host, emulator)
        commands = known(writer)
        fill(writer, revision, commands)
        said = {"revision": revision, "commit": commit, **truth(writer, commands)}
        pack(writer, said, Path(__file__).with_name(f"{revision}.tar.xz"))


if __name__ == "__main__":
    main(*sys.argv[1:])
