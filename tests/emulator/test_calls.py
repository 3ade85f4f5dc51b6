"""Answers of N-sight's services: the error table, the formats, the patch calls."""

import re
import xml.etree.ElementTree as ET
from collections import Counter
from datetime import datetime

import pytest

from patchfleet.emulator import Emulator
from patchfleet.emulator.nsight.describe import MANUAL
from patchfleet.emulator.nsight.urls import SERVICES

from .nsight_calls import ask, devices, failure, patch_rows, tree

WRITES = ("patch_approve", "patch_ignore", "patch_do_nothing", "patch_inherit")
AGAIN = {"patch_retry": "Retrying patches: ", "patch_reprocess": "Reprocessing patches: "}


def call(emulator, **parameters):
    return emulator.handle("GET", "/api/", list(parameters.items())).body


def reset_status(emulator, deviceid, *patchids, status):
    """Put rows into a status that no call can set."""
    for patchid in patchids:
        emulator._account.devices[deviceid].rows[patchid].status = status


class TestErrors:
    """The numbers are those of the reference's table."""

    def test_1_the_key(self, emulator):
        for parameters in ({}, {"apikey": "x"}, {"apikey": ""}):
            body = call(emulator, service="list_clients", **parameters)
            assert failure(body) == ("3", "Login failed")

    def test_2_and_3_unknown_and_missing_service(self, emulator):
        assert failure(ask(emulator, "approve_patch")) == ("1", "Service unknown")
        assert failure(call(emulator, apikey=emulator.api_key)) == ("1", "Service unknown")

    @pytest.mark.parametrize(
        "service", [name for name, page in MANUAL.items() if any(
            one.name == "deviceid" for one in page.parameters)]
    )  # fmt: skip
    def test_4_to_7_the_device(self, emulator, service):
        more = {"patchids": "1"} if service in {*WRITES, *AGAIN} else {}
        missing = ("5", "Missing parameter: deviceid")
        invalid = ("4", "Invalid value for parameter: deviceid")
        assert failure(ask(emulator, service, **more)) == missing
        assert failure(ask(emulator, service, deviceif=1, **more)) == missing
        assert failure(ask(emulator, service, deviceid="workstation", **more)) == invalid
        assert failure(ask(emulator, service, deviceid=1, **more)) == invalid

    @pytest.mark.parametrize("service", [*WRITES, *AGAIN])
    def test_9_and_10_patchids(self, emulator, device, service):
        deviceid = device["deviceid"]
        body = ask(emulator, service, deviceid=deviceid)
        assert failure(body) == ("5", "Missing parameter: patchids")
        for patchids in ("a,b", "1,,2", "1, 2", ",", "[1]", "٣"):
            body = ask(emulator, service, deviceid=deviceid, patchids=patchids)
            assert failure(body) == ("4", "Invalid value for parameter: patchids")
        assert emulator.ground_truth(deviceid)["customers"][0]["sites"][0]["devices"] == [device]

    @pytest.mark.parametrize("service", [*WRITES, *AGAIN])
    def test_11_and_12_ids_of_no_row_are_passed_over(self, emulator, device, service):
        deviceid, good = device["deviceid"], device["patches"][0]["patchid"]
        body = ask(emulator, service, deviceid=deviceid, patchids=f"5,{good}")
        assert tree(body).get("status") == "OK"
        message = tree(body).findtext("msg", "")
        assert message == (f"Patches already applied: {good}" if service in AGAIN else "")

    def test_13_devices_without_patch_management(self, emulator):
        other = next(one for one in devices(emulator.ground_truth()) if not one["is_managed"])
        deviceid = other["deviceid"]
        body = ask(emulator, "patch_list_all", deviceid=deviceid)
        assert body == b'<?xml version="1.0" encoding="ISO-8859-1"?>\n<patches/>'
        emulator.reset(non_windows="fail")
        body = ask(emulator, "patch_list_all", deviceid=deviceid)
        assert failure(body) == ("4", "Invalid value for parameter: deviceid")

    def test_15_blocked_agents(self, emulator):
        emulator.reset(blocked_agents="^python-requests|^$")
        pairs = [("apikey", emulator.api_key), ("service", "list_clients")]
        blocked = emulator.handle("GET", "/api/", pairs, [("user-agent", "python-requests/2")])
        assert (blocked.status, blocked.body[:15]) == (403, b"<!DOCTYPE html>")
        assert emulator.handle("GET", "/api/", pairs).status == 403
        assert emulator.handle("GET", "/api/", pairs, [("User-Agent", "ours")]).status == 200

    def test_21_the_case_of_devicetype(self, emulator):
        client = emulator.ground_truth()["customers"][0]["clientid"]
        expected = ("4", "Invalid value for parameter: devicetype")
        assert failure(ask(emulator, "list_clients", devicetype="Server")) == expected
        body = ask(emulator, "list_devices_at_client", clientid=client, devicetype="Server")
        assert failure(body) == expected
        body = ask(emulator, "list_devices_at_client", clientid=client)
        assert failure(body) == ("5", "Missing parameter: devicetype")

    def test_22_no_device_of_the_type(self):
        emulator = Emulator(customers=8, devices=2)
        empty = emulator.ground_truth()["customers"][7]["clientid"]
        body = ask(emulator, "list_devices_at_client", clientid=empty, devicetype="server")
        assert body.endswith(b"<items/></result>")

    def test_other_ids(self, emulator):
        for service, name in (
            ("list_sites", "clientid"), ("list_servers", "siteid"), ("list_workstations", "siteid"),
            ("list_all_software", "assetid"), ("get_formatted_check_output", "checkid"),
            ("task_run_now", "checkid"),
        ):  # fmt: skip
            assert failure(ask(emulator, service)) == ("5", f"Missing parameter: {name}")
            body = ask(emulator, service, **{name: 3})
            assert failure(body) == ("4", f"Invalid value for parameter: {name}")

    def test_paths_and_methods(self, emulator):
        pairs = [("apikey", emulator.api_key), ("service", "list_clients")]
        for path in ("/api/", "/api", "/api/default.php"):
            for method in ("GET", "POST"):
                assert emulator.handle(method, path, pairs).status == 200
        assert emulator.handle("GET", "/other", pairs).status == 404
        assert emulator.handle("DELETE", "/api/", pairs).status == 405


