"""Expected result of an N-sight sync, computed from the emulator's ground truth alone."""

from datetime import datetime

STATES = {
    1: "missing",
    2: "pending",
    4: "installing",
    8: "installed",
    16: "failed",
    32: "ignored",
    64: "reboot_required",
}
CHOICES = {1: "ignore", 2: "approve", 4: "do_nothing"}
OWN = 64


def true_devices(emulator):
    """Return every device with its customer and site."""
    return [
        (customer, site, device)
        for customer in emulator.ground_truth()["customers"]
        for site in customer["sites"]
        for device in site["devices"]
    ]


def patched(emulator):
    """Return the ids of the devices that a sync has to read, in Patchfleet's form."""
    return [
        str(device["deviceid"]) for _, _, device in true_devices(emulator) if device["is_managed"]
    ]


def true_findings(emulator):
    """Return the row of every finding, by device and finding id."""
    return {
        (str(device["deviceid"]), str(row["patchid"])): _finding(customer, site, device, row)
        for customer, site, device in true_devices(emulator)
        if device["is_managed"]
        for row in device["patches"]
    }


def recorded_findings(rows):
    """Return the recorded findings in the same form."""
    return {
        (row.device_id, row.finding_id): (
            row.customer_id,
            row.customer,
            row.site_id,
            row.site,
            row.device,
            row.kind,
            row.patch,
            row.product,
            row.kb,
            row.severity,
            row.state,
            row.decision,
            row.is_own_decision,
            row.released_at,
            row.installed_at,
            row.is_installable,
            row.is_removable,
            row.url,
        )
        for row in rows
    }


def _finding(customer, site, device, row):
    return (
        str(customer["clientid"]),
        customer["name"],
        str(site["siteid"]),
        site["name"],
        device["name"],
        device["kind"],
        row["title"],
        row["product"],
        row["kb"] and row["kb"].removeprefix("KB"),
        row["severity"].lower(),
        STATES[row["status"]],
        CHOICES[row["policy"] & ~OWN],
        bool(row["policy"] & OWN),
        _moment(row["released_at"]),
        _moment(row["installed_at"]),
        row["is_deployable"],
        row["is_uninstallable"],
        row["url"] or None,
    )


def _moment(text):
    return datetime.fromisoformat(text) if text else None
