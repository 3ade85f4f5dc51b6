"""SQL views for users, with the meaning of each column.

A column keeps its name and meaning. Those of devices, patches, statuses and jobs are in
`store.attributes`.
"""

from patchfleet.store.attributes import (
    DEVICE,
    JOB,
    JOB_RESULT,
    JOB_RUN,
    PATCH,
    STATUS,
    meanings,
)
from patchfleet.store.views.change_rows import COLUMNS

_ACCOUNT = {
    "source": "the account, as `account`: its former name",
    "account": "the account, by its name in the settings; nsight or qualys if it has none",
}
_PLACE = {
    **_ACCOUNT,
    "customer_id": "the source's own id of the customer",
    "customer": "the customer's name",
    "site_id": "the source's own id of the site",
    "site": "the site's name",
    "device_id": "the source's own id of the device",
    "device": "the device's name",
    "device_key": "Patchfleet's number of the device, the same in every run",
}
_FINDING = {
    "finding_id": "the source's number of this patch on this device",
    "patch_id": "Patchfleet's number of this description of the patch",
    **meanings(STATUS),
    "installed_at": "when it was installed, as the source reports",
    "first_seen_at": "when this finding was first listed on this device",
    "changed_at": "when its state, decision or date of installation last changed",
}
_PATCH = meanings(PATCH)
_DEVICE = meanings(DEVICE)
_KIND = {"kind": _DEVICE["kind"]}
_RUN = {"from_run": "the first run that reported it"}
_SCANNED = {"scanned_at": "when the device's patches were last read"}
_AS_OF = {"as_of": "the time of the data, by the source's clock"}

VIEWS: dict[str, dict[str, str]] = {
    "findings": {
        **_PLACE,
        **_KIND,
        **_FINDING,
        **_PATCH,
        **_SCANNED,
        **_RUN,
        **_AS_OF,
        "age_days": "whole days since the release, at as_of",
    },
    "finding_history": {
        **_PLACE,
        **_KIND,
        **_FINDING,
        **{name: _PATCH[name] for name in ("patch", "kb", "severity", "released_at")},
        **_RUN,
        "to_run": "the first run that no longer reported it; NULL while it is current",
        "valid_from": "when the source first reported it",
        "valid_to": "when the source no longer reported it; NULL while it is current",
    },
    "patch_history": {
        **_ACCOUNT,
        "patch_key": "what ties descriptions of one patch together: id: is the source's number of "
        "it; where it has none, kb: or else title:, with the product in parentheses",
        "patch_id": _FINDING["patch_id"],
        **_PATCH,
        "from_run": "the complete run that first had it on a device",
        "valid_from": "when the source reported it",
        "to_run": "the first complete run that had it on no device; NULL while a device has it",
        "valid_to": "when the source reported that; NULL while a device has it",
    },
    "finding_lifecycle": {
        **_PLACE,
        **_KIND,
        **{name: _PATCH[name] for name in ("patch", "kb", "severity", "released_at")},
        **{name: _FINDING[name] for name in ("finding_id", "first_seen_at", "installed_at")},
        "state": "the last state it was in",
        "decision": "the last decision on it",
        "first_missing_at": "when a run first saw it not installed",
        "first_missing_run": "that run",
        "first_approved_at": "when a run first saw it approved",
        "first_approved_run": "that run",
        "failure_count": "how often it went into the state failed, as far as runs saw",
        "last_failed_at": "when it last did",
        "last_failed_run": "the run that saw that",
        "first_installed_at": "when a run first saw it installed",
        "first_installed_run": "that run",
        "first_ignored_at": "when a run first saw it ignored",
        "first_ignored_run": "that run",
        "removed_at": "when the source no longer listed it; NULL while it does",
        "removed_run": "the run that saw that",
        **_SCANNED,
    },
    "patches": {**_ACCOUNT, "patch_id": _FINDING["patch_id"], **_PATCH},
    "devices": {
        **_PLACE,
        **_DEVICE,
        **_SCANNED,
    },
    "sites": {
        name: _PLACE[name] for name in (*_ACCOUNT, "customer_id", "customer", "site_id", "site")
    },
    "customers": {name: _PLACE[name] for name in (*_ACCOUNT, "customer_id", "customer")},
    "machines": {
        "machine_id": "the machine, named by the device that was its first; stays when that goes",
        **_ACCOUNT,
        "device_id": _PLACE["device_id"],
        "device_key": _PLACE["device_key"],
        "score": "confidence that the device is this machine, 0 to 100",
        "reasons": "the evidence, in sentences",
    },
    "match_candidates": {
        "left_source": "the account of one device, as `left_account`",
        "left_account": "the account of one device",
        "left_id": "its id there",
        "right_source": "the account of the other device, as `right_account`",
        "right_account": "the account of the other device",
        "right_id": "its id there",
        "kind": "re-imaged, renamed, cloned, shared hostname",
        "score": "how likely they are one machine, 0 to 70",
        "evidence_for": "what supports it",
        "evidence_against": "what contradicts it",
    },
    "jobs": {**_ACCOUNT, **meanings(JOB)},
    "job_runs": {
        **_ACCOUNT,
        **meanings(JOB_RUN),
        "finished_count": "on how many it has ended",
    },
    "job_results": {**_ACCOUNT, **meanings(JOB_RESULT)},
    "changes": {name: meaning for name, (_, meaning) in COLUMNS.items()},
    "runs": {
        "run_id": "the number of the sync",
        **_ACCOUNT,
        "state": "running, incomplete, complete, abandoned, pruned",
        "as_of": "the source's clock of it, or of the next complete run where it was none",
    },
    "publications": {
        **_ACCOUNT,
        "run_id": "the run that answers",
        **_AS_OF,
    },
}
"""Each view with its columns, in no order."""
