"""One run: everything a source tells in one sync, from its inventory to its publication.

Law of this file: each listing is committed before the next is asked for, so whatever ends a run
costs one device; a run is complete when the listing of every patched device of its inventory is
recorded, and nobody reads it before; nothing is gone on the word of a run that is not complete.
"""

import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec
from sqlalchemy import Connection, insert, update

from patchfleet.errors import StoreError
from patchfleet.models import Finding, Inventory
from patchfleet.store import inventory as inventories
from patchfleet.store import publish, schema
from patchfleet.store.backend import RunLock
from patchfleet.store.begin import Begun
from patchfleet.store.database import Database
from patchfleet.store.ledger import Ledger
from patchfleet.store.rows import Delta
from patchfleet.store.schema import micros, moment
from patchfleet.store.texts import without_nul


class Run:
    """A run being written; for one thread at a time. Made by `Store.begin`."""

    def __init__(
        self, database: Database, published: Path, lock: RunLock, begun: Begun, source: str
    ) -> None:
        self.id = begun.id
        self.source = source
        self.is_resumed = begun.is_resumed
        self.started_at = moment(begun.started_at)
        self._database, self._published, self._source = database, published, begun.source
        self._lock: RunLock | None = lock
        self._ledger = Ledger(database, begun.source, begun.id)
        self._inventory: Inventory | None = None
        self._keys: dict[str, int] = {}
        self._scanned = set(begun.scanned)

    @property
    def scanned(self) -> frozenset[str]:
        """Ids of the devices whose listing is recorded in this run, also before it was resumed."""
        return frozenset(self._scanned)

    def inventory(self, inventory: Inventory) -> None:
        """Record customers, sites and devices; a device can be recorded once it is in here.

        What it no longer names is gone only when the run is complete. Raises StoreError, and
        records nothing, where it contradicts itself.
        """
        self._check_open()
        inventory = without_nul(inventory)
        inventories.check(inventory)
        with self._database.write() as connection:
            self._keys = inventories.write(connection, self._source, self.id, inventory)
        self._inventory = inventory
        self._scanned &= self._keys.keys()

    def record(self, device_id: str, findings: Sequence[Finding], *, now: datetime) -> Delta:
        """Record the whole listing of one device, as of `now`; committed when this returns.

        A finding that is not in it is gone from the device. Raises StoreError, and records nothing,
        where the device is not in the inventory or the listing names a finding twice.
        """
        self._check_open()
        key = self._keys.get(device_id)
        if key is None:
            raise StoreError(
                f"device {device_id} is not in the inventory of run {self.id}",
                hint="record the inventory first, with every device that is to be read",
            )
        delta = self._ledger.record(key, findings, micros(now))
        self._scanned.add(device_id)
        return delta

    def problem(self, subject: str, reason: str) -> None:
        """Record what could not be learned, and why: `device 4711 SRV-01 (Acme)`, `timed out`."""
        self._check_open()
        with self._database.write() as connection:
            connection.execute(
                insert(schema.problem).values(run=self.id, subject=subject, reason=reason)
            )

    def complete(self, *, now: datetime, as_of: datetime) -> None:
        """Publish the run and make it the current one of its source, all at once.

        `as_of` is the source's own clock, from which ages are measured. Raises StoreError where a
        listing is missing or publishing fails: the run then is as it was, and the last complete one
        stays current.
        """
        self._check_open()
        inventory = self._whole()
        with self._database.write() as connection:
            inventories.end_absent(connection, self._source, self.id, inventory)
        folder = publish.folder_of(self.source, self.id)
        # Nothing points at this folder yet: what a killed process left there is of no use.
        shutil.rmtree(self._published / folder, ignore_errors=True)
        digests = publish.write_files(self._database, self._published / folder, self.id)
        pointer = {
            "run": self.id,
            "source": self._source,
            "folder": folder,
            "digests": msgspec.json.encode(digests).decode(),
        }
        with self._database.write(durable=True) as connection:
            connection.execute(insert(schema.publication), pointer)
            self._end(connection, state="complete", ended_at=micros(now), as_of=micros(as_of))
        self.release()

    def stop(self, *, now: datetime) -> None:
        """End the run as incomplete: what it recorded is kept, and `begin` goes on from there."""
        self._check_open()
        with self._database.write() as connection:
            self._end(connection, state="incomplete", ended_at=micros(now))
        self.release()

    def release(self) -> None:
        """Let go of the run without a word, as if the process had ended; twice does no harm."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _whole(self) -> Inventory:
        """Return the inventory, or raise StoreError where it or a listing is missing."""
        if self._inventory is None:
            raise StoreError(
                f"run {self.id} has no inventory and cannot be complete",
                hint="record the inventory, also after the run was resumed",
            )
        missing = [
            device
            for device in self._inventory.devices
            if device.is_patched and device.id not in self._scanned
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
