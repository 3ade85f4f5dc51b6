"""A progress bar on standard error while a sync runs; nothing where that is no terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from patchfleet.fleet.outcome import SyncProgress

if TYPE_CHECKING:
    from rich.console import Console


@contextmanager
def sync_progress(
    stderr: "Console", title: str, calls_per_minute: float
) -> Iterator[Callable[[SyncProgress], None]]:
    """Yield the progress callback of a sync; `calls_per_minute` is 0 if there is no limit."""
    with _shown(stderr, title) as show:
        is_cost_shown = False

        def update(progress: SyncProgress) -> None:
            nonlocal is_cost_shown
            if progress.devices and not is_cost_shown:
                is_cost_shown = True
                cost = _cost(progress.devices - progress.scanned, calls_per_minute)
                if cost:
                    stderr.print(cost)
            show(progress)

        yield update


def _cost(calls: int, calls_per_minute: float) -> str:
    """Return an estimate of the time to read the devices, or '' below half a minute."""
    minutes = calls / calls_per_minute if calls_per_minute else 0
    if minutes < 0.5:
        return ""
    return (
        f"{calls:,} devices to read, one call each: about {max(1, round(minutes)):,} min "
        f"at {calls_per_minute:g} calls a minute"
    )


@contextmanager
def _shown(stderr: "Console", title: str) -> Iterator[Callable[[SyncProgress], None]]:
    """Yield a function that shows progress: as a bar on a terminal, else not at all."""
    if not stderr.is_terminal:
        yield lambda _: None
        return
    from rich import progress as bars

    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.TextColumn("{task.fields[state]}"),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(*columns, console=stderr) as bar:
        task = bar.add_task(title, total=None, state="reading the inventory")

        def show(progress: SyncProgress) -> None:
            state = f"{progress.scanned:,} of {progress.devices:,} devices"
            if progress.problems:
                state += f", {progress.problems:,} failed"
            if not progress.devices:
                state = f"reading the inventory, {progress.calls:,} calls"
            total = progress.devices or None
            bar.update(task, total=total, completed=progress.scanned, state=state)

        yield show
