"""Addresses of databases and storages without their secrets, for messages and reports.

Invariant: an address is rebuilt from parts known to be no secret; a part that is not understood is
not shown (tests/config/test_secrets_shown.py).
"""

import re
from urllib.parse import unquote, unquote_plus

from msgspec import Struct

_HOSTS = re.compile(r"[\w.,\-\[\]:%]*")
_PORT = re.compile(r"(?:\[[^\]]*\]|[^:\[\]]*)(?::\d*)?")
_PATH = re.compile(r"(?:/[\w.\-~%+ ]*)*")
_OPTION = re.compile(r"[A-Za-z_][\w.-]*")
_SHOWN = {
    "application_name", "channel_binding", "client_encoding", "connect_timeout", "dbname",
    "gssencmode", "host", "hostaddr", "keepalives", "load_balance_hosts", "port", "sslmode",
    "sslrootcert", "target_session_attrs", "user",
}  # fmt: skip
"""Options of libpq whose value is not a secret and does not lead to one
[https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS]."""
_LEADS = {"passfile", "service", "servicefile", "sslkey", "sslcert"}
"""Options whose value is the place of a secret: not shown, and not a secret itself."""
_DATABASE = "dbname"
_KEYWORD = re.compile(
    r"(?:^|\s)(?:host|hostaddr|port|dbname|user|password|passfile|sslpassword|service|sslmode)\s*="
)


class _Parts(Struct, frozen=True):
    """A parsed address; `secrets` are both as written and decoded."""

    shown: str
    secrets: frozenset[str]
    is_understood: bool = True


def shown(address: str) -> str:
    """Return an address without its secrets, with `…` for parts that are not understood."""
    return _parts(address).shown


def is_understood(address: str) -> bool:
    """Return whether every part of an address is unambiguous."""
    return _parts(address).is_understood


def has_secret(address: str) -> bool:
    """Return whether an address holds a secret, in any form."""
    return bool(_parts(address).secrets)


def without_secrets(text: str, address: str) -> str:
    """Return the text of a foreign error about `address`, or '' if it might reveal a secret."""
    parts = _parts(address)
    if not parts.is_understood or any(len(secret) < _SHORT for secret in parts.secrets):
        return ""
    for secret in sorted(parts.secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


_SHORT = 3
"""A shorter secret occurs in any text, and marking its places would reveal it."""


def is_keywords(address: str) -> bool:
    """Return whether an address is in libpq's keyword form, `host=… dbname=… password=…`."""
    return _KEYWORD.search(address) is not None


def _parts(address: str) -> _Parts:
    scheme, separator, rest = address.partition("://")
    if not separator:
        if is_keywords(address):
            return _Parts("…", frozenset({address}), is_understood=False)
        return _Parts(address, frozenset())
    unknown = _Parts(f"{_word(scheme)}://…", frozenset({rest}), is_understood=False)
    before, question, query = rest.partition("?")
    authority, slash, path = before.partition("/")
    login, at, hosts = authority.rpartition("@")
    user, colon, password = login.partition(":")
    is_plain = _HOSTS.fullmatch(hosts) and all(map(_PORT.fullmatch, hosts.split(",")))
    is_plain = is_plain and _PATH.fullmatch(slash + path) and not _is_whole_address(path)
    if "@" in login or not is_plain:
        return unknown
    secrets, options = {password}, []
    for pair in query.split("&") if question else ():
        name, equals, value = pair.partition("=")
        if not equals or not _OPTION.fullmatch(name) or "?" in value:
            return unknown
        if name.lower() == _DATABASE and _is_whole_address(value):
            return unknown
        is_safe = name.lower() in _SHOWN
        if not is_safe and name.lower() not in _LEADS:
            secrets.add(value)
        options.append(f"{name}={value if is_safe else '***'}")
    written = {form for one in secrets if one for form in (one, unquote(one), unquote_plus(one))}
    place = f"{user}{':***' if colon else ''}{at}{hosts}{slash}{path}"
    return _Parts(
        f"{_word(scheme)}://{place}{question}{'&'.join(options)}",
        frozenset(written),
    )


def _is_whole_address(database: str) -> bool:
    """Return whether a database name is a whole address, which libpq accepts there.

    https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-DBNAME
    """
    name = unquote_plus(database)
    return "=" in name or ":/" in name


def _word(scheme: str) -> str:
    return scheme if re.fullmatch(r"[A-Za-z][\w+.-]*", scheme) else "…"
