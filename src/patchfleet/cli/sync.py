"""`patchfleet sync`: read the whole fleet into the record."""

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import click
import msgspec

from patchfleet.cli.exit_codes import Exit, exit_of
from patchfleet.cli.interrupted import settle_after_sync
from patchfleet.cli.progress import sync_progress
from patchfleet.cli.session import Session, no_account, pass_session
from patchfleet.cli.side_by_side import INTERRUPTED, source_of, sync_side_by_side
from patchfleet.cli.sync_result import FailedSync, print_failure, print_result
from patchfleet.config import NSIGHT, QUALYS, AccountSettings
from patchfleet.errors import ConfigError, Error
from patchfleet.fleet import Source, SyncOptions, SyncResult, sync
from patchfleet.fleet.outcome import ALL

if TYPE_CHECKING:
    from patchfleet.store import Store


class Duration(click.ParamType[timedelta]):
    """A time such as 12h, 7d or 0."""

    name = "DURATION"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Parse a number of hours or days."""
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([hd]?)", str(value).strip())
        if not found or (not found[2] and float(found[1])):
            self.fail(f"{value!r} is not a duration: use 12h or 7d", param, ctx)
        return timedelta(hours=float(found[1]) * (24 if found[2] == "d" else 1))


@click.command()
@click.option(
    "--account",
    "--source",
    "names",
    metavar="NAME",
    multiple=True,
    help="Only this account; repeatable.",
)
@click.option("--fresh", is_flag=True, help="Start over, even if a sync was interrupted recently.")
@click.option(
    "--max-age",
    type=Duration(),
    help="Skip devices read within this time unless they may have changed: 12h, 7d; 0 reads all.",
)
@click.option("--max-calls", type=click.IntRange(1), help="Stop, incomplete, before more calls.")
@click.option(
    "--accept-missing",
    is_flag=True,
    help="Accept that many devices, or all jobs, have disappeared at once, and that devices are "
    "missing from lists shorter than the vendor's own count.",
)
@click.option(
    "--accept-unread",
    multiple=True,
    is_flag=False,
    flag_value=ALL,
    metavar="[DEVICE]",
    help="Complete the sync without devices that cannot be read, or without this one (name or "
    "id): each keeps its last listing and is reported with its age.",
)
@click.option(
    "--engine",
    is_flag=True,
    help="Let `patchfleet worker` processes read the devices; needs a record in PostgreSQL.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@pass_session
def command(
    session: Session,
    *,
    names: tuple[str, ...],
    fresh: bool,
    max_age: timedelta | None,
    max_calls: int | None,
    accept_missing: bool,
    accept_unread: tuple[str, ...],
    engine: bool,
    as_json: bool,
) -> int:
    """Read the whole fleet into the record.

    Reads every account that is set up, all of them side by side. A sync is complete, or it lists
    what is missing and exits with 3; until one is complete, the previous state stays current. An
    interrupted sync resumes where it stopped. If one account fails, the others are still read. A
    key of another account than the one on record is refused.

    Devices accepted as unreadable (--accept-unread, or `accept_unread_after` in the settings) do
    not make a sync incomplete: it exits with 0 and lists each of them with the age of its data.
    """
    options = msgspec.structs.replace(
        _options(session, max_age, max_calls),
        fresh=fresh, accepts_missing=accept_missing, accepts_unread=accept_unread,
    )  # fmt: skip
    if engine:
        from patchfleet.fleet.distributed.dbos_queue import reached_by_all

        reached_by_all(session.store_address)
    chosen = _chosen(session, names)
    with session.store(create=True) as store:
        if engine or len(chosen) == 1:
            results, errors = _sync_each(session, store, chosen, options, is_distributed=engine)
        else:
            results, errors = sync_side_by_side(session, chosen, options)
        read = {one.source for one in results if isinstance(one, SyncResult)}
        settle_after_sync(session, store, [one for one in chosen if one.name in read])
    outcomes = [one for one in results if isinstance(one, SyncResult)]
    if as_json:
        what = results[0] if len(chosen) == 1 else results
        click.echo(msgspec.json.format(msgspec.json.encode(what), indent=2))
    if errors:
        return Exit.INCOMPLETE if outcomes else exit_of(errors[0])
    return Exit.DONE if all(one.is_complete for one in outcomes) else Exit.INCOMPLETE


def _options(session: Session, max_age: timedelta | None, max_calls: int | None) -> SyncOptions:
    """Return the options of a sync from the settings; `max_age` and `max_calls` override them."""
    settings = session.settings.sync
    return SyncOptions(
        resume_within=session.resume_within,
        concurrency=settings.concurrency,
        max_age=timedelta(hours=settings.max_age_hours) if max_age is None else max_age,
        max_calls=max_calls or settings.max_calls or None,
        max_missing=settings.max_missing_percent / 100,
        accepts_unread_after=settings.accept_unread_after,
    )


def _chosen(session: Session, named: tuple[str, ...]) -> list[AccountSettings]:
    """Return the accounts to read: those named, else all that have any setting.

    An account that is only half set up is included: reading it fails with what is missing.
    """
    every = {one.name: one for one in session.settings.accounts}
    for name in named:
        if name not in every and name not in (NSIGHT, QUALYS):
            raise no_account(name, [*every])
    if named:
        return [every.get(name) or session.account(name) for name in dict.fromkeys(named)]
    if not every:
        raise ConfigError(
            "no account is set up",
            hint="run `patchfleet init`, or set PATCHFLEET_NSIGHT_REGION",
        )
    return [*every.values()]


def _sync_each(
    session: Session,
    store: "Store",
    accounts: Sequence[AccountSettings],
    options: SyncOptions,
    *,
    is_distributed: bool,
) -> tuple[list[SyncResult | FailedSync], list[Error]]:
    """Sync one account after the other; report one that fails and go on with the next."""
    results: list[SyncResult | FailedSync] = []
    errors: list[Error] = []
    for account in accounts:
        try:
            results.append(_sync(session, store, account, options, is_distributed=is_distributed))
        except Error as error:
            if len(accounts) == 1:
                raise
            errors.append(error)
            results.append(print_failure(session, account.name, error))
    return results, errors


def _sync(
    session: Session,
    store: "Store",
    account: AccountSettings,
    options: SyncOptions,
    *,
    is_distributed: bool,
) -> SyncResult:
    started = time.monotonic()
    with ExitStack() as stack:
        source, per_minute = stack.enter_context(source_of(session, store, account))
        if is_distributed:
            source = stack.enter_context(_distributed(session, store, account, source, per_minute))
        try:
            with sync_progress(session.stderr) as progress:
                on_progress = progress(account.name, per_minute)
                outcome = sync(
                    source,
                    store,
                    rules=options,
                    customers=session.customers,
                    on_progress=on_progress,
                )
        except KeyboardInterrupt:
            raise KeyboardInterrupt(INTERRUPTED) from None
    print_result(session, outcome, time.monotonic() - started)
    return outcome


@contextmanager
def _distributed(
    session: Session,
    store: "Store",
    account: AccountSettings,
    source: Source,
    per_minute: float,
) -> Iterator[Source]:
    """Yield a source whose devices workers read, if each device needs a call of its own."""
    if not source.has_a_call_for_each_device:
        session.info(f"{source.name}: read by this process, because each page names the next one")
        yield source
        return
    from patchfleet.fleet.distributed.dbos_queue import engine_of
    from patchfleet.fleet.distributed.queued_source import (
        DEVICES_A_BATCH,
        QueuedSource,
        QueueTimeouts,
    )

    half_a_minute = max(1, int(per_minute / 2)) if per_minute else DEVICES_A_BATCH
    with engine_of(store, source.name, session.nsight_account(account)) as engine:
        yield QueuedSource(
            source,
            engine,
            devices_a_batch=min(DEVICES_A_BATCH, half_a_minute),
            patience=QueueTimeouts(worker_seconds=session.settings.sync.worker_timeout_seconds),
            on_retry=lambda sentence: session.info(f"warning: {sentence}"),
        )
