"""Queue of batches over DBOS, in the database of the record.

DBOS keeps the queue when its processes end, and gives each batch to one worker. Without a service
of its own it does not notice that a worker is gone, so a worker holds a lock that ends with its
connection to the database, and the sync checks that lock. Batches and results are JSON.

Invariants:
- only `dbos_queue` and `worker` import DBOS (contract "Only the worker queue imports DBOS");
- a batch is read by a worker of the same version and account (tests/engine/test_engine_limits.py).
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from patchfleet.errors import ConfigError
from patchfleet.fleet.distributed.batch import Batch, BatchResult, answer_of, as_text
from patchfleet.fleet.distributed.queued_source import BatchStatus
from patchfleet.version import __version__

if TYPE_CHECKING:
    from dbos import DBOSClient

    from patchfleet.store import Store

SCHEMA = "patchfleet_engine"
"""PostgreSQL schema of the tables of DBOS, in the database of the record."""
APPLICATION = "patchfleet"
VERSION = f"{APPLICATION}-{__version__}"
READ = "read_batch"
_STATES: Mapping[str, BatchStatus] = {
    "ENQUEUED": BatchStatus("waiting"),
    "DELAYED": BatchStatus("waiting"),
    "SUCCESS": BatchStatus("answered"),
}


class DBOSEngine:
    """The queue of one source, for the process that syncs."""

    def __init__(self, client: "DBOSClient", store: "Store", source: str, queue: str) -> None:
        self._client, self._store = client, store
        self._prefix, self._queue = f"{source}:", queue

    def send(self, name: str, batch: Batch) -> None:
        """Put a batch into the queue under a unique name."""
        with self._store.explained():
            self._client.enqueue(
                {
                    "workflow_name": READ,
                    "queue_name": self._queue,
                    "workflow_id": self._prefix + name,
                    "app_version": VERSION,
                },
                self._queue,
                as_text(batch),
            )

    def look(self, names: Iterable[str]) -> dict[str, BatchStatus]:
        """Return the status of batches; a batch without a row has failed."""
        ids = {self._prefix + name: name for name in names}
        with self._store.explained():
            found = self._client.list_workflows(
                workflow_ids=list(ids), load_input=False, load_output=False
            )
        seen = dict.fromkeys(ids.values(), BatchStatus("failed"))
        for row in found:
            if row.status == "PENDING":
                seen[ids[row.workflow_id]] = BatchStatus("working", row.executor_id or "")
            elif row.status in _STATES:
                seen[ids[row.workflow_id]] = _STATES[row.status]
        return seen

    def take(self, name: str) -> BatchResult:
        """Return the result of a batch, and delete both."""
        with self._store.explained():
            text: str = self._client.retrieve_workflow(self._prefix + name).get_result()
            self._client.delete_workflows([self._prefix + name])
        return answer_of(text)

    def withdraw(self, name: str) -> None:
        """Cancel a batch: no worker begins it, and a late result is dropped."""
        with self._store.explained():
            self._client.cancel_workflows([self._prefix + name])

    def clear(self) -> None:
        """Cancel and delete all batches of this source, of any process."""
        with self._store.explained():
            found = self._client.list_workflows(
                workflow_id_prefix=self._prefix, load_input=False, load_output=False
            )
            if found:
                # A worker that still reads one finds no row for its result.
                self._client.delete_workflows([row.workflow_id for row in found])

    def is_alive(self, worker: str) -> bool:
        """Return whether a worker lives: whether the lock of its name is held."""
        return self._store.is_held(worker)


@contextmanager
def engine_of(store: "Store", source: str, queue: str) -> Iterator[DBOSEngine]:
    """Open the queue in the database of a store, and create its tables if they are missing.

    `queue` names the account. Raises ConfigError if the record is a file or DBOS is missing.
    """
    address = prepared(store)
    from dbos import DBOSClient, DBOSPortableJSONSerializer

    with store.explained():
        client = DBOSClient(
            system_database_url=address,
            dbos_system_schema=SCHEMA,
            serializer=DBOSPortableJSONSerializer(),
            application_name=APPLICATION,
            retry_connection_errors=False,
        )
    try:
        with store.explained():
            client.register_queue(queue, worker_concurrency=1, polling_interval_sec=0.2)
        yield DBOSEngine(client, store, source, queue)
    finally:
        client.destroy()


def prepared(store: "Store") -> str:
    """Create or upgrade the tables of DBOS, and return the address of the database."""
    address = reached_by_all(store.address)
    # Patchfleet reports errors of DBOS itself, in one line.
    logging.getLogger("dbos").addHandler(logging.NullHandler())
    logging.getLogger("dbos").propagate = False
    try:
        from dbos import DBOS
    except ModuleNotFoundError as error:
        raise ConfigError(
            "an engine needs DBOS, which is not installed",
            hint='pip install "patchfleet[engine]"',
        ) from error
    with store.explained():
        DBOS.migrate(address, schema=SCHEMA)
    return address


def reached_by_all(address: Path | str) -> str:
    """Return the address of a record for DBOS; raises ConfigError for a file."""
    scheme, _, rest = str(address).partition("://")
    if scheme not in ("postgresql", "postgres"):
        raise ConfigError(
            "an engine needs a record in PostgreSQL, which all its processes reach",
            hint='set store = "postgresql://…"; `patchfleet store copy` takes the record there',
        )
    return f"postgresql://{rest}"
