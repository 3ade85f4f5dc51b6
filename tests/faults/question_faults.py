"""Faults of identity: a good answer, and not to this question."""

import asyncio
from typing import TYPE_CHECKING

from faults.fault import Fault
from faults.proxy import NotMetError

if TYPE_CHECKING:
    from faults.call import Call, Reply
    from faults.proxy import Exchange

GROUP = "question"
ABOUT = ("customer", "site", "device", "device type", "job", "run", "platform", "page")
SUBJECTS = {
    "list_sites": ("customer",),
    "list_devices_at_client": ("customer", "device type"),
    "list_servers": ("site",),
    "list_workstations": ("site",),
    "patch_list_all": ("device",),
    "get_all_assets": ("page",),
    "get_assets": ("platform", "page"),
    "get_asset_count": ("platform",),
    "get_patches": ("platform", "page"),
    "get_patch_count": ("platform",),
    "list_jobs": ("platform", "page"),
    "get_job": ("job",),
    "get_job_runs": ("job",),
    "get_job_results": ("job",),
    "get_run_results": ("job", "run"),
}  # fmt: skip
"""What of the question each kind of call says, so that the vendor can be asked for another.

Only questions: whoever asked the vendor to change another device would change it.
"""
CROSSED = frozenset(
    {"patch_list_all", "list_sites", "list_workstations", "get_job_results", "get_run_results",
     "get_job", "get_job_runs"}
)  # fmt: skip
"""Kinds of call that are made side by side."""


async def _other(exchange: "Exchange", name: str) -> "tuple[Call, Reply]":
    """Ask the same of another customer, site, device … until the answer is another one."""
    mine = await exchange.forward()
    for other in exchange.others(name):
        asked = exchange.call.instead(other)
        reply = await exchange.forward(asked)
        if reply.status < 300 and reply.body != mine.body:
            return other, reply
    raise NotMetError


def _of_another(name: str) -> Fault:
    async def act(exchange: "Exchange") -> None:
        _, reply = await _other(exchange, name)
        await exchange.send(reply)

    return Fault(
        f"the answer of another {name}", GROUP, act,
        lambda kind: name in SUBJECTS.get(kind, ()),
        small=name == "page",
    )  # fmt: skip


def _swapped(name: str) -> Fault:
    """Answer two questions each with the other's answer, and the rest as they are."""

    async def act(exchange: "Exchange") -> None:
        state, target = exchange.state, exchange.call.target
        if "pair" not in state:
            other, reply = await _other(exchange, name)
            pair = state["pair"] = {_key(exchange.call): other, _key(other): exchange.call}
            assert len(pair) == 2, target
        elif _key(exchange.call) in state["pair"]:
            instead = exchange.call.instead(state["pair"][_key(exchange.call)])
            reply = await exchange.forward(instead)
        else:
            raise NotMetError
        await exchange.send(reply)

    return Fault(
        f"the answers of two of {name} swapped", GROUP, act,
        lambda kind: name in SUBJECTS.get(kind, ()) and name not in ("page", "device type"),
        whens=("always",),
    )  # fmt: skip


def _key(call: "Call") -> tuple[str, tuple[tuple[str, str], ...]]:
    return call.path, tuple(sorted(call.subject.items()))


async def _earlier_instead(exchange: "Exchange") -> None:
    """Send the answer before this one on the same connection, and not this one."""
    last = exchange.connection.last
    if last is None:
        raise NotMetError
    reply = await exchange.forward()
    if reply.body == last.body:
        raise NotMetError
    await exchange.send(last)
    exchange.connection.last = reply


async def _crossed(exchange: "Exchange") -> None:
    """Hold one answer back until another call of its kind came, and give each the other's."""
    reply = await exchange.forward()
    state = exchange.state
    if "waiting" in state:
        mine, theirs = asyncio.Event(), state.pop("waiting")
        theirs["answer"], other = reply, theirs["own"]
        theirs["event"].set()
        del mine
        await exchange.send(other)
        return
    waiting = state["waiting"] = {"own": reply, "event": asyncio.Event()}
    try:
        async with asyncio.timeout(0.3):
            await waiting["event"].wait()
    except TimeoutError:
        state.pop("waiting", None)
        await exchange.send(reply)
        return
    await exchange.send(waiting["answer"])


QUESTION_FAULTS = (
    *map(_of_another, ABOUT),
    *map(_swapped, ("customer", "site", "device", "job", "run", "platform")),
    Fault("the answer before instead of this one", GROUP, _earlier_instead),
    Fault(
        "two answers crossed", GROUP, _crossed,
        lambda kind: kind in CROSSED,
        whens=("always",),
    ),
)  # fmt: skip
