"""A client nobody here wrote is satisfied: NAbleAPI 0.0.9, its real code, over HTTP.

It can be installed from Python 3.12 on; elsewhere these tests are skipped.
"""

import sys

import pytest

from .reading import devices

if sys.version_info < (3, 12):
    pytest.skip("NAbleAPI needs Python 3.12", allow_module_level=True)
pytest.importorskip("NAbleAPI", reason="NAbleAPI is not installed")


@pytest.fixture
def wrapper(host):
    """An instance that skips its constructor, which would ask the vendor."""
    from NAbleAPI.client import NAble

    wrapper = NAble.__new__(NAble)
    wrapper.useOgValues = True
    wrapper.queryUrlBase = f"{host.url}/api/?apikey={host.api_key}&service="
    return wrapper


def test_the_way_to_the_devices(wrapper, host):
    truth = host.emulator.truth()
    clients = wrapper.clients()
    assert [one["clientid"] for one in clients] == [str(c["clientid"]) for c in truth["customers"]]
    found = []
    for customer in truth["customers"]:
        assert len(wrapper.sites(clientid=customer["clientid"])) == len(customer["sites"])
        for site in customer["sites"]:
            found += wrapper.servers(siteid=site["siteid"]) or []
            found += wrapper.workstations(siteid=site["siteid"]) or []
    assert len(found) == len(list(devices(truth)))


def test_devices_at_client(wrapper, host):
    customer = host.emulator.truth()["customers"][0]
    told = wrapper.clientDevices(clientid=customer["clientid"], devicetype="workstation")
    assert told["id"] == str(customer["clientid"])


def test_details_of_every_device(wrapper, host):
    for device in devices(host.emulator.truth()):
        details = wrapper.deviceDetails(deviceid=device["deviceid"])
        assert details["id"] == str(device["deviceid"])
        assert len(wrapper.checks(deviceid=device["deviceid"])) == int(details["checks"]["@count"])
        asset = wrapper.assetDetails(deviceid=device["deviceid"])
        assert asset["serialnumber"] == device["serial"]
        assert wrapper.assetSoftware(assetid=device["assetid"])
        assert wrapper.assetHardware(assetid=device["assetid"])


def test_the_six_patch_calls(wrapper, device):
    deviceid = device["deviceid"]
    [told] = wrapper.listPatches(deviceid=deviceid)
    assert len(told["patch"]) == len(device["patches"])
    patchids = [row["patchid"] for row in device["patches"] if row["status"] == 8][:3]
    for write in (wrapper.approvePatches, wrapper.ignorePatches, wrapper.doNothingPatches):
        assert write(deviceid=deviceid, patchids=patchids)["@status"] == "OK"
    for again in (wrapper.retryPatches, wrapper.reprocessPatches):
        message = again(deviceid=deviceid, patchids=patchids)["msg"]
        assert message == "Patches already applied: " + ",".join(map(str, patchids))
    described = wrapper.listPatches(deviceid=deviceid, describe=True)
    assert described["service"]["name"] == "patch_list_all"


def test_its_errors(wrapper):
    with pytest.raises(ValueError, match="Invalid value for parameter: deviceid"):
        wrapper.listPatches(deviceid=1)
    wrapper.queryUrlBase = wrapper.queryUrlBase.replace("apikey=", "apikey=x")
    with pytest.raises(ValueError, match="Login failed"):
        wrapper.clients()
