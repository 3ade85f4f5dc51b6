"""The whole client over real HTTP against the emulator; sync and async alike."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from patchfleet.emulator import Emulator, Host
from patchfleet.emulator.faults import OF_NSIGHT
from patchfleet.errors import (
    Forbidden,
    RateLimited,
    Rejected,
    Unauthorized,
    Unreachable,
    Unreadable,
    VendorBroken,
    VendorError,
)
from patchfleet.nsight import NAble, RateLimit, Retries
from patchfleet.nsight.records.record import Record

ONCE_EACH = ("patch_retry", "patch_reprocess", "task_run_now")
REPEATED = ("patch_approve", "patch_ignore", "patch_do_nothing", "patch_inherit")
METHODS = {
    "patch_retry": "retry_patches",
    "patch_reprocess": "reprocess_patches",
    "patch_approve": "approve_patches",
    "patch_ignore": "ignore_patches",
    "patch_do_nothing": "do_nothing_patches",
    "patch_inherit": "inherit_patches",
    "task_run_now": "task_run_now",
}


def true_devices(emulator: Emulator) -> list[dict[str, Any]]:
    """Return every true device, with the ids of where it stands."""
    return [
        device | {"clientid": customer["clientid"], "siteid": site["siteid"]}
        for customer in emulator.ground_truth()["customers"]
        for site in customer["sites"]
        for device in site["devices"]
    ]


def true_rows(emulator: Emulator, device: int) -> list[dict[str, Any]]:
    """Return the true patch rows of a device."""
    rows: list[dict[str, Any]] = next(
        found["patches"] for found in true_devices(emulator) if found["deviceid"] == device
    )
    return rows


def test_the_way_to_every_device_is_complete(connect: Any, host: Host, emulator: Emulator) -> None:
    client = connect(host)
    short, full = set(), set()
    for customer in client.list_clients():
        for kind in ("server", "workstation"):
            listed = client.list_devices_at_client(customer.client_id, kind)
            short |= {(d.client_id, d.site_id, d.device_id, d.name, d.patch) for d in listed}
        for site in client.list_sites(customer.client_id):
            devices = client.list_servers(site.site_id) + client.list_workstations(site.site_id)
            full |= {(customer.client_id, site.site_id, d.device_id, d.name) for d in devices}
    truth = true_devices(emulator)
    where = [(d["clientid"], d["siteid"], d["deviceid"], d["name"]) for d in truth]
    assert full == set(where)
    assert short == {
        (*place, device["is_managed"]) for place, device in zip(where, truth, strict=True)
    }


def test_patches_are_what_is_true(connect: Any, host: Host, emulator: Emulator) -> None:
    client = connect(host)
    for device in true_devices(emulator):
        listed = client.list_patches(device["deviceid"])
        assert [
            (p.patch_id, p.patch_title, p.policy, p.status, p.severity_label, p.product, p.kb)
            for p in listed
        ] == [
            (
                row["patchid"],
                row["title"],
                row["policy"],
                row["status"],
                row["severity"],
                row["product"],
                row["kb"] and row["kb"].removeprefix("KB"),
            )
            for row in device["patches"]
        ]
        assert [p.deployable for p in listed] == [r["is_deployable"] for r in device["patches"]]


def test_every_other_call_is_answered(connect: Any, host: Host, emulator: Emulator) -> None:
    client = connect(host)
    for device in true_devices(emulator):
        number = device["deviceid"]
        details = client.deviceDetails(number)
        assert (details.device_id, details.name) == (number, device["name"])
        assert [c.checkid for c in client.checks(number)] == [c.checkid for c in details.checks]
        for check in details.checks:
            assert client.formattedCheckOutput(check.checkid)
        asset = client.assetDetails(number)
        assert asset.serialnumber == device["serial"]
        software = client.assetSoftware(device["assetid"])
        assert software
        assert {program.name for program in software} <= {s.name for s in asset.software}
        assert len(client.assetHardware(device["assetid"])) == len(asset.hardware)
    for site in {device["siteid"] for device in true_devices(emulator)}:
        assert client.agentlessAssets(site) == []
    for found in client.failingChecks():
        assert found.failed_checks or found.offline or found.overdue


def test_a_task_is_started(connect: Any, host: Host, device: int) -> None:
    client = connect(host)
    task = next(check for check in client.list_checks(device) if check.check_type == 1023)
    started = client.task_run_now(task.checkid)
    assert started.minutes is not None
    assert str(started.minutes) in started.message


SAME_ANSWER = [
    "pretty",
    "escaped",
    "no_declaration",
    "open_close",
    "trailing_blanks",
    "lower_dates",
    "upper_dates",
    "case",
    "utf8",
]


@pytest.mark.parametrize("fault", SAME_ANSWER)
def test_every_way_of_writing_says_the_same(
    connect: Any, host: Host, emulator: Emulator, device: int, fault: str
) -> None:
    client = connect(host)
    customer, site = (true_devices(emulator)[0][name] for name in ("clientid", "siteid"))
    calls = [
        lambda: client.list_patches(device),
        client.list_clients,
        lambda: client.list_sites(customer),
        lambda: client.list_servers(site) + client.list_workstations(site),
        lambda: client.list_devices_at_client(customer, "workstation"),
        lambda: client.list_device_monitoring_details(device),
        lambda: client.list_device_asset_details(device),
        lambda: client.list_checks(device),
        client.list_failing_checks,
    ]
    plain = [call() for call in calls]
    emulator.fault(fault, times=None)
    assert [folded(call()) for call in calls] == [folded(answer) for answer in plain]


def folded(value: Any) -> Any:
    """Return records as plain data, names in one case: unknown names are kept as they came."""
    if isinstance(value, list):
        return [folded(inside) for inside in value]
    if isinstance(value, Record):
        return {name.lower(): folded(inside) for name, inside in value.items()}
    return value


@pytest.mark.parametrize("fault", ["unknown_elements", "bad_dates", "unknown_ids"])
def test_what_nobody_documented_does_not_stop_a_list(
    connect: Any, host: Host, emulator: Emulator, device: int, fault: str
) -> None:
    client = connect(host)
    plain = client.list_patches(device)
    emulator.fault(fault, times=None)
    odd = client.list_patches(device)
    assert [patch.patch_id for patch in odd] == [patch.patch_id for patch in plain]
    if fault == "unknown_elements":
        assert all("newfeature" in patch for patch in odd)
    if fault == "unknown_ids":
        assert {(p.status, p.status_name, p.policy_name) for p in odd} == {
            (128, "Deferred", "Quarantine")
        }
    assert client.list_device_monitoring_details(device).device_id == device
    assert len(client.list_clients()) == 2


HANGING = {"slow", "trickle", "hang"}
"""Faults that end by our own time-out; only there is it short, for a busy machine is slow too."""

ERRORS: list[tuple[str, dict[str, Any], type[VendorError]]] = [
    ("rate_limited", {"retry_after": 0}, RateLimited),
    ("rate_limited", {"retry_after": "none"}, RateLimited),
    ("rate_limited", {"retry_after": "http-date", "seconds": 0}, RateLimited),
    ("rate_limited", {"retry_after": 900}, RateLimited),
    ("forbidden", {}, Forbidden),
    ("server_error", {"status": 500}, VendorBroken),
    ("server_error", {"status": 502}, VendorBroken),
    ("server_error", {"status": 503, "retry_after": 0}, VendorBroken),
    ("server_error", {"status": 504}, VendorBroken),
    ("slow", {"seconds": 9}, Unreachable),
    ("trickle", {}, Unreachable),
    ("hang", {}, Unreachable),
    ("hang", {"when": "after"}, Unreachable),
    ("cut", {}, Unreachable),
    ("reset", {}, Unreachable),
    ("garbage", {"raw": True}, Unreachable),
    ("garbage", {}, Unreadable),
    ("short", {}, Unreadable),
    ("short", {"fraction": 0.999}, Unreadable),
    ("html", {}, Unreadable),
    ("empty", {}, Unreadable),
    ("redirect", {}, VendorBroken),
    ("echo_key", {}, VendorBroken),
    ("e1", {"code": 4}, Rejected),
    ("e1", {"code": 3, "message": "Login failed"}, Unauthorized),
    ("e2", {}, Rejected),
    ("e3", {}, Rejected),
    ("bomb", {}, Unreadable),
    ("external_entity", {}, Unreadable),
    ("doctype", {}, Unreadable),
    ("utf16_doctype", {}, Unreadable),
]


@pytest.mark.parametrize(("fault", "options", "error"), ERRORS)
def test_every_fault_is_an_error_of_its_kind(
    connect: Any,
    host: Host,
    emulator: Emulator,
    device: int,
    fault: str,
    options: dict[str, Any],
    error: type[VendorError],
) -> None:
    settings: dict[str, Any] = {"timeout": 0.3} if fault in HANGING else {}
    client = connect(host, retries=Retries(attempts=2, first_wait_seconds=0), **settings)
    emulator.fault(fault, times=None, **options)
    with pytest.raises(VendorError) as caught:
        client.list_patches(device)
    assert type(caught.value) is error
    assert (caught.value.vendor, caught.value.operation) == ("N-sight", "patch_list_all")
    assert "\n" not in str(caught.value)
    can_help = caught.value.transient and options.get("retry_after") != 900
    assert len(emulator.calls) == (2 if can_help else 1)


def test_no_fault_is_left_out() -> None:
    tried = {fault for fault, _, _ in ERRORS}
    tried |= {*SAME_ANSWER, "unknown_elements", "bad_dates", "unknown_ids"}
    assert tried == OF_NSIGHT


@pytest.mark.parametrize(
    ("fault", "options"),
    [(fault, options) for fault, options, error in ERRORS if error in {Unreachable, RateLimited}]
    + [("short", {}), ("empty", {}), ("html", {}), ("server_error", {"status": 500})],
)
def test_what_passes_is_tried_again(
    connect: Any, host: Host, emulator: Emulator, device: int, fault: str, options: dict[str, Any]
) -> None:
    if options.get("retry_after") == 900:
        options = {"retry_after": 0}
    settings: dict[str, Any] = {"timeout": 0.4} if fault in HANGING else {}
    client = connect(host, **settings)
    emulator.fault(fault, service="patch_list_all", times=1, **options)
    listed = client.list_patches(device)
    assert [patch.patch_id for patch in listed] == [
        row["patchid"] for row in true_rows(emulator, device)
    ]
    assert [call.fault for call in emulator.calls] == [fault, None]


@pytest.mark.parametrize("service", ONCE_EACH + REPEATED)
@pytest.mark.parametrize(
    ("fault", "options"),
    [
        ("reset", {"when": "after"}),
        ("hang", {"when": "after"}),
        ("cut", {"when": "after"}),
        ("short", {"fraction": 0.5}),
        ("server_error", {"status": 504, "when": "after"}),
        ("reset", {"when": "before"}),
    ],
)
def test_a_change_whose_answer_is_lost_is_read_back(
    connect: Any,
    host: Host,
    emulator: Emulator,
    service: str,
    fault: str,
    options: dict[str, Any],
) -> None:
    """What was done is done once; what was not goes out again only where that cannot do harm."""
    emulator.reset(customers=3, devices=12, patches=60, seed=1)
    device = next(one["deviceid"] for one in true_devices(emulator) if one["is_managed"])
    settings: dict[str, Any] = {"timeout": 0.4} if fault in HANGING else {}
    client = connect(host, **settings)
    arguments = the_arguments(client, emulator, device, service)
    if service == "patch_inherit":  # there is something to take back
        client.ignore_patches(*arguments)
    emulator.clear_calls()
    emulator.fault(fault, service=service, **options)
    is_lost = options.get("when") == "before"
    if service == "task_run_now" or (is_lost and service in ONCE_EACH):
        with pytest.raises(VendorError) as caught:
            getattr(client, METHODS[service])(*arguments)
        assert caught.value.is_in_doubt
        assert caught.value.fate == "unknown"
    else:
        getattr(client, METHODS[service])(*arguments)
    sent = [call.fault for call in emulator.calls if call.service == service]
    assert sent == ([fault, None] if is_lost and service in REPEATED else [fault])


@pytest.mark.parametrize("service", ONCE_EACH)
@pytest.mark.parametrize("when", ["before", "after"])
def test_what_the_server_has_no_time_for_is_looked_for_before_it_is_sent_again(
    connect: Any, host: Host, emulator: Emulator, service: str, when: str
) -> None:
    emulator.reset(customers=3, devices=12, patches=60, seed=1)
    client = connect(host)
    managed = next(one["deviceid"] for one in true_devices(emulator) if one["is_managed"])
    arguments = the_arguments(client, emulator, managed, service)
    emulator.clear_calls()
    emulator.fault("rate_limited", service=service, retry_after=0, when=when)
    sent = ["rate_limited"]
    if service == "task_run_now":  # nothing tells whether it was started
        with pytest.raises(RateLimited) as caught:
            client.task_run_now(*arguments)
        assert caught.value.is_in_doubt
        assert "may" not in str(caught.value)
        assert "before you start the task again" in (caught.value.hint or "")
    else:
        getattr(client, METHODS[service])(*arguments)
        sent += [None] * (when == "before")
    assert [call.fault for call in emulator.calls if call.service == service] == sent


def the_arguments(client: Any, emulator: Emulator, device: int, service: str) -> list[Any]:
    """Return what a change is called with: a task's check, or a device and a patch of it."""
    if service == "task_run_now":
        checks = client.list_checks(device)
        return [next(check.checkid for check in checks if check.check_type == 1023)]
    chosen, row = next(
        (
            (found["deviceid"], row)
            for found in true_devices(emulator)
            for row in true_rows(emulator, found["deviceid"])
            if row["status"] == 16
        ),
        (device, true_rows(emulator, device)[0]),
    )
    return [chosen, [row["patchid"]]]


