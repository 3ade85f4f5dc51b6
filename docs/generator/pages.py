"""Which pages there are, and the parts of them that are made from the code.

A generated part stands between `<!-- generated: NAME -->` and `<!-- end -->`. Law of this file:
everything outside those marks is somebody's own words and stays.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from docs.generator import (
    commands,
    configuration,
    emulation,
    endpoints,
    job_parameters,
    library,
    packs,
    public_names,
    qualys,
    qualys_source,
    renamed,
    reports,
    views,
    words,
)

HOME = Path(__file__).parent.parent.parent

PARTS: Mapping[str, Callable[[], str]] = {
    "commands": commands.commands,
    "settings": configuration.settings,
    "environment": configuration.environment,
    "exit-codes": configuration.exit_codes,
    "regions": library.regions,
    "client-settings": library.client_settings,
    "errors": library.errors,
    "operations": library.operations,
    "records": library.records,
    "qualys-platforms": qualys.platforms,
    "qualys-settings": qualys.account_settings,
    "qualys-endpoints": endpoints.endpoints,
    "qualys-operations": qualys.operations,
    "qualys-job-parameters": job_parameters.job_parameters,
    "qualys-records": qualys.records,
    "qualys-defects": qualys.defects,
    "qualys-states": qualys_source.states,
    "qualys-severities": qualys_source.severities,
    "qualys-statuses": qualys_source.statuses,
    "emulator-settings": emulation.settings,
    "controls": emulation.controls,
    "faults": emulation.faults,
    "faults-hostile": emulation.hostile_faults,
    "faults-nsight": emulation.nsight_faults,
    "faults-qualys": emulation.qualys_faults,
    "states": words.states,
    "policies": words.policies,
    "decisions": words.decisions,
    "packs": packs.packs,
    "reports": reports.reports,
    "views": views.views,
    "published-files": views.files,
    "public-names": public_names.public_names,
    "renamed-names": renamed.public_names,
    "renamed-modules": renamed.modules,
    "renamed-command-line": renamed.command_line,
    "renamed-settings": renamed.settings,
    "renamed-fields": renamed.fields,
    "renamed-members": renamed.members,
    "renamed-views": renamed.views,
}
"""What makes each generated part, by its name."""

OTHERS = frozenset({"docs/benchmarks.md"})
"""Pages that something else writes: `script/bench`. Nothing here reads or changes them."""

_PART = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def all_pages() -> list[Path]:
    """Return every page that is ours to write, the front page first."""
    top = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "examples/README.md")
    below = sorted((HOME / "docs").rglob("*.md"))
    return [*(HOME / name for name in top), *(page for page in below if is_ours(page))]


def is_ours(page: Path) -> bool:
    """Say whether a page is written here, and not by something else."""
    return page.relative_to(HOME).as_posix() not in OTHERS


def with_generated_parts(page: str) -> str:
    """Return the text of a page with its generated parts made anew; raise KeyError for no part."""
    return _PART.sub(lambda found: f"{found[1]}\n{PARTS[found[2]]()}\n{found[3]}", page)
