"""Run the existing wrapper's own code against an emulator, and print what it says as JSON.

`python six_calls.py URL KEY < devices.json`. Runs in the wrapper's own environment and imports
nothing of ours. The wrapper knows only the vendor's servers, so every request for one of them, the
two of its constructor included, is carried to the emulator by the HTTP library it uses.
"""

import json
import sys
from urllib.parse import urlsplit, urlunsplit

import requests
from NAbleAPI import NAble

VENDOR = "https://www.systemmonitor.us"


class Carried(requests.adapters.HTTPAdapter):
    """Sends what was meant for the vendor to the emulator, unchanged but for the server."""

    def __init__(self, url):
        super().__init__()
        self.server = urlsplit(url)

    def send(self, request, **settings):
        meant = urlsplit(request.url)
        request.url = urlunsplit((self.server.scheme, self.server.netloc, *meant[2:]))
        settings["proxies"] = {}
        return super().send(request, **settings)


def carry(url):
    """Make every session of the process carry the vendor's requests to the emulator."""
    begin = requests.Session.__init__

    def begin_carried(session):
        begin(session)
        session.mount(VENDOR, Carried(url))

    requests.Session.__init__ = begin_carried


def attempt(call, *args, **kwargs):
    """Return what a call says, or its error as a dict."""
    try:
        return call(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 -- it raises bare Exception itself
        return {"error": type(error).__name__, "words": str(error)}


def tell(client, wanted):
    """Call everything for the devices wanted."""
    told = {"clients": client.clients(), "devices": {}, "sites": {}, "at": {}, "listed": {}}
    for customer in told["clients"]:
        number = customer["clientid"]
        told["sites"][number] = client.sites(number)
        told["listed"][number] = {
            kind: attempt(client.clientDevices, number, kind) for kind in ("server", "workstation")
        }
        for site in told["sites"][number]:
            told["at"][site["siteid"]] = [
                client.servers(site["siteid"]),
                client.workstations(site["siteid"]),
            ]
    for device in wanted:
        number, patches = device["deviceid"], device["patchids"]
        told["devices"][number] = {
            "details": client.deviceDetails(number),
            "checks": client.checks(number),
            "asset": client.assetDetails(number),
            "before": client.listPatches(number),
            "reprocess": client.reprocessPatches(number, patches["reprocess"]),
            "retry": client.retryPatches(number, ",".join(map(str, patches["retry"]))),
            "approve": client.approvePatches(number, patches["approve"]),
            "ignore": client.ignorePatches(number, patches["ignore"]),
            "do_nothing": client.doNothingPatches(number, patches["do_nothing"]),
            "after": client.listPatches(number),
            "describe": client.listPatches(number, describe=True),
        }
    told["unknown device"] = attempt(client.listPatches, 1)
    told["wrong key"] = attempt(NAble, "us", "0" * 32)
    return told


if __name__ == "__main__":
    url, key = sys.argv[1:]
    carry(url)
    json.dump(tell(NAble("us", key), json.load(sys.stdin)), sys.stdout)
