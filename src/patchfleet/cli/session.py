"""The session of one command: settings, record, vendor clients and consoles.

Each is created on first use, so that no command pays for what another needs.
"""

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from patchfleet import config
from patchfleet.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from rich.console import Console

    from patchfleet.nsight import NAble
    from patchfleet.qualys import Qualys
    from patchfleet.report import Report, Table
    from patchfleet.store import Snapshot, Store
    from patchfleet.transport.journal import ChangeJournal
    from patchfleet.transport.rate_limit import RateLimiter


NSIGHT, QUALYS = "nsight", "qualys"
"""The sources under which the accounts of the settings are recorded."""


class Session:
    """Everything one command works with."""

    def __init__(self, *, config_file: Path | None, store: str | None) -> None:
        self.config_file = config_file
        self._store = store

    @cached_property
    def settings(self) -> config.Settings:
        """The settings; warnings about them are printed on first use."""
        settings = config.load(self.config_file)
        for warning in config.warnings_about(settings):
            self.info(f"warning: {warning}")
        return settings

    @property
    def store_address(self) -> Path | str:
        """The record, a file or a server's address: --store, else the setting."""
        if self._store is None:
            return self.settings.store_address
        return self._store if "://" in self._store else Path(self._store)

    @contextmanager
    def store(self, *, create: bool = False) -> "Iterator[Store]":
        """Open the record for one command."""
        from patchfleet.store import Store

        address = self.store_address
        if create and self._store is None and isinstance(address, Path):
            self._make_folder(address.parent)
        with Store.open(
            address,
            published=self.settings.published_address if self._store is None else None,
            create=create,
            wait_seconds=self.settings.lock_timeout_seconds,
            is_private=self.settings.is_private,
        ) as store:
            yield store

    def _make_folder(self, folder: Path) -> None:
        """Create the folder of a record whose place is set in the settings."""
        try:
            for path in (*reversed(folder.parents), folder):
                if not path.exists():
                    path.mkdir(0o700 if self.settings.is_private else 0o777, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"cannot make the folder {folder} for the record: {error.strerror}",
                hint="--store names another file",
            ) from error

    @contextmanager
    def snapshot(self, *, with_history: bool = False) -> "Iterator[Snapshot]":
        """Open the publications of the last complete syncs."""
        with self.store() as store, store.snapshot(with_history=with_history) as snapshot:
            self.warn_repaired(snapshot)
            yield snapshot

    def warn_repaired(self, snapshot: "Snapshot") -> None:
        """Warn of each published file that was rebuilt."""
        for sentence in snapshot.repaired:
            self.info(f"warning: {sentence}")

    def nable(self, store: "Store | None" = None) -> "NAble":
        """Return a client for the N-sight account of the settings.

        With a store it shares the rate limit of all processes that use this key, and writes its
        changes to the journal.
        """
        from patchfleet.nsight import NAble

        nsight = self.settings.nsight
        if not nsight.region and not nsight.base_url:
            raise ConfigError(
                "no N-sight region is set",
                hint="run `patchfleet init`, or set PATCHFLEET_NSIGHT_REGION",
            )
        return NAble(
            nsight.region,
            config.nsight_key(self.settings),
            base_url=nsight.base_url,
            timeout=nsight.timeout_seconds,
            rate_limit=_rate_limit(store, nsight.calls_per_minute, 60, self.nsight_account),
            journal=None if store is None else store.journal,
            retries=nsight.retries,
            user_agent=nsight.user_agent,
            proxy=nsight.proxy.reveal() if nsight.proxy else None,
            ca_file=nsight.ca_file,
        )

    @property
    def nsight_account(self) -> str:
        """A digest that identifies the N-sight account without revealing its key."""
        nsight = self.settings.nsight
        key = config.nsight_key(self.settings).reveal()
        return _account("nsight", nsight.base_url or nsight.region, key)

    def qualys(
        self, store: "Store | None" = None, journal: "ChangeJournal | None" = None
    ) -> "Qualys":
        """Return a client for the Qualys account of the settings; see `nable` for `store`.

        `journal` replaces the store's own.
        """
        from patchfleet.qualys import Qualys

        qualys = self.settings.qualys
        if not qualys.username:
            raise ConfigError(
                "no Qualys user is set",
                hint="run `patchfleet init --vendor qualys`, or set PATCHFLEET_QUALYS_USERNAME",
            )
        account = _account("qualys", qualys.gateway_url or qualys.platform, qualys.username)
        if journal is None and store is not None:
            journal = store.journal
        return Qualys(
            qualys.username,
            config.qualys_password(self.settings),
            qualys.platform or "qg1",
            override_platform={"gateway_url": qualys.gateway_url} if qualys.gateway_url else None,
            timeout=qualys.timeout_seconds,
            rate_limit=_rate_limit(store, qualys.calls_per_hour, 3600, account),
            journal=journal,
            retries=qualys.retries,
            user_agent=qualys.user_agent,
            proxy=qualys.proxy.reveal() if qualys.proxy else None,
            ca_file=qualys.ca_file,
            allow_http=qualys.allow_http,
        )

    @property
    def resume_within(self) -> timedelta:
        """How old an interrupted sync may be to be resumed."""
        return timedelta(hours=self.settings.sync.resume_within_hours)

    @cached_property
    def console(self) -> "Console":
        """Standard output, for data; coloured on a terminal only."""
        from rich.console import Console

        return Console(highlight=False, soft_wrap=False)

    @cached_property
    def stderr(self) -> "Console":
        """Standard error, for messages. Work continues if it cannot be written."""
        from rich.console import Console

        class Stderr(Console):
            def on_broken_pipe(self) -> None:
                self.quiet = True

            def _write_buffer(self) -> None:
                try:
                    super()._write_buffer()
                except OSError:  # a full disk is treated like a closed pipe
                    self.quiet = True
                    self._buffer.clear()

        return Stderr(stderr=True, highlight=False)

    @property
    def is_interactive(self) -> bool:
        """Whether a person can answer a question on the terminal."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    def info(self, sentence: str, *, bold: bool = False) -> None:
        """Print a sentence on standard error. Work continues if it cannot be written.

        Control characters of names and titles in it are neutralised.
        """
        from patchfleet.report.wording import printable

        with suppress(OSError):
            text = printable(sentence)
            click.echo(click.style(text, bold=True) if bold else text, err=True)

    def show(
        self,
        what: "Report | Table",
        *,
        as_json: bool,
        outputs: tuple[Path, ...],
        table: str | None = None,
    ) -> None:
        """Write a report or a table to `outputs`, or else to standard output.

        `table` reduces a report to the table of that name. CSV and Parquet files have no place for
        notes on coverage: these are printed.
        """
        from patchfleet.report import Report, save, to_json, write_text

        if table is not None and isinstance(what, Report):
            what = what.table(table)
        for output in outputs:
            self.info(f"wrote {save(what, output)}")
        if any(output.suffix.lower() in (".csv", ".parquet") for output in outputs):
            for note in what.notes:
                self.info(f"* {note}")
        if as_json:
            click.echo(to_json(what), nl=False)
        elif not outputs:
            write_text(what, self.console)


def _account(*parts: str | None) -> str:
    """Return a digest by which processes with the same account share its rate limit."""
    text = "\0".join(part or "" for part in parts)
    return hashlib.blake2b(text.encode(), digest_size=8, person=b"patchfleet").hexdigest()


def _rate_limit(
    store: "Store | None", calls: float, seconds: float, account: str
) -> "RateLimiter | None":
    """Return the rate limit of a client, `calls` in `seconds`: shared if there is a store."""
    from patchfleet.transport.rate_limit import RateLimit, whole_calls

    if not calls:
        return None
    number, seconds = whole_calls(calls, seconds)
    if store is None:
        return RateLimit(number, seconds=seconds)
    return store.rate_limit(account, number, seconds=seconds)


pass_session = click.make_pass_decorator(Session)
