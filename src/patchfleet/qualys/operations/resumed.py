"""Interrupted changes, rebuilt from the journal to be read back."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from patchfleet.qualys.operations import job_changes, reports
from patchfleet.transport.operation import Change


class Sent(Protocol):
    """A change as a journal keeps it; `finding_ids` are the ids of the jobs."""

    @property
    def action(self) -> str: ...  # noqa: D102
    @property
    def finding_ids(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def marker(self) -> str: ...  # noqa: D102
    @property
    def asked(self) -> Any: ...  # noqa: D102


_MADE: Mapping[str, Callable[[Sent], Change[Any]]] = {
    "create_job": lambda sent: job_changes.made_of(sent.asked, sent.marker),
    "create_mitigation_job": lambda sent: reports.mitigation_of(sent.asked, sent.marker),
    "update_job": lambda sent: job_changes.updating(sent.finding_ids[0], sent.asked),
    "change_job_status": lambda sent: job_changes.change_job_status(
        sent.asked["status"], list(sent.finding_ids)
    ),
    "delete_job": lambda sent: job_changes.delete_job(list(sent.finding_ids)),
    "delete_mitigation_job": lambda sent: reports.delete_mitigation_job(list(sent.finding_ids)),
}


def made_again(sent: Sent) -> Change[Any] | None:
    """Rebuild a change from the journal to be read back; return None if it cannot be read back."""
    make = _MADE.get(sent.action)
    return None if make is None else make(sent)
