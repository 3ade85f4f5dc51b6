"""The views that a person's SQL may use, and what each column means.

Law of this file: it names every column there is; a column once named keeps its name and meaning.
"""

_PLACE = {
    "source": "the source that says so: nsight, qualys",
    "customer_id": "the source's own id of the customer",
    "customer": "the customer's name",
    "site_id": "the source's own id of the site",
    "site": "the site's name",
    "device_id": "the source's own id of the device",
    "device": "the device's name",
    "device_key": "our number of the device, the same in every run",
}
_STANDING = {
    "finding_id": "the source's number of this patch on this device",
    "patch_id": "our number of this description of the patch",
    "state": "missing, pending, installing, installed, failed, ignored, reboot_required, unknown",
    "decision": "approve, ignore, do_nothing, unknown",
    "is_own_decision": "whether the decision was made for this device, not inherited",
    "vendor_status": "the source's own words for the state",
    "vendor_decision": "the source's own words for the decision",
    "installed_at": "when it was installed, as the source says",
    "first_seen_at": "when this finding was first listed on this device, ever",
    "changed_at": "when its state, decision or date of installation last changed",
}
_PATCH = {
    "patch": "the title",
    "product": "what it is for",
    "kb": "the Microsoft number, without the letters",
    "severity": "critical, important, moderate, low, unspecified",
    "vendor_severity": "the source's own word for the severity",
    "released_at": "when it was released",
    "url": "the vendor's page",
    "is_installable": "whether the source can install it; NULL where it does not say",
    "is_removable": "whether it can be removed; NULL where the source does not say",
    "vendor_id": "the source's number of the patch, where it is the same on every device",
    "cves": "the vulnerabilities it mends, as far as the source names them",
    "is_superseded": "whether another patch replaces it; NULL where the source does not say",
    "needs_reboot": "whether it takes a restart; NULL where the source does not say",
}
_KIND = {"kind": "server or workstation"}
_RUN = {"from_run": "the run that first said so"}
_SCANNED = {"scanned_at": "when the device's patches were last read"}
_AS_OF = {"as_of": "the source's own clock when it said all this"}

VIEWS: dict[str, dict[str, str]] = {
    "held": {
        **_PLACE,
        **_KIND,
        **_STANDING,
        **_PATCH,
        **_SCANNED,
        **_RUN,
        **_AS_OF,
        "age_days": "whole days since the release, at as_of",
    },
    "findings": {
        **{name: _PLACE[name] for name in _PLACE if name not in ("customer", "site", "device")},
        **_STANDING,
        **_SCANNED,
        **_RUN,
    },
    "intervals": {
        **_PLACE,
        **_KIND,
        **_STANDING,
        **{name: _PATCH[name] for name in ("patch", "kb", "severity", "released_at")},
        **_RUN,
        "to_run": "the run that no longer said so; NULL while it holds",
        "from_at": "when the source first said so",
        "to_at": "when it no longer said so; NULL while it holds",
    },
    "patches": {"source": _PLACE["source"], "patch_id": _STANDING["patch_id"], **_PATCH},
    "devices": {
        **_PLACE,
        **_KIND,
        **_SCANNED,
        "is_patched": "whether the source manages patches on it",
        "os": "the operating system",
        "description": "what the source says of it",
        "user": "who uses it",
        "serial": "the serial number of the machine",
        "mac_addresses": "the addresses of its network cards",
        "domain": "the domain or workgroup",
        "last_seen_at": "when the source last heard of it",
        "last_boot_at": "when it was last started",
    },
    "sites": {
        name: _PLACE[name] for name in ("source", "customer_id", "customer", "site_id", "site")
    },
    "customers": {name: _PLACE[name] for name in ("source", "customer_id", "customer")},
    "machines": {
        "machine_id": "the machine, named by the device that was its first; stays when that goes",
        "source": _PLACE["source"],
        "device_id": _PLACE["device_id"],
        "device_key": _PLACE["device_key"],
        "score": "how sure it is that the device is this machine, 0 to 100",
        "reasons": "why, in sentences",
    },
    "look_alikes": {
        "left_source": "the source of one device",
        "left_id": "its id there",
        "right_source": "the source of the other device",
        "right_id": "its id there",
        "kind": "re-imaged, renamed, cloned, shared hostname",
        "score": "how likely they are one machine, 0 to 70",
        "reasons": "what speaks for it",
        "against": "what speaks against it",
    },
    "runs": {
        "run_id": "the number of the sync",
        "source": _PLACE["source"],
        "state": "running, incomplete, complete, abandoned",
        "as_of": "the source's clock of it, or of the next complete run where it was none",
    },
    "publications": {
        "source": _PLACE["source"],
        "run_id": "the run that answers",
        **_AS_OF,
    },
}
"""Each view with its columns, in no order."""
