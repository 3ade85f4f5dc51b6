"""Recording of both accounts of an emulator."""

from patchfleet.doctor import NSIGHT_READS, QUALYS_READS, Recording, record
from patchfleet.emulator import Emulator
from patchfleet.nsight import NAble
from patchfleet.qualys import Qualys


def recording_of(emulator: Emulator, *, sample: int = 3, attempts: int = 1) -> Recording:
    """Record both accounts of an emulator."""
    with emulator.running() as host:
        account = emulator.qualys
        with (
            NAble(
                base_url=host.url, key=host.api_key, rate_limit=None, retries=attempts - 1
            ) as nable,
            Qualys(
                account.username, account.password, retries=attempts - 1,
                override_platform={"gateway_url": host.url},
            ) as qualys,
        ):  # fmt: skip
            nsight, _ = record(nable, NSIGHT_READS, sample=sample, attempts=attempts)
            gateway, _ = record(qualys, QUALYS_READS, sample=sample, attempts=attempts)
    return Recording({"nsight": nsight, "qualys": gateway})
