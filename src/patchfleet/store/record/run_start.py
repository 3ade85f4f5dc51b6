"""Start or resumption of a source's run.

One run per source runs at a time, and the run of a living process is never touched. An unfinished
run is resumed while it is young enough and otherwise marked abandoned, never deleted.
"""

import os
import re
import socket
from datetime import datetime, timedelta
from typing import Any, NoReturn

from msgspec import Struct
from sqlalchemy import Connection, delete, func, insert, select, update

from patchfleet.errors import StoreError, WrongAccount
from patchfleet.models import Account
from patchfleet.store.record import schema
from patchfleet.store.record.database import Database
from patchfleet.store.record.dialect import RunLock
from patchfleet.store.record.schema import micros, moment
from patchfleet.store.types import UNFINISHED_STATES

_SOURCE = re.compile(r"[a-z0-9][a-z0-9_-]*")


class StartedRun(Struct, frozen=True):
    """A row of `run` that was opened for writing, and the devices it has recorded."""

    id: int
    source: int
    started_at: int
    is_resumed: bool
    scanned: frozenset[str]


def begin(
    database: Database,
    source: str,
    *,
    now: datetime,
    resume_within: timedelta,
    fresh: bool,
    account: Account | None = None,
) -> tuple[RunLock, StartedRun]:
    """Acquire the lock of `source` and open a run; see `Store.begin`."""
    if not _SOURCE.fullmatch(source):
        raise StoreError(
            f"{source!r} cannot be the name of a source",
            hint="use small letters, digits, - and _, as in nsight or nsight-eu",
        )
    oldest = None if fresh else micros(now - resume_within)
    began = micros(now)
    lock = database.lock(source)
    if lock is None:
        _refuse(database, source)
    try:
        with database.write(alone=True) as connection:
            of_source = _source_of(connection, source, account)
            return lock, _open(connection, of_source, began, oldest=oldest, account=account)
    except BaseException:
        lock.release()
        raise


def _refuse(database: Database, source: str) -> NoReturn:
    run, of = schema.run, schema.source
    statement = (
        select(run.c.id, run.c.pid, run.c.host, run.c.started_at)
        .join(of, run.c.source == of.c.id)
        .where(of.c.name == source)
        .order_by(run.c.id.desc())
    )
    with database.read() as connection:
        row = connection.execute(statement).first()
    if row is None:
        holder = "another process"
    else:
        since = f"{moment(row.started_at):%Y-%m-%d %H:%M:%S} UTC"
        holder = f"pid {row.pid} on {row.host}, run {row.id} begun {since}"
    raise StoreError(
        f"{source} is being synced already ({holder})",
        hint="wait until it is done, or end that process: the next sync goes on from there",
    )


def _open(
    connection: Connection,
    source_key: int,
    now: int,
    *,
    oldest: int | None,
    account: Account | None,
) -> StartedRun:
    """Resume the last run if it is unfinished and began at `oldest` or later, or add a run."""
    run = schema.run
    mine: dict[str, Any] = {
        "state": "running", "host": socket.gethostname(), "pid": os.getpid(), "ended_at": None
    }  # fmt: skip
    if account is not None:
        mine["account"] = account.digest
    last = connection.execute(
        select(run.c.id, run.c.started_at, run.c.state)
        .where(run.c.source == source_key)
        .order_by(run.c.id.desc())
    ).first()
    # Only the last run: an older one would write states from before those of a newer run.
    unfinished = last if last is not None and last.state in UNFINISHED_STATES else None
    if unfinished and oldest is not None and unfinished.started_at >= oldest:
        this = unfinished.id
        connection.execute(update(run).where(run.c.id == this).values(mine))
        connection.execute(delete(schema.problem).where(schema.problem.c.run == this))
        scanned = _scanned(connection, this)
        return StartedRun(this, source_key, unfinished.started_at, is_resumed=True, scanned=scanned)
    if unfinished:
        ended = {"state": "abandoned", "ended_at": now}
        connection.execute(update(run).where(run.c.id == unfinished.id).values(ended))
    added = insert(run).values(source=source_key, started_at=now, **mine)
    connection.execute(added)
    this = connection.scalars(select(func.max(run.c.id)).where(run.c.source == source_key)).one()
    return StartedRun(this, source_key, now, is_resumed=False, scanned=frozenset())


def _source_of(connection: Connection, name: str, account: Account | None) -> int:
    """Return the key of a source, added if it is new, with `account` as its present one.

    Raises `WrongAccount` if another source has this account.
    """
    source = schema.source
    statement = select(source.c.id).where(source.c.name == name)
    key = connection.scalar(statement)
    if account is not None:
        other = connection.scalar(
            select(source.c.name).where(source.c.account == account.digest, source.c.name != name)
        )
        if other is not None:
            raise WrongAccount(
                f"{name} is the account that is on record as {other}: the same server, with the "
                "same key or user",
                hint=f"set the key of {name} itself, or sync {other} alone",
            )
    if key is None:
        connection.execute(insert(source).values(name=name))
        key = connection.scalars(statement).one()
    if account is not None:
        now_is = {"vendor": account.vendor, "account": account.digest}
        connection.execute(update(source).where(source.c.id == key).values(now_is))
    return int(key)


def _scanned(connection: Connection, run: int) -> frozenset[str]:
    scan, device = schema.scan, schema.device
    statement = (
        select(device.c.id)
        .join_from(scan, device, scan.c.device == device.c.key)
        .where(scan.c.run == run, scan.c.scanned_at.is_not(None))
    )
    return frozenset(connection.scalars(statement))
