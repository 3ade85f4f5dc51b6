"""Entity resolution: devices of several sources that are one machine, and match candidates.

Two devices are joined by identifiers that belong to these two alone in both sources, never by a
name, and never within one source. A manual decision overrides every identifier.

An identifier is *same* if both have it and no other device of either source, *shared* if others of
one source have it too, *other* if both have one and they differ, *unknown* if one has none
(placeholders such as "To be filled by O.E.M." and the addresses of docks and VPN adapters count as
none). The first row that fits counts; an empty field fits everything:

    agent id  serial           MAC address      name           outcome            score
    same      not other                                        joined             100
    same      other                                            cloned             60
              same             same             same, unknown  joined             100
              same                              same           joined             90
              shared, unknown  same             same           joined             80
              same             same             other          renamed            65
              same             shared, unknown                 renamed            55
              same             other                           re-imaged          45
              shared, unknown  same                            renamed            45
              other            same             same           cloned             40
              other            same                            cloned             15
              shared                            same           cloned             50
              shared                                           cloned             25
              unknown          shared           same           cloned             40
              unknown          shared                          cloned             15
              unknown          unknown          same           shared hostname    40
              unknown          other            same           shared hostname    25
              other                             same           shared hostname    10 (one customer)
              anything else                                    nothing

Different customers: 5 less. Domains, if both are known: 5 more or 5 less. Another family of
operating system: 30 less, and never joined. A score of 70 or less does not join.

Two devices of one source are never joined. With an identifier in common they are *re-imaged* if
the names agree or one was last seen a week before the other, else *cloned*; with two serials, or
one name at two customers, they are unrelated.

A pair of two sources is not listed if one of them is joined with another device of the other's
source already, unless the hardware agrees. An identifier on more than `MAX_CARRIERS` machines of
one source is a placeholder.

Devices of one source with name, serial and MAC address in common are one machine enrolled several
times: one candidate (`enrolled_again`), and each other device is compared with the best fit.

Invariant: the order of the devices does not matter (tests/fleet/test_match_properties.py).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, pairwise
from types import MappingProxyType

from msgspec.structs import replace

from patchfleet.fleet.matching.blocking import (
    Buckets,
    Pair,
    carriers,
    drop_crowds,
    pairs_in,
    without_crowds,
)
from patchfleet.fleet.matching.comparison import (
    MOST_WITHOUT_JOIN,
    TIERS,
    Comparison,
    Shared,
    compare,
    reasons_of,
)
from patchfleet.fleet.matching.enrolled_again import Enrolled, enrolled_often
from patchfleet.fleet.matching.identifiers import NETBIOS, Identifiers, identifiers_of
from patchfleet.fleet.matching.machine_ids import machine_ids
from patchfleet.fleet.matching.overrides import DisjointSet, ResolvedOverrides, device_text, resolve
from patchfleet.models.machine import (
    DeviceRef,
    Identity,
    Machine,
    MatchCandidate,
    MatchDecision,
    Member,
    SourcedDevice,
)

_NOTHING_BEFORE: Mapping[DeviceRef, str] = MappingProxyType({})


def match_devices(
    seen: Iterable[SourcedDevice],
    decisions: Iterable[MatchDecision] = (),
    previous: Mapping[DeviceRef, str] = _NOTHING_BEFORE,
) -> Identity:
    """Return the machines of all devices, and the match candidates for a person.

    `previous` is the machine of each device before, so that ids stay. Raises ValueError for a
    device that comes twice.
    """
    identifiers = sorted(map(identifiers_of, seen), key=lambda one: one.ref)
    for one, following in pairwise(identifiers):
        if one.ref == following.ref:
            raise ValueError(f"{device_text(one.ref)} comes twice")
    work = _Work(identifiers, decisions)
    work.join_by_identifiers()
    return Identity(
        tuple(work.machines(previous)),
        tuple(work.look_alikes()),
        work.resolved.contradictions,
    )


class _Work:
    """Devices by index, in sets merged by decisions first, then by identifiers."""

    def __init__(self, identifiers: list[Identifiers], decisions: Iterable[MatchDecision]) -> None:
        self.resolved: ResolvedOverrides = resolve([one.ref for one in identifiers], decisions)
        self._groups = DisjointSet(self.resolved.count)
        self._best: dict[int, tuple[int, tuple[str, ...]]] = {}
        for decision in self.resolved.together:
            self._follow(decision)
        self._identifiers, self._pairs = self._compared(identifiers)
        self._rejected: set[Pair] = set()

    def _follow(self, decision: MatchDecision) -> None:
        places = self.resolved.places
        self._groups.join(places[decision.left], places[decision.right])
        for one, other in ((decision.left, decision.right), (decision.right, decision.left)):
            decided = (
                f"{decision.by} decided on {decision.at:%Y-%m-%d} that it is {device_text(other)}"
            )
            why = f"{decided}: {decision.reason}" if decision.reason else decided
            self._best.setdefault(places[one], (100, (why,)))

    def _compared(
        self, identifiers: list[Identifiers]
    ) -> tuple[list[Identifiers], dict[Pair, Comparison]]:
        """Compare devices with a hardware identifier in common; drop placeholders."""
        agents = carriers(identifiers, lambda one: (one.agent,))
        serials = carriers(identifiers, lambda one: (one.serial,))
        macs = carriers(identifiers, lambda one: one.macs)
        self._enrolled = enrolled = Enrolled(identifiers, serials, macs)
        first = enrolled.first
        crowds = drop_crowds(identifiers, serials, first), drop_crowds(identifiers, macs, first)
        identifiers = without_crowds(identifiers, *crowds)
        drop_crowds(identifiers, agents)
        self._shared_identifiers = (
            self._shared(identifiers, serials),
            self._shared(identifiers, macs),
        )
        pairs: dict[Pair, Comparison] = {}
        for pair in pairs_in(agents, enrolled.thinned(serials), enrolled.thinned(macs)):
            if pair in pairs:
                continue
            found = compare(identifiers[pair[0]], identifiers[pair[1]], *self._shared_identifiers)
            if found is not None:
                pairs[pair] = found
        return identifiers, pairs

    def _shared(self, identifiers: Sequence[Identifiers], buckets: Buckets) -> Shared:
        """Return the identifiers of several machines of a source."""
        shared = set()
        for identifier, bucket in buckets.items():
            who = {(identifiers[place].source, self._groups.root(place)) for place in bucket}
            first: dict[str, int] = {}
            for source, root in who:
                if first.setdefault(source, root) != root:
                    shared.add((source, identifier))
        return frozenset(shared)

    def join_by_identifiers(self) -> None:
        """Join devices by the table, the most reliable identifiers first.

        If pairs of one tier would join devices that cannot be one machine, all of these pairs are
        candidates for a person.
        """
        for tier in TIERS:
            edges = sorted(pair for pair, found in self._pairs.items() if found.tier == tier)
            if edges:
                self._join_tier(edges)
        root = self._groups.root
        self._pairs = {  # joined pairs are no candidates
            pair: found for pair, found in self._pairs.items() if root(pair[0]) != root(pair[1])
        }

    def _join_tier(self, edges: Sequence[Pair]) -> None:
        root = self._groups.root
        wanted = DisjointSet(self.resolved.count)
        for one, other in edges:
            wanted.join(root(one), root(other))
        unsound = self._unsound(wanted, {root(place) for pair in edges for place in pair})
        kept = []
        for pair in edges:
            if wanted.root(root(pair[0])) in unsound:
                self._rejected.add(pair)
            else:
                kept.append(pair)
        for one, other in kept:
            self._groups.join(one, other)
            self._note(one, other)

    def _unsound(self, wanted: DisjointSet, touched: set[int]) -> set[int]:
        """Return the roots of the planned machines that cannot be one."""
        sizes = Counter(
            wanted.root(self._groups.root(place)) for place in range(len(self._identifiers))
        )
        unsound = {
            wanted.root(one)
            for one, other in self._apart()
            if one != other and wanted.root(one) == wanted.root(other)
        }
        # Two devices alone are compared already, and most machines have no more.
        doubted = {part for group in touched if sizes[part := wanted.root(group)] > 2}
        parts: dict[int, dict[int, list[Identifiers]]] = defaultdict(lambda: defaultdict(list))
        for place, identifiers in enumerate(self._identifiers):
            group = self._groups.root(place)
            if (part := wanted.root(group)) in doubted:
                parts[part][group].append(identifiers)
        return unsound | {
            part for part, groups in parts.items() if not self._is_sound(list(groups.values()))
        }

    def _is_sound(self, groups: Sequence[Sequence[Identifiers]]) -> bool:
        """Return whether groups can be one machine: no source twice, one serial, one system."""
        sources = [source for group in groups for source in {one.source for one in group}]
        if len(sources) > len(set(sources)):
            return False
        for one, other in combinations(groups, 2):
            for field in ("serial", "family"):
                left = {getattr(identifiers, field) for identifiers in one} - {""}
                right = {getattr(identifiers, field) for identifiers in other} - {""}
                if left and right and not left & right:
                    return False
        return True

    def _apart(self) -> set[Pair]:
        """Return the pairs of groups, by their roots, that are decided to be different."""
        places, root = self.resolved.places, self._groups.root
        return {
            _in_order(root(places[one.left]), root(places[one.right]))
            for one in self.resolved.apart
        }

    def _note(self, one: int, other: int) -> None:
        """Keep the best reason for the place of each of two devices."""
        found = self._pairs[one, other]
        known = [self._best.get(place, (0, ()))[0] for place in (one, other)]
        if min(known) >= found.score:
            return
        reasons, _ = reasons_of(self._identifiers[one], self._identifiers[other], found)
        for place, score in zip((one, other), known, strict=True):
            if score < found.score:
                self._best[place] = found.score, reasons

    def machines(self, previous: Mapping[DeviceRef, str]) -> list[Machine]:
        """Return the machines in the order of their ids."""
        groups: dict[int, list[int]] = defaultdict(list)
        for place in range(len(self._identifiers)):
            groups[self._groups.root(place)].append(place)
        parts = list(groups.values())
        refs = [[self._identifiers[place].ref for place in part] for part in parts]
        machines = [
            Machine(id_, tuple(map(self._member, part)))
            for id_, part in zip(machine_ids(refs, previous), parts, strict=True)
        ]
        return sorted(machines, key=lambda machine: machine.id)

    def _member(self, place: int) -> Member:
        ref = self._identifiers[place].ref
        best = self._best.get(place)
        return Member(*ref, *best) if best else Member(*ref)

    def look_alikes(self) -> list[MatchCandidate]:
        """Return the match candidates, the most likely first."""
        apart = self._apart()
        sources: dict[int, set[str]] = defaultdict(set)
        for place, identifiers in enumerate(self._identifiers):
            sources[self._groups.root(place)].add(identifiers.source)
        first = self._enrolled.first
        best: dict[Pair, MatchCandidate] = {}
        for pair, found in self._comparisons():
            one, other = map(self._groups.root, pair)
            machines = _in_order(*map(first, pair))
            if one == other or _in_order(one, other) in apart or machines[0] == machines[1]:
                continue
            left, right = (self._identifiers[place].source for place in pair)
            is_explained = left != right and (right in sources[one] or left in sources[other])
            if found.is_hardware or not is_explained:
                listed = self._look_alike(*pair, found)
                if machines not in best or _is_better(listed, best[machines]):
                    best[machines] = listed
        listed_ = [*best.values(), *self._enrolments(apart)]
        return sorted(listed_, key=lambda pair: (-pair.score, pair.left, pair.right))

    def _enrolments(self, apart: set[Pair]) -> Iterator[MatchCandidate]:
        """Yield one candidate for each machine enrolled several times in one source."""
        for places in self._enrolled.groups.values():
            by_root = {self._groups.root(place): place for place in reversed(places)}
            undecided = sorted(by_root.values())
            for pair in combinations(sorted(by_root), 2):
                left, right = _in_order(*(by_root[root] for root in pair))
                found = compare(
                    self._identifiers[left], self._identifiers[right], frozenset(), frozenset()
                )
                if found is not None and pair not in apart:
                    break
            else:
                continue
            line = self._look_alike(left, right, found)
            ids = [self._identifiers[place].ref[1] for place in undecided]
            yield replace(line, reasons_for=(enrolled_often(ids), *line.reasons_for))

    def _comparisons(self) -> Iterator[tuple[Pair, Comparison]]:
        """Yield the comparisons of pairs with hardware or a name in common."""
        yield from self._pairs.items()
        for one, other in self._named_alike():
            if (one, other) in self._pairs or self._groups.root(one) == self._groups.root(other):
                continue
            found = compare(
                self._identifiers[one], self._identifiers[other], frozenset(), frozenset()
            )
            if found is not None:
                yield (one, other), found

    def _alone(self, one: int, other: int) -> Comparison | None:
        """Compare two devices as if no other device had their identifiers."""
        none: Shared = frozenset()
        return compare(self._identifiers[one], self._identifiers[other], none, none)

    def _named_alike(self) -> Iterator[Pair]:
        """Yield pairs with one name: in all sources, or at one customer if the name is frequent."""
        everywhere = carriers(self._identifiers, lambda one: (one.name[:NETBIOS],))
        crowded = drop_crowds(self._identifiers, everywhere)

        def name_and_customer(one: Identifiers) -> tuple[str, ...]:
            name = one.name[:NETBIOS]
            return (f"{name}\n{one.customer}",) if name in crowded else ()

        at_customer = carriers(self._identifiers, name_and_customer)
        drop_crowds(self._identifiers, at_customer)
        return pairs_in(everywhere, at_customer)

    def _look_alike(self, one: int, other: int, found: Comparison) -> MatchCandidate:
        left, right = self._identifiers[one], self._identifiers[other]
        reasons_for, reasons_against = reasons_of(left, right, found)
        if (one, other) in self._rejected:
            found = replace(found, score=min(found.score, MOST_WITHOUT_JOIN))
            reasons_against += ("another device fits as well, and only one can match",)
        return MatchCandidate(
            left=left.ref,
            right=right.ref,
            kind=found.kind,
            score=found.score,
            reasons_for=reasons_for,
            reasons_against=reasons_against,
        )


def _is_better(one: MatchCandidate, other: MatchCandidate) -> bool:
    """Return whether one pair is listed before another pair of the same two machines."""
    ids, other_ids = (sorted((pair.left[1], pair.right[1])) for pair in (one, other))
    return (-one.score, ids) < (-other.score, other_ids)


def _in_order(one: int, other: int) -> Pair:
    return (one, other) if one < other else (other, one)
