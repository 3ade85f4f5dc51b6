"""Figures at the top of a report: machines, and open patches on machines, each counted once."""

from patchfleet.report.document import Metric
from patchfleet.report.wording import plural
from patchfleet.store.queries import MachineCount, WorkCount

_WORK = {
    "failed": "Failed",
    "reboot_required": "Waiting for reboot",
    "overdue_critical": "Overdue critical",
    "not_judged": "Not judged",
}


def machine_figure(counted: MachineCount) -> Metric:
    """Return the number of machines."""
    return Metric(name="machines", title="Machines", value=counted.machines)


def open_figure(count: int) -> Metric:
    """Return the number of open patches on machines."""
    return Metric(name="open", title="Open", value=count)


def work_figures(counted: WorkCount) -> tuple[Metric, ...]:
    """Return the open patches on machines, and those that need attention by reason."""
    return (
        open_figure(counted.open),
        *(
            Metric(name=name, title=title, value=getattr(counted, name), is_actionable=True)
            for name, title in _WORK.items()
        ),
    )


def counted_once(counted: MachineCount) -> tuple[str, ...]:
    """Describe the two units of a report whose machines have several devices."""
    if counted.machines == counted.devices:
        return ()
    machines, devices = plural(counted.machines, "machine"), plural(counted.devices, "device")
    sentence = (
        f"{machines}, listed as {devices}: the figures at the top count each machine, and a patch "
        "on it, once; tables count the devices of every account."
    )
    return (sentence,)
