"""Addresses as people may see them: where something is, and never what opens it.

Law of this file: what is shown is put together of parts that are known to be no secret; what is
not understood is not shown at all.
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
"""Options of libpq whose value is no secret and leads to none
[https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS]."""
_LEADS = {"passfile", "service", "servicefile", "sslkey", "sslcert"}
"""Options that say where a secret is: nobody needs to see it, and it is none."""
_DATABASE = "dbname"
_KEYWORD = re.compile(
    r"(?:^|\s)(?:host|hostaddr|port|dbname|user|password|passfile|sslpassword|service|sslmode)\s*="
)


class _Parts(Struct, frozen=True):
    """What an address is made of; `secrets` as they are written and as they are meant."""

    shown: str
    secrets: frozenset[str]
    is_understood: bool = True


def shown(address: str) -> str:
    """Spell an address without its secrets, `…` for what is not understood; other text as it is."""
    return _parts(address).shown


def is_understood(address: str) -> bool:
    """Say whether every part of an address is what it seems: no sign in it has two meanings."""
    return _parts(address).is_understood


def has_secret(address: str) -> bool:
    """Say whether an address holds a password, in whichever of the forms there are."""
    return bool(_parts(address).secrets)


def without_secrets(text: str, address: str) -> str:
    """Return what somebody else said of an address, or nothing where a secret might be in it."""
    parts = _parts(address)
    if not parts.is_understood or any(len(secret) < _SHORT for secret in parts.secrets):
        return ""
    for secret in sorted(parts.secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


_SHORT = 3
"""So short a secret is in any text, and to mark where would tell it."""


def is_keywords(address: str) -> bool:
    """Say whether an address is of libpq's other form, `host=… dbname=… password=…`."""
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
    told = f"{user}{':***' if colon else ''}{at}{hosts}{slash}{path}"
    return _Parts(
        f"{_word(scheme)}://{told}{question}{'&'.join(options)}",
        frozenset(written),
    )


def _is_whole_address(database: str) -> bool:
    """Say whether the name of a database is an address with all its parts: libpq takes one there.

    https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-DBNAME
    """
    name = unquote_plus(database)
    return "=" in name or ":/" in name


def _word(scheme: str) -> str:
    return scheme if re.fullmatch(r"[A-Za-z][\w+.-]*", scheme) else "…"
