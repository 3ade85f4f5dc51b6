"""`patchfleet worker`: read devices for `patchfleet sync --engine` on another machine."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer
from types import FrameType
from typing import TYPE_CHECKING

import click

from patchfleet.cli.account_option import account_option
from patchfleet.cli.exit_codes import Exit
from patchfleet.cli.session import Session, pass_session
from patchfleet.config import NSIGHT
from patchfleet.errors import StoreError

if TYPE_CHECKING:
    from patchfleet.fleet.distributed.worker import Worker

LEAVES_SECONDS = 5


@click.command()
@account_option
@click.option(
    "--idle-seconds", type=click.FloatRange(0), help="Stop after this many seconds without work."
)
@pass_session
def command(session: Session, *, idle_seconds: float | None) -> None:
    """Read devices for a sync on another machine.

    A worker takes batches of devices from `patchfleet sync --engine`, reads them from N-sight with
    the account in its own settings, and returns the results. It needs a record in PostgreSQL; all
    processes share one rate limit. Ctrl-C and SIGTERM stop it: it returns what it has read of a
    batch, and another worker reads the rest.
    """
    from patchfleet.cli.side_by_side import source_of
    from patchfleet.fleet.distributed.dbos_queue import reached_by_all
    from patchfleet.fleet.distributed.worker import Worker
    from patchfleet.report.wording import plural

    reached_by_all(session.store_address)
    account = session.account(NSIGHT)
    with session.store(create=True) as store, source_of(session, store, account) as (source, _):
        worker = Worker(store, {session.nsight_account(account): source})
        waits = f"{worker.name}: waiting for devices of {source.name} to read; press Ctrl-C to stop"
        with _ended_by_signals(worker):
            try:
                worker.serve(idle_seconds, on_ready=lambda: session.info(waits))
            except StoreError:
                _leave_soon()
                raise
        session.info(
            f"{worker.name}: read {plural(worker.devices, 'device')} in "
            f"{plural(worker.batches, 'batch', 'batches')}"
        )


@contextmanager
def _ended_by_signals(worker: "Worker") -> Iterator[None]:
    """Let SIGINT and SIGTERM stop a worker in an orderly way."""

    def end(_number: int, _frame: FrameType | None) -> None:
        worker.end()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave_soon() -> None:
    """Exit soon, although threads of the engine wait for the database to return."""
    timer = Timer(LEAVES_SECONDS, os._exit, (Exit.STORE,))
    timer.daemon = True
    timer.start()
