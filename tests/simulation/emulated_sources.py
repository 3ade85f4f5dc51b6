"""Sources over an emulated world, with its ground truth and the recorded findings by device.

A device is named by its source and its id; it has a row for each finding id.
"""

from collections import defaultdict
from contextlib import contextmanager

from qualys_ground_truth import true_decisions, true_states

from ground_truth import patched, recorded_findings, true_findings
from patchfleet.fleet import NSightSource, QualysSource
from patchfleet.nsight import NAble
from patchfleet.nsight import Retries as Tries
from patchfleet.qualys import Qualys, Retries
from patchfleet.store.queries import findings

VENDORS = ("nsight", "qualys")


@contextmanager
def reading(host, **settings):
    """Open a source for each vendor of an emulated world, by name; without waits or retries."""
    emulator, account = host.emulator, host.emulator.qualys
    given = {"rate_limit": None, "retries": Tries(attempts=1), **settings}
    with (
        NAble(base_url=host.url, key=host.api_key, **given) as nable,
        Qualys(
            account.username,
            account.password,
            override_platform={"gateway_url": host.url},
            retries=Retries(attempts=1),
        ) as qualys,
    ):
        yield {
            "nsight": NSightSource(nable, now=lambda: emulator.now),
            "qualys": QualysSource(qualys, now=lambda: emulator.now),
        }


def truth_of_nsight(emulator):
    """Return every patched device with the rows it has now, whole."""
    devices = {number: {} for number in patched(emulator)}
    for (device, number), row in true_findings(emulator).items():
        devices[device][number] = row
    return devices


def truth_of_qualys(emulator):
    """Return every asset with the state and the decision of each of its patches."""
    truth = emulator.ground_truth(vendor="qualys")
    wanted = true_decisions(truth)
    devices = {asset["uuid"]: {} for asset in truth["assets"]}
    for (asset, patch), state in true_states(truth).items():
        decision = "approve" if (asset, patch) in wanted else "do_nothing"
        devices[asset][patch] = state, decision
    return devices


TRUTH_OF = {"nsight": truth_of_nsight, "qualys": truth_of_qualys}


def learned(snapshot, source, vendor=None):
    """Return the recorded rows of each device of a source with findings, like its ground truth."""
    devices = defaultdict(dict)
    rows = [row for row in findings(snapshot) if row.source == source]
    if (vendor or source) == "nsight":
        for (device, number), row in recorded_findings(rows).items():
            devices[device][number] = row
    else:
        for row in rows:
            devices[row.device_id][row.finding_id] = row.state, row.decision
    return devices


def has(devices):
    """Return the devices that have rows: one without findings cannot be found by them."""
    return {number: rows for number, rows in devices.items() if rows}
