"""Endpoint of a vendor: address, secrets, time-outs, proxy and trusted certificates.

Settings are checked on construction as far as that needs no network.
"""

import hashlib
import os
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import urlsplit

from patchfleet.config import Secret
from patchfleet.errors import ConfigError
from patchfleet.transport.login import Login

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Base address, secrets, time-outs, proxy and trusted certificates of a vendor's API.

    A vendor's key is either part of the query (`secret_query`) or used to log in (`login`).
    `timeout_seconds` bounds one call, from its connection to the last byte of its answer.
    `ca_file` is a PEM file to trust instead of the system's; `proxy` an address, "" for none, or
    None for the environment's. Raises `ConfigError` for invalid settings.
    """

    base_url: str
    secret_query: Mapping[str, Secret] = field(default_factory=dict)
    login: Login | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout_seconds: float = 60.0
    connect_timeout_seconds: float = 10.0
    proxy: str | None = field(default=None, repr=False)  # may hold a password
    ca_file: str | None = None
    longest_body_bytes: int = 256 * 1024 * 1024
    connections: int = 32

    def __post_init__(self) -> None:
        if not self.timeout_seconds > 0:
            raise ConfigError(f"a timeout of {self.timeout_seconds:g} seconds leaves no time")
        if self.connections < 1:
            raise ConfigError(f"{self.connections} connections are none", hint="at least 1")
        _checked_proxy(self.proxy or "")
        for name, value in self.headers.items():
            if not (value.isascii() and value.isprintable()):
                raise ConfigError(f"{name} holds characters that a header cannot carry")

    @property
    def host(self) -> str:
        """The host and port of the base address, for messages."""
        return urlsplit(self.base_url).netloc.rpartition("@")[2]

    def account_digest(self) -> str:
        """Return a digest of the server and the key or user, by which an account is recognised.

        A password is no part of it, so that it can be changed; no key can be read from it.
        """
        secrets = [f"{name}={key.reveal()}" for name, key in sorted(self.secret_query.items())]
        user = [] if self.login is None else [self.login.user]
        text = "\0".join((self.base_url.rstrip("/").lower(), *secrets, *user))
        return hashlib.blake2b(text.encode(), digest_size=16, person=b"pf-account").hexdigest()

    def proxy_address(self) -> str | None:
        """Return the proxy to use, or None: this machine is always reached directly."""
        if self.proxy is not None:
            return _checked_proxy(self.proxy)
        from urllib.request import getproxies, proxy_bypass

        parts = urlsplit(self.base_url)
        if parts.hostname in LOOPBACK or proxy_bypass(parts.hostname or ""):
            return None
        proxies = getproxies()
        return _checked_proxy(proxies.get(parts.scheme) or proxies.get("all") or "")

    def trust(self) -> ssl.SSLContext | bool:
        """Return the trusted certificates; False without TLS."""
        return _trust(self.ca_file) if self.base_url.startswith("https:") else False

    def timeouts(self) -> dict[str, float | None]:
        """Return the time-outs of the steps of one call, under the HTTP library's names."""
        return {
            "connect": min(self.connect_timeout_seconds, self.timeout_seconds),
            "read": self.timeout_seconds,
            "write": self.timeout_seconds,
            "pool": None,  # each transport has one connection, and one call at a time
        }


def _checked_proxy(address: str) -> str | None:
    """Return a proxy's address with its scheme, None for none; no message repeats its password."""
    if not address:
        return None
    whole = address if "://" in address else f"http://{address}"
    try:
        parts = urlsplit(whole)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # an invalid port, or half an IPv6 address
        usable = False
    if not (usable and whole.isprintable()):
        raise ConfigError(
            "the proxy's address cannot be used", hint="for example http://proxy.example:3128"
        )
    return whole


@cache
def _trust(ca_file: str | None) -> ssl.SSLContext:
    """Make one TLS context per process: loading the system's authorities is slow.

    The HTTP library sets the same ALPN protocols at each connection. They are set here once: set
    again, they are freed while another thread's connection copies them without the interpreter's
    lock, and one in some thousands of handshakes fails for a bad extension.
    """
    context = _context(ca_file)
    context.set_alpn_protocols(["http/1.1"])
    context.set_alpn_protocols = _ignore_alpn  # type: ignore[method-assign]
    return context


def _ignore_alpn(alpn_protocols: Iterable[str]) -> None:
    """Keep the protocols that are set."""


def _context(ca_file: str | None) -> ssl.SSLContext:
    import httpx2

    try:
        if ca_file is None:
            return httpx2.create_ssl_context()
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # not there, not readable, or not PEM (an SSLError is an OSError)
        named = ca_file or ", ".join(
            f"{name}={os.environ[name]}"
            for name in ("SSL_CERT_FILE", "SSL_CERT_DIR")
            if name in os.environ
        )
        raise ConfigError(
            f"the CA file {named} cannot be used: {error.strerror or error}",
            hint="give a file of certificates in PEM form",
        ) from error
