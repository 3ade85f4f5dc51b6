"""`patchfleet doctor` alone checks the set-up, one line for each check."""

import pytest

from patchfleet.emulator import Emulator


def states(result):
    return {(one["name"], one["account"]): one["state"] for one in result.json}


def test_each_check_is_a_line(reading, still):
    account = still.emulator.qualys
    reading.set(
        PATCHFLEET_QUALYS_URL=still.url,
        PATCHFLEET_QUALYS_USERNAME=account.username,
        PATCHFLEET_QUALYS_PASSWORD=account.password,
    )
    made = len(still.emulator.calls)
    result = reading("doctor", "--json")
    assert result.code == 0
    found = states(result)
    for name in ("key", "rights"):
        assert found[name, "nsight"] == found[name, "qualys"] == "ok"
    assert found["clock", "nsight"] == "warning", "the emulated clock is another"
    assert found["clock", "qualys"] == "skipped"
    assert found["rate limit", "qualys"] == "ok"
    assert found["settings", None] == found["record", None] == "ok"
    assert ("disk", None) in found
    services = [call.service for call in list(still.emulator.calls)[made:]]
    assert sorted(services) == ["auth", "get_version", "list_clients"]
    text = reading("doctor")
    assert text.code == 0
    assert "rights nsight: sees 3 customers" in text.out
    assert "last complete sync" in text.out
    assert still.api_key not in text.out + text.err + result.out


def test_a_wrong_key_fails_and_the_rest_is_still_checked(cli, still):
    cli.account(still)
    cli.set(PATCHFLEET_NSIGHT_KEY="wrong")
    result = cli("doctor", "--json")
    found = states(result)
    assert result.code == 3
    assert found["key", "nsight"] == "failed"
    assert found["record", None] == "ok"
    assert "hint: check the key" in cli("doctor").err


def test_no_account_and_no_key(cli, still):
    assert states(cli("doctor", "--json"))["account", None] == "warning"
    cli.set(PATCHFLEET_NSIGHT_URL=still.url)
    result = cli("doctor", "--json")
    assert result.code == 3
    assert states(result)["key", "nsight"] == "failed"
    assert states(result)["rights", "nsight"] == "skipped"


def test_settings_that_cannot_be_read(cli):
    (cli.folder / "patchfleet.toml").write_text("[nsight\n")
    result = cli("doctor", "--json")
    assert result.code == 3
    assert states(result) == {("settings", None): "failed"}


def test_a_record_that_cannot_be_opened(cli, still):
    cli.account(still)
    (cli.folder / "fleet.db").write_text("not a database, " * 100)
    result = cli("doctor", "--json")
    assert result.code == 3
    assert states(result)["record", None] == "failed"


@pytest.mark.parametrize("fault", ["server_error", "reset", "forbidden"])
def test_a_vendor_that_does_not_answer(cli, fault):
    emulator = Emulator(customers=1, devices=2, patches=5, seed=1)
    emulator.fault(fault, times=None)
    with emulator.running() as host:
        cli.account(host)
        result = cli("doctor", "--json")
    assert result.code == 3
    assert states(result)["rights", "nsight"] == "failed"
    assert states(result)["key", "nsight"] != "failed"


def test_a_permission_that_is_missing(cli):
    emulator = Emulator(customers=1, devices=4, patches=5, seed=1, qualys_forbidden=True)
    with emulator.running() as host:
        account = emulator.qualys
        cli.set(
            PATCHFLEET_QUALYS_URL=host.url,
            PATCHFLEET_QUALYS_USERNAME=account.username,
            PATCHFLEET_QUALYS_PASSWORD=account.password,
        )
        result = cli("doctor", "--json")
    assert result.code == 3
    assert states(result)["key", "qualys"] == "ok"
    assert states(result)["rights", "qualys"] == "failed"
