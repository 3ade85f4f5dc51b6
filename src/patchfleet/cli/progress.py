"""A progress bar on standard error while a sync runs; nothing where that is no terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from patchfleet.fleet.outcome import SyncProgress

if TYPE_CHECKING:
    from rich.console import Console


@contextmanager
def sync_progress(
    stderr: "Console",
) -> Iterator[Callable[[str, float], Callable[[SyncProgress], None]]]:
    """Yield a function that returns the progress callback of one sync, by its title and limit.

    The limit is in calls per minute, 0 if there is none.
    """
    with _shown(stderr) as bar_of:

        def one(title: str, calls_per_minute: float) -> Callable[[SyncProgress], None]:
            show = bar_of(title)
            is_cost_shown = False

            def update(progress: SyncProgress) -> None:
                nonlocal is_cost_shown
                if progress.devices and not is_cost_shown:
                    is_cost_shown = True
                    cost = _cost(progress.devices - progress.scanned, calls_per_minute)
                    if cost:
                        stderr.print(f"{title}: {cost}")
                show(progress)

            return update

        yield one


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
def _shown(stderr: "Console") -> Iterator[Callable[[str], Callable[[SyncProgress], None]]]:
    """Yield a function that adds a bar with a title: on a terminal, else it shows nothing."""
    if not stderr.is_terminal:
        yield lambda _title: lambda _progress: None
        return
    from rich import progress as bars

    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.TextColumn("{task.fields[state]}"),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(*columns, console=stderr) as shown:

        def one(title: str) -> Callable[[SyncProgress], None]:
            task = shown.add_task(title, total=None, state="reading the inventory")

            def show(progress: SyncProgress) -> None:
                state = f"{progress.scanned:,} of {progress.devices:,} devices"
                if progress.problems:
                    state += f", {progress.problems:,} failed"
                if not progress.devices:
                    state = f"reading the inventory, {progress.calls:,} calls"
                total = progress.devices or None
                shown.update(task, total=total, completed=progress.scanned, state=state)

            return show

        yield one
