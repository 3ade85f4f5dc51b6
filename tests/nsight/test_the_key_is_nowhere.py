"""The key is in no log at any level, no output, no exception, no repr, no traceback."""

import gc
import io
import logging
import traceback
import warnings
from typing import Any

import pytest

from patchfleet.emulator import Emulator, Host
from patchfleet.emulator.faults import OF_NSIGHT
from patchfleet.errors import ConfigError, VendorError
from patchfleet.nsight import Retries
from patchfleet.transport.credentials import LOGGERS

KEY = "a-key-that-goes-nowhere"
OPTIONS: dict[str, dict[str, Any]] = {"slow": {"seconds": 9}, "rate_limited": {"retry_after": 0}}


def told(error: BaseException) -> str:
    """Return all that can be told of an error, with the local variables of every frame."""
    whole = traceback.TracebackException.from_exception(error, capture_locals=True)
    plain = traceback.format_exception(error)
    parts = [repr(error), str(error), *plain, *whole.format(), repr(error.__dict__)]
    parts += [told(inner) for inner in (error.__cause__, error.__context__) if inner is not None]
    return "\n".join(parts)


@pytest.mark.parametrize("fault", [*sorted(OF_NSIGHT), None])
def test_with_every_fault(
    connect: Any,
    host: Host,
    emulator: Emulator,
    device: int,
    fault: str | None,
    every_log: io.StringIO,
    capfd: pytest.CaptureFixture[str],
) -> None:
    settings: dict[str, Any] = {"retries": Retries(attempts=2, first_wait_seconds=0)}
    if fault in {"slow", "trickle", "hang"}:
        settings = {"retries": 0, "timeout": 0.1}
    client = connect(host, **settings)
    if fault:
        emulator.fault(fault, times=None, **OPTIONS.get(fault, {}))
    said: list[str] = []
    for call in (
        lambda: client.list_patches(device),
        client.list_clients,
        lambda: client.retry_patches(device, [1]),
        lambda: client.approvePatches(device, [1], describe=True),
    ):
        try:
            said.append(repr(call()))
        except VendorError as error:
            said.append(told(error))
    bare = getattr(client, "client", client)
    said += [repr(bare), repr(bare._wire), repr(bare._wire._endpoint), repr(bare._call_policy)]
    said.append(repr(vars(bare)))
    said.append(every_log.getvalue())
    said += capfd.readouterr()
    assert "httpcore2" in "".join(name for name in logging.root.manager.loggerDict)
    assert "send_request_headers" in every_log.getvalue(), "the library's log was heard"
    assert emulator.calls[-1].service, "calls arrived"
    for text in said:
        assert host.api_key not in text


def test_with_nobody_there(connect: Any, every_log: io.StringIO) -> None:
    client = connect(base_url="http://127.0.0.1:1", key=KEY)
    with pytest.raises(VendorError) as caught:
        client.list_clients()
    assert KEY not in told(caught.value)
    assert KEY not in every_log.getvalue()


def test_what_is_thrown_away_says_nothing(connect: Any, host: Host, emulator: Emulator) -> None:
    emulator.fault("reset", times=None)
    client = connect(host)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        with pytest.raises(VendorError):
            client.list_clients()
        client.close()
        gc.collect()
    assert [str(warning.message) for warning in heard if host.api_key in str(warning.message)] == []


def test_loggers_are_left_as_they_were(connect: Any, host: Host) -> None:
    def filters() -> list[Any]:
        return [one for name in LOGGERS for one in logging.getLogger(name).filters]

    before = filters()
    client = connect(host)
    assert filters() == before
    client.list_clients()
    assert len(filters()) == len(before) + len(LOGGERS)
    client.close()
    assert filters() == before


def test_errors_before_a_call_do_not_tell_it_either(connect: Any) -> None:
    for settings in (
        {"base_url": f"https://rmm.example.com/?apikey={KEY}"},
        {"base_url": f"https://{KEY}@rmm.example.com"},
        {"base_url": f"ftp://{KEY}"},
        {"region": "mars"},
        {"region": "us", "proxy": f"http://user:{KEY}@[::1"},
        {"region": "us", "user_agent": f"{KEY}\n"},
    ):
        with pytest.raises(ConfigError) as caught:
            connect(**{"key": KEY, **settings})
        assert KEY not in repr(caught.value)
        assert KEY not in str(caught.value.hint)
        assert KEY not in "".join(traceback.format_exception(caught.value))
