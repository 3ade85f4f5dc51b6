"""Every kind of fault in every phase of a sync, through the command line.

Whatever goes wrong, the record then holds what was true before or what is true now, never something
between; the exit code says which, and standard error says why in a line. A plain run draws a phase
for every kind, and two for those that represent a class of error.
"""

import pytest
from emulated_sources import TRUTH_OF, has, learned

from patchfleet.cli import run
from patchfleet.cli.exit_codes import Exit
from patchfleet.emulator import Emulator
from patchfleet.emulator.faults import OF_NSIGHT, OF_QUALYS
from patchfleet.errors import VendorError
from patchfleet.nsight import NAble, Retries
from patchfleet.qualys import Qualys
from patchfleet.store import Store

pytestmark = pytest.mark.slow

SETTINGS = """\
store = "fleet.db"
[nsight]
calls_per_minute = 0
retries = 0
timeout_seconds = {seconds}
[qualys]
calls_per_hour = 0
retries = 0
timeout_seconds = {seconds}
"""
PHASES = {
    "nsight": {  # the service, and how many of its calls come before
        "the first call, which tries the key": ("list_clients", 0),
        "sites": ("list_sites", 1),
        "devices": ("list_devices_at_client", 3),
        "details of servers": ("list_servers", 0),
        "details of workstations": ("list_workstations", 0),
        "the first device": ("patch_list_all", 0),
        "the last device": ("patch_list_all", 5),
    },
    "qualys": {
        "login": ("auth", 0),
        "inventory": ("get_all_assets", 0),
        "devices": ("get_assets", 0),
        "catalogue": ("get_patches", 1),
        "jobs": ("list_jobs", 0),
        "job results": ("get_job_results", 2),
        "listings": ("get_assets", 3),
    },
}
PAGED = {"inventory": 2, "devices": 3, "catalogue": 3, "jobs": 0, "job results": 13}
"""Where Qualys's pages can lie once they are small, and how many calls come before a later page.

The first 12 results are of three jobs that are read side by side: nobody knows in which order.
"""
OPTIONS = {"slow": {"seconds": 0}, "trickle": {"piece_bytes": 10_000, "pause_seconds": 0}}

SAME = {
    "slow", "trickle", "pretty", "escaped", "no_declaration", "open_close", "trailing_blanks",
    "lower_dates", "upper_dates", "case", "unknown_elements", "utf8", "unknown_fields",
}  # fmt: skip
"""Other ways to say the same."""
SEEN_THROUGH = {
    "bad_dates": "a patch tells each date twice",
    "unknown_ids": "only patches have a status and a policy",
    "wrong_types": "a text is read from what is none, where it can be",
    "token_dies": "it logs in again",
}
"""Wrong, and the truth can be told all the same."""
LIES = {"drift", "page_repeats", "page_number_ignored", "no_cursor", "capped_pages", "duplicates"}
"""Pages that lie: found out by counts and by reading again."""

NO_INVENTORY = "warning: the account may not read the asset inventory"
EXCEPTIONS = {
    ("login", "forbidden"): (Exit.DONE, NO_INVENTORY),
    ("inventory", "forbidden"): (Exit.DONE, NO_INVENTORY),
    ("devices", "wrong_types"): (Exit.INCOMPLETE, "which name its customer, cannot be read"),
    ("listings", "wrong_types"): (Exit.INCOMPLETE, "which name its customer, cannot be read"),
}
"""Where Qualys's answer legitimately means something else, and what is then said.

Not every account may read the inventory, which a refusal means, and which is the first to be
refused when a login is: patches are read without it. Tags decide whose an asset is."""


REPRESENTATIVES = {
    "nsight": {"rate_limited", "forbidden", "server_error", "reset", "short", "e1", "escaped"},
    "qualys": {
        "rate_limited", "forbidden", "server_error", "reset", "short", "json_error",
        "unknown_fields", "duplicates",
    },
}  # fmt: skip
"""A kind of each class of error, one that says the same otherwise, and one of pages that lie."""


class World:
    """An emulated world, a folder in which it is synced, and what its record holds now."""

    def __init__(self, host, folder):
        self.host, self.emulator, self.folder = host, host.emulator, folder
        self.known = {}

    @property
    def environment(self):
        account = self.emulator.qualys
        return {
            "PATCHFLEET_NSIGHT_URL": self.host.url,
            "PATCHFLEET_NSIGHT_KEY": self.host.api_key,
            "PATCHFLEET_QUALYS_URL": self.host.url,
            "PATCHFLEET_QUALYS_USERNAME": account.username,
            "PATCHFLEET_QUALYS_PASSWORD": account.password,
        }

    def current(self, vendor):
        with Store.open(self.folder / "fleet.db") as store, store.snapshot() as snapshot:
            self.known[vendor] = learned(snapshot, vendor)
        return self.known[vendor]

    def move(self, vendor):
        """Let time pass until what is known is not true any more, and return what is."""
        while (truth := has(TRUTH_OF[vendor](self.emulator))) == self.known[vendor]:
            self.emulator.advance(days=1)
        return truth


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    emulator = Emulator(
        customers=2, devices=8, patches=8, seed=7,
        qualys_assets=8, qualys_jobs=3, qualys_job_assets=4,
    )  # fmt: skip
    with emulator.running() as host:
        yield World(host, tmp_path_factory.mktemp("faults"))


