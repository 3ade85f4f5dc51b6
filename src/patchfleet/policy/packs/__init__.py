"""Packs that come with Patchfleet, one file each beside this one, with their sources."""

from functools import cache
from importlib import resources

from patchfleet.errors import ConfigError
from patchfleet.policy.pack import Pack
from patchfleet.policy.pack_file import read_pack

NAMES: tuple[str, ...] = (
    "cisa-bod-26-04",
    "cyber-essentials-3.3",
    "pci-dss-4.0.1",
    "essential-eight",
    "nist-800-40r4",
    "cisa-bod-22-01",
    "cisa-bod-19-02",
)
"""Every pack by name: those in force first, the historical ones last."""


@cache
def load(name: str) -> Pack:
    """Return a pack by its name; raise `ConfigError` for an unknown name."""
    if name not in NAMES:
        raise ConfigError(
            f"there is no rule pack {name!r}", hint="known packs: " + ", ".join(NAMES)
        )
    file = f"{name}.toml"
    return read_pack(file, resources.files(__name__).joinpath(file).read_bytes())
