"""One N-sight account over the emulated world: its devices, and lookups and changes by id.

State and rules without bytes or HTTP. N-sight calls a customer *client*; the modules that write
answers use its words.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from patchfleet.emulator.catalogue import Catalogue, Patch
from patchfleet.emulator.nsight import ids
from patchfleet.emulator.nsight.device import Device, Ticker, Verb
from patchfleet.emulator.nsight.envelope import invalid_value
from patchfleet.emulator.nsight.initial_state import make_device
from patchfleet.emulator.world import Customer, Machine, Site, World


@dataclass(slots=True)
class _Delayed:
    """An approval action that takes effect later."""

    at: datetime
    device: Device
    patchids: Sequence[int]
    verb: Verb


@dataclass(slots=True)
class Account:
    """State of the account; made by `open_account`.

    `fragments` caches the written form of each patch, which is the same on every device.
    """

    world: World
    api_key: str
    now: datetime
    ticker: Ticker
    devices: dict[int, Device]
    settle_seconds: float = 0
    fails_without_patching: bool = False
    fragments: dict[Patch, tuple[bytes, bytes]] = field(default_factory=dict)
    _delayed: list[_Delayed] = field(default_factory=list)

    def advance_to(self, until: datetime) -> None:
        """Let everything due up to `until` happen."""
        while self._delayed and self._delayed[0].at <= until:
            change = self._delayed.pop(0)
            self.ticker.advance(change.device, change.at)
            change.device.set_policy(change.patchids, change.verb)
        for device in self.devices.values():
            self.ticker.advance(device, until)
        self.now = until

    def set_policy(self, device: Device, patchids: Sequence[int], verb: Verb) -> None:
        """Set the policy of rows, immediately or after the account's delay."""
        if not self.settle_seconds:
            device.set_policy(patchids, verb)
            return
        at = self.now + timedelta(seconds=self.settle_seconds)
        self._delayed.append(_Delayed(at, device, patchids, verb))

    def manual_action(self, deviceid: int, act: str) -> None:
        """Do what a person can do now: `install` what is approved, or `restart` the machine.

        Raises ValueError for another act, and for a device that is unknown, silent or unmanaged.
        """
        device = self.devices.get(deviceid)
        if device is None or device.machine.silent_days or not device.machine.is_managed:
            raise ValueError(f"device {deviceid} is unknown, silent or without patch management")
        if act == "install":
            self.ticker.install(device, self.now, manual_action=True)
        elif act == "restart":
            self.ticker.restart(device, self.now)
        else:
            raise ValueError(f"a person can install or restart, not {act!r}")

    def client(self, clientid: int) -> Customer:
        """Return a client by id; raise Refused if there is none."""
        for customer in self.world.customers:
            if ids.client_id(customer) == clientid:
                return customer
        raise invalid_value("clientid")

    def site(self, siteid: int) -> Site:
        """Return a site by id; raise Refused if there is none."""
        for site in self.world.sites:
            if ids.site_id(site) == siteid:
                return site
        raise invalid_value("siteid")

    def device(self, deviceid: int) -> Device:
        """Return a device by id; raise Refused if there is none."""
        device = self.devices.get(deviceid)
        if device is None:
            raise invalid_value("deviceid")
        return device

    def asset(self, assetid: int) -> Device:
        """Return the device with an asset id; raise Refused if there is none."""
        for device in self.devices.values():
            if ids.asset_id(device.machine) == assetid:
                return device
        raise invalid_value("assetid")

    def check(self, checkid: int) -> tuple[Device, int]:
        """Return the device of a check and the check's place; raise Refused if there is none."""
        for device in self.devices.values():
            for place in range(ids.CHECKS_PER_DEVICE):
                if ids.check_id(device.machine, place) == checkid:
                    return device, place
        raise invalid_value("checkid")

    def machines(self, customer: Customer, kind: str) -> list[Machine]:
        """Return the machines of a kind at a client, by site name and then by name."""
        own = [
            machine
            for machine in self.world.machines
            if machine.customer is customer and machine.kind == kind
        ]
        return sorted(own, key=lambda machine: (machine.site.name, machine.name))


def open_account(
    seed: int,
    world: World,
    *,
    start: datetime,
    patches: int,
    exactly: bool,
    settle_seconds: float,
    fails_without_patching: bool,
) -> Account:
    """Return the account of a world as of `start`; see `Emulator` for the settings."""
    catalogue = Catalogue(seed)
    ticker = Ticker(seed, catalogue, len(world.machines))
    managed = sum(machine.is_managed for machine in world.machines)
    average = patches if exactly else round(patches * len(world.machines) / max(1, managed))
    devices = {}
    for machine in world.machines:
        device = make_device(
            seed, machine, catalogue, ticker, start=start, patches=average, exactly=exactly
        )
        devices[device.deviceid] = device
    return Account(
        world=world,
        api_key=ids.api_key(seed),
        now=start,
        ticker=ticker,
        devices=devices,
        settle_seconds=settle_seconds,
        fails_without_patching=fails_without_patching,
    )