class TestShapes:
    def test_the_envelope(self, emulator):
        body = ask(emulator, "list_clients")
        head, rest = body.split(b"\n", 1)
        assert head == b'<?xml version="1.0" encoding="ISO-8859-1"?>'
        assert b"\n" not in rest
        assert re.match(
            rb'<result created="2026-11-13T07:00:00\+00:00" host="127.0.0.1" status="OK"><items>',
            rest,
        )
        assert b"<name><![CDATA[" in rest

    def test_created_has_the_offset_of_the_servers_zone(self):
        emulator = Emulator(devices=1, start=datetime.fromisoformat("2026-07-01T10:00:00Z"))
        assert tree(ask(emulator, "list_clients")).get("created") == "2026-07-01T11:00:00+01:00"

    def test_the_way_to_a_device_is_the_truth(self, emulator):
        found = {}
        for client in tree(ask(emulator, "list_clients")).iter("client"):
            clientid = client.findtext("clientid")
            for site in tree(ask(emulator, "list_sites", clientid=clientid)).iter("site"):
                siteid = site.findtext("siteid")
                for kind in ("server", "workstation"):
                    body = ask(emulator, f"list_{kind}s", siteid=siteid)
                    for one in tree(body).iter(kind):
                        found[int(one.findtext(f"{kind}id"))] = (clientid, siteid, kind)
        expected = {
            device["deviceid"]: (str(customer["clientid"]), str(site["siteid"]), device["kind"])
            for customer in emulator.ground_truth()["customers"]
            for site in customer["sites"]
            for device in site["devices"]
        }
        assert found == expected

    def test_devices_at_client_agree(self, emulator):
        for customer in emulator.ground_truth()["customers"]:
            for kind in ("server", "workstation", "mobile_device"):
                body = ask(emulator, "list_devices_at_client", clientid=customer["clientid"],
                           devicetype=kind)  # fmt: skip
                listed = {int(one.findtext("id")): one for one in tree(body).iter(kind)}
                if kind == "mobile_device":
                    assert len(listed) == customer["mobile_count"]
                    continue
                true = {
                    one["deviceid"]: one
                    for site in customer["sites"] for one in site["devices"] if one["kind"] == kind
                }  # fmt: skip
                assert listed.keys() == true.keys()
                for deviceid, one in listed.items():
                    assert one.findtext("patch") == str(int(true[deviceid]["is_managed"]))
                    assert len(one.findall("checkcount")) == 3

    def test_every_service_answers_for_every_device(self, emulator):
        for device in devices(emulator.ground_truth()):
            known = {"deviceid": device["deviceid"], "assetid": device["assetid"]}
            checks = tree(ask(emulator, "list_checks", **known)).iter("check")
            types = {one.findtext("checkid"): one.findtext("check_type") for one in checks}
            details = tree(ask(emulator, "list_device_monitoring_details", **known))
            inside = details.find(device["kind"] + "/checks")
            assert inside.get("count") == str(len(inside)) == str(len(types))
            asset = tree(ask(emulator, "list_device_asset_details", **known))
            assert asset.findtext("serialnumber") == device["serial"]
            assert asset.find("custom3").get("customname") == "Custom3"
            for service in ("list_all_software", "list_all_hardware"):
                assert len(tree(ask(emulator, service, **known)).find("items"))
            for checkid, kind in types.items():
                said = tree(ask(emulator, "get_formatted_check_output", checkid=checkid))
                assert said.findtext("formatted_output")
                run = tree(ask(emulator, "task_run_now", checkid=checkid))
                assert run.get("status") == ("OK" if kind == "1023" else "FAIL")

    def test_failing_checks_are_those_that_fail(self, emulator):
        root = tree(ask(emulator, "list_failing_checks"))
        failing = {one.findtext("checkid") for one in root.iter("check")}
        expected = set()
        for device in devices(emulator.ground_truth()):
            for one in tree(ask(emulator, "list_checks", deviceid=device["deviceid"])).iter(
                "check"
            ):
                assert one.findtext("statusid") in ("0", "1", "4", "5")
                if one.findtext("statusid") == "1":
                    expected.add(one.findtext("checkid"))
        assert failing == expected != set()
        assert all(one.findtext("dsc_247") in ("1", "2", "3") for one in root.iter("check"))

    @pytest.mark.parametrize("seed", range(4))
    def test_a_check_passes_fails_is_parked_or_has_not_run(self, seed):
        """Numbers of a device's classes, its outages and its list agree; all four occur."""
        emulator = Emulator(devices=24, seed=seed)
        seen = set()
        listed = {
            one.findtext("id"): one
            for customer in emulator.ground_truth()["customers"]
            for kind in ("server", "workstation")
            for one in tree(ask(emulator, "list_devices_at_client", devicetype=kind,
                                clientid=customer["clientid"])).iter(kind)
        }  # fmt: skip
        for device in devices(emulator.ground_truth()):
            known = {"deviceid": device["deviceid"]}
            checks = list(tree(ask(emulator, "list_checks", **known)).iter("check"))
            status = Counter(one.findtext("statusid") for one in checks)
            seen |= status.keys()
            counted = listed[str(device["deviceid"])].findall("checkcount")
            for name, code in (("pass", "5"), ("clear", "4"), ("fail", "1")):
                assert sum(int(one.findtext(name)) for one in counted) == status[code]
            for one in checks:
                assert bool(one.findtext("date")) == (one.findtext("statusid") != "0")
            outages = list(tree(ask(emulator, "list_outages", **known)).iter("outage"))
            failed = {one.findtext("checkid") for one in checks
                      if one.findtext("statusid") in ("1", "4")}  # fmt: skip
            still = {one.findtext("check_id") for one in outages if one.findtext("state") == "open"}
            assert still == failed
            for one in outages:
                assert (one.findtext("state") == "open") == (one.findtext("utc_end")[:4] == "0000")
        assert seen == {"0", "1", "4", "5"}

    @pytest.mark.parametrize("wanted", ["checks", "tasks", "random"])
    def test_a_silent_device_is_among_the_failing_ones(self, wanted):
        """Servers as offline, workstations as overdue, whether or not a check of theirs fails."""
        emulator = Emulator(devices=120, seed=3)
        silent = {
            str(one["deviceid"]): ("offline" if one["kind"] == "server" else "overdue")
            for one in devices(emulator.ground_truth()) if one["silent_days"]
        }  # fmt: skip
        assert set(silent.values()) == {"offline", "overdue"}
        root = tree(ask(emulator, "list_failing_checks", check_type=wanted))
        told = {
            device.findtext("id"): part.tag
            for kind in ("server", "workstation")
            for device in root.iter(kind)
            for part in device
            if part.tag in ("offline", "overdue")
        }
        assert told == ({} if wanted == "tasks" else silent)
        for part in [*root.iter("offline"), *root.iter("overdue")]:
            assert [one.tag for one in part] == ["description", "startdate", "starttime"]
            assert all(one.text for one in part)
        if wanted != "tasks":
            assert any(not one.find("failed_checks") for one in root.iter("workstation"))

    def test_the_ugly_times_are_there(self):
        emulator = Emulator()
        text = b""
        for customer in emulator.ground_truth()["customers"]:
            for site in customer["sites"]:
                for kind in ("servers", "workstations"):
                    text += ask(emulator, f"list_{kind}", siteid=site["siteid"])
        for ugly in (
            b"Not Available",
            b"0000-00-00 00:00:00",
            b"<last_boot_time/>",
            b" ]]></user>",
        ):
            assert ugly in text

    @pytest.mark.parametrize("service", list(SERVICES))
    def test_every_service_has_its_manual(self, emulator, service):
        root = tree(ask(emulator, service, describe="true")).find("service")
        assert [child.tag for child in root] == [
            "name", "url", "description", "parameters", "example", "fielddescriptions",
        ]  # fmt: skip
        assert root.findtext("name") == service
        names = [one.findtext("name") for one in root.iter("parameter")]
        assert names[-1] == "describe"
        example = ET.fromstring(root.findtext("example").encode("latin-1"))
        assert example.tag == ("patches" if service == "patch_list_all" else "result")
        assert MANUAL.keys() == SERVICES.keys()

    def test_the_manual_names_the_fields_the_service_has(self, emulator, device):
        body = ask(emulator, "patch_list_all", deviceid=device["deviceid"])
        told = tree(ask(emulator, "patch_list_all", describe="true")).findtext("service/example")
        example = ET.fromstring(told.encode("latin-1"))
        assert [one.tag for one in example[0]] == [one.tag for one in tree(body)[0]]


