"""Print every failed patch on every server of the account, as CSV.

One call a client and one a server; the pace of the client is 60 calls a minute.
"""

import csv
import os
import sys

from patchfleet.nsight import NAble


def main() -> None:
    """Read the account that the environment names."""
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["client", "server", "patch", "kb", "released"])
    with NAble(
        os.environ.get("PATCHFLEET_NSIGHT_REGION"),
        os.environ["PATCHFLEET_NSIGHT_KEY"],
        base_url=os.environ.get("PATCHFLEET_NSIGHT_URL"),
    ) as nsight:
        for client in nsight.list_clients():
            for server in nsight.list_devices_at_client(client.client_id, "server"):
                if not server.patch:  # no patch management: nothing is known of its patches
                    continue
                for patch in nsight.list_patches(server.device_id):
                    if patch.status_name == "Failed":
                        released = patch.released_at and patch.released_at.date()
                        out.writerow(
                            [client.name, server.name, patch.patch_title, patch.kb, released]
                        )


if __name__ == "__main__":
    main()
