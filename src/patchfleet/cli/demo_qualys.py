"""The second half of the demo: the same machines at Qualys, and a job that runs on them."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from patchfleet.cli.session import Session

if TYPE_CHECKING:
    from patchfleet.emulator import Host as EmulatorHost
    from patchfleet.qualys import JobResultSummary, Qualys
    from patchfleet.report import Table
    from patchfleet.store import Store

SERVERS = "operatingSystem.category: `Windows / Server`"
MACHINES = "operatingSystem.category1: `Windows`"
PATCHES = "vendorSeverity:`Critical`"
SHOWN = 10
HOURS_PASSED = 36
"""Covers the job: its installs, the restarts they need, and the installs after those."""


def show_qualys(
    session: Session,
    step: Callable[[str], None],
    host: "EmulatorHost",
    store: "Store",
    folder: Path,
) -> None:
    """Show one fleet from two sources, and a job created from a query on its machines."""
    from patchfleet.cli.qualys.tables import results_report
    from patchfleet.qualys import Qualys
    from patchfleet.report import Report, save, write_text

    account = host.emulator.qualys
    where = {"gateway_url": host.url}
    with Qualys(account.username, account.password, override_platform=where) as client:
        _sync(session, step, client, host, store)
        step("patchfleet machines list: one fleet from two sources")
        machines = _machines(session, store)
        write_text(_first(machines), session.console)
        created = _created(session, step, client)
        step(f"{HOURS_PASSED} hours pass; the job runs")
        host.emulator.advance(hours=HOURS_PASSED)
        result = client.get_job_results(created, pageSize=100)
    report = results_report([result], host.emulator.now)
    write_text(_first(_most_first(report.tables[1])), session.console)
    _say_results(session, result)
    whole = Report(
        name=report.name,
        title="Qualys: a job and the fleet of both vendors",
        coverage=report.coverage,
        remarks=report.remarks,
        tables=(*report.tables, machines),
    )
    session.info(f"wrote {save(whole, folder / 'qualys.xlsx')}")


def _sync(
    session: Session,
    step: Callable[[str], None],
    client: "Qualys",
    host: "EmulatorHost",
    store: "Store",
) -> None:
    """Read Qualys into the same record; each customer has an asset tag of its name."""
    import time

    from patchfleet.cli.sync_result import print_result
    from patchfleet.fleet import QualysSource, sync
    from patchfleet.store.queries import customers

    step("patchfleet sync --source qualys")
    with store.snapshot() as snapshot:
        names = [row.customer for row in customers(snapshot)]

    def clock() -> datetime:
        return host.emulator.now

    started = time.monotonic()
    outcome = sync(QualysSource(client, customer_tags=names, now=clock), store, now=clock)
    print_result(session, outcome, time.monotonic() - started)


def _machines(session: Session, store: "Store") -> "Table":
    """Return every machine once, and print how many are in both sources."""
    from patchfleet.report.machines import machines_table
    from patchfleet.store.queries import machines

    with store.snapshot() as snapshot:
        rows = machines(snapshot)
    joined = sum(len(row.sources) > 1 for row in rows)
    alone = {
        source: sum(row.sources == (source,) for row in rows) for source in ("nsight", "qualys")
    }
    session.info(
        f"{len(rows)} machines: {joined} in both, {alone['nsight']} only in N-sight, "
        f"{alone['qualys']} only in Qualys"
    )
    return machines_table(sorted(rows, key=lambda row: -len(row.sources)))


def _most_first(table: "Table") -> "Table":
    """Sort the assets of a result by the number of patches installed, most first."""
    import msgspec

    place = [column.key for column in table.columns].index("successPatches")
    rows = sorted(table.rows, key=lambda row: -int(str(row[place] or 0)))
    return msgspec.structs.replace(table, rows=rows)


def _first(table: "Table") -> "Table":
    """Return the first rows of a table; the workbook has all of them."""
    import msgspec

    more = len(table.rows) - SHOWN
    note = f"and {more:,} more in the workbook" if more > 0 else ""
    return msgspec.structs.replace(table, rows=table.rows[:SHOWN], note=note)


def _created(session: Session, step: Callable[[str], None], client: "Qualys") -> str:
    """Create the job for the servers now in the inventory."""
    query = SERVERS if client.count_assets(SERVERS) else MACHINES  # a tiny fleet has no server
    step(f"patchfleet qualys create 'My Job' --hosts '{query}' --query '{PATCHES}' --enabled")
    found = client.query_assets(filter=query, includeFields="agentId")
    created = client.create_job(
        platform="Windows",
        jobType="Install",
        scheduleType="On-demand",
        assetIds=[asset.agentId for asset in found],
        name="My Job",
        dynamicPatchesQQL=PATCHES,
        dynamicQQLType=1,
        isDynamicPatchesQQL=True,
        status="Enabled",
    )
    session.info(str(created))
    return created.id


def _say_results(session: Session, result: "JobResultSummary") -> None:
    from patchfleet.report.wording import plural

    views = result.assets or []
    done = sum(view.successPatches or 0 for view in views)
    failed = sum(view.failedPatches or 0 for view in views)
    session.info(
        f"{result.name}: {plural(len(views), 'asset')}, "
        f"{plural(done, 'patch', 'patches')} installed, {failed} failed"
    )
