"""Platforms and addresses: every pod of docs/qualys.md, and what is refused before any call."""

import pytest

from patchfleet.errors import ConfigError
from patchfleet.qualys import Qualys, TokenAuth
from patchfleet.qualys.platforms import GATEWAYS, gateway_of

PODS = [
    "qg1", "qg2", "qg3", "qg4", "gov1", "eu1", "eu2", "eu3",
    "in1", "ca1", "ae1", "uk1", "au1", "ksa1",
]  # fmt: skip
"""Those of docs/qualys.md."""


@pytest.mark.parametrize("pod", PODS)
def test_every_pod_is_known(pod: str) -> None:
    auth = TokenAuth("user", "password", platform=pod)
    assert auth.gateway_url == f"https://{GATEWAYS[pod]}"
    assert gateway_of(pod.upper()) == auth.gateway_url


def test_us_pods_have_two_names() -> None:
    assert gateway_of("us2") == gateway_of("qg2") == "https://gateway.qg2.apps.qualys.com"


@pytest.mark.parametrize(
    ("platform", "hint"),
    [("qg9", "did you mean 'qg"), ("mars", "known are qg1"), ("", "known are")],
)
def test_an_unknown_platform(platform: str, hint: str) -> None:
    with pytest.raises(ConfigError, match="no Qualys platform") as caught:
        TokenAuth("user", "password", platform)
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("given", "called"),
    [
        ("https://gateway.example", "https://gateway.example"),
        ("gateway.example/", "https://gateway.example"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost", "http://localhost"),
    ],
)
def test_an_address_of_one_s_own(given: str, called: str) -> None:
    override = {
        "gateway_url": given,
        "api_url": "https://a.example",
        "qualysguard_url": "b.example",
    }
    assert TokenAuth("user", "password", override_platform=override).gateway_url == called


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ({"gateway": "https://x.example"}, "has no 'gateway'"),
        ({"api_url": "https://x.example"}, "has no 'gateway_url'"),
        ({"gateway_url": "http://10.0.0.1"}, "without TLS"),
        ({"gateway_url": "ftp://x.example"}, "not a valid address"),
        ({"gateway_url": "https://"}, "not a valid address"),
        ({"gateway_url": "https://user@x.example"}, "not a valid address"),
        ({"gateway_url": "https://x.example:0"}, "not a valid address"),
        ({"gateway_url": "https://x.example:port"}, "not a valid address"),
        ({"gateway_url": "https://x.example?key=1"}, "not a valid address"),
        ({"gateway_url": "https://x example"}, "not a valid address"),
        ({"gateway_url": "https://x.example", "api_url": "http://y.example"}, "without TLS"),
    ],
)
def test_an_address_that_cannot_be_used(override: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        TokenAuth("user", "password", override_platform=override)


def test_plain_http_elsewhere_has_to_be_said() -> None:
    override = {"gateway_url": "http://proxy.example"}
    auth = TokenAuth("user", "password", override_platform=override, allow_http=True)
    assert auth.gateway_url == "http://proxy.example"


@pytest.mark.parametrize(("user", "password"), [("", "x"), ("  ", "x"), ("user", "")])
def test_an_empty_account(user: str, password: str) -> None:
    with pytest.raises(ConfigError, match="empty"):
        TokenAuth(user, password)


def test_an_account_and_its_parts_are_not_given_both() -> None:
    auth = TokenAuth("user", "password")
    with pytest.raises(TypeError):
        Qualys("user", "password", auth=auth)
    with pytest.raises(TypeError):
        Qualys("user", "password", colour="red")  # type: ignore[call-arg]
