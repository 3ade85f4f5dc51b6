"""Control API of the emulator: JSON without a key, one function a route.

A bad request is answered with 400 and `{"error": ...}` and changes nothing; a web page of another
origin is answered with 403 (`origins.py`).
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from patchfleet._renamed.table import CONTROLS
from patchfleet.emulator.faults import FAULTS
from patchfleet.emulator.response import Response
from patchfleet.emulator.vendors import Vendors

PREFIX = "/_control"
Words = Mapping[str, Any]


def respond(
    emulator: Vendors, method: str, path: str, query: Mapping[str, str], body: bytes
) -> Response:
    """Answer one control request: 200, 400 for bad input, 404 or 405 for an unknown route.

    A former route answers as before, with a `Warning` header that names the new one.
    """
    former = path.removeprefix(PREFIX).strip("/")
    name = CONTROLS.get(former, former)
    if name != former:
        answer = respond(emulator, method, f"{PREFIX}/{name}", query, body)
        warning = f'299 patchfleet "{PREFIX}/{former} is now {PREFIX}/{name}"'
        return replace(answer, headers=(*answer.headers, ("Warning", warning)))
    actions = {verb: act for (place, verb), act in ROUTES.items() if place == name}
    if not actions:
        names = ", ".join(sorted({place for place, _ in ROUTES}))
        return _json(404, {"error": f"no control named {name!r}; there are: {names}"})
    act = actions.get(method)
    if act is None:
        return _json(405, {"error": f"{name} knows {', '.join(sorted(actions))}, not {method}"})
    try:
        words = _words(body) if method == "POST" else query
        return _json(200, act(emulator, words))
    except (ValueError, TypeError, OverflowError) as problem:
        return _json(400, {"error": str(problem)})


def refuse(reason: str) -> Response:
    """Answer a request of another origin with 403."""
    return _json(403, {"error": reason})


def _words(body: bytes) -> Words:
    if not body.strip():
        return {}
    words = json.loads(body)
    if not isinstance(words, dict):
        raise TypeError("the body must be a JSON object")
    return words


def _json(status: int, value: object) -> Response:
    headers = (("Content-Type", "application/json"),)
    return Response(status, headers, json.dumps(value).encode(), is_vendors=False)


def _reset(emulator: Vendors, words: Words) -> object:
    changes = dict(words)
    if isinstance(changes.get("start"), str):
        changes["start"] = datetime.fromisoformat(changes["start"])
    emulator.reset(**changes)
    return {"now": emulator.now.isoformat(), "api_key": emulator.api_key}


def _advance(emulator: Vendors, words: Words) -> object:
    if "to" in words:
        if len(words) > 1 or not isinstance(words["to"], str):
            raise ValueError('give either {"to": "2026-11-20T07:00:00Z"} or a step as {"days": 2}')
        emulator.advance_to(datetime.fromisoformat(words["to"]))
    else:
        emulator.advance(**words)
    return _clock(emulator, {})


def _clock(emulator: Vendors, _: Words) -> object:
    return {"now": emulator.now.isoformat()}


def _faults(emulator: Vendors, _: Words) -> object:
    return {
        "faults": [fault.as_dict() for fault in emulator.faults],
        "kinds": {name: kind.as_dict() for name, kind in FAULTS.items()},
    }


def _add_fault(emulator: Vendors, words: Words) -> object:
    if not isinstance(words.get("kind"), str):
        raise TypeError('a fault needs a "kind"; GET faults lists them')
    return emulator.fault(**words).as_dict()


def _clear_faults(emulator: Vendors, _: Words) -> object:
    return {"cleared": emulator.clear_faults()}


def _calls(emulator: Vendors, words: Words) -> object:
    since = int(words.get("since", 0))
    return {"calls": [call.as_dict() for call in emulator.calls if call.n > since]}


def _clear_calls(emulator: Vendors, _: Words) -> object:
    cleared = len(emulator.calls)
    emulator.clear_calls()
    return {"cleared": cleared}


def _manual_action(emulator: Vendors, words: Words) -> object:
    if set(words) != {"device", "act"}:
        raise ValueError('give {"device": 100097, "act": "install"} or "restart"')
    emulator.manual_action(**words)
    return emulator.ground_truth(words["device"])


def _ground_truth(emulator: Vendors, words: Words) -> object:
    device = int(words["device"]) if "device" in words else None
    return emulator.ground_truth(device, vendor=words.get("vendor", "nsight"))


ROUTES = {
    ("reset", "POST"): _reset,
    ("advance", "POST"): _advance,
    ("clock", "GET"): _clock,
    ("faults", "GET"): _faults,
    ("faults", "POST"): _add_fault,
    ("faults", "DELETE"): _clear_faults,
    ("calls", "GET"): _calls,
    ("calls", "DELETE"): _clear_calls,
    ("manual_action", "POST"): _manual_action,
    ("ground_truth", "GET"): _ground_truth,
}
"""Functions of the control API by name and HTTP method."""
