"""Comparison of a file of shapes with what Patchfleet assumes, as tables or JSON."""

from functools import reduce
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from patchfleet.cli.exit_codes import Exit
from patchfleet.cli.session import Session
from patchfleet.config import NSIGHT, QUALYS

if TYPE_CHECKING:
    from patchfleet.doctor import Fact, Recording, ShapeComparison

WORLDS: tuple[tuple[int, dict[str, Any]], ...] = (
    (25, {"seed": 1, "customers": 6, "devices": 80, "patches": 30, "lookalikes": 1}),
    (3, {"seed": 2, "customers": 6, "devices": 400, "patches": 1}),
    (3, {"seed": 3, "customers": 2, "devices": 6, "patches": 30}),
)
"""Emulated fleets, with the sample to record: together, so that their answers hold rare cases."""


def compare_file(session: Session, path: Path, *, as_json: bool) -> int:
    """Show the differences that a file of shapes shows; return the exit code."""
    from patchfleet.doctor import READ_LISTS, compare, facts, read_recording

    recording = read_recording(path)
    lists = [reads for reads in READ_LISTS if reads.vendor in recording.vendors]
    comparison = compare(recording, emulated(), lists)
    found = facts(recording, lists)
    if as_json:
        click.echo(_as_json(comparison, found))
    else:
        _show(session, comparison, found)
    for vendor, read, reason in comparison.not_seen:
        session.info(f"* {vendor} {read}: nothing is known, {reason}")
    many = len(comparison.differences)
    session.info(f"{many:,} difference{'' if many == 1 else 's'}" if many else "no difference")
    return Exit.INCOMPLETE if many else Exit.DONE


def emulated() -> "Recording":
    """Record the emulated accounts of both vendors in this process."""
    from patchfleet.doctor import NSIGHT_READS, QUALYS_READS, Recording, record
    from patchfleet.emulator import Emulator
    from patchfleet.nsight import NAble
    from patchfleet.qualys import Qualys

    recordings = []
    for sample, world in WORLDS:
        with Emulator(**world).running() as host:
            account = host.emulator.qualys
            gateway = {"gateway_url": host.url}
            with (
                NAble(base_url=host.url, key=host.api_key, rate_limit=None) as nable,
                Qualys(account.username, account.password, override_platform=gateway) as qualys,
            ):
                recordings.append(
                    Recording(
                        {
                            NSIGHT: record(nable, NSIGHT_READS, sample=sample)[0],
                            QUALYS: record(qualys, QUALYS_READS, sample=sample)[0],
                        }
                    )
                )
    return reduce(or_, recordings)


def _show(session: Session, comparison: "ShapeComparison", found: "list[Fact]") -> None:
    """Print the answers to open questions, then the differences."""
    from patchfleet.report import Column, Table, write_text

    answers = Table(
        name="answers",
        title="Open questions of docs/honest-edges.md, as this account answers them",
        columns=(
            Column("settles", "Line", width=32),
            Column("read", "Call", width=20),
            Column("path", "Place", width=20),
            Column("seen", "Seen", width=40),
            Column("vendor", "Vendor", is_detail=True),
        ),
        rows=[(one.settles, one.read, one.path, one.seen, one.vendor) for one in found],
    )
    differences = Table(
        name="differences",
        title="Differences to what Patchfleet assumes",
        columns=(
            Column("vendor", "Vendor"),
            Column("read", "Call", width=20),
            Column("path", "Place", width=24),
            Column("seen", "Seen", width=24),
            Column("assumed", "Assumed", width=24),
            Column("assumed_by", "By"),
            Column("settles", "Settles", width=28),
        ),
        rows=[tuple(one) for one in comparison.differences],
    )
    for table in (answers, differences):
        if table.rows:
            write_text(table, session.console)


def _as_json(comparison: "ShapeComparison", found: "list[Fact]") -> str:
    import json

    not_seen = [
        {"vendor": vendor, "read": read, "reason": reason}
        for vendor, read, reason in comparison.not_seen
    ]
    return json.dumps(
        {
            "differences": [one._asdict() for one in comparison.differences],
            "answers": [one._asdict() for one in found],
            "not_seen": not_seen,
        },
        indent=2,
        ensure_ascii=False,
    )
