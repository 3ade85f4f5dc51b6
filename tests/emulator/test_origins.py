"""The control API answers programs of this machine, and no page of another origin."""

import http.client
import json
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchfleet.emulator import Emulator
from patchfleet.emulator.control import ROUTES
from patchfleet.emulator.origins import refusal

PORT = 8017
OWN = [f"127.0.0.1:{PORT}", f"localhost:{PORT}", f"LOCALHOST:{PORT}"]
FOREIGN = [
    "evil.example", f"evil.example:{PORT}", f"127.0.0.1.evil.example:{PORT}",
    f"localhost.evil.example:{PORT}", f"rebind.it:{PORT}", f"127.0.0.1:{PORT}@evil.example",
    f"evil.example#127.0.0.1:{PORT}", f"0.0.0.0:{PORT}", f"[::1]:{PORT}", f"127.1:{PORT}",
    f"2130706433:{PORT}", f"localhost.:{PORT}", "127.0.0.1:8018", "127.0.0.1", "localhost:80",
    f"127.0.0.1:{PORT}0", f"127.0.0.1:{PORT},evil.example", f"xn--lcalhost-e5a:{PORT}",
    f"localh\u00f6st:{PORT}", "", " ", "null", ":", f":{PORT}",
]  # fmt: skip


@pytest.mark.parametrize("own", OWN)
def test_programs_and_own_pages_pass(own):
    for headers in (
        [],
        [("Host", own)],
        [("host", own), ("origin", f"http://{own}"), ("sec-fetch-site", "same-origin")],
        [("Host", own), ("Origin", f"https://{own}"), ("Referer", f"http://{own}/_control/x?y")],
        [("Host", own), ("Sec-Fetch-Site", "none")],
    ):
        assert refusal(headers, PORT) is None


@pytest.mark.parametrize("where", FOREIGN)
def test_a_foreign_host_or_origin_is_refused(where):
    own = [("Host", OWN[0])]
    assert refusal([("Host", where)], PORT)
    assert refusal([("HOST", where), *own], PORT)
    assert refusal([*own, ("Host", where)], PORT)
    for scheme in ("http", "https"):
        if f"{scheme}://{where}" not in ("http://localhost:80", "http://127.0.0.1"):
            assert refusal([*own, ("Origin", f"{scheme}://{where}")], PORT)
            assert refusal([*own, ("Referer", f"{scheme}://{where}/page")], PORT)


@pytest.mark.parametrize("value", ["null", "", "file://", f"ftp://{OWN[0]}", OWN[0]])
def test_an_origin_that_is_none_is_foreign(value):
    assert refusal([("Host", OWN[0]), ("Origin", value)], PORT)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "CROSS-SITE", "", "what"])
def test_what_a_browser_calls_foreign_is_foreign(site):
    assert refusal([("Host", OWN[0]), ("Sec-Fetch-Site", site)], PORT)


@given(st.text(max_size=40))
def test_of_all_texts_only_its_own_address_is_its_own(text):
    """A reason is one line, for any text."""
    reason = refusal([("Host", text)], PORT)
    assert (reason is None) == (text.strip().lower() in OWN)
    assert reason is None or len(reason.splitlines()) == 1


def ask(host, method, path, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", host.port, timeout=10)
    try:
        connection.putrequest(method, path, skip_host="Host" in headers)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def test_over_the_wire_nothing_happens_and_nothing_is_told(host):
    """Each control call, from each kind of foreign page: 403, one line, the world unchanged."""
    before = host.emulator.ground_truth()
    host.emulator.fault("slow", times=None)
    pages = (
        {"Host": f"evil.example:{host.port}"},
        {"Host": f"127.0.0.1:{host.port + 1}"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Referer": "https://evil.example/page"},
    )
    for (name, method), page in product(ROUTES, pages):
        response, body = ask(host, method, f"/_control/{name}", **page)
        assert response.status == 403, (name, method, page)
        assert set(json.loads(body)) == {"error"}
        assert b"\n" not in body
        assert "Access-Control-Allow-Origin" not in response.headers
    assert host.emulator.ground_truth() == before
    assert len(host.emulator.faults) == 1


def test_the_vendors_take_any_host(host):
    """A custom domain or a tunnel in front of the emulated vendor is no page."""
    path = f"/api/?apikey={host.api_key}&service=list_clients"
    assert ask(host, "GET", path, Host="rmm.example")[0].status == 200
    assert ask(host, "GET", "/_control/clock")[0].status == 200


def test_in_its_own_process_no_port_is_compared():
    emulator = Emulator(devices=1)
    assert emulator.handle("GET", "/_control/clock").status == 200
    assert emulator.handle("GET", "/_control/clock", headers=[("Host", "localhost")]).status == 200
    assert emulator.handle("GET", "/_control/clock", headers=[("Host", "evil")]).status == 403
