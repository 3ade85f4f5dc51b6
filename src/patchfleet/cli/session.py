"""What one command needs: settings, the record, the vendor's client, and where to write.

Law of this file: each is made when it is first asked for, so that no command pays for another's.
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


class Session:
    """The surroundings of one command."""

    def __init__(self, *, config_file: Path | None, store: str | None) -> None:
        self.config_file = config_file
        self._store = store

    @cached_property
    def settings(self) -> config.Settings:
        """The settings; warnings about them are said once."""
        settings = config.load(self.config_file)
        for warning in config.warnings_about(settings):
            self.info(f"warning: {warning}")
        return settings

    @property
    def store_address(self) -> Path | str:
        """The record, a file or a server's address: as named on the command line, else as set."""
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
        """Make the folder of a record that stands where the settings say."""
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
        """Open what the last complete syncs published."""
        with self.store() as store, store.snapshot(with_history=with_history) as snapshot:
            self.warn_repaired(snapshot)
            yield snapshot

    def warn_repaired(self, snapshot: "Snapshot") -> None:
        """Name each published file that had to be made again."""
        for sentence in snapshot.repaired:
            self.info(f"warning: {sentence}")

    def nable(self, store: "Store | None" = None) -> "NAble":
        """Return a client for the N-sight account of the settings.

        With a store it keeps the pace that all processes with this key keep together, and a journal
        of what it changes.
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
            pace=_pace(store, nsight.calls_per_minute, 60, self.nsight_account),
            journal=None if store is None else store.journal,
            retries=nsight.retries,
            user_agent=nsight.user_agent,
            proxy=nsight.proxy.reveal() if nsight.proxy else None,
            ca_file=nsight.ca_file,
        )

    @property
    def nsight_account(self) -> str:
        """Name the N-sight account of the settings, without telling its key."""
        nsight = self.settings.nsight
        key = config.nsight_key(self.settings).reveal()
        return _account("nsight", nsight.base_url or nsight.region, key)

    def qualys(
        self, store: "Store | None" = None, journal: "ChangeJournal | None" = None
    ) -> "Qualys":
        """Return a client for the Qualys account of the settings; see `nable` for `store`.

        `journal` takes the place of the store's own.
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
            pace=_pace(store, qualys.calls_per_hour, 3600, account),
            journal=journal,
            retries=qualys.retries,
            user_agent=qualys.user_agent,
            proxy=qualys.proxy.reveal() if qualys.proxy else None,
            ca_file=qualys.ca_file,
            allow_http=qualys.allow_http,
        )

    @property
    def resume_within(self) -> timedelta:
        """How old a broken-off sync may be to be taken up again."""
        return timedelta(hours=self.settings.sync.resume_within_hours)

    @cached_property
    def console(self) -> "Console":
        """Where data goes: standard output, with colour on a terminal only."""
        from rich.console import Console

        return Console(highlight=False, soft_wrap=False)

    @cached_property
    def stderr(self) -> "Console":
        """Where talk goes: standard error. When nobody listens any more the work goes on."""
        from rich.console import Console

        class Stderr(Console):
            def on_broken_pipe(self) -> None:
                self.quiet = True

            def _write_buffer(self) -> None:
                try:
                    super()._write_buffer()
                except OSError:  # a full disk, as a pipe that nobody reads
                    self.quiet = True
                    self._buffer.clear()

        return Stderr(stderr=True, highlight=False)

    @property
    def is_interactive(self) -> bool:
        """Whether somebody can be asked."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    def info(self, sentence: str, *, bold: bool = False) -> None:
        """Say a sentence on standard error. When nobody listens any more the work goes on.

        Names and titles in it are foreign and cannot steer the terminal.
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
        """Write a report or a table: to files where they are named, else to standard output.

        `table` narrows a report to the one table of that name. What a CSV or Parquet file has no
        place for, what is covered and what not, is said.
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
    """Name an account by a digest: processes with the same one find each other by it."""
    text = "\0".join(part or "" for part in parts)
    return hashlib.blake2b(text.encode(), digest_size=8, person=b"patchfleet").hexdigest()


def _pace(
    store: "Store | None", calls: float, seconds: float, account: str
) -> "RateLimiter | None":
    """Return the pace of a client, so many calls in a time: shared where there is a store."""
    from patchfleet.transport.rate_limit import RateLimit, whole_calls

    if not calls:
        return None
    number, seconds = whole_calls(calls, seconds)
    if store is None:
        return RateLimit(number, seconds=seconds)
    return store.pace(account, number, seconds=seconds)


pass_session = click.make_pass_decorator(Session)
