"""The names, parameters and defaults of the documentation that scripts were written for."""

import inspect
from typing import Any

import pytest

from patchfleet.emulator import Emulator, Host
from patchfleet.errors import ConfigError
from patchfleet.nsight import AsyncNAble, Description, NAble, Patch, PatchesChanged, RetryMessage
from patchfleet.transport.client import table_of

SEED = {
    "listPatches": ["deviceid", "describe"],
    "approvePatches": ["deviceid", "patchids", "describe"],
    "doNothingPatches": ["deviceid", "patchids", "describe"],
    "ignorePatches": ["deviceid", "patchids", "describe"],
    "reprocessPatches": ["deviceid", "patchids", "describe"],
    "retryPatches": ["deviceid", "patchids", "describe"],
}
CHANGES = ["approvePatches", "doNothingPatches", "ignorePatches"]
RETRIES = ["reprocessPatches", "retryPatches"]
SERVICES = {
    "listPatches": "patch_list_all",
    "approvePatches": "patch_approve",
    "doNothingPatches": "patch_do_nothing",
    "ignorePatches": "patch_ignore",
    "reprocessPatches": "patch_reprocess",
    "retryPatches": "patch_retry",
}
EXPLICIT = {"approvePatches": 66, "doNothingPatches": 68, "ignorePatches": 65}

WRAPPER = {
    "clients": "list_clients",
    "sites": "list_sites",
    "servers": "list_servers",
    "workstations": "list_workstations",
    "agentlessAssets": "list_agentless_assets",
    "clientDevices": "list_devices_at_client",
    "deviceDetails": "list_device_monitoring_details",
    "assetDetails": "list_device_asset_details",
    "checks": "list_checks",
    "failingChecks": "list_failing_checks",
    "formattedCheckOutput": "get_formatted_check_output",
    "assetSoftware": "list_all_software",
    "assetHardware": "list_all_hardware",
    "runTask": "task_run_now",
}


@pytest.mark.parametrize("kind", [NAble, AsyncNAble])
@pytest.mark.parametrize(("name", "parameters"), SEED.items())
def test_a_name_has_its_parameters_and_defaults(
    kind: type, name: str, parameters: list[str]
) -> None:
    method = getattr(kind("us", "key-of-a-test"), name)
    signature = inspect.signature(method)
    assert list(signature.parameters) == parameters
    for parameter in signature.parameters.values():
        assert parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
        is_describe = parameter.name == "describe"
        assert parameter.default is (False if is_describe else inspect.Parameter.empty)
    assert method.__name__ == name
    assert method.__doc__


@pytest.mark.parametrize("kind", [NAble, AsyncNAble])
@pytest.mark.parametrize(("name", "ours"), WRAPPER.items())
def test_the_wrappers_names_are_ours_too(kind: type, name: str, ours: str) -> None:
    client = kind("us", "key-of-a-test")
    assert inspect.signature(getattr(client, name)) == inspect.signature(getattr(client, ours))
    assert table_of(kind)[name].build is table_of(kind)[ours].build
    assert getattr(client, name).__doc__ == getattr(client, ours).__doc__


def rows(emulator: Emulator, device: int) -> dict[int, Any]:
    """Return the true patch rows of a device by their ids."""
    customer = emulator.ground_truth(device)["customers"][0]
    found = customer["sites"][0]["devices"][0]["patches"]
    return {row["patchid"]: row for row in found}


def test_list_patches_is_a_list_of_records(
    connect: Any, host: Host, emulator: Emulator, device: int
) -> None:
    client = connect(host)
    for listed in (
        client.listPatches(device),
        client.listPatches(deviceid=device),
        client.listPatches(device, False),  # noqa: FBT003 -- as the seed has it
        client.listPatches(device, describe=False),
        client.listPatches(str(device)),
    ):
        assert isinstance(listed, list)
        assert {type(patch) for patch in listed} == {Patch}
        assert [patch["patchid"] for patch in listed] == list(rows(emulator, device))


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("form", ["list", "text"])
def test_changes_take_a_list_or_a_text(
    connect: Any, host: Host, emulator: Emulator, device: int, name: str, form: str
) -> None:
    chosen = list(rows(emulator, device))[:3]
    given: Any = chosen if form == "list" else ",".join(map(str, chosen))
    result = getattr(connect(host), name)(device, given)
    assert isinstance(result, PatchesChanged)
    assert (result.device_id, result.patch_ids) == (device, tuple(chosen))
    assert result.answered_at == emulator.now
    policies = {number: row["policy"] for number, row in rows(emulator, device).items()}
    assert {policies[number] for number in chosen} == {EXPLICIT[name]}
    call, _ = emulator.calls  # the second reads back
    assert call.service == SERVICES[name]
    assert call.params["patchids"] == ",".join(map(str, chosen))


@pytest.mark.parametrize("name", RETRIES)
def test_retries_return_the_message(
    connect: Any, host: Host, emulator: Emulator, device: int, name: str
) -> None:
    chosen = list(rows(emulator, device))
    failed = tuple(n for n, row in rows(emulator, device).items() if row["status"] == 16)
    message = getattr(connect(host), name)(deviceid=device, patchids=chosen)
    assert isinstance(message, str)
    assert type(message) is RetryMessage
    assert message.retried == failed
    assert message.already_applied == tuple(n for n in chosen if n not in failed)
    verb = {"reprocessPatches": "Reprocessing", "retryPatches": "Retrying"}[name]
    assert (f"{verb} patches: " in message) == bool(failed)


@pytest.mark.parametrize("name", SEED)
def test_describe_returns_the_manual(
    connect: Any, host: Host, emulator: Emulator, name: str
) -> None:
    method = getattr(connect(host), name)
    ids = [1, "7"] if "patchids" in SEED[name] else [1]
    positional = method(*ids, True)  # noqa: FBT003 -- as the seed has it
    for manual in (positional, method(*ids, describe=True), method(describe=True)):
        assert isinstance(manual, Description)
        assert manual.name == SERVICES[name]
        assert "deviceid" in {parameter.name for parameter in manual.parameters}
    assert [call.params.get("describe") for call in emulator.calls] == ["true"] * 3
    assert {call.service for call in emulator.calls} == {SERVICES[name]}
    assert not any("patchids" in call.params for call in emulator.calls)


@pytest.mark.parametrize("name", SEED)
def test_too_many_too_few_and_unknown_arguments_are_mistakes(
    connect: Any, host: Host, emulator: Emulator, name: str
) -> None:
    method = getattr(connect(host), name)
    for args, kwargs in [((), {}), ((1, 2, 3, 4), {}), ((1,), {"nothing": 1})]:
        with pytest.raises(TypeError):
            method(*args, **kwargs)
    assert emulator.calls == []


def test_bad_parameters_are_refused_before_a_call(
    connect: Any, host: Host, emulator: Emulator
) -> None:
    client = connect(host)
    for call in (
        lambda: client.listPatches("server"),
        lambda: client.approvePatches(1, []),
        lambda: client.approvePatches(1, "a,b"),
        lambda: client.clientDevices(1, "Server"),
        lambda: client.clients("laptop"),
        lambda: client.failingChecks(1, "all"),
        lambda: client.describe("patch approve"),
    ):
        with pytest.raises(ConfigError) as caught:
            call()
        assert caught.value.hint or "not the name" in str(caught.value)
    assert emulator.calls == []