def test_a_long_list_is_cut_sent_in_order_and_joined(
    connect: Any, host: Host, emulator: Emulator, device: int
) -> None:
    rows = [row["patchid"] for row in true_rows(emulator, device)]
    ids = [rows[0], *range(1, 121), rows[1], *range(121, 201), *rows[2:]]
    result = connect(host).approve_patches(device, ids)
    changes = [call for call in emulator.calls if call.service == "patch_approve"]
    sent = [call.params["patchids"].split(",") for call in changes]
    assert [int(number) for part in sent for number in part] == ids == list(result.patch_ids)
    assert [len(part) for part in sent[:-1]] == [100] * (len(sent) - 1)
    assert {row["policy"] for row in true_rows(emulator, device)} == {66}


def test_a_list_that_breaks_in_the_middle_says_what_was_done(
    connect: Any, host: Host, emulator: Emulator, device: int
) -> None:
    emulator.fault("e1", service="patch_approve", after=1, message="Something is wrong")
    ids = [row["patchid"] for row in true_rows(emulator, device)][:1]
    with pytest.raises(Rejected, match="Something is wrong") as caught:
        connect(host).approve_patches(device, [*ids, *range(1, 300)])
    assert caught.value.__notes__ == ["1 of 3 calls were made before this one failed"]
    assert sum(call.service == "patch_approve" for call in emulator.calls) == 2


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda c: c.list_patches(1), Rejected, "Invalid value for parameter: deviceid"),
        (lambda c: c.list_sites(1), Rejected, "Invalid value for parameter: clientid"),
        (lambda c: c.list_servers(1), Rejected, "Invalid value for parameter: siteid"),
        (lambda c: c.list_all_software(1), Rejected, "Invalid value for parameter: assetid"),
        (lambda c: c.task_run_now(1), Rejected, "Invalid value for parameter: checkid"),
        (lambda c: c.describe("no_such_service"), Rejected, "Service unknown"),
    ],
)
def test_what_is_not_there_is_refused_with_the_vendors_words(
    connect: Any, host: Host, call: Any, error: type[VendorError], words: str
) -> None:
    with pytest.raises(error, match=words):
        call(connect(host))