class TestPatches:
    def test_the_list_is_the_truth(self, emulator, device):
        rows = patch_rows(emulator, device["deviceid"])
        assert rows.keys() == {row["patchid"] for row in device["patches"]}
        for true in device["patches"]:
            row = rows[true["patchid"]]
            released = datetime.fromisoformat(true["released_at"])
            assert (row["patchTitle"], row["product"]) == (true["title"], true["product"])
            assert row["severityLabel"] == true["severity"]
            assert int(row["releaseDate"]) == released.timestamp()
            assert datetime.strptime(row["releaseDateText"] + "+0000", "%d-%b-%Y%z").date() == (
                released.date()
            )
            assert row["patchUrl"] == true["url"]
            assert (true["kb"] or "") in row["patchTitle"]
            installed = row["installdate"] and datetime.fromtimestamp(
                int(row["installdate"]), released.tzinfo
            )
            assert (installed.isoformat() if installed else None) == true["installed_at"]
            if installed:
                assert row["installDateText"] == f"{installed:%d-%b-%Y %H:%M}"

    def test_the_fields_stand_in_the_chosen_order(self, emulator, device):
        body = ask(emulator, "patch_list_all", deviceid=device["deviceid"])
        assert [field.tag for field in tree(body)[0]] == [
            "patchid", "policy", "policyLabel", "patchicon", "status", "selectpatch", "statusLabel",
            "patchUrl", "patchTitle", "product", "severity", "severityLabel", "releaseDate",
            "releaseDateText", "installdate", "installDateText", "deployable", "uninstallable",
        ]  # fmt: skip

    def test_moderate_is_3(self):
        emulator = Emulator(devices=6)
        severities = {
            (row["severity"], row["severityLabel"])
            for device in devices(emulator.ground_truth())
            for row in patch_rows(emulator, device["deviceid"]).values()
        }
        assert ("3", "Moderate") in severities
        assert len(severities) == 5

    def test_a_title_is_written_in_latin_1(self):
        emulator = Emulator(devices=20)
        bodies = [
            ask(emulator, "patch_list_all", deviceid=device["deviceid"])
            for device in devices(emulator.ground_truth())
        ]
        assert any(b"\xe9" in body for body in bodies)

    @pytest.mark.parametrize("service", WRITES)
    def test_actions_answer_with_nothing(self, emulator, device, service):
        deviceid, patchid = device["deviceid"], device["patches"][0]["patchid"]
        body = ask(emulator, service, deviceid=deviceid, patchids=patchid)
        assert body.endswith(b' status="OK"/>')
        policy = patch_rows(emulator, deviceid)[patchid]["policy"]
        expected = {"patch_approve": 66, "patch_ignore": 65, "patch_do_nothing": 68}
        assert int(policy) == expected.get(service, device["patches"][0]["inherited"])

    def test_a_patch_of_another_device_is_not_touched(self, emulator, device):
        others = [
            one for one in devices(emulator.ground_truth()) if one["patches"] and one != device
        ]
        stranger = others[0]["patches"][0]["patchid"]
        ask(emulator, "patch_ignore", deviceid=device["deviceid"], patchids=stranger)
        assert others[0] in list(devices(emulator.ground_truth()))

    @pytest.mark.parametrize(("service", "words"), AGAIN.items())
    def test_messages_of_retry_and_reprocess(self, emulator, device, service, words):
        deviceid = device["deviceid"]
        first, second, third = (row["patchid"] for row in device["patches"][:3])
        reset_status(emulator, deviceid, first, third, status=16)
        reset_status(emulator, deviceid, second, status=8)

        def said(*patchids):
            body = ask(emulator, service, deviceid=deviceid, patchids=",".join(map(str, patchids)))
            return tree(body).findtext("msg")

        assert said(7) == ""
        assert said(first, second, third, first) == (
            f"{words}{first},{third} Patches already applied: {second}"
        )
        assert said(first) == f"Patches already applied: {first}"
        reset_status(emulator, deviceid, first, status=16)
        assert said(first) == f"{words}{first}"
        assert patch_rows(emulator, deviceid)[first]["status"] == "2"

    def test_a_delay_makes_actions_settle_later(self, emulator):
        emulator.reset(settle_seconds=90)
        device = next(one for one in devices(emulator.ground_truth()) if one["patches"])
        deviceid = device["deviceid"]
        row = next(one for one in device["patches"] if one["policy"] == 4)
        ask(emulator, "patch_approve", deviceid=deviceid, patchids=row["patchid"])
        assert patch_rows(emulator, deviceid)[row["patchid"]]["policy"] == "4"
        emulator.advance(seconds=89)
        assert patch_rows(emulator, deviceid)[row["patchid"]]["policy"] == "4"
        emulator.advance(seconds=1)
        assert patch_rows(emulator, deviceid)[row["patchid"]]["policy"] == "66"
