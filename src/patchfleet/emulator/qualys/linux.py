"""Linux distributions of the subscription and packages with advisories.

All data is made up except the names of distributions and packages. N-sight shows no patches of
Linux machines, so these lines are not part of the world.
"""

from dataclasses import dataclass

from patchfleet.emulator.product_lines import IMPORTANT, SECURITY, ProductLine, Weights
from patchfleet.emulator.world import OperatingSystem


@dataclass(frozen=True, slots=True)
class Distribution:
    """One distribution; `line` is the first part of its product lines' names."""

    line: str
    name: str
    vendor: str
    advisory: str
    first_advisory: int
    system: OperatingSystem


DISTRIBUTIONS = (
    Distribution("ubuntu", "Ubuntu 24.04", "Ubuntu", "USN-{number}-1", 2000,
                 OperatingSystem("linux", "Ubuntu 24.04 LTS", "6.8.0", "")),
    Distribution("debian", "Debian 12", "Debian", "DSA-{number}-1", 2500,
                 OperatingSystem("linux", "Debian GNU/Linux 12", "6.1.0", "")),
    Distribution("rhel", "Red Hat Enterprise Linux 9", "Red Hat", "RHSA-20{year}:{number}", 3000,
                 OperatingSystem("linux", "Red Hat Enterprise Linux 9.4", "5.14.0", "")),
    Distribution("rocky", "Rocky Linux 9", "Rocky", "RLSA-20{year}:{number}", 3500,
                 OperatingSystem("linux", "Rocky Linux 9.4", "5.14.0", "")),
)  # fmt: skip

_PACKAGES: tuple[tuple[str, int, float, Weights], ...] = (
    ("linux-image", 21, 1.0, SECURITY),
    ("glibc", 120, 1.0, IMPORTANT),
    ("openssl", 60, 0.0, SECURITY),
    ("openssh", 120, 0.0, IMPORTANT),
    ("sudo", 150, 0.0, IMPORTANT),
    ("systemd", 150, 1.0, IMPORTANT),
    ("curl", 45, 0.0, IMPORTANT),
    ("python3", 60, 0.0, IMPORTANT),
    ("krb5", 150, 0.0, IMPORTANT),
    ("libxml2", 75, 0.0, IMPORTANT),
    ("vim", 30, 0.0, IMPORTANT),
    ("bind9", 75, 0.0, IMPORTANT),
    ("nginx", 90, 0.0, SECURITY),
    ("postgresql", 90, 0.0, IMPORTANT),
    ("php", 60, 0.0, SECURITY),
    ("docker", 60, 0.0, IMPORTANT),
)
"""Package, days between advisories, whether a restart is needed, severities."""

BASE_PACKAGES = 11
"""The number of packages that every machine has; the others are on some."""


def _line(distribution: Distribution, place: int) -> ProductLine:
    package, every_days, restart, severities = _PACKAGES[place]
    return ProductLine(
        name=f"{distribution.line} {package}",
        product=package,
        title=f"{distribution.vendor} security update for {package} ({distribution.advisory})",
        severities=severities,
        every_days=every_days,
        restart=restart,
        first_version=distribution.first_advisory + place * 200,
    )


LINUX_LINES: dict[str, ProductLine] = {
    line.name: line
    for line in (_line(one, place) for one in DISTRIBUTIONS for place in range(len(_PACKAGES)))
}
"""Every Linux line by name."""