def test_a_wrong_key_is_told_from_everything_else(connect: Any, host: Host) -> None:
    with pytest.raises(Unauthorized) as caught:
        connect(host, key="0123456789abcdef").list_clients()
    assert "region" in (caught.value.hint or "")


def test_a_blocked_name_is_forbidden(connect: Any) -> None:
    with Emulator(devices=1, customers=1, blocked_agents="^Mozilla").running() as host:
        with pytest.raises(Forbidden) as caught:
            connect(host).list_clients()
        assert "User-Agent" in (caught.value.hint or "")
        assert connect(host, user_agent="Curious/1").list_clients()


def test_a_device_without_patching_has_none_or_is_refused(connect: Any) -> None:
    emulator = Emulator(devices=40, customers=2, patches=1, seed=3)
    unmanaged = next(d["deviceid"] for d in true_devices(emulator) if not d["is_managed"])
    with emulator.running() as host:
        assert connect(host).list_patches(unmanaged) == []
        emulator.reset(non_windows="fail")
        with pytest.raises(Rejected, match="deviceid"):
            connect(host).list_patches(unmanaged)


def script(client: Any, device: int) -> None:
    """Do a little of everything; errors are part of it."""
    client.list_clients()
    client.list_patches(device)
    for call in (
        lambda: client.approve_patches(device, range(1, 151)),
        lambda: client.retry_patches(device, [1]),
        lambda: client.list_patches(1),
    ):
        try:
            call()
        except VendorError:
            continue
    client.listPatches(describe=True)


