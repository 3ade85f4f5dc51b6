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
from patchfleet.cli.session import NSIGHT, QUALYS, Session, pass_session
from patchfleet.errors import ConfigError, Incomplete, VendorError
from patchfleet.fleet import Source, SyncOptions, SyncResult, sync
from patchfleet.fleet.outcome import ALL

if TYPE_CHECKING:
    from patchfleet.store import Store


class FailedSync(msgspec.Struct, frozen=True, kw_only=True):
    """The `--json` entry of a vendor that could not be read, beside the results of others."""

    source: str
    is_complete: bool = False
    error: str
    hint: str | None


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
    "--source",
    "vendors",
    type=click.Choice((NSIGHT, QUALYS)),
    multiple=True,
    help="Only this source.",
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
    vendors: tuple[str, ...],
    fresh: bool,
    max_age: timedelta | None,
    max_calls: int | None,
    accept_missing: bool,
    accept_unread: tuple[str, ...],
    engine: bool,
    as_json: bool,
) -> int:
    """Read the whole fleet into the record.

    Reads every vendor that is set up. A sync is complete, or it lists what is missing and exits
    with 3; until one is complete, the previous state stays current. An interrupted sync resumes
    where it stopped. If one vendor fails, the other is still read.

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
    with session.store(create=True) as store:
        chosen = _chosen(session, vendors)
        results, errors = _sync_each(session, store, chosen, options, is_distributed=engine)
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


def _chosen(session: Session, named: tuple[str, ...]) -> list[str]:
    """Return the vendors to read: those named, else those with any setting.

    A vendor that is only half set up is included: reading it fails with what is missing.
    """
    if named:
        return list(dict.fromkeys(named))
    nsight, qualys = session.settings.nsight, session.settings.qualys
    chosen = []
    if nsight.region or nsight.base_url or nsight.key:
        chosen.append(NSIGHT)
    if qualys.username or qualys.password or qualys.platform or qualys.gateway_url:
        chosen.append(QUALYS)
    if not chosen:
        raise ConfigError(
            "no account is set up",
            hint="run `patchfleet init`, or set PATCHFLEET_NSIGHT_REGION",
        )
    return chosen


def _sync_each(
    session: Session,
    store: "Store",
    vendors: Sequence[str],
    options: SyncOptions,
    *,
    is_distributed: bool,
) -> tuple[list[SyncResult | FailedSync], list[VendorError | Incomplete]]:
    """Sync each vendor; report one that fails and go on with the other."""
    results: list[SyncResult | FailedSync] = []
    errors: list[VendorError | Incomplete] = []
    for vendor in vendors:
        try:
            results.append(_sync(session, store, vendor, options, is_distributed=is_distributed))
        except (VendorError, Incomplete) as error:
            if len(vendors) == 1:
                raise
            errors.append(error)
            results.append(FailedSync(source=vendor, error=error.sentence, hint=error.hint))
            session.info(f"failed: {vendor}: {error.sentence}", bold=True)
            if error.hint:
                session.info(f"hint: {error.hint}")
    return results, errors


def _sync(
    session: Session, store: "Store", vendor: str, options: SyncOptions, *, is_distributed: bool
) -> SyncResult:
    from patchfleet.cli.progress import sync_progress
    from patchfleet.cli.sync_result import print_result

    started = time.monotonic()
    with ExitStack() as stack:
        source, per_minute = stack.enter_context(source_of(session, store, vendor))
        if is_distributed:
            source = stack.enter_context(_distributed(session, store, source, per_minute))
        try:
            with sync_progress(session.stderr, vendor, per_minute) as on_progress:
                outcome = sync(source, store, rules=options, on_progress=on_progress)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                "interrupted; what was read is kept, and the next sync resumes here"
            ) from None
    print_result(session, outcome, time.monotonic() - started)
    return outcome


@contextmanager
def _distributed(
    session: Session, store: "Store", source: Source, per_minute: float
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
    with engine_of(store, source.name, session.nsight_account) as engine:
        yield QueuedSource(
            source,
            engine,
            devices_a_batch=min(DEVICES_A_BATCH, half_a_minute),
            patience=QueueTimeouts(worker_seconds=session.settings.sync.worker_timeout_seconds),
            on_retry=lambda sentence: session.info(f"warning: {sentence}"),
        )


@contextmanager
def source_of(session: Session, store: "Store", vendor: str) -> Iterator[tuple[Source, float]]:
    """Open a vendor's account as a source, with its limit of calls per minute (0: no limit)."""
    with _SOURCES[vendor](session, store) as opened:
        yield opened


@contextmanager
def _nsight_source(session: Session, store: "Store") -> Iterator[tuple[Source, float]]:
    from patchfleet.fleet import NSightSource

    with session.nable(store) as nable:
        yield NSightSource(nable, name=NSIGHT), session.settings.nsight.calls_per_minute


@contextmanager
def _qualys_source(session: Session, store: "Store") -> Iterator[tuple[Source, float]]:
    from patchfleet.fleet import QualysSource

    tags = session.settings.qualys.customer_tags
    with session.qualys(store) as qualys:
        source = QualysSource(qualys, name=QUALYS, customer_tags=tags)
        yield source, session.settings.qualys.calls_per_hour / 60


_SOURCES = {NSIGHT: _nsight_source, QUALYS: _qualys_source}
