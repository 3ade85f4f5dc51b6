"""Servers of the N-sight territories [D: determine_url.htm], and the territories' aliases."""

import re
from urllib.parse import urlsplit

from patchfleet.errors import ConfigError

# Asia and Australia are written system-monitor, with a hyphen; the others are not.
SERVERS = {
    "americas": "www.am.remote.management",
    "asia": "wwwasia.system-monitor.com",
    "australia": "www.system-monitor.com",
    "europe": "wwweurope1.systemmonitor.eu.com",
    "france": "wwwfrance.systemmonitor.eu.com",
    "france1": "wwwfrance1.systemmonitor.eu.com",
    "germany": "wwwgermany1.systemmonitor.eu.com",
    "ireland": "wwwireland.systemmonitor.eu.com",
    "poland": "wwwpoland1.systemmonitor.eu.com",
    "united kingdom": "www.systemmonitor.co.uk",
    "united states": "www.systemmonitor.us",
}

ALIASES = {
    "ams": "americas",
    "au": "australia",
    "aus": "australia",
    "eu": "europe",
    "eur": "europe",
    "fr": "france",
    "fr1": "france1",
    "de": "germany",
    "deu": "germany",
    "ie": "ireland",
    "irl": "ireland",
    "pl": "poland",
    "pol": "poland",
    "uk": "united kingdom",
    "gb": "united kingdom",
    "gbr": "united kingdom",
    "us": "united states",
    "usa": "united states",
}

_HOST = re.compile(r"[a-z0-9][a-z0-9.-]*|[0-9a-f:.]+")  # an international name in its xn-- form
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def server_url(region: str) -> str:
    """Return the base address of a region's server, by territory or alias, in any case."""
    name = " ".join(region.casefold().split())
    server = SERVERS.get(ALIASES.get(name, name))
    if server is None:
        raise ConfigError(
            f"'{region}' is not an N-sight region",
            hint="one of: " + ", ".join([*SERVERS, *ALIASES]),
        )
    return f"https://{server}"


def checked_url(base_url: str) -> str:
    """Return a base address without its trailing slash; raise `ConfigError` if it is unsafe.

    The key travels to this address. A dashboard's own host works too if it answers; one that starts
    `www2` means `www` [O: peer]. Plain HTTP is accepted on this machine only.
    """
    not_one = ConfigError(
        "the base_url is not an http(s) address",
        hint="for example https://www.systemmonitor.us",
    )
    try:
        parts = urlsplit(base_url)
        port = parts.port
    except ValueError:  # an invalid port, or half an IPv6 address
        raise not_one from None
    host = parts.hostname
    if parts.scheme not in {"http", "https"} or port == 0 or not base_url.isprintable():
        raise not_one
    if not host or not _HOST.fullmatch(host):
        raise not_one
    if parts.query or parts.fragment or parts.username or parts.password:
        raise ConfigError(
            "the base_url may hold no user, query or fragment", hint="give the key as the key"
        )
    if parts.scheme == "http" and host not in LOOPBACK:
        raise ConfigError(f"the key would travel in clear text to {host}", hint="use https://")
    netloc = "www" + parts.netloc[4:] if host.startswith("www2.") else parts.netloc
    path = parts.path.rstrip("/").removesuffix("/api")
    return f"{parts.scheme}://{netloc}{path}"