RECORDED: dict[str, list[tuple[str, dict[str, str], str | None]]] = {}


def test_both_runners_make_the_same_requests(
    connect: Any, host: Host, emulator: Emulator, device: int, request: pytest.FixtureRequest
) -> None:
    for after, fault in enumerate(("short", "reset", "server_error", "rate_limited", "e1")):
        options: dict[str, Any] = {"retry_after": 0} if fault == "rate_limited" else {}
        emulator.fault(fault, after=2 * after, **options)
    script(connect(host), device)
    sent = [(call.service, dict(call.params), call.fault) for call in emulator.calls]
    RECORDED[request.node.callspec.id] = sent
    assert {fault for *_, fault in sent} >= {"short", "reset", "server_error", "rate_limited"}
    if len(RECORDED) == 2:
        assert RECORDED["sync"] == RECORDED["async"]


def test_threads_share_one_pace_and_one_client(host: Host, emulator: Emulator) -> None:
    rate_limit = RateLimit(1000, seconds=60)
    client = NAble(key=host.api_key, base_url=host.url, rate_limit=rate_limit)
    with client, ThreadPoolExecutor(8) as threads:
        lists = list(threads.map(lambda _: client.list_clients(), range(40)))
    assert len(emulator.calls) == 40
    assert all(clients == lists[0] for clients in lists)
    assert len(rate_limit._starts) == 40
    assert list(rate_limit._starts) == sorted(rate_limit._starts)
