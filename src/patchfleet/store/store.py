"""The store of one installation: the record, its publications, and the journal of changes.

Readers get the publication of a complete run, exactly as it was written. A file that is missing or
damaged is reported and rebuilt from the record, never skipped.
"""

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from patchfleet._renamed.members import FormerMembers
from patchfleet.models import Account
from patchfleet.store.publication.storage import Storage, open_storage
from patchfleet.store.published_runs import Publications
from patchfleet.store.record.database import Database
from patchfleet.store.record.dialect import RunLock
from patchfleet.store.record.intel import IntelFiles
from patchfleet.store.record.journal import Journal
from patchfleet.store.record.machines import Machines
from patchfleet.store.record.rate_limit import SharedRateLimit
from patchfleet.store.record.run_start import begin
from patchfleet.store.record.runs import Runs
from patchfleet.store.record.sources import Sources
from patchfleet.store.run import Run
from patchfleet.store.snapshot import Snapshot

if TYPE_CHECKING:
    from patchfleet.store.publication.erasure import Forgotten
    from patchfleet.store.publication.retention import Pruned
    from patchfleet.store.record.forget import Subject

_SIX_HOURS = timedelta(hours=6)


class Store(FormerMembers):
    """An open store; a context manager, for one thread at a time.

    Its parts are `runs`, `sources`, `publications`, `machines`, `intel` and `journal`.
    """

    def __init__(self, database: Database, storage: Storage) -> None:
        self.name = database.name
        self.address = database.backend.address
        self.published = storage.address
        self.journal = Journal(database)
        self.runs = Runs(database)
        self.sources = Sources(database)
        self.publications = Publications(database, storage)
        self.machines = Machines(database)
        self.intel = IntelFiles(database)
        self._database = database
        self._storage = storage
        self._open_runs: list[Run] = []

    @classmethod
    def open(
        cls,
        address: Path | str,
        *,
        published: Path | str | None = None,
        wait_seconds: float = 10.0,
        create: bool = True,
        is_private: bool = True,
        on_upgrade: Callable[[str], None] | None = None,
    ) -> Self:
        """Open the store whose database is a file, or `postgresql://…`, creating what is missing.

        Published runs are stored in the folder `published`, or at an address that fsspec knows; by
        default in `<name>.published` beside the database, for PostgreSQL below the user's own data.
        A lock is awaited for `wait_seconds`. With `is_private`, new files are for their owner
        alone, otherwise the umask applies; existing files keep their mode. A record that an
        earlier version wrote is upgraded once it is copied; `on_upgrade` gets a sentence about it.
        Raises StoreError with a hint if the database or its folder cannot be used, or, with
        `create=False`, if nothing is recorded yet.
        """
        database = Database.open(
            address,
            create=create,
            wait_seconds=wait_seconds,
            is_private=is_private,
            on_upgrade=on_upgrade,
        )
        place = published or _published_of(database, address)
        return cls(database, open_storage(place, is_private=is_private))

    def begin(
        self,
        source: str,
        *,
        now: datetime,
        resume_within: timedelta = _SIX_HOURS,
        fresh: bool = False,
        account: Account | None = None,
    ) -> Run:
        """Begin a run of `source`, or resume an unfinished one.

        A run that ended early, or whose process is gone, is resumed if it began at most
        `resume_within` ago; its gaps are deleted, since their subjects are read again. An older
        run, or any with `fresh`, is abandoned. `account` is recorded as the account of the source
        and of the run. Raises StoreError, naming the process, while another run of this source is
        being written, and WrongAccount if another source has the account.
        """
        lock, begun = begin(
            self._database,
            source,
            now=now,
            resume_within=resume_within,
            fresh=fresh,
            account=account,
        )
        try:
            opened = Run(self._database, self._storage, lock, begun, source)
        except BaseException:
            lock.release()
            raise
        # A process may sync for days: an ended run, with all it holds of its devices, is released.
        self._open_runs = [*(run for run in self._open_runs if run.is_open), opened]
        return opened

    def snapshot(
        self,
        *,
        run_id: int | None = None,
        at: datetime | None = None,
        with_history: bool = False,
    ) -> Snapshot:
        """Open the current publication of every source for queries; see `Publications.open`."""
        return self.publications.open(run_id=run_id, at=at, with_history=with_history)

    def rate_limit(
        self,
        account: str,
        calls: int,
        *,
        seconds: float = 60.0,
        clock: Callable[[], float] | None = None,
    ) -> SharedRateLimit:
        """Return the rate limit shared by all processes that open this store.

        It allows `calls` in any window of `seconds`. `account` identifies an API key without
        revealing it; the same name means the same limit. `clock` defaults to the database's own.
        """
        return SharedRateLimit(self._database, account, calls, seconds=seconds, clock=clock)

    def hold(self, name: str) -> RunLock | None:
        """Acquire a named lock that this process holds until it ends; return None if it is held."""
        return self._database.lock(name)

    def is_held(self, name: str) -> bool:
        """Return whether a live process holds `name`: its own, or a source whose run it writes."""
        return self._database.is_locked(name)

    def explained(self) -> AbstractContextManager[None]:
        """Convert errors of the database driver inside the block to a one-line StoreError."""
        return self._database.explained()

    def copy_to(
        self, target: Path | str, *, wait_seconds: float = 10.0, is_private: bool = True
    ) -> dict[str, int]:
        """Copy the whole record into an empty one; return the number of rows of each table.

        Raises StoreError if the target holds a record already, or a row did not arrive.
        """
        from patchfleet.store.record.copy import copy_record

        return copy_record(self._database, target, wait_seconds=wait_seconds, is_private=is_private)

    def prune(
        self, keep: int | timedelta, *, now: datetime | None = None, dry_run: bool = False
    ) -> "Pruned":
        """Delete the complete runs of each source beyond `keep`: a number of runs, or their age.

        The state as of every kept run stays the same. The last complete run of a source is kept,
        so are runs that the files of a kept one build on, and the journal. `dry_run` only returns
        what would be deleted. Raises StoreError, with nothing changed, while a source is synced.
        """
        from patchfleet.store.publication.retention import Retention

        retention = Retention(self._database, self._storage)
        now = now or datetime.now(UTC)
        return retention.preview(keep, now) if dry_run else retention.prune(keep, now)

    def customers_named(self, customer: str, account: str | None = None) -> "list[Subject]":
        """Find the customers on record whose id or name is `customer`, of one account or of all."""
        from patchfleet.store.record.forget import subjects

        with self._database.read() as connection:
            return subjects(connection, customer, account)

    def forget(self, customer: str, account: str | None = None) -> "Forgotten":
        """Erase a customer that left from the record, its journal and all published files.

        Raises StoreError, with nothing changed, for an unknown customer, for one that a source
        still lists, and while a source is synced. Files not yet rewritten when the process ends
        are not used again: the next reader rebuilds them.
        """
        from patchfleet.store.publication.erasure import forget

        return forget(self._database, self.publications.rewrite_all, customer, account)

    def vacuum(self) -> tuple[int, int]:
        """Return the space of deleted rows to the disk; return the bytes before and after.

        Raises StoreError while a source is synced, or if the disk has no room for the work.
        """
        from patchfleet.store.publication.retention import alone
        from patchfleet.store.record.vacuum import vacuum

        with alone(self._database, "vacuumed"):
            return vacuum(self._database)

    def close(self) -> None:
        """Close the database; a run that is still open can be resumed."""
        for opened in self._open_runs:
            opened.release()
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _published_of(database: Database, address: Path | str) -> Path:
    """Return the default folder of publications.

    Publications of a PostgreSQL store from another machine are not in it: they are built again.
    """
    if database.backend.address == str(address) and "://" in database.backend.address:
        from platformdirs import user_data_path

        key = hashlib.sha256(database.name.encode()).hexdigest()[:12]
        return user_data_path("patchfleet") / f"published-{key}"
    path = Path(address)
    return path.with_name(f"{path.stem}.published")
