"""`patchfleet nsight …`: what N-able's API can tell and do, one command each."""

import click

from patchfleet.cli.lazy_group import LazyGroup

_LISTS = "patchfleet.cli.nsight.read"
_CHANGES = "patchfleet.cli.nsight.actions"

COMMANDS = {
    "clients": (f"{_LISTS}:clients", "List the clients (customers) the key may see."),
    "sites": (f"{_LISTS}:sites", "List the sites of all or some customers."),
    "devices": (f"{_LISTS}:devices", "List the devices of all or some customers."),
    "patches": (f"{_LISTS}:patches", "List patches: of one device now, or of many as recorded."),
    "approve": (f"{_CHANGES}:approve", "Approve patches for the next installation window."),
    "ignore": (f"{_CHANGES}:ignore", "Keep patches from being installed."),
    "do-nothing": (f"{_CHANGES}:do_nothing", "Leave patches to the feature policy."),
    "inherit": (f"{_CHANGES}:inherit", "Take back what was set on the device itself."),
    "retry": (f"{_CHANGES}:retry", "Try failed patches again at the next window."),
    "reprocess": (f"{_CHANGES}:reprocess", "Reprocess failed patches, which is the same as retry."),
}


@click.group(cls=LazyGroup, table=COMMANDS)
def command() -> None:
    """See and change patches through N-able N-sight RMM."""
