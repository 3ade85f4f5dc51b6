"""Sources on record, and what each of them was last read to have."""

from collections.abc import Collection
from datetime import datetime

from msgspec import json
from sqlalchemy import func, select

from patchfleet._renamed.members import FormerMethod
from patchfleet.models import Account, Inventory, JobRunRef, SourceState
from patchfleet.store.record import inventory, jobs, schema, source_state
from patchfleet.store.record.database import Database
from patchfleet.store.record.schema import (
    condition,
    device,
    finding,
    moment,
    patch,
    publication,
    source,
)
from patchfleet.store.types import KnownDevice


class Sources(FormerMethod):
    """The sources of one record: `store.sources`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def names(self) -> list[str]:
        """List the names of all sources that have begun a run."""
        with self._database.read() as connection:
            return list(connection.scalars(select(source.c.name).order_by(source.c.name)))

    def accounts(self) -> dict[str, Account | None]:
        """Return the account of each source, None where it is unknown."""
        with self._database.read() as connection:
            rows = connection.execute(select(source.c.name, source.c.vendor, source.c.account))
            return {
                row.name: None if row.account is None else Account(row.vendor, row.account)
                for row in rows
            }

    def known_devices(self, source_name: str) -> dict[str, KnownDevice]:
        """Return what identifies each device that a source listed last, by its id."""
        of = schema.description
        statement = (
            select(device.c.id, of.c.name, of.c.serial, of.c.mac_addresses)
            .join_from(of, device, of.c.device == device.c.key)
            .join(source, device.c.source == source.c.id)
            .where(source.c.name == source_name, of.c.to_run.is_(None))
        )
        with self._database.read() as connection:
            return {
                row.id: KnownDevice(row.name, row.serial, tuple(json.decode(row.mac_addresses)))
                for row in connection.execute(statement)
            }

    def state(self, source_name: str) -> SourceState | None:
        """Return the state that a source keeps of its hosts, None if it never kept any."""
        with self._database.read() as connection:
            return source_state.read(connection, source_name)

    def last_inventory(self, source_name: str) -> Inventory | None:
        """Return the inventory of the last complete run of a source, None without such a run."""
        last = (
            select(func.max(publication.c.run))
            .join(source, publication.c.source == source.c.id)
            .where(source.c.name == source_name)
        )
        with self._database.read() as connection:
            run_id = connection.scalar(last)
            return None if run_id is None else inventory.read(connection, run_id)

    def job_names(self, source_name: str) -> dict[str, str]:
        """Return the names of a source's jobs that are on record now, by their ids."""
        with self._database.read() as connection:
            return jobs.names(connection, source_name)

    def finished_job_runs(self, source_name: str, before: datetime) -> frozenset[JobRunRef]:
        """Return the job runs scheduled earlier than `before` that are final on every device."""
        with self._database.read() as connection:
            return jobs.runs_over(connection, source_name, before)

    def last_changes(self, source_name: str, states: Collection[str]) -> dict[str, datetime]:
        """Return when a finding last changed to one of `states`, by device id.

        Patches that the source reports as not installable do not count.
        """
        statement = (
            select(device.c.id, func.max(finding.c.changed_at))
            .join_from(finding, device, finding.c.device == device.c.key)
            .join(condition, finding.c.condition == condition.c.key)
            .join(patch, finding.c.patch == patch.c.key)
            .join(source, device.c.source == source.c.id)
            .where(source.c.name == source_name, finding.c.to_run.is_(None))
            .where(condition.c.state.in_(sorted(states)), patch.c.is_installable.is_not(False))
            .group_by(device.c.id)
        )
        with self._database.read() as connection:
            return {number: moment(int(at)) for number, at in connection.execute(statement)}
