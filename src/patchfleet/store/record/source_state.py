"""State of a source about its hosts, and the time it was read.

Hosts and the times they were read are written in one transaction. An interrupted or abandoned run
leaves what it read, as of that time, and nothing else.
"""

from sqlalchemy import Connection, select, update

from patchfleet.models import SourceState
from patchfleet.store.record import validity
from patchfleet.store.record.schema import host, micros, moment
from patchfleet.store.record.schema import run as runs
from patchfleet.store.record.schema import source as sources


def write(connection: Connection, source: int, run: int, hosts: SourceState) -> None:
    """Write the state that a source gets back when it is next read."""
    said = {(source, number): (text,) for number, text in hosts.payloads.items()}
    validity.set_valid(connection, host, host.c.source == source, run, said)
    validity.close_absent(connection, host, host.c.source == source, run, said.keys())
    read_at = {"hosts_at": micros(hosts.at), "hosts_whole_at": micros(hosts.whole_at)}
    connection.execute(update(runs).where(runs.c.id == run).values(read_at))


def read(connection: Connection, source_name: str) -> SourceState | None:
    """Return the last state of a source, None if it never kept any."""
    last = connection.execute(
        select(runs.c.source, runs.c.hosts_at, runs.c.hosts_whole_at)
        .join(sources, runs.c.source == sources.c.id)
        .where(sources.c.name == source_name, runs.c.hosts_at.is_not(None))
        .order_by(runs.c.id.desc())
        .limit(1)
    ).first()
    if last is None:
        return None
    held = select(host.c.id, host.c.said).where(
        host.c.source == last.source, host.c.to_run.is_(None)
    )
    return SourceState(
        payloads={row.id: row.said for row in connection.execute(held)},
        at=moment(int(last.hosts_at)),
        whole_at=moment(int(last.hosts_whole_at)),
    )
