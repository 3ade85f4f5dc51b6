"""Syncs of several accounts at the same time, each in a thread with a connection of its own."""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from patchfleet.cli.progress import sync_progress
from patchfleet.cli.session import Session
from patchfleet.cli.sync_result import FailedSync, print_failure, print_result
from patchfleet.config import AccountSettings, NSightSettings
from patchfleet.errors import Error
from patchfleet.fleet import Source, SyncOptions, SyncResult, sync
from patchfleet.fleet.outcome import SyncProgress

if TYPE_CHECKING:
    from patchfleet.store import Store

INTERRUPTED = "interrupted; what was read is kept, and the next sync resumes here"
STOP_SECONDS = 5
"""Time that syncs are given to end after Ctrl-C; what they have recorded is kept in any case."""

Progress = Callable[[SyncProgress], None]
_Ended = tuple[str, SyncResult | BaseException, float]


def sync_side_by_side(
    session: Session, accounts: Sequence[AccountSettings], options: SyncOptions
) -> tuple[list[SyncResult | FailedSync], list[Error]]:
    """Sync accounts at the same time; return their results in order, and the errors among them.

    An account that fails is reported, and the others go on; one that is half set up is an error
    before anything is read. Ctrl-C stops them all. Results are printed in the order of accounts.
    """
    with session.store() as store:
        for account in accounts:
            with source_of(session, store, account):  # which makes no call
                pass
    results: list[SyncResult | FailedSync] = []
    errors: list[Error] = []
    done: dict[str, tuple[SyncResult | BaseException, float]] = {}
    with sync_progress(session.stderr) as progress:
        for name, ended, took in _each(session, accounts, options, progress):
            if isinstance(ended, BaseException) and not isinstance(ended, Error):
                raise ended
            done[name] = ended, took
            while len(results) < len(accounts) and accounts[len(results)].name in done:
                results.append(_printed(session, accounts[len(results)].name, done, errors))
    return results, errors


def _printed(
    session: Session,
    name: str,
    done: dict[str, tuple[SyncResult | BaseException, float]],
    errors: list[Error],
) -> SyncResult | FailedSync:
    """Print how the sync of an account ended; add a failure to `errors`."""
    ended, seconds = done[name]
    if isinstance(ended, Error):
        errors.append(ended)
        return print_failure(session, name, ended)
    assert isinstance(ended, SyncResult)
    print_result(session, ended, seconds)
    return ended


def _each(
    session: Session,
    accounts: Sequence[AccountSettings],
    options: SyncOptions,
    progress: Callable[[str, float], Progress],
) -> Iterator[_Ended]:
    """Yield each account when its sync has ended; on leaving early, stop the others."""
    done: queue.SimpleQueue[_Ended] = queue.SimpleQueue()
    stopping = threading.Event()

    def work(account: AccountSettings) -> None:
        started = time.monotonic()
        try:
            with session.store() as store, source_of(session, store, account) as opened:
                source, per_minute = opened
                show = progress(account.name, per_minute)

                ended: SyncResult | BaseException = sync(
                    source,
                    store,
                    rules=options,
                    customers=session.customers,
                    on_progress=_until(stopping, show),
                )
        except BaseException as error:  # noqa: BLE001 -- handed to the loop, which raises it
            ended = error
        done.put((account.name, ended, time.monotonic() - started))

    threads = [
        threading.Thread(target=work, args=[one], name=f"patchfleet-{one.name}", daemon=True)
        for one in accounts
    ]
    for thread in threads:
        thread.start()
    try:
        for _ in accounts:
            yield _next(done)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(INTERRUPTED) from None
    finally:
        stopping.set()
        until = time.monotonic() + STOP_SECONDS
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))


def _next(done: queue.SimpleQueue[_Ended]) -> _Ended:
    """Return the next sync that ends; a wait without end could not be interrupted on Windows."""
    while True:
        with suppress(queue.Empty):
            return done.get(timeout=0.5)


def _until(stopping: threading.Event, show: Progress) -> Progress:
    """Return the progress callback of a sync, which ends the sync when `stopping` is set."""

    def on_progress(state: SyncProgress) -> None:
        if stopping.is_set():
            raise KeyboardInterrupt(INTERRUPTED)
        show(state)

    return on_progress


@contextmanager
def source_of(
    session: Session, store: "Store", account: AccountSettings
) -> Iterator[tuple[Source, float]]:
    """Open an account as a source, with its limit of calls per minute (0: no limit)."""
    settings = account.settings
    if isinstance(settings, NSightSettings):
        from patchfleet.fleet import NSightSource

        with session.nable(store, account) as nable:
            yield NSightSource(nable, name=account.name), settings.calls_per_minute
    else:
        from patchfleet.fleet import QualysSource

        tags: tuple[str | tuple[str, str], ...] = (*session.customers.tags, *settings.customer_tags)
        with session.qualys(store, account=account) as qualys:
            source = QualysSource(qualys, name=account.name, customer_tags=tags)
            yield source, settings.calls_per_hour / 60
