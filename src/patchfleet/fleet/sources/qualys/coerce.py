"""Gaps from values of Qualys that cannot be read, each with its device, patch or job."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from patchfleet.models import Device, Gap
from patchfleet.qualys.records.values import Door

NAMED: Final = 3
"""Records with the same problem that are named one by one."""


def gaps_of_devices(door: Door, devices: Mapping[str, Device]) -> list[Gap]:
    """Return the problems of assets and hosts: a gap a device, or a customer if it has many."""
    gaps: list[Gap] = []
    for problem in door.take():
        by_customer: dict[str | None, list[str]] = defaultdict(list)
        for record in problem.records:
            device = devices.get(record)
            by_customer[device.customer_id if device else None].append(record)
        for customer, records in by_customer.items():
            if len(records) > NAMED:
                names = [devices[one].name if one in devices else one for one in records]
                gaps.append(Gap("inventory", f"{_several(names, 'machines')}: {problem}", customer))
                continue
            for record in records:
                device = devices.get(record)
                name = f"device {record} {device.name}" if device else record
                number = record if device else None
                gaps.append(Gap("inventory", f"{name}: {problem}", customer, number))
    return gaps


def gaps_of(door: Door, subject: str, *, is_general: bool = False) -> list[Gap]:
    """Return the problems of patches or jobs as gaps."""
    return [
        Gap(subject, f"{_several(problem.records, subject)}: {problem}", is_general=is_general)
        for problem in door.take()
    ]


def _several(names: Iterable[str], what: str) -> str:
    given = list(names)
    if len(given) <= NAMED:
        return ", ".join(given)
    return f"{len(given):,} {what} ({', '.join(given[:NAMED])}, …)"
