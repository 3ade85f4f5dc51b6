"""A report says what it covers and what it does not, and nothing of anybody else."""

from tempfile import TemporaryDirectory

import pytest
from fleets import ONE_TABLE, REPORTS, START, WHOLE, Owned, plans, record
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from patchfleet.models import CustomerRef, Selection
from patchfleet.report import save_per_customer
from patchfleet.report.coverage import sentences
from patchfleet.store import Store


@st.composite
def narrowed(draw, plan):
    """Draw what somebody may ask for, and say by other means which devices are meant."""
    customer = draw(st.sampled_from(plan.customers))
    source = draw(st.sampled_from(plan.sources))
    device = draw(st.sampled_from(plan.devices[source]))
    return draw(
        st.sampled_from(
            [
                Selection(only=(CustomerRef(source, customer.id, customer.name),)),
                Selection(customers=(customer.name,)),
                Selection(customers=(customer.id,), kinds=("server",)),
                Selection(customers=(customer.name,), severities=("critical",)),
                Selection(sites=(f"Site {device.site_id[1:]}",)),
                Selection(devices=(device.name,)),
                Selection(),
            ]
        )
    )


def is_meant(plan, chosen, source, device):
    customer = next(c for c in plan.customers if c.id == device.customer_id)
    refs = [(one.source, one.id) for one in chosen.only]
    return (
        chosen.means_customer(customer.name, customer.id)
        and chosen.means_site(f"Site {device.site_id[1:]}", device.site_id)
        and chosen.means_device(device.name, device.id)
        and (not chosen.kinds or device.kind in chosen.kinds)
        and (not refs or (source, device.customer_id) in refs)
    )


def shares(plan, chosen):
    """Split devices and gaps into those that are meant and all others."""
    is_whole = chosen == Selection()
    devices = [(s, d) for s in plan.sources for d in plan.devices[s]]
    own = {(s, d.id) for s, d in devices if is_meant(plan, chosen, s, d)}
    customers = {(s, d.customer_id) for s, d in devices if (s, d.id) in own}
    known = {(s, d.id) for s, d in devices}
    is_part = bool(chosen.sites or chosen.devices or chosen.kinds)

    def is_own(gap: Owned):
        if is_whole:
            return True
        if gap.device and (gap.source, gap.device) in known:
            return (gap.source, gap.device) in own
        return (gap.source, gap.customer) in customers and not (gap.device and is_part)

    gaps = plan.owned([(s, g) for s in plan.sources for g in plan.gaps[s]])
    late = plan.owned([(s, g) for s in plan.sources for run in plan.later[s] for g in run])
    once = {(g.source, g.device, g.token if not g.device else ""): g for g in late}.values()
    return own, devices, [g for g in gaps if is_own(g)], gaps, [g for g in once if is_own(g)], late


AS_FOUND = (Phase.explicit, Phase.reuse, Phase.generate)
"""A fleet is made and told some hundred times: to shrink it takes minutes."""


@pytest.mark.slow
@settings(max_examples=3, phases=AS_FOUND)
@given(st.data())
def test_every_report_says_its_own_and_never_names_anothers(data):
    plan = data.draw(plans())
    chosen = data.draw(narrowed(plan))
    own, devices, gaps, all_gaps, late, all_late = shares(plan, chosen)
    foreign = [d.name for s, d in devices if (s, d.id) not in own]
    unmanaged = [d.name for s, d in devices if (s, d.id) in own and not d.is_patched]
    # Of a device that several later syncs missed one reason is told, so that none is searched for.
    named = {g.token for g in (*gaps, *late)} | {g.token for g in all_late if g.device}
    forbidden = foreign + [g.token for g in (*all_gaps, *all_late) if g.token not in named]
    with TemporaryDirectory() as folder, Store.open(f"{folder}/fleet.db") as store:
        record(store, plan)
        with store.snapshot(with_history=True) as snapshot, store.snapshot(at=START) as before:
            for kind, make in REPORTS.items():
                report = make(snapshot, before, chosen)
                for form, spell in WHOLE.items():
                    text = spell(report, folder)
                    for token in forbidden:
                        assert token not in text, (kind, form, token)
                    for token in (*unmanaged[:5], *(g.token for g in gaps)):
                        assert token in text, (kind, form, token)
                for table in report.tables:
                    alone = report.table(table.name)
                    form, spell = data.draw(st.sampled_from(sorted(ONE_TABLE.items())))
                    text = spell(alone, folder)
                    for token in forbidden:
                        assert token not in text, (kind, table.name, form, token)
                covered = report.coverage
                assert covered.unmanaged == len(unmanaged)
                assert (len(covered.gaps), covered.other_gaps) == (
                    len(gaps),
                    len(all_gaps) - len(gaps),
                )
                says = " ".join(sentences(covered))
                assert says.count("Not current: ") == sum(bool(plan.later[s]) for s in plan.sources)
                for gap in late:
                    if not gap.device:
                        assert gap.token in says
                assert covered.look_alikes == sum(
                    (devices[a][0], devices[a][1].id) in own
                    and (devices[b][0], devices[b][1].id) in own
                    for a, b in plan.look_alikes
                )


@pytest.mark.slow
@settings(max_examples=2, phases=AS_FOUND)
@given(plan=plans(), kind=st.sampled_from(sorted(set(REPORTS) - {"diff"})))
def test_of_all_customers_each_has_its_own_file_and_no_other_name(plan, kind):
    with TemporaryDirectory() as folder, Store.open(f"{folder}/fleet.db") as store:
        record(store, plan)
        with store.snapshot(with_history=True) as snapshot:
            refs = [CustomerRef(s, c.id, c.name) for s in plan.sources for c in plan.customers]
            reports = (
                (f"{r.source} {r.id}", REPORTS[kind](snapshot, snapshot, Selection(only=(r,))))
                for r in refs
            )
            saved = save_per_customer(reports, f"{folder}/out", [".json", ".md"],
                              coverage=snapshot.coverage())  # fmt: skip
        (index,) = [path for path in saved.overview if path.suffix == ".json"]
        overview = index.read_text()
        for source in plan.sources:
            for gap in plan.gaps[source]:
                assert gap.reason in overview
        for name, paths in saved.customers:
            source, customer = name.split()
            for path in paths:
                text = path.read_text()
                for s in plan.sources:
                    for device in plan.devices[s]:
                        if (s, device.customer_id) != (source, customer):
                            assert device.name not in text
                        elif not device.is_patched:
                            assert device.name in text
