"""Count the patches of a whole account by status, all devices side by side.

The pace holds for all tasks together, so that side by side never means faster than allowed.
"""

import asyncio
import os
from collections import Counter

from patchfleet.nsight import AsyncNAble


async def main() -> None:
    """Read the account that the environment names."""
    async with AsyncNAble(
        os.environ.get("PATCHFLEET_NSIGHT_REGION"),
        os.environ["PATCHFLEET_NSIGHT_KEY"],
        base_url=os.environ.get("PATCHFLEET_NSIGHT_URL"),
    ) as nsight:
        clients = await nsight.list_clients()
        lists = await asyncio.gather(
            *(
                nsight.list_devices_at_client(client.client_id, kind)
                for client in clients
                for kind in ("server", "workstation")
            )
        )
        managed = [device for devices in lists for device in devices if device.patch]
        patches = await asyncio.gather(*(nsight.list_patches(one.device_id) for one in managed))
    counts = Counter(patch.status_name for of_device in patches for patch in of_device)
    for status, number in counts.most_common():
        print(f"{number:>7,}  {status}")


if __name__ == "__main__":
    asyncio.run(main())
