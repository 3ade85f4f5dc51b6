"""The current patches of devices, read from N-able without a sync."""

from patchfleet.cli.options import CommandLineError
from patchfleet.cli.session import Session
from patchfleet.errors import NotFound, Rejected
from patchfleet.fleet import NSightSource
from patchfleet.models import Finding, Selection
from patchfleet.report import Cell, Column, Table

COLUMNS = (
    Column("device_id", "Device"),
    Column("finding_id", "Patch id"),
    Column("patch", "Patch"),
    Column("kb", "KB"),
    Column("severity", "Severity", "severity"),
    Column("state", "State", "state"),
    Column("decision", "Decision", "state"),
    Column("is_own_decision", "Set on device", "flag"),
    Column("vendor_status", "N-able's status", is_detail=True),
    Column("vendor_decision", "N-able's policy", is_detail=True),
    Column("released_at", "Released", "date"),
    Column("installed_at", "Installed", "moment"),
    Column("product", "Product", is_detail=True),
)


def live_patches(session: Session, selection: Selection) -> Table:
    """Read the patches of the devices selected by id, and filter them."""
    if not selection.devices or not all(map(_is_id, selection.devices)):
        raise CommandLineError(
            "--live needs --device with the ids of the devices",
            hint="for example --device 100097; `patchfleet nsight devices` lists them",
        )
    if selection.customers or selection.sites or selection.kinds:
        raise CommandLineError(
            "--live can only be combined with --device",
            hint="without --live, all filters apply to the recorded patches",
        )
    rows = []
    with session.nable() as client:
        source = NSightSource(client)
        for device_id in dict.fromkeys(selection.devices):
            rows += [
                _row(device_id, finding)
                for finding in _findings_of(source, device_id)
                if _is_meant(finding, selection)
            ]
    return Table(name="patches", title="Patches now", columns=COLUMNS, rows=rows)


def _is_id(name: str) -> bool:
    return name.isascii() and name.isdigit()


def _findings_of(source: NSightSource, device_id: str) -> list[Finding]:
    """Read one device; N-able's error for a bad id does not name it [D: error_messages_.htm]."""
    try:
        return source.findings_of(device_id)
    except Rejected as error:
        if error.code != 4:
            raise
        raise NotFound(
            f"N-able has no device {device_id}, or the key cannot see it",
            vendor=error.vendor,
            operation=error.operation,
            hint="`patchfleet nsight devices` lists those it can see",
        ) from error


def _row(device_id: str, finding: Finding) -> tuple[Cell, ...]:
    patch = finding.patch
    return (
        device_id,
        finding.id,
        patch.title,
        patch.kb,
        patch.severity,
        finding.state,
        finding.decision,
        finding.is_own_decision,
        finding.vendor_status,
        finding.vendor_decision,
        patch.released_at,
        finding.installed_at,
        patch.product,
    )


def _is_meant(finding: Finding, selection: Selection) -> bool:
    return (
        (not selection.severities or finding.patch.severity in selection.severities)
        and (not selection.states or finding.state in selection.states)
        and selection.means_patch(finding.patch.title, finding.patch.kb)
    )
