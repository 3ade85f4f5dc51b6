"""Worker process: takes batches from the queues of its accounts and reads their devices.

A worker uses its own accounts and nothing from the queue but the batch. It begins no batch whose
sync has ended, and delivers what it has read when it is stopped.
"""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING

from patchfleet.errors import Error
from patchfleet.fleet.distributed.batch import BatchResult, as_text, batch_of, read
from patchfleet.fleet.distributed.dbos_queue import APPLICATION, READ, SCHEMA, VERSION, prepared
from patchfleet.fleet.source import Source

if TYPE_CHECKING:
    from patchfleet.store import Store

LOOKS_SECONDS = 0.5
ENDS_SECONDS = 10
"""Seconds a stopping worker has to deliver the result of its batch."""


class Worker:
    """One process that reads batches for the syncs of one record.

    `sources` are its accounts by queue. One worker a process: DBOS has one application in each.
    """

    def __init__(self, store: "Store", sources: Mapping[str, Source]) -> None:
        self.name = f"worker-{uuid.uuid4().hex[:12]}"
        self.batches = self.devices = 0
        self._store, self._sources = store, sources
        self._ending = Event()
        self._is_busy = False
        self._busy_at = time.monotonic()

    def end(self) -> None:
        """Take no more batches, and deliver the current one as far as it is read."""
        self._ending.set()

    def serve(
        self, idle_seconds: float | None = None, *, on_ready: Callable[[], None] = lambda: None
    ) -> None:
        """Read batches until `end` is called, or until none came for `idle_seconds`.

        Raises StoreError if the database is gone: a sync then sees that this worker is gone.
        """
        lock = self._store.hold(self.name)
        assert lock is not None, "a random name is unique"
        try:
            with self._launched():
                self._busy_at = time.monotonic()
                on_ready()
                while not self._ending.wait(LOOKS_SECONDS):
                    lock.check()
                    if idle_seconds is not None and self._idle_seconds >= idle_seconds:
                        self._ending.set()
        finally:
            self._ending.set()
            lock.release()

    @contextmanager
    def _launched(self) -> Iterator[None]:
        """Let DBOS take batches, each in a thread of its own."""
        address = prepared(self._store)
        from dbos import DBOS, DBOSPortableJSONSerializer

        DBOS(
            config={
                "name": APPLICATION,
                "system_database_url": address,
                "dbos_system_schema": SCHEMA,
                "application_version": VERSION,
                "executor_id": self.name,
                "serializer": DBOSPortableJSONSerializer(),
                "use_listen_notify": False,
                "sys_db_pool_size": 4,
                "run_migrations": False,
                "log_level": "CRITICAL",
            }
        )

        @DBOS.workflow(name=READ)
        def read_batch(queue: str, text: str) -> str:
            return as_text(self._read(queue, text))

        DBOS.listen_queues(list(self._sources))
        try:
            with self._store.explained():
                DBOS.launch()
            yield
            DBOS.destroy(workflow_completion_timeout_sec=ENDS_SECONDS)
        finally:
            DBOS.destroy(destroy_registry=True)

    def _read(self, queue: str, text: str) -> BatchResult:
        """Read one batch; an error that concerns all of it is the `trouble` of the result."""
        source = self._sources[queue]
        self._is_busy = True
        try:
            answer = read(source, batch_of(text), lambda: self._is_wanted(source.name))
        except Error as error:
            return BatchResult(0, [], [], [], trouble=f"could not go on: {error.message}")
        finally:
            self._is_busy, self._busy_at = False, time.monotonic()
        self.batches += 1
        self.devices += len(answer.replies)
        return answer

    def _is_wanted(self, source: str) -> bool:
        """Return whether to continue with a batch: not once stopped, nor without its sync."""
        return not self._ending.is_set() and self._store.is_held(source)

    @property
    def _idle_seconds(self) -> float:
        return 0.0 if self._is_busy else time.monotonic() - self._busy_at
