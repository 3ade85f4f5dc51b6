"""Where a client calls and how it is set up; constructing makes no call and needs no network."""

import copy
import pickle
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchfleet import __version__
from patchfleet.config import Secret
from patchfleet.emulator import Emulator, Host
from patchfleet.errors import ConfigError
from patchfleet.nsight import AsyncNAble, NAble, RateLimit, Retries
from patchfleet.nsight.regions import checked_url, server_url
from patchfleet.transport.rate_limit import NoRateLimit

KEY = "0123456789abcdef0123456789abcdef"

REGIONS = {
    "www.am.remote.management": ["americas", "ams"],
    "wwwasia.system-monitor.com": ["asia"],
    "www.system-monitor.com": ["australia", "au", "aus"],
    "wwweurope1.systemmonitor.eu.com": ["europe", "eu", "eur"],
    "wwwfrance.systemmonitor.eu.com": ["france", "fr"],
    "wwwfrance1.systemmonitor.eu.com": ["france1", "fr1"],
    "wwwgermany1.systemmonitor.eu.com": ["germany", "de", "deu"],
    "wwwireland.systemmonitor.eu.com": ["ireland", "ie", "irl"],
    "wwwpoland1.systemmonitor.eu.com": ["poland", "pl", "pol"],
    "www.systemmonitor.co.uk": ["united kingdom", "uk", "gb", "gbr"],
    "www.systemmonitor.us": ["united states", "us", "usa"],
}
NAMES = [(name, server) for server, names in REGIONS.items() for name in names]


@pytest.mark.parametrize(("name", "server"), NAMES)
def test_every_region_by_every_name_in_any_case(name: str, server: str) -> None:
    for spelled in (name, name.upper(), name.title(), f"  {name} "):
        assert server_url(spelled) == f"https://{server}"
        assert NAble(spelled, KEY)._wire._endpoint.base_url == f"https://{server}"


@given(st.text())
def test_no_other_name_is_a_region(name: str) -> None:
    if " ".join(name.casefold().split()) not in dict(NAMES):
        with pytest.raises(ConfigError) as caught:
            server_url(name)
        assert "united states" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("given_url", "url"),
    [
        ("https://rmm.example.com", "https://rmm.example.com"),
        ("https://rmm.example.com/", "https://rmm.example.com"),
        ("https://rmm.example.com/api/", "https://rmm.example.com"),
        ("https://rmm.example.com/rmm/api", "https://rmm.example.com/rmm"),
        ("https://rmm.example.com:8443", "https://rmm.example.com:8443"),
        ("https://www2.systemmonitor.us", "https://www.systemmonitor.us"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost", "http://localhost"),
        ("http://[::1]:80", "http://[::1]:80"),
    ],
)
def test_a_base_url_stands_for_the_region(given_url: str, url: str) -> None:
    assert checked_url(given_url) == url
    assert NAble(key=KEY, base_url=given_url)._wire._endpoint.base_url == url
    assert AsyncNAble("us", KEY, base_url=given_url)._wire._endpoint.base_url == url


