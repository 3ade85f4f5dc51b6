"""Every kind of fault, over a real socket if it concerns sockets."""

import http.client
import re
import socket
import time
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode

import pytest

from patchfleet.emulator import FAULTS, Emulator, Fault
from patchfleet.emulator.faults import OF_NSIGHT

from .nsight_calls import ask, failure, patch_rows, tree


def fetch(host, service="list_clients", **parameters):
    """Make a call over HTTP and return the answer with its body read."""
    connection = http.client.HTTPConnection("127.0.0.1", host.port, timeout=10)
    query = urlencode({"apikey": host.api_key, "service": service, **parameters})
    try:
        connection.request("GET", f"/api/?{query}")
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def raw(host, service="list_clients", *, seconds=10.0, **parameters):
    """Make a call on a socket and return everything received until the other side closed."""
    query = urlencode({"apikey": host.api_key, "service": service, **parameters})
    with socket.create_connection(("127.0.0.1", host.port), timeout=seconds) as line:
        line.sendall(f"GET /api/?{query} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        received = b""
        while piece := line.recv(65536):
            received += piece
    return received


class TestMatching:
    def kinds(self, emulator, count, **parameters):
        for _ in range(count):
            emulator.handle("GET", "/api/", [("service", "list_clients"), *parameters.items()])
        return [call.fault for call in emulator.calls]

    def test_after_and_times(self, emulator):
        fault = emulator.fault("empty", after=1, times=2)
        assert self.kinds(emulator, 5) == [None, "empty", "empty", None, None]
        assert (fault.seen, fault.done) == (5, 2)

    def test_for_ever_and_taking_it_back(self, emulator):
        emulator.fault("empty", times=None)
        assert self.kinds(emulator, 3) == ["empty"] * 3
        assert emulator.clear_faults() == 1
        assert self.kinds(emulator, 1)[3:] == [None]

    def test_the_first_that_is_due_wins_and_all_count(self, emulator):
        emulator.fault("empty", times=1)
        emulator.fault("html", after=1, times=1)
        assert self.kinds(emulator, 3) == ["empty", "html", None]

    def test_service_path_and_device(self, emulator):
        emulator.fault("empty", service="patch_list_all", times=None)
        emulator.fault("html", device=7, times=None)
        emulator.fault("e1", path="/api/default.php", times=None)
        assert self.kinds(emulator, 1) == [None]
        assert self.kinds(emulator, 1, deviceid="7")[1:] == ["html"]
        assert self.kinds(emulator, 1, deviceid="70")[2:] == [None]
        emulator.handle("GET", "/api/", [("service", "patch_list_all")])
        emulator.handle("GET", "/api/default.php", [])
        assert [call.fault for call in emulator.calls][3:] == ["empty", "e1"]

    @pytest.mark.parametrize(
        "wrong",
        [
            {"kind": "nonsense"},
            {"kind": "slow", "minutes": 3},
            {"kind": "slow", "seconds": "x"},
            {"kind": "cut", "fraction": 2},
            {"kind": "cut", "when": "later"},
            {"kind": "html", "after": -1},
            {"kind": "html", "times": 0},
            {"kind": "html", "times": True},
            {"kind": "server_error", "status": 42},
            {"kind": "e1", "message": "a\r\nb"},
            {"kind": "e1", "message": "€"},
            {"kind": "rate_limited", "retry_after": 1.5},
        ],
    )
    def test_what_makes_no_sense_is_refused(self, emulator, wrong):
        with pytest.raises(ValueError):
            emulator.fault(wrong.pop("kind"), **wrong)
        assert not emulator.faults

    @pytest.mark.parametrize("kind", sorted(OF_NSIGHT))
    def test_every_kind_is_described_and_works_with_its_defaults(self, emulator, kind):
        told = FAULTS[kind].as_dict()
        assert "\n" not in told["description"]
        assert told["description"][0].islower() or told["description"][0].isdigit()
        assert set(told["defaults"]) | {"when"} == set(told["options"])
        fault = emulator.fault(kind)
        assert isinstance(fault, Fault)
        assert fault.as_dict()["kind"] == kind
        emulator.handle("GET", "/api/", [("apikey", emulator.api_key)])
        assert emulator.calls[0].fault == kind


class TestTheWrite:
    """A lost answer is not a lost write, and vice versa."""

    @pytest.mark.parametrize("when", ["before", "after"])
    @pytest.mark.parametrize("kind", sorted(OF_NSIGHT))
    def test_when_it_takes_effect(self, emulator, device, kind, when):
        deviceid, patchid = device["deviceid"], device["patches"][0]["patchid"]
        emulator.fault(kind, service="patch_ignore", when=when)
        pairs = {"apikey": emulator.api_key, "service": "patch_ignore", "deviceid": str(deviceid),
                 "patchids": str(patchid)}  # fmt: skip
        emulator.handle("GET", "/api/", list(pairs.items()))
        policy = patch_rows(emulator, deviceid)[patchid]["policy"]
        assert policy == ("65" if when == "after" else str(device["patches"][0]["policy"]))


class TestStatusCodes:
    def test_rate_limited(self, host):
        emulator = host.emulator
        emulator.fault("rate_limited")
        emulator.fault("rate_limited", after=1, retry_after="none")
        emulator.fault("rate_limited", after=2, retry_after="http-date", seconds=45)
        emulator.fault("rate_limited", after=3, retry_after="soon")
        answers = [fetch(host)[0] for _ in range(5)]
        assert [answer.status for answer in answers] == [429, 429, 429, 429, 200]
        assert answers[0].headers["Retry-After"] == "30"
        assert answers[1].headers["Retry-After"] is None
        date, until = (answers[2].headers[name] for name in ("Date", "Retry-After"))
        assert abs(parsedate_to_datetime(date) - datetime.now(UTC)) < timedelta(minutes=5)
        assert (parsedate_to_datetime(until) - parsedate_to_datetime(date)).seconds == 45
        assert answers[3].headers["Retry-After"] == "soon"

    def test_pages_instead_of_answers(self, host):
        emulator = host.emulator
        expected = []
        for kind, options, status in (
            ("forbidden", {}, 403),
            ("server_error", {}, 503),
            ("server_error", {"status": 502}, 502),
            ("server_error", {"retry_after": 7}, 503),
            ("html", {}, 200),
            ("echo_key", {}, 502),
        ):
            emulator.fault(kind, after=len(expected), **options)
            expected.append(status)
        for status in expected:
            answer, body = fetch(host)
            assert answer.status == status
            assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
            assert body.startswith(b"<!DOCTYPE html>")
        assert host.api_key.encode() in body
        assert [call.status for call in emulator.calls] == expected

    def test_a_redirect_carries_the_key_to_another_host(self, host):
        host.emulator.fault("redirect")
        answer, _ = fetch(host)
        assert answer.status == 302
        assert answer.headers["Location"].startswith("http://elsewhere.invalid/api/?apikey=")

    def test_an_empty_body(self, host):
        host.emulator.fault("empty")
        answer, body = fetch(host)
        assert (answer.status, body) == (200, b"")


class TestBrokenConnections:
    def test_cut(self, host):
        whole = len(fetch(host)[1])
        host.emulator.fault("cut", fraction=0.25)
        with pytest.raises(http.client.IncompleteRead) as caught:
            fetch(host)
        assert len(caught.value.partial) == whole // 4
        assert len(caught.value.partial) + caught.value.expected == whole

    def test_short_is_complete_http_and_broken_xml(self, host):
        host.emulator.fault("short", fraction=0.9)
        answer, body = fetch(host)
        assert int(answer.headers["Content-Length"]) == len(body) > 100
        with pytest.raises(ET.ParseError):
            tree(body)

    def test_reset(self, host):
        host.emulator.fault("reset")
        with pytest.raises(ConnectionResetError):
            raw(host)
        assert host.emulator.calls[0].status == 0

    def test_hang_ends_when_the_caller_has_had_enough(self, host):
        host.emulator.fault("hang")
        with pytest.raises(TimeoutError):
            raw(host, seconds=0.05)
        assert fetch(host)[0].status == 200

    def test_garbage(self, host):
        host.emulator.fault("garbage")
        answer, body = fetch(host)
        assert answer.status == 200
        with pytest.raises(ET.ParseError):
            tree(body)

    def test_what_is_not_even_http(self, host):
        host.emulator.fault("garbage", raw=True)
        assert raw(host).startswith(b"\x16\x03\x01")
        host.emulator.fault("garbage", raw=True)
        with pytest.raises(http.client.BadStatusLine):
            fetch(host)

    def test_slow_and_trickle_are_right_in_the_end(self, host):
        right = fetch(host)[1]
        host.emulator.fault("slow", seconds=0.05)
        before = time.monotonic()
        assert fetch(host)[1] == right
        assert time.monotonic() - before >= 0.05
        host.emulator.fault("trickle", piece_bytes=500, pause_seconds=0.001)
        before = time.monotonic()
        assert fetch(host)[1] == right
        assert time.monotonic() - before >= 0.001 * (len(right) // 500)


def decoded(element):
    """Return a tree as nested tuples with names in lower case and texts without end blanks."""
    children = tuple(decoded(child) for child in element)
    return element.tag.lower(), (element.text or "").strip() if not children else "", children


class TestReplyVariants:
    @pytest.fixture
    def emulator(self):
        return Emulator(devices=20, seed=2)

    @pytest.fixture
    def deviceid(self, emulator):
        """A device with a title outside ASCII and an ampersand."""
        return next(
            deviceid for deviceid in emulator._account.devices
            if b"\xe9" in ask(emulator, "patch_list_all", deviceid=deviceid)
        )  # fmt: skip

    def both(self, emulator, deviceid, kind, **options):
        right = ask(emulator, "patch_list_all", deviceid=deviceid)
        emulator.fault(kind, **options)
        other = ask(emulator, "patch_list_all", deviceid=deviceid)
        assert other != right
        return right, other

    @pytest.mark.parametrize(
        "kind",
        ["pretty", "escaped", "trailing_blanks", "lower_dates", "upper_dates", "case", "utf8"],
    )
    def test_the_meaning_stays(self, emulator, deviceid, kind):
        right, other = self.both(emulator, deviceid, kind)
        assert decoded(tree(other)) == decoded(tree(right))

    @pytest.mark.parametrize("service", ["list_clients", "list_checks", "patch_list_all"])
    @pytest.mark.parametrize("kind", ["pretty", "escaped", "open_close", "trailing_blanks", "case"])
    def test_the_meaning_stays_everywhere(self, emulator, deviceid, service, kind):
        right = ask(emulator, service, deviceid=deviceid)
        emulator.fault(kind)
        assert decoded(tree(ask(emulator, service, deviceid=deviceid))) == decoded(tree(right))

    def test_pretty_has_lines(self, emulator, deviceid):
        _, other = self.both(emulator, deviceid, "pretty")
        lines = other.decode("latin-1").splitlines()
        assert lines[1:3] == ["<patches>", "  <patch>"]
        assert re.fullmatch(r"    <patchid>\d+</patchid>", lines[3])
        assert lines[-1] == "</patches>"

    def test_escaped_has_no_cdata(self, emulator, deviceid):
        _, other = self.both(emulator, deviceid, "escaped")
        assert b"CDATA" not in other
        assert b"&amp;" in other

    def test_no_declaration(self, emulator):
        emulator.fault("no_declaration")
        assert ask(emulator, "list_clients").startswith(b"<result ")

    def test_open_close(self, emulator, deviceid):
        emulator.fault("open_close")
        body = ask(emulator, "patch_approve", deviceid=deviceid, patchids=1)
        assert body.endswith(b'status="OK"></result>')

    def test_names_in_other_cases(self, emulator, deviceid):
        tags = {
            kind: {field.tag for field in tree(self.both(emulator, deviceid, kind)[1])[0]}
            for kind in ("lower_dates", "upper_dates", "case")
        }
        assert {"releasedatetext", "installdatetext", "releasedate", "policyLabel"} <= (
            tags["lower_dates"]
        )
        assert {"RELEASEDATETEXT", "INSTALLDATE", "policyLabel"} <= tags["upper_dates"]
        assert {"PATCHID", "POLICYLABEL"} <= tags["case"]

    def test_unknown_elements(self, emulator, deviceid):
        _, other = self.both(emulator, deviceid, "unknown_elements")
        assert tree(other)[0].findtext("newfeature") == "on & off"
        assert tree(other)[0].find("vendor_note").get("level") == "2"

    def test_bad_dates(self, emulator, deviceid):
        _, other = self.both(emulator, deviceid, "bad_dates")
        assert {row.findtext("releaseDateText") for row in tree(other)} == {"31-Foo-2024"}
        emulator.fault("bad_dates", created="")
        details = tree(ask(emulator, "list_device_monitoring_details", deviceid=deviceid))
        assert details.get("created") == ""
        assert details[0].findtext("lastresponse") == "0000-00-00 00:00:00"

    def test_unknown_ids(self, emulator, deviceid):
        _, other = self.both(emulator, deviceid, "unknown_ids", row_status=256)
        row = tree(other)[0]
        assert (row.findtext("status"), row.findtext("statusLabel")) == ("256", "Deferred")
        assert (row.findtext("policy"), row.findtext("policyLabel")) == ("80", "Quarantine")

    def test_the_three_failure_shapes(self, emulator):
        emulator.fault("e1", code=9, message="no & no")
        assert failure(ask(emulator, "list_clients")) == ("9", "no & no")
        emulator.fault("e2", message="no")
        root = tree(ask(emulator, "list_clients"))
        assert (root.attrib, root.findtext("error/message")) == ({}, "no")
        assert root.find("error/errorcode") is None
        emulator.fault("e3", message="no")
        root = tree(ask(emulator, "list_clients"))
        assert (root.get("status"), root.findtext("msg"), len(root)) == ("FAIL", "no", 1)

    def test_hostile_documents(self, emulator):
        for kind in ("bomb", "external_entity", "doctype", "utf16_doctype"):
            emulator.fault(kind)
        bomb, external, doctype, wide = (ask(emulator, "list_clients") for _ in range(4))
        assert b"<!ENTITY l9" in bomb
        assert len(bomb) < 1000
        assert b'SYSTEM "file:///etc/hostname"' in external
        assert tree(doctype).findtext("items/client/name") == "plain"
        assert wide.startswith((b"\xff\xfe", b"\xfe\xff"))
        assert tree(wide).findtext("items/client/name") == "y"
