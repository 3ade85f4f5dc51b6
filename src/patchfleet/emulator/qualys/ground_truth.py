"""Ground truth of the subscription as plain data, for tests to compare with.

It reads state only and shares no code with the answers.
"""

from typing import Any

from patchfleet.emulator.qualys.asset import Asset
from patchfleet.emulator.qualys.state import SubscriptionState


def truth_of(state: SubscriptionState) -> dict[str, Any]:
    """Return assets, patches and tags as dicts and lists; times are ISO-8601 in UTC."""
    return {
        "assets": [_asset(asset) for asset in state.assets.values()],
        "patches": [
            {
                "uuid": patch.uuid,
                "platform": patch.platform,
                "title": patch.title,
                "kb": patch.kb,
                "severity": patch.vendor_severity,
                "superseded_by": list(patch.superseded_by),
            }
            for patch in state.patches.values()
        ],
        "tags": [{"id": tag.id, "name": tag.name} for tag in state.tags.values()],
        "agentless": [machine.name for machine in state.agentless],
    }


def _asset(asset: Asset) -> dict[str, Any]:
    machine = asset.machine
    return {
        "uuid": asset.uuid,
        "asset_id": asset.asset_id,
        "machine": machine.itself,
        "look_alike": machine.look_alike,
        "name": machine.name,
        "kind": machine.kind,
        "platform": asset.platform,
        "os": machine.system.name,
        "serial": machine.serial,
        "customer": machine.customer.name,
        "is_reporting": asset.is_reporting,
        "tags": sorted(asset.tag_ids),
        "missing": sorted(asset.missing),
        "installed": sorted(asset.installed),
        "reboot_pending": sorted(asset.reboot_pending),
    }
