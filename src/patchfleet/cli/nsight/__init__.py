"""`patchfleet nsight …`: a command for each operation of N-able's API."""

import click

from patchfleet.cli.account_option import AccountGroup

_LISTS = "patchfleet.cli.nsight.read"
_CHANGES = "patchfleet.cli.nsight.actions"

COMMANDS = {
    "clients": (f"{_LISTS}:clients", "List the clients (customers) the key can see."),
    "sites": (f"{_LISTS}:sites", "List the sites of all or some customers."),
    "devices": (f"{_LISTS}:devices", "List the devices of all or some customers."),
    "patches": (f"{_LISTS}:patches", "List recorded patches, or those of a device now."),
    "approve": (f"{_CHANGES}:approve", "Approve patches for the next installation window."),
    "ignore": (f"{_CHANGES}:ignore", "Keep patches from being installed."),
    "do-nothing": (f"{_CHANGES}:do_nothing", "Leave patches to the feature policy."),
    "inherit": (f"{_CHANGES}:inherit", "Remove the decision set on the device itself."),
    "retry": (f"{_CHANGES}:retry", "Retry failed patches in the next installation window."),
    "reprocess": (f"{_CHANGES}:reprocess", "Reprocess failed patches; the same as retry."),
}


@click.group(cls=AccountGroup, table=COMMANDS)
def command() -> None:
    """See and change patches through N-able N-sight RMM."""
