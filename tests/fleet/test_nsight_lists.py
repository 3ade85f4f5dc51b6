"""N-able's lists joined: swapped, doubled, short and odd ones, times of clocks that are ahead."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchfleet.errors import Unreadable
from patchfleet.fleet import NSightSource
from patchfleet.fleet.sources.nsight.inventory_lists import FAR_AHEAD, FAR_BEHIND, SKEW, believed
from patchfleet.nsight import NAble, Patch
from patchfleet.nsight.records.inventory import Client, Device, ListedDevice, Site
from patchfleet.nsight.records.record import Records
from patchfleet.transport.operation import Conditional

NOW = datetime(2026, 11, 28, 6, tzinfo=UTC)
KINDS = ("server", "workstation")


def records(rows, at=NOW, problems=()):
    found = Records(rows)
    found.answered_at, found.problems = at, problems
    return found


class Account(NAble):
    """An account of two clients with two sites each, one device of each kind on every site.

    `swaps` maps a question to the one that is answered in its place; `changed` are fields of the
    devices in the long lists.
    """

    def __init__(self, *, at=NOW, swaps=None, changed=None, edit=lambda *_: None):
        super().__init__("us", "key")
        self.at, self.swaps, self.changed, self.edit = at, swaps or {}, changed or {}, edit

    def _asked(self, *question):
        return self.swaps.get(question, question)

    def _told(self, question, rows):
        found = records(rows, self.at)
        self.edit(question, found)
        return found

    def list_clients(self):
        return self._told(
            ("clients",),
            [
                Client(client_id=n, name=f"C{n}", server_count=2, workstation_count=2)
                for n in (1, 2)
            ],
        )

    def list_sites(self, clientid):
        _, client = self._asked("sites", clientid)
        rows = [Site(site_id=10 * client + n, name=f"S{n}") for n in (1, 2)]
        return self._told(("sites", clientid), rows)

    def list_devices_at_client(self, clientid, devicetype):
        rows = [
            ListedDevice(
                device_id=number(site, devicetype), device_type=devicetype, site_id=site,
                site_name="S", client_id=clientid, client_name=f"C{clientid}", name="D",
            )
            for site in (10 * clientid + 1, 10 * clientid + 2)
        ]  # fmt: skip
        return self._told(("devices", clientid, devicetype), rows)

    def list_servers(self, siteid):
        return self._long(siteid, "server")

    def list_workstations(self, siteid):
        return self._long(siteid, "workstation")

    def _long(self, site, kind):
        _, of_site, of_kind = self._asked("long", site, kind)
        rows = [Device(device_id=number(of_site, of_kind), name="D", **self.changed)]
        return self._told(("long", site, kind), rows)


def number(site, kind):
    return 100 * site + KINDS.index(kind)


def read(now=NOW, **account):
    return NSightSource(Account(**account), now=lambda: now).inventory()


def reasons(inventory):
    return " | ".join(gap.reason for gap in inventory.gaps)


def test_what_agrees():
    inventory = read()
    assert len(inventory.devices) == 8
    assert inventory.gaps == ()
    assert (inventory.short, inventory.contradicted, inventory.undescribed) == (
        frozenset(), frozenset(), frozenset()
    )  # fmt: skip


SITES = [11, 12, 21, 22]
PLACES = [("long", site, kind) for site in SITES for kind in KINDS]


@pytest.mark.parametrize(
    "swaps",
    [
        {("sites", 1): ("sites", 2), ("sites", 2): ("sites", 1)},
        {("sites", 1): ("sites", 2)},
        {("sites", 2): ("sites", 1)},
    ],
)
def test_sites_of_another_client_are_an_error(swaps):
    with pytest.raises(Unreadable, match="two lists contradict each other") as caught:
        read(swaps=swaps)
    assert caught.value.operation == "list_sites"


@given(st.permutations(PLACES))
def test_long_lists_in_each_others_place_are_an_error(order):
    swaps = dict(zip(PLACES, order, strict=True))
    if order == PLACES:
        assert len(read(swaps=swaps).devices) == 8
        return
    with pytest.raises(Unreadable, match="two lists contradict each other: the list of site"):
        read(swaps=swaps)


@pytest.mark.parametrize(
    "question", [("clients",), ("sites", 1), ("devices", 2, "server"), PLACES[3]]
)
def test_a_row_twice_alike_is_one_and_twice_and_different_is_named(question):
    def doubled(asked, rows):
        if asked == question:
            rows.append(msgspec.structs.replace(rows[0]))

    inventory = read(edit=doubled)
    assert (len(inventory.devices), inventory.gaps) == (8, ())
    assert len({site.id for site in inventory.sites}) == len(inventory.sites) == 4

    def torn(asked, rows):
        if asked == question:
            rows.append(msgspec.structs.replace(rows[0], name="another"))

    try:
        named = reasons(read(edit=torn))
    except Unreadable as error:
        named = error.message
    assert "listed twice" in named


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("client", [1, 2])
def test_a_list_short_of_the_count_names_the_customer(kind, client):
    def cut(asked, rows):
        if asked == ("devices", client, kind):
            del rows[0]

    inventory = read(edit=cut)
    assert inventory.short == {(str(client), kind)}
    gone = str(number(10 * client + 1, kind))
    found = {device.id for device in inventory.devices}
    assert gone not in found
    gaps = [gap for gap in inventory.gaps if gap.customer_id == str(client)]
    assert f"C{client}: N-able counts 2 {kind}s and lists 1" in {gap.reason for gap in gaps}


def test_a_device_in_one_kind_of_list_only_is_named():
    def moved(asked, rows):
        if asked == ("long", 11, "server"):
            rows.append(Device(device_id=999, name="LOST"))
        if asked == ("long", 22, "server"):
            del rows[0]

    inventory = read(edit=moved)
    assert inventory.contradicted == {"999"}
    assert inventory.undescribed == {"2200"}
    (lost, bare) = sorted(inventory.gaps, key=lambda gap: gap.device_id == "2200")
    assert (lost.customer_id, lost.device_id) == ("1", "999")
    assert (bare.customer_id, bare.device_id) == ("2", "2200")


def test_what_was_odd_in_reading_is_said_with_call_and_customer():
    def odd(asked, rows):
        rows.problems = (f"record 1 of {asked[0]} is odd",)

    gaps = read(edit=odd).gaps
    assert {gap.subject for gap in gaps} == {
        "list_clients", "list_sites", "list_devices_at_client", "list_servers",
        "list_workstations",
    }  # fmt: skip
    assert {gap.customer_id for gap in gaps} == {None, "1", "2"}
    assert len(gaps) == 1 + 2 + 4 + 8
    for gap in gaps:
        if gap.customer_id is not None:
            assert gap.reason.startswith(f"C{gap.customer_id}: ")


AHEAD = st.timedeltas(SKEW + timedelta(seconds=1), timedelta(days=20_000))


@given(AHEAD, AHEAD)
def test_a_clock_that_is_ahead_says_nothing_and_is_named(seen, booted):
    inventory = read(
        changed={
            "utc_time_247": f"{NOW + seen:%Y-%m-%d %H:%M:%S}",
            "last_boot_time": str(int((NOW + booted).timestamp())),
        }
    )
    for device in inventory.devices:
        assert (device.last_seen_at, device.last_boot_at) == (None, None)
    believable = [  # what no calendar of ours holds was a placeholder, and needs no word
        1 for ahead in (seen, booted) if NOW + ahead < datetime(2100, 1, 1, tzinfo=UTC)
    ]
    assert reasons(inventory).count("its clock is ahead") == 8 * len(believable)


@given(st.timedeltas(timedelta(days=-4_000), SKEW))
def test_no_device_is_heard_of_after_the_answer(when):
    at = NOW + when
    inventory = read(changed={"last_boot_time": str(int(at.timestamp()))})
    (told,) = {device.last_boot_at for device in inventory.devices}
    assert told == min(datetime.fromtimestamp(int(at.timestamp()), UTC), NOW)
    assert inventory.gaps == ()


@given(st.timedeltas(timedelta(days=-30_000), timedelta(days=30_000)))
def test_a_server_whose_clock_is_far_away_is_not_believed(away):
    told = NOW + away
    inventory = read(at=told)
    is_near = -FAR_BEHIND <= away <= FAR_AHEAD
    assert inventory.as_of == believed(told, NOW) == (told if is_near else NOW)
    assert ("implausible" in reasons(inventory)) == (not is_near)
    assert read(at=None).as_of == NOW


@pytest.mark.parametrize("word", ["Not Available", "N/A", "(null)", "-", " none "])
def test_a_word_for_none_is_unknown(word):
    changed = dict.fromkeys(("os", "user", "domain", "device_serial", "mac1", "mac2"), word)
    for device in read(changed=changed).devices:
        assert (device.os, device.user, device.domain, device.serial) == (None, None, None, None)
        assert device.mac_addresses == ()


def listing(rows, problems=()):
    """Return the listing of one device, after an inventory."""

    class Told(Account):
        def run(self, work, **_):
            return Conditional("f", records(rows, None, problems))

    source = NSightSource(Told(), now=lambda: NOW)
    source.inventory()
    (device, *_) = source.inventory().devices
    ((_, answer),) = source.listings([device])
    return answer


@given(st.integers(2, 20_000))
def test_a_patch_of_tomorrow_is_released_nobody_knows_when(days):
    to_come = int((NOW + timedelta(days=days)).timestamp())
    row = Patch(patch_id=5, policy=2, status=8, release_date=to_come, install_date=to_come)
    answer = listing([row])
    (finding,) = answer.findings
    assert (finding.patch.released_at, finding.installed_at) == (None, None)
    is_placeholder = NOW + timedelta(days=days) >= datetime(2100, 1, 1, tzinfo=UTC)
    assert len(answer.problems) == (0 if is_placeholder else 2)
    assert (answer.fingerprint is None) == bool(answer.problems)


def test_what_is_odd_in_a_listing_is_said_until_it_is_gone():
    row = Patch(patch_id=5, policy=2, status=8)
    odd = listing([row], ("patch 5: <severity> is 'x', not of its type",))
    assert odd.problems == ("patch 5: <severity> is 'x', not of its type",)
    assert odd.fingerprint is None, "so that it is read, and said, again"
    assert listing([row]).fingerprint is not None


@pytest.mark.parametrize("name", ["status", "policy", "patch_title", "severity_label", "product"])
def test_two_rows_of_one_patch_that_differ(name):
    one = Patch(patch_id=5, policy=2, status=8)
    other = msgspec.structs.replace(one, **{name: 66 if name in {"status", "policy"} else "Low"})
    assert len(listing([one, one]).findings) == 1
    error = listing([one, other])
    assert isinstance(error, Unreadable)
    assert error.message == "patch 5 is listed twice, with different values"