@pytest.mark.parametrize(
    "url",
    [
        "rmm.example.com",
        "ftp://rmm.example.com",
        "https://",
        "https:///api",
        "http://rmm.example.com",
        "http://127.0.0.1.example.com",
        "https://user@rmm.example.com",
        "https://user:word@rmm.example.com",
        "https://rmm.example.com/?apikey=1",
        "https://rmm.example.com/#x",
        "https://rmm.example.com:port",
        "https://rmm.example.com:99999",
        "https://rmm.example.com:0",
        "https://[::1",
        "https://exa mple.com",
        "https://example.com\n",
        "https://exa\x00mple.com",
        "https://%41.example.com",
    ],
)
def test_a_base_url_that_cannot_be_trusted_with_a_key_is_refused(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        NAble(key=KEY, base_url=url)
    assert "word" not in str(caught.value)


@given(st.text(max_size=30), st.sampled_from(["", "https://", "http://", "https://a.b/"]))
def test_any_text_is_an_address_or_refused(text: str, start: str) -> None:
    import httpx2

    try:
        url = checked_url(start + text)
    except ConfigError:
        return
    parsed = httpx2.URL(url + "/api/")
    assert parsed.host
    assert parsed.scheme == "https" or parsed.host in {"localhost", "127.0.0.1", "::1"}


@pytest.mark.parametrize("kind", [NAble, AsyncNAble])
def test_constructing_opens_nothing(kind: Any, monkeypatch: Any) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("constructing must not touch the network")

    for name in ("create_connection", "getaddrinfo", "socket"):
        monkeypatch.setattr(socket, name, refuse)
    kind("us", KEY)


@pytest.mark.parametrize("kind", [NAble, AsyncNAble])
@pytest.mark.parametrize(
    ("args", "settings", "words"),
    [
        ((), {}, "no region"),
        (("",), {"key": KEY}, "no region"),
        (("mars", KEY), {}, "'mars' is not an N-sight region"),
        (("us",), {}, "the API key is empty"),
        (("us", "  "), {}, "the API key is empty"),
        (("us", Secret("")), {}, "the API key is empty"),
        (("us", KEY), {"timeout": 0}, "leaves no time"),
        (("us", KEY), {"rate_limit": 0}, "must be greater than 0"),
        (("us", KEY), {"rate_limit": -1}, "must be greater than 0"),
        (("us", KEY), {"retries": -1}, "0 attempts"),
        (("us", KEY), {"connections": 0}, "0 connections"),
        (("us", KEY), {"user_agent": "a\nb"}, "cannot carry"),
        (("us", KEY), {"proxy": "proxy:port"}, "proxy"),
    ],
)
def test_settings_that_cannot_work_are_refused(
    kind: Any, args: tuple[Any, ...], settings: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        kind(*args, **settings)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("kind", [NAble, AsyncNAble])
def test_a_misspelt_setting_is_a_mistake(kind: Any) -> None:
    with pytest.raises(TypeError, match="'time_out'"):
        kind("us", KEY, time_out=5)


def test_the_vendors_pace_and_three_repetitions_are_the_default() -> None:
    call_policy = NAble("us", KEY)._call_policy
    assert isinstance(call_policy.rate_limit, RateLimit)
    assert (call_policy.rate_limit.calls, call_policy.rate_limit.seconds) == (60, 60)
    assert call_policy.retries == Retries(attempts=4)
    endpoint = NAble("us", KEY)._wire._endpoint
    assert endpoint.timeout_seconds == 60
    assert endpoint.headers["Accept"] == "application/xml"
    assert endpoint.longest_body_bytes == 256 * 1024 * 1024


@pytest.mark.parametrize(
    ("rate_limit", "calls", "seconds"), [(1, 1, 60), (120, 120, 60), (0.5, 1, 120), (2 / 3, 1, 90)]
)
def test_a_pace_is_calls_a_minute(rate_limit: float, calls: int, seconds: float) -> None:
    made = NAble("us", KEY, rate_limit=rate_limit)._call_policy.rate_limit
    assert isinstance(made, RateLimit)
    assert (made.calls, made.seconds) == (calls, pytest.approx(seconds))


def test_pace_and_retries_may_be_given_whole_or_switched_off() -> None:
    own, patient = RateLimit(5, seconds=1), Retries(attempts=9)
    client = NAble("us", KEY, rate_limit=own, retries=patient)
    assert client._call_policy.rate_limit is own
    assert client._call_policy.retries is patient
    quick = NAble("us", KEY, rate_limit=None, retries=0)
    assert isinstance(quick._call_policy.rate_limit, NoRateLimit)
    assert quick._call_policy.retries.attempts == 1


def test_a_browsers_name_is_sent_unless_another_is_given(
    connect: Any, host: Host, emulator: Emulator
) -> None:
    connect(host).list_clients()
    connect(host, user_agent="Own/1").list_clients()
    agents = [call.user_agent for call in emulator.calls]
    assert agents == [f"Mozilla/5.0 (compatible; Patchfleet/{__version__})", "Own/1"]


def test_a_key_may_be_a_secret_and_is_stripped(connect: Any, host: Host) -> None:
    assert connect(host, key=Secret(host.api_key)).list_clients()
    assert connect(host, key=f" {host.api_key}\n").list_clients()


def test_a_client_is_a_context(host: Host) -> None:
    with NAble(key=host.api_key, base_url=host.url) as client:
        assert len(client.clients()) == 2
    assert len(client.clients()) == 2, "the next call opens again"
    client.close()


def test_a_ca_file_that_is_missing_is_named(connect: Any, tmp_path: Path) -> None:
    client = connect(region="us", key=KEY, ca_file=str(tmp_path / "gone.pem"))
    with pytest.raises(ConfigError, match=r"gone\.pem"):
        client.list_clients()


def test_a_secret_shows_itself_to_nobody() -> None:
    secret = Secret(KEY)
    for shown in (repr(secret), str(secret), f"{secret}", f"{secret:>40}", "%s" % secret):  # noqa: UP031
        assert KEY not in shown
    assert secret.reveal() == KEY
    assert secret == Secret(KEY)
    assert secret != Secret("other")
    assert secret != KEY
    assert len({secret, Secret(KEY)}) == 1
    for write_down in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            write_down(secret)
