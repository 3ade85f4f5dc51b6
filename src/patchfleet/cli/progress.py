"""A progress bar on standard error while a sync runs; plain lines where nobody watches."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from patchfleet.fleet.sync import Progress

if TYPE_CHECKING:
    from rich.console import Console


@contextmanager
def sync_progress(talk: "Console", title: str) -> Iterator[Callable[[Progress], None]]:
    """Yield what a sync tells its progress to."""
    if not talk.is_terminal:
        yield lambda _: None
        return
    from rich import progress as bars

    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.TextColumn("{task.fields[state]}"),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(*columns, console=talk) as bar:
        task = bar.add_task(title, total=None, state="reading the inventory")

        def show(progress: Progress) -> None:
            state = f"{progress.scanned:,} of {progress.devices:,} devices"
            if progress.problems:
                state += f", {progress.problems:,} failed"
            if not progress.devices:
                state = f"reading the inventory, {progress.calls:,} calls"
            total = progress.devices or None
            bar.update(task, total=total, completed=progress.scanned, state=state)

        yield show
