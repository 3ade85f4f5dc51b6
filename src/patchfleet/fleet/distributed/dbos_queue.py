"""Batches over DBOS, in the database of the record: with `worker.py` all that knows DBOS.

Laws of this file: a batch is taken only by a worker of the same version and the same account; what
is in the queue and what comes back is JSON, never pickled; nothing is sent to anybody else.

DBOS gives a queue that survives its processes and lets one of them take each batch. Whose worker is
gone it does not learn without a service of its own: here a worker holds a lock that ends with its
connection to the database, and who syncs looks at it.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from patchfleet import __version__
from patchfleet.errors import ConfigError
from patchfleet.fleet.distributed.batch import Batch, BatchResult, answer_of, as_text
from patchfleet.fleet.distributed.queued_source import BatchStatus

if TYPE_CHECKING:
    from dbos import DBOSClient

    from patchfleet.store import Store

SCHEMA = "patchfleet_engine"
"""The schema of PostgreSQL in which the tables of DBOS stand, beside those of the record."""
APPLICATION = "patchfleet"
VERSION = f"{APPLICATION}-{__version__}"
READ = "read_batch"
_STATES: Mapping[str, BatchStatus] = {
    "ENQUEUED": BatchStatus("waiting"),
    "DELAYED": BatchStatus("waiting"),
    "SUCCESS": BatchStatus("answered"),
}


class DBOSEngine:
    """The batches of one source, as the process that syncs sees them."""

    def __init__(self, client: "DBOSClient", store: "Store", source: str, queue: str) -> None:
        self._client, self._store = client, store
        self._prefix, self._queue = f"{source}:", queue

    def send(self, name: str, batch: Batch) -> None:
        """Put a batch into the queue, under a name that no other has."""
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
        """Return how batches stand; one whose row is gone counts as failed."""
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
        """Return the answer to a batch, and forget both."""
        with self._store.explained():
            text: str = self._client.retrieve_workflow(self._prefix + name).get_result()
            self._client.delete_workflows([self._prefix + name])
        return answer_of(text)

    def withdraw(self, name: str) -> None:
        """Take a batch back: nobody begins it any more, and a late answer is dropped."""
        with self._store.explained():
            self._client.cancel_workflows([self._prefix + name])

    def clear(self) -> None:
        """Withdraw and forget all batches of this source, whoever sent them."""
        with self._store.explained():
            found = self._client.list_workflows(
                workflow_id_prefix=self._prefix, load_input=False, load_output=False
            )
            if found:
                # A worker that still reads one finds its row gone, and its answer goes nowhere.
                self._client.delete_workflows([row.workflow_id for row in found])

    def is_alive(self, worker: str) -> bool:
        """Say whether a worker lives: whether somebody holds the lock of its name."""
        return self._store.is_held(worker)


@contextmanager
def engine_of(store: "Store", source: str, queue: str) -> Iterator[DBOSEngine]:
    """Open the engine in the database of a store, with its tables where they are missing.

    `queue` names the account. Raises ConfigError where the record is a file or DBOS is missing.
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
    """Make or upgrade the tables of DBOS beside a record, and return the database's address."""
    address = reached_by_all(store.address)
    # What DBOS has to say is said by us, in one line.
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
    """Return the address of a record as DBOS spells it; raises ConfigError for that of a file."""
    scheme, _, rest = str(address).partition("://")
    if scheme not in ("postgresql", "postgres"):
        raise ConfigError(
            "an engine needs a record in PostgreSQL, which all its processes reach",
            hint='set store = "postgresql://…"; `patchfleet store copy` takes the record there',
        )
    return f"postgresql://{rest}"
