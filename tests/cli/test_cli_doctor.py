"""`patchfleet doctor` records what an account answers, and compares it with what is assumed."""

import json

import msgspec
import pytest

from patchfleet.doctor import read_recording
from patchfleet.emulator import Emulator


@pytest.fixture
def accounts(cli, still):
    """Both accounts of one emulator."""
    account = still.emulator.qualys
    cli.account(still)
    cli.set(
        PATCHFLEET_QUALYS_URL=still.url,
        PATCHFLEET_QUALYS_USERNAME=account.username,
        PATCHFLEET_QUALYS_PASSWORD=account.password,
    )
    return cli


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    """A file of an emulated account, as the command writes it."""
    from patchfleet.cli.doctor.compare import emulated
    from patchfleet.doctor import write_recording

    path = tmp_path_factory.mktemp("shapes") / "shapes.json"
    write_recording(emulated(), path)
    return path


def test_the_calls_are_shown_before_they_are_made(accounts, still):
    made = len(still.emulator.calls)
    result = accounts("doctor", "--record", "shapes.json", "--dry-run")
    assert result.code == 0
    assert "nsight: at most" in result.err
    assert "qualys: at most" in result.err
    assert "list_patches 6" in result.err
    assert "all of them reading" in result.err
    assert len(still.emulator.calls) == made
    assert not (accounts.folder / "shapes.json").exists()


def test_both_accounts_are_recorded_into_one_file(accounts, still):
    result = accounts("doctor", "--record", "shapes.json", "--sample", 2, "--json")
    assert (result.code, result.json["never_read"]) == (0, [])
    path = accounts.folder / "shapes.json"
    recording = read_recording(path)
    assert recording.vendors.keys() == {"nsight", "qualys"}
    calls = result.json["calls"]
    assert calls["nsight"]["list_patches"] >= 4
    assert "next: patchfleet doctor --compare shapes.json" in result.err
    text = path.read_text() + result.out + result.err
    assert still.api_key not in text
    assert still.emulator.qualys.password not in text
    assert "Acme" not in text


def test_one_vendor_alone(accounts):
    assert accounts("doctor", "--record", "q.json", "--account", "qualys").code == 0
    assert read_recording(accounts.folder / "q.json").vendors.keys() == {"qualys"}


def test_a_word_that_is_not_listed_is_shown_and_written_only_when_allowed(cli):
    emulator = Emulator(customers=2, devices=6, patches=20, seed=3)
    with emulator.running() as host:
        cli.account(host)
        emulator.fault("unknown_elements", times=None)
        result = cli("doctor", "--record", "one.json")
        assert "names of fields that are not in the file" in result.err
        name = result.err.partition("they may be yours: ")[2].split(",")[0].split()[0]
        assert f'"{name}"' not in (cli.folder / "one.json").read_text()
        assert cli("doctor", "--record", "two.json", "--allow", name).code == 0
        assert f'"{name}"' in (cli.folder / "two.json").read_text()


def test_a_read_that_fails_is_named_and_the_rest_is_kept(cli):
    emulator = Emulator(customers=2, devices=6, patches=20, seed=3)
    with emulator.running() as host:
        cli.account(host)
        emulator.fault("server_error", service="list_checks", times=None)
        result = cli("doctor", "--record", "shapes.json")
    assert result.code == 3
    assert "warning: nsight list_checks was never read: VendorBroken" in result.err
    answers = read_recording(cli.folder / "shapes.json").vendors["nsight"]
    assert answers["list_patches"].outcomes["read"]
    assert set(answers["list_checks"].statuses) == {"503"}


def test_a_refused_key_leaves_no_file(cli, still):
    cli.account(still)
    cli.set(PATCHFLEET_NSIGHT_KEY="wrong")
    result = cli("doctor", "--record", "shapes.json")
    assert result.code == 5
    assert "does not accept the key" in result.error()
    assert not (cli.folder / "shapes.json").exists()


def test_no_account_an_existing_file_and_both_options(cli, still):
    assert cli("doctor", "--record", "shapes.json").error() == "no account is set up"
    cli.account(still)
    (cli.folder / "kept.json").write_text("mine")
    result = cli("doctor", "--record", "kept.json")
    assert (result.code, result.error()) == (4, "kept.json already exists")
    assert (cli.folder / "kept.json").read_text() == "mine"
    assert cli("doctor", "--record", "none/shapes.json").code == 4
    both = cli("doctor", "--record", "a.json", "--compare", "b.json")
    assert both.code == 2
    assert "either --record or --compare" in both.error()


def test_the_emulator_does_not_differ_from_itself(cli, shapes):
    result = cli("doctor", "--compare", shapes)
    assert result.code == 0, result.out
    assert "no difference" in result.err
    assert "what severity numbers mean" in " ".join(result.out.split())


def test_each_difference_is_a_row_with_its_line(cli, shapes):
    recording = msgspec.json.decode(shapes.read_bytes())
    patch = recording["vendors"]["nsight"]["list_patches"]["success"]["objects"]["fields"]
    inner = patch["patches"]["shape"]["objects"]["fields"]["patch"]["shape"]["objects"]["fields"]
    inner["status"]["shape"]["words"]["128"] = 3
    (cli.folder / "other.json").write_bytes(msgspec.json.encode(recording))
    result = cli("doctor", "--compare", "other.json", "--json")
    assert result.code == 3
    (row,) = result.json["differences"]
    assert row["path"] == "patches.patch.status"
    assert row["seen"] == "code 128"
    assert row["settles"] == "whether there are more than the seven statuses"
    assert any(one["settles"] == "what severity numbers mean" for one in result.json["answers"])
    text = cli("doctor", "--compare", "other.json")
    assert "1 difference" in text.err
    assert "code 128" in text.out


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is not JSON"), (b"{", "is not JSON"), (b"\xff\xfe", "is not JSON"),
        (b"[1]", "is not a file of shapes"), (b'{"format": "other"}', "is not a file of shapes"),
        (b'{"format": "patchfleet shapes", "version": 99}', "has version 99"),
        (b'{"format": "patchfleet shapes", "version": 1}', "is damaged"),
        (b'{"format": "patchfleet shapes", "version": 1, "vendors": {"nsight": 4}}', "is damaged"),
        (b"[" * 100_000, "is not JSON"),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_another_file_is_refused_in_one_line(cli, content, words):
    (cli.folder / "bad.json").write_bytes(content)
    result = cli("doctor", "--compare", "bad.json")
    assert result.code == 4
    assert words in result.error()
    assert result.hint()


def test_a_file_that_is_not_there(cli):
    result = cli("doctor", "--compare", "none.json")
    assert result.code == 4
    assert "cannot read none.json" in result.error()


def test_a_file_without_a_vendor_says_so(cli, shapes):
    recording = json.loads(shapes.read_text())
    del recording["vendors"]["qualys"]
    (cli.folder / "one.json").write_text(json.dumps(recording))
    result = cli("doctor", "--compare", "one.json", "--json")
    assert result.code == 0
    assert {row["vendor"] for row in result.json["answers"]} == {"nsight"}