@pytest.fixture
def synced(world, monkeypatch, capsys, patience_seconds):
    """Return a function that syncs one vendor: its exit code and what it said."""
    monkeypatch.chdir(world.folder)
    (world.folder / "patchfleet.toml").write_text(SETTINGS.format(seconds=patience_seconds))
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)

    def sync(vendor):
        capsys.readouterr()
        code = run(["sync", "--source", vendor, "--fresh", "--max-age", "0"])
        return code, capsys.readouterr().err

    return sync


def cells():
    """Name every cell: a kind that is about pages only where there are any."""
    for vendor, kinds in (("nsight", OF_NSIGHT), ("qualys", OF_QUALYS)):
        for phase in PHASES[vendor]:
            for kind in sorted(kinds):
                if kind not in LIES or phase in PAGED:
                    share = 0.28 if kind in REPRESENTATIVES[vendor] else 0.14
                    drawn = pytest.mark.full(group=f"{vendor}'s sync meets {kind}", share=share)
                    marks = [] if (phase, kind) in EXCEPTIONS else [drawn]
                    yield pytest.param(vendor, phase, kind, marks=marks)


def expected(vendor, phase, kind):
    """Return the exit code that a cell ends with, and a part of what is said."""
    if vendor == "qualys" and (phase, kind) in EXCEPTIONS:
        return EXCEPTIONS[phase, kind]
    if kind in SAME | LIES | SEEN_THROUGH.keys():
        return Exit.DONE, "changes: "
    if phase.endswith(" device"):
        return Exit.INCOMPLETE, "INCOMPLETE: 1 device could not be read; the previous state"
    return Exit.VENDOR, "error: "


@pytest.mark.parametrize(("vendor", "phase", "kind"), list(cells()))
def test_before_or_after_and_never_between(world, synced, vendor, phase, kind):
    emulator = world.emulator
    emulator.clear_faults()
    if vendor not in world.known:
        assert synced(vendor)[0] == Exit.DONE
        world.current(vendor)
    before, truth = world.known[vendor], world.move(vendor)
    service, after = PHASES[vendor][phase]
    if kind in LIES:
        after = PAGED[phase]
    fault = emulator.fault(kind, service=service, after=after, **OPTIONS.get(kind, {}))
    if kind in LIES:
        emulator.fault("capped_pages", service=service, times=None, records=2)
    code, said = synced(vendor)
    assert fault.done == 1, "a fault that is not met shows nothing"
    meant, words = expected(vendor, phase, kind)
    assert (code, words in said) == (meant, True), said
    rows = world.current(vendor)
    if kind == "unknown_ids" and service == "patch_list_all":
        assert without_standing(rows) == without_standing(truth)
        assert {row[10] for device in rows.values() for row in device.values()} > {"unknown"}
    else:
        assert rows == (truth if code == Exit.DONE else before)
    is_said_well(world, code, said)


def without_standing(devices):
    """Return rows without state and decision: words nobody knows are kept as unknown."""
    return {
        number: {key: (*row[:10], *row[13:]) for key, row in rows.items()}
        for number, rows in devices.items()
    }


def is_said_well(world, code, said):
    """Assert that what was said are lines for people, and none of them tells a secret."""
    assert "Traceback" not in said
    assert "apikey" not in said
    for secret in (world.host.api_key, world.emulator.qualys.password):
        assert secret not in said
    if code == Exit.VENDOR:
        error, *hint = said.splitlines()
        assert error.startswith("error: ")
        assert all(line.startswith("hint: ") for line in hint)
        assert len(hint) <= 1


def test_representatives_are_of_every_class_of_error():
    emulator = Emulator(customers=2, devices=8, patches=8, seed=7, qualys_assets=8, qualys_jobs=3)
    settings = {"retries": Retries(attempts=1, limited_attempts=1), "timeout": 0.5}
    account = emulator.qualys
    with (
        emulator.running() as host,
        NAble(base_url=host.url, key=host.api_key, rate_limit=None, **settings) as nable,
        Qualys(
            username=account.username,
            password=account.password,
            override_platform={"gateway_url": host.url},
            **settings,
        ) as qualys,
    ):
        for vendor, kinds, service, call in (
            ("nsight", OF_NSIGHT, "list_clients", nable.list_clients),
            ("qualys", OF_QUALYS, "list_jobs", qualys.list_jobs),
        ):
            raised = {}
            for kind in kinds:
                emulator.clear_faults()
                emulator.fault(kind, service=service, **OPTIONS.get(kind, {}))
                try:
                    call()
                except VendorError as error:
                    raised[kind] = type(error)
            assert len(set(raised.values())) == 6
            represented = {raised.get(kind) for kind in REPRESENTATIVES[vendor]}
            assert represented == {*raised.values(), None}
