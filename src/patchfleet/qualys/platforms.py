"""Gateways of the Qualys platforms, and the base addresses that are accepted.

The pods and their hosts are listed in docs/qualys.md: US1 and US2 documented [D: jwt, gs],
the others observed [O: peer, qualys-cli]; two are disputed (EU3, UK1), so every address can be set.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final
from urllib.parse import urlsplit

from patchfleet.errors import ConfigError
from patchfleet.transport.endpoint import LOOPBACK

GATEWAYS: Final[Mapping[str, str]] = {
    "qg1": "gateway.qg1.apps.qualys.com",
    "qg2": "gateway.qg2.apps.qualys.com",
    "qg3": "gateway.qg3.apps.qualys.com",
    "qg4": "gateway.qg4.apps.qualys.com",
    "gov1": "gateway.gov1.qualys.us",
    "eu1": "gateway.qg1.apps.qualys.eu",
    "eu2": "gateway.qg2.apps.qualys.eu",
    "eu3": "gateway.qg3.apps.qualys.it",
    "in1": "gateway.qg1.apps.qualys.in",
    "ca1": "gateway.qg1.apps.qualys.ca",
    "ae1": "gateway.qg1.apps.qualys.ae",
    "uk1": "gateway.qg1.apps.qualys.co.uk",
    "au1": "gateway.qg1.apps.qualys.com.au",
    "ksa1": "gateway.qg1.apps.qualysksa.com",
}
"""Host of patch management, mitigation and asset inventory, by platform."""

ALIASES: Final[Mapping[str, str]] = {"us1": "qg1", "us2": "qg2", "us3": "qg3", "us4": "qg4"}
"""Names of pods that differ from those of the existing SDK."""

OVERRIDES: Final = ("gateway_url", "api_url", "qualysguard_url")
"""The keys of `override_platform`, named as in the existing SDK; only the gateway is called."""


def gateway_of(platform: str) -> str:
    """Return the base address of a platform's gateway; raise `ConfigError` with the known names."""
    name = platform.strip().lower() if isinstance(platform, str) else ""
    host = GATEWAYS.get(ALIASES.get(name, name))
    if host is None:
        known = [*GATEWAYS, *ALIASES]
        close = get_close_matches(name, known, 1)
        raise ConfigError(
            f"there is no Qualys platform '{platform}'",
            hint=f"did you mean '{close[0]}'?" if close else "known are " + ", ".join(known),
        )
    return f"https://{host}"


def overridden(override: Mapping[str, str], *, allow_http: bool = False) -> str:
    """Return the gateway of `override_platform`; raise `ConfigError` for an invalid entry."""
    for key in override:
        if key not in OVERRIDES:
            raise ConfigError(
                f"override_platform has no '{key}'", hint="it may hold " + ", ".join(OVERRIDES)
            )
    gateway = override.get("gateway_url")
    if not gateway:
        raise ConfigError(
            "override_platform has no 'gateway_url'",
            hint="patch management answers on the gateway, for example https://gateway.example",
        )
    for key in OVERRIDES:
        if override.get(key):
            checked_url(override[key], key, allow_http=allow_http)
    return checked_url(gateway, "gateway_url", allow_http=allow_http)


def checked_url(address: str, name: str, *, allow_http: bool = False) -> str:
    """Return an address with its scheme and without a final slash; raise `ConfigError` if invalid.

    Without a scheme it is https. Plain http is for this machine only, unless `allow_http`: a
    password and a token travel over it.
    """
    text = str(address).strip()
    whole = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(whole)
        port_is_usable = parts.port != 0
    except ValueError:  # an invalid port, or half an IPv6 address
        raise _unusable(name) from None
    host = parts.hostname or ""
    plain = not parts.username and not parts.query and not parts.fragment and whole.isprintable()
    if parts.scheme not in {"http", "https"} or not host or not port_is_usable or not plain:
        raise _unusable(name)
    if not whole.isascii() or " " in whole:
        raise _unusable(name)
    if parts.scheme == "http" and host not in LOOPBACK and not allow_http:
        raise ConfigError(
            f"{name} would send the password to {host} without TLS",
            hint="use https://, or allow_http=True if you know the way there is safe",
        )
    return whole.rstrip("/")


def _unusable(name: str) -> ConfigError:
    return ConfigError(f"{name} is not a valid address", hint="for example https://gateway.example")
