"""Qualys's words beside ours, as a sync translates them."""

from collections.abc import Mapping

from docs.generator.tables import code, explained, table
from patchfleet.fleet.sources.qualys.findings import STATES
from patchfleet.fleet.sources.qualys.jobs import JOBS, RESULTS
from patchfleet.models import JOB_STATUSES, JobStatus
from patchfleet.models import SEVERITIES as OURS
from patchfleet.models.vocabulary import SEVERITY_WORDS

_STATES = {
    "missing": "in `missingPatches`",
    "installed": "in `installedPatches`",
    "failed": "in `missingPatches`, and `failed` in the newest result of a job that names it",
    "reboot_required": "in `missingPatches`, `success` in that result, and the asset has a "
    "`pendingReboot`",
}


def states() -> str:
    """Return a table of the states that findings of Qualys have."""
    explained(set(STATES.values()), _STATES, "states of Qualys")
    return table(("state", "what Qualys reports"), ((code(n), said) for n, said in _STATES.items()))


def severities() -> str:
    """Return a table of severities with Qualys's words."""
    words = {ours: [w for w, meant in SEVERITY_WORDS.items() if meant == ours] for ours in OURS}
    rest = {"unspecified": ", any other, or none"}
    return table(
        ("severity", "Qualys's word"),
        (
            (code(ours), ", ".join(map(str.title, words[ours])) + rest.get(ours, ""))
            for ours in OURS
        ),
    )


def statuses() -> str:
    """Return a table of how jobs, and their results on one asset, stand, with Qualys's words."""
    rows = [(code(ours), _words(JOBS, ours), _words(RESULTS, ours)) for ours in JOB_STATUSES]
    return table(("status", "of a job", "of a result"), rows)


def _words(of: Mapping[str, JobStatus], ours: str) -> str:
    if ours == "unknown":
        return "any other"
    return ", ".join(word.capitalize() for word, meant in of.items() if meant == ours)
