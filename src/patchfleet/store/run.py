"""One run: everything that one sync of a source reads, from inventory to publication.

Each listing is committed before the next one is requested, so an interruption costs one device. A
run is complete when the listing of every managed device of its inventory is recorded. An incomplete
run is invisible to readers and ends no finding.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, func, insert, select, update

from patchfleet.errors import StoreError
from patchfleet.models import Finding, Gap, Inventory, Jobs
from patchfleet.models.machine import Identity
from patchfleet.store.publication import chain as publications
from patchfleet.store.publication import writer
from patchfleet.store.publication.files import folder_of
from patchfleet.store.publication.storage import Storage
from patchfleet.store.record import inventory as inventories
from patchfleet.store.record import jobs, machines, schema, source_state, unread
from patchfleet.store.record.database import Database
from patchfleet.store.record.dialect import RunLock
from patchfleet.store.record.findings import FindingWriter
from patchfleet.store.record.nul_bytes import without_nul
from patchfleet.store.record.run_start import StartedRun
from patchfleet.store.record.schema import micros, moment
from patchfleet.store.types import Delta, ListedRow


class Run:
    """A run being written; for one thread at a time. Made by `Store.begin`."""

    def __init__(
        self, database: Database, storage: Storage, lock: RunLock, begun: StartedRun, source: str
    ) -> None:
        self.id = begun.id
        self.source = source
        self.is_resumed = begun.is_resumed
        self.started_at = moment(begun.started_at)
        self._database, self._storage, self._source = database, storage, begun.source
        self._lock: RunLock | None = lock
        self._ledger = FindingWriter(database, begun.source, begun.id)
        self._inventory: Inventory | None = None
        self._keys: dict[str, int] = {}
        self._listed: dict[int, ListedRow] = {}
        self._recognition: int | None = None
        self._scanned = set(begun.scanned)
        self._left_out: set[str] = set()
        with database.read() as connection:
            self._attempts = unread.attempts(connection, begun.source)

    @property
    def is_open(self) -> bool:
        """Whether this run is still being written here: not complete, stopped or released."""
        return self._lock is not None

    @property
    def scanned(self) -> frozenset[str]:
        """Ids of the devices whose listing is recorded in this run, also before it was resumed."""
        return frozenset(self._scanned)

    def attempts(self, device_id: str = unread.JOBS) -> int:
        """Return how many syncs in a row, with this one, could not read a device or the jobs."""
        return self._attempts.get(device_id, 0)

    def inventory(self, inventory: Inventory) -> None:
        """Record customers, sites, devices and hosts; findings can be recorded of these devices.

        What `inventory` no longer lists ends only when the run is complete. Raises StoreError, and
        records nothing, if `inventory` contradicts itself.
        """
        self._check_open()
        inventory = without_nul(inventory)
        inventories.check(inventory)
        with self._database.write() as connection:
            self._keys = inventories.write(connection, self._source, self.id, inventory)
            self._listed = inventories.listed(connection, self._source)
            if inventory.hosts is not None:
                source_state.write(connection, self._source, self.id, inventory.hosts)
        self._inventory = inventory
        self._scanned &= self._keys.keys()

    def last_listings(self) -> dict[str, ListedRow]:
        """Return the last listing of each device of the inventory that has one, by device id."""
        return {
            number: listed
            for number, key in self._keys.items()
            if (listed := self._listed.get(key)) is not None
        }

    def record(
        self,
        device_id: str,
        findings: Sequence[Finding],
        *,
        now: datetime,
        fingerprint: str | None = None,
    ) -> Delta:
        """Record the whole listing of one device, as of `now`; committed when this returns.

        A finding that is not in it is gone from the device. By its `fingerprint` a later run can
        recognise the same answer, see `record_unchanged`. Raises StoreError, and records nothing,
        if the device is not in the inventory or the listing names a finding twice.
        """
        key = self._key(device_id)
        delta = self._ledger.record(key, findings, micros(now), fingerprint)
        self._listed[key] = ListedRow(now, len(findings), fingerprint)
        self._was_read(device_id)
        return delta

    def record_unchanged(self, device_id: str, *, now: datetime) -> Delta:
        """Record that a device was read as of `now` and the answer was exactly the one on record.

        Raises StoreError if the device was never listed.
        """
        key = self._key(device_id)
        listed = self._listed.get(key)
        if listed is None:
            raise StoreError(
                f"device {device_id} was never listed, so it cannot be unchanged",
                hint="record its findings",
            )
        delta = self._ledger.take_over(key, listed.findings, micros(now))
        self._listed[key] = msgspec.structs.replace(listed, at=now)
        self._was_read(device_id)
        return delta

    def keep(self, device_ids: Collection[str]) -> None:
        """Keep the last listing, as of its own time, of devices that this run does not read.

        Raises StoreError if one of them was never listed.
        """
        keys = {number: self._key(number) for number in device_ids}
        never = [number for number, key in keys.items() if key not in self._listed]
        if never:
            raise StoreError(
                f"device {never[0]} was never listed, so there is nothing to keep of it",
                hint="record its findings",
            )
        with self._database.write() as connection:
            inventories.keep(connection, self.id, list(keys.values()))
        self._scanned |= set(device_ids)

    def leave_out(self, device_ids: Collection[str]) -> None:
        """Allow the run to complete without these devices; nothing is recorded of them."""
        self._check_open()
        self._left_out |= set(device_ids) - self._scanned

    def not_read(self, gap: Gap) -> None:
        """Record a failed attempt to read a device, or the source's jobs."""
        self.problem(gap)
        device_id = gap.device_id or unread.JOBS
        with self._database.write() as connection:
            unread.failed(connection, self._source, device_id)
        self._attempts[device_id] = self.attempts(device_id) + 1

    def _was_read(self, device_id: str) -> None:
        """Mark a device, or the source's jobs, as read."""
        if device_id:
            self._scanned.add(device_id)
        if self._attempts.pop(device_id, 0):
            with self._database.write() as connection:
                unread.was_read(connection, self._source, device_id)

    def _key(self, device_id: str) -> int:
        self._check_open()
        key = self._keys.get(device_id)
        if key is None:
            raise StoreError(
                f"device {device_id} is not in the inventory of run {self.id}",
                hint="record the inventory first, with every device that is to be read",
            )
        return key

    def problem(self, gap: Gap) -> None:
        """Record what could not be read, why, and which customer and device it concerns."""
        self._check_open()
        told = msgspec.structs.asdict(without_nul(gap))
        with self._database.write() as connection:
            connection.execute(insert(schema.problem).values(run=self.id, **told))

    def machines(self, identity: Identity) -> None:
        """Record the machines of the devices of all sources, as of this run; see `fleet`."""
        self._check_open()
        with self._database.write(alone=True) as connection:
            self._recognition = machines.write(connection, identity)

    def jobs(self, said: Jobs) -> None:
        """Record the jobs of a source, their runs and results."""
        self._check_open()
        with self._database.write() as connection:
            jobs.write(connection, self._source, self.id, said)
        self._was_read(unread.JOBS)

    def count_calls(self, calls: int) -> None:
        """Add `calls` to the number of API calls of this run."""
        self._check_open()
        with self._database.write() as connection:
            self._end(connection, calls=schema.run.c.calls + calls)

    def complete(self, *, now: datetime, as_of: datetime) -> None:
        """Publish the run and make it the current one of its source, in one transaction.

        `as_of` is the source's own clock, from which ages are measured. Raises StoreError if a
        listing is missing or publishing fails: the run is then unchanged, and the last complete one
        stays current.
        """
        self._check_open()
        self._ledger.flush()
        inventory = self._whole()
        self._check_recorded()
        with self._database.write() as connection:
            keys = self._keys.values()
            inventories.end_absent(connection, self._source, self.id, inventory, keys)
        self._publish(micros(now), micros(as_of))
        self.release()

    def _publish(self, now: int, as_of: int) -> None:
        """Write the files, then the pointer to them."""
        folder = folder_of(self.source, self.id)
        # Nothing points at this folder yet: files in it are left over from a killed process.
        self._storage.delete(folder)
        with self._database.read() as connection:
            chain = publications.chain(connection, self._source)
            is_whole = publications.is_whole_next(connection, self._source, self.id, chain)
            recognition = self._recognition or machines.newest(connection)
        # Row numbers refer to the files of the chain: a damaged file may hold other rows.
        is_whole = is_whole or any(self._storage.verify(p.folder, p.digests) for p in chain)
        standing = () if is_whole else tuple(part.folder for part in chain)
        previous = chain[-1].run_id if chain else None
        digests = writer.write_files(
            self._database,
            self._storage,
            self.id,
            source=self.source,
            recognition=recognition,
            previous=previous,
            chain=standing,
        )
        pointer = {
            "run": self.id,
            "source": self._source,
            "folder": folder,
            "digests": msgspec.json.encode(digests).decode(),
            "previous": previous,
            "is_whole": is_whole,
            "recognition": recognition,
        }
        with self._database.write(durable=True) as connection:
            if standing and publications.chain(connection, self._source) != chain:
                raise StoreError(
                    f"the publication that run {self.id} builds on was rewritten meanwhile",
                    hint="sync again: what was recorded is kept",
                )
            connection.execute(insert(schema.publication), pointer)
            self._end(connection, state="complete", ended_at=now, as_of=as_of)

    def _check_recorded(self) -> None:
        """Raise StoreError if a device that was read is not recorded as read."""
        scan = schema.scan.c
        read = select(func.count(scan.scanned_at)).where(scan.run == self.id)
        with self._database.read() as connection:
            recorded = connection.scalars(read).one()
        if recorded != len(self._scanned):
            raise StoreError(
                f"{len(self._scanned)} devices were read and {recorded} of them are recorded",
                hint="sync again: it goes on with what is missing",
            )

    def stop(self, *, now: datetime) -> None:
        """End the run as incomplete: what it recorded is kept, and `begin` resumes it."""
        self._check_open()
        self._ledger.flush()
        with self._database.write() as connection:
            self._end(connection, state="incomplete", ended_at=micros(now))
        self.release()

    def release(self) -> None:
        """Release the lock and record nothing, as if the process had ended; idempotent."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _whole(self) -> Inventory:
        """Return the inventory; raise StoreError if it or a listing is missing."""
        if self._inventory is None:
            raise StoreError(
                f"run {self.id} has no inventory and cannot be complete",
                hint="record the inventory, also after the run was resumed",
            )
        settled = self._scanned | self._left_out
        missing = [
            device
            for device in self._inventory.devices
            if device.is_patched and device.id not in settled
        ]
        if missing:
            named = ", ".join(f"{device.id} {device.name}" for device in missing[:3])
            raise StoreError(
                f"run {self.id} is not complete: {len(missing)} of "
                f"{len(self._inventory.devices)} devices were not read ({named}"
                f"{', …' if len(missing) > 3 else ''})",
                hint="sync again: it goes on with what is missing",
            )
        return self._inventory

    def _end(self, connection: Connection, **values: object) -> None:
        connection.execute(update(schema.run).where(schema.run.c.id == self.id).values(**values))

    def _check_open(self) -> None:
        if self._lock is None:
            raise StoreError(f"run {self.id} has ended", hint="begin another run")
        self._lock.check()
