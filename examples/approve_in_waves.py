"""Approve one KB on the servers of one client, a few at a time, and stop when one is not confirmed.

`python approve_in_waves.py "Acme Logistics" 5049981 2` approves KB5049981 on two servers at a time.
"""

import os
import sys
from itertools import islice

from patchfleet.nsight import NAble, Patch


def wanted(patches: list[Patch], kb: str) -> list[int]:
    """Return the ids of the patches with this KB number that nobody has decided about."""
    return [
        patch.patch_id
        for patch in patches
        if patch.kb == kb and patch.status_name == "Missing" and patch.deployable
    ]


def approve(nsight: NAble, device_id: int, kb: str) -> bool:
    """Approve a KB on one device; return whether the list read afterwards says so."""
    ids = wanted(nsight.list_patches(device_id), kb)
    if ids:
        nsight.approve_patches(device_id, ids)
    return not wanted(nsight.list_patches(device_id), kb)


def main() -> None:
    """Go through the servers in waves."""
    name, kb, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
    with NAble(
        os.environ.get("PATCHFLEET_NSIGHT_REGION"),
        os.environ["PATCHFLEET_NSIGHT_KEY"],
        base_url=os.environ.get("PATCHFLEET_NSIGHT_URL"),
    ) as nsight:
        (client,) = (one for one in nsight.list_clients() if one.name == name)
        servers = iter(nsight.list_devices_at_client(client.client_id, "server"))
        while wave := list(islice(servers, size)):
            done = {server.name: approve(nsight, server.device_id, kb) for server in wave}
            for server, is_done in done.items():
                print(f"{server}: {'approved' if is_done else 'NOT CONFIRMED'}")
            if not all(done.values()):
                sys.exit("stopped: not all of this wave is confirmed")


if __name__ == "__main__":
    main()
