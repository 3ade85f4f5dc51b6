"""Every kind of report over one fleet with everything that can be left uncovered."""

import pytest
from fleets import DAY, REPORTS, START, WHOLE, Plan, record

from patchfleet.models import Customer, CustomerRef, Device, Gap, Selection
from patchfleet.store import Store


def device(number, customer, *, is_patched=True):
    place = customer[1:]
    return Device(
        id=f"{place}{number}", site_id=f"s{place}", customer_id=customer,
        name=f"DV{place}N{number}E", kind="server", is_patched=is_patched, last_seen_at=START - DAY,
    )  # fmt: skip


PLAN = Plan(
    sources=("nsight",),
    customers=(Customer(id="c0", name="Acme"), Customer(id="c1", name="Öl & Söhne")),
    devices={
        "nsight": tuple(
            device(number, customer, is_patched=number != 2)
            for customer in ("c0", "c1")
            for number in (0, 1, 2)
        )
    },
    gaps={
        "nsight": (
            Gap("device 01", "GAP0OWN was not told", "c0", "01"),
            Gap("device 11", "GAP1OWN was not told", "c1", "11"),
        )
    },
    later={
        "nsight": (
            (
                Gap("inventory", "LATE0OWN was not told", "c0"),
                Gap("inventory", "LATE1OWN was not told", "c1"),
            ),
        )
    },
    look_alikes=((0, 1), (3, 4)),
    seed=7,
)
"""Two customers, each with an unmanaged device, a gap, a later gap and a possible duplicate."""


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fleet")
    with Store.open(folder / "fleet.db") as store:
        record(store, PLAN)
        with store.snapshot(with_history=True) as now, store.snapshot(at=START) as before:
            yield now, before


@pytest.mark.parametrize("kind", REPORTS)
@pytest.mark.parametrize(("own", "other"), [("0", "1"), ("1", "0")])
def test_a_kind_names_what_it_does_not_cover_and_nothing_of_another_customer(
    snapshots, tmp_path, kind, own, other
):
    customer = PLAN.customers[int(own)]
    chosen = Selection(only=(CustomerRef("nsight", customer.id, customer.name),))
    report = REPORTS[kind](*snapshots, chosen)
    for form, write in WHOLE.items():
        text = write(report, tmp_path)
        for token in (
            f"DV{own}N2E",
            f"GAP{own}OWN",
            f"LATE{own}OWN",
            "Possible duplicates: 1 pair",
        ):
            assert token in text, (form, token)
        for token in (f"DV{other}N", f"GAP{other}OWN", f"LATE{other}OWN"):
            assert token not in text, (form, token)
        assert PLAN.customers[int(other)].name not in text
