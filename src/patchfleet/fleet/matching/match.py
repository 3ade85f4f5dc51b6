"""One machine, several sources: which devices are the same thing, and which only look like it.

Law of this file: pure; nothing is joined on a doubt. Two devices are joined by marks that are
theirs alone in both sources, never by a name, and never where both are of one source. A person's
verdict wins over every mark. The order of what comes in does not matter.

A mark is *same* when both have it and nobody else in either source, *shared* when others of one
source have it too, *other* when both have one and they differ, *unknown* when one has none (words
such as "To be filled by O.E.M." and addresses of docks and VPN adapters are none). The first line
that fits counts; an empty field fits everything:

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

Two customers' names: 5 less. The domains, where both are known: 5 more or 5 less. Another family
of operating system: 30 less, and never joined. What comes to 70 or less is not joined.

Two devices of one source are never joined. Those with one mark are *re-imaged* when the names agree
or one fell silent a week before the other, else *cloned*; with two serials, or with one name at two
customers, they have nothing to do with each other.

A pair of two sources is not listed where one of them is joined with another device of the other's
source already, unless hardware says that it is this one. An
identifier on more than `MAX_CARRIERS` machines of one source is an unlisted placeholder.

Devices of one source that have name, serial and MAC address in common are one machine enrolled
several times: one line, however many they are (`identity_enrolled`), and each other device is
compared with the one of them that it fits best.
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
from patchfleet.fleet.matching.identifiers import NETBIOS, Identifiers, marks_of
from patchfleet.fleet.matching.machine_ids import machine_ids
from patchfleet.fleet.matching.overrides import DisjointSet, ResolvedOverrides, settle, spelled
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
    verdicts: Iterable[MatchDecision] = (),
    previous: Mapping[DeviceRef, str] = _NOTHING_BEFORE,
) -> Identity:
    """Return which devices of all sources are which machines, and which a person must look at.

    `previous` is the machine each device belonged to before, so that ids stay. Raises ValueError
    for a device that comes twice.
    """
    marks = sorted(map(marks_of, seen), key=lambda one: one.ref)
    for one, following in pairwise(marks):
        if one.ref == following.ref:
            raise ValueError(f"{spelled(one.ref)} comes twice")
    work = _Work(marks, verdicts)
    work.join_by_marks()
    return Identity(
        tuple(work.machines(previous)),
        tuple(work.look_alikes()),
        work.settled.contradictions,
    )


class _Work:
    """The devices by number, in sets that grow: by verdicts first, then by marks."""

    def __init__(self, marks: list[Identifiers], verdicts: Iterable[MatchDecision]) -> None:
        self.settled: ResolvedOverrides = settle([one.ref for one in marks], verdicts)
        self._groups = DisjointSet(self.settled.count)
        self._best: dict[int, tuple[int, tuple[str, ...]]] = {}
        for verdict in self.settled.together:
            self._follow(verdict)
        self._marks, self._pairs = self._compared(marks)
        self._rejected: set[Pair] = set()

    def _follow(self, verdict: MatchDecision) -> None:
        places = self.settled.places
        self._groups.join(places[verdict.left], places[verdict.right])
        for one, other in ((verdict.left, verdict.right), (verdict.right, verdict.left)):
            said = f"{verdict.by} decided on {verdict.at:%Y-%m-%d} that it is {spelled(other)}"
            why = f"{said}: {verdict.reason}" if verdict.reason else said
            self._best.setdefault(places[one], (100, (why,)))

    def _compared(
        self, marks: list[Identifiers]
    ) -> tuple[list[Identifiers], dict[Pair, Comparison]]:
        """Compare all that have a mark of the hardware in common; drop the marks of crowds."""
        agents = carriers(marks, lambda one: (one.agent,))
        serials = carriers(marks, lambda one: (one.serial,))
        macs = carriers(marks, lambda one: one.macs)
        self._enrolled = enrolled = Enrolled(marks, serials, macs)
        first = enrolled.first
        crowds = drop_crowds(marks, serials, first), drop_crowds(marks, macs, first)
        marks = without_crowds(marks, *crowds)
        drop_crowds(marks, agents)
        self._shared_marks = self._shared(marks, serials), self._shared(marks, macs)
        pairs: dict[Pair, Comparison] = {}
        for pair in pairs_in(agents, enrolled.thinned(serials), enrolled.thinned(macs)):
            if pair in pairs:
                continue
            found = compare(marks[pair[0]], marks[pair[1]], *self._shared_marks)
            if found is not None:
                pairs[pair] = found
        return marks, pairs

    def _shared(self, marks: Sequence[Identifiers], buckets: Buckets) -> Shared:
        """Return source and mark where several machines of the source carry the mark."""
        shared = set()
        for mark, bucket in buckets.items():
            who = {(marks[place].source, self._groups.root(place)) for place in bucket}
            first: dict[str, int] = {}
            for source, root in who:
                if first.setdefault(source, root) != root:
                    shared.add((source, mark))
        return frozenset(shared)

    def join_by_marks(self) -> None:
        """Join what the table joins, the surest marks first.

        Pairs of one tier that would make a machine of what cannot be one are all left to a person.
        """
        for tier in TIERS:
            edges = sorted(pair for pair, found in self._pairs.items() if found.tier == tier)
            if edges:
                self._join_tier(edges)
        root = self._groups.root
        self._pairs = {  # nobody asks again about what is joined
            pair: found for pair, found in self._pairs.items() if root(pair[0]) != root(pair[1])
        }

    def _join_tier(self, edges: Sequence[Pair]) -> None:
        root = self._groups.root
        wanted = DisjointSet(self.settled.count)
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
        """Return those of the wanted machines, by their roots, that cannot be one."""
        sizes = Counter(wanted.root(self._groups.root(place)) for place in range(len(self._marks)))
        unsound = {
            wanted.root(one)
            for one, other in self._apart()
            if one != other and wanted.root(one) == wanted.root(other)
        }
        # Two devices alone were compared already, and nearly all machines are no more than that.
        doubted = {part for group in touched if sizes[part := wanted.root(group)] > 2}
        parts: dict[int, dict[int, list[Identifiers]]] = defaultdict(lambda: defaultdict(list))
        for place, marks in enumerate(self._marks):
            group = self._groups.root(place)
            if (part := wanted.root(group)) in doubted:
                parts[part][group].append(marks)
        return unsound | {
            part for part, groups in parts.items() if not self._is_sound(list(groups.values()))
        }

    def _is_sound(self, groups: Sequence[Sequence[Identifiers]]) -> bool:
        """Tell whether groups can be one machine: no source twice, one serial, one system."""
        sources = [source for group in groups for source in {one.source for one in group}]
        if len(sources) > len(set(sources)):
            return False
        for one, other in combinations(groups, 2):
            for field in ("serial", "family"):
                left = {getattr(marks, field) for marks in one} - {""}
                right = {getattr(marks, field) for marks in other} - {""}
                if left and right and not left & right:
                    return False
        return True

    def _apart(self) -> set[Pair]:
        """Return the groups that people hold apart, in pairs of their roots."""
        places, root = self.settled.places, self._groups.root
        return {
            _in_order(root(places[one.left]), root(places[one.right])) for one in self.settled.apart
        }

    def _note(self, one: int, other: int) -> None:
        """Keep the best reason for which each of two is where it is."""
        found = self._pairs[one, other]
        known = [self._best.get(place, (0, ()))[0] for place in (one, other)]
        if min(known) >= found.score:
            return
        reasons, _ = reasons_of(self._marks[one], self._marks[other], found)
        for place, score in zip((one, other), known, strict=True):
            if score < found.score:
                self._best[place] = found.score, reasons

    def machines(self, previous: Mapping[DeviceRef, str]) -> list[Machine]:
        """Return the machines in the order of their ids."""
        groups: dict[int, list[int]] = defaultdict(list)
        for place in range(len(self._marks)):
            groups[self._groups.root(place)].append(place)
        parts = list(groups.values())
        refs = [[self._marks[place].ref for place in part] for part in parts]
        machines = [
            Machine(id_, tuple(map(self._member, part)))
            for id_, part in zip(machine_ids(refs, previous), parts, strict=True)
        ]
        return sorted(machines, key=lambda machine: machine.id)

    def _member(self, place: int) -> Member:
        ref = self._marks[place].ref
        best = self._best.get(place)
        return Member(*ref, *best) if best else Member(*ref)

    def look_alikes(self) -> list[MatchCandidate]:
        """Return the pairs for a person, the most likely first."""
        apart = self._apart()
        sources: dict[int, set[str]] = defaultdict(set)
        for place, marks in enumerate(self._marks):
            sources[self._groups.root(place)].add(marks.source)
        first = self._enrolled.first
        best: dict[Pair, MatchCandidate] = {}
        for pair, found in self._comparisons():
            one, other = map(self._groups.root, pair)
            machines = _in_order(*map(first, pair))
            if one == other or _in_order(one, other) in apart or machines[0] == machines[1]:
                continue
            left, right = (self._marks[place].source for place in pair)
            is_explained = left != right and (right in sources[one] or left in sources[other])
            if found.is_hardware or not is_explained:
                listed = self._look_alike(*pair, found)
                if machines not in best or _is_better(listed, best[machines]):
                    best[machines] = listed
        listed_ = [*best.values(), *self._enrolments(apart)]
        return sorted(listed_, key=lambda pair: (-pair.score, pair.left, pair.right))

    def _enrolments(self, apart: set[Pair]) -> Iterator[MatchCandidate]:
        """Yield one line for each machine that one source has several times."""
        for places in self._enrolled.groups.values():
            by_root = {self._groups.root(place): place for place in reversed(places)}
            undecided = sorted(by_root.values())
            for pair in combinations(sorted(by_root), 2):
                left, right = _in_order(*(by_root[root] for root in pair))
                found = compare(self._marks[left], self._marks[right], frozenset(), frozenset())
                if found is not None and pair not in apart:
                    break
            else:
                continue
            line = self._look_alike(left, right, found)
            ids = [self._marks[place].ref[1] for place in undecided]
            yield replace(line, reasons_for=(enrolled_often(ids), *line.reasons_for))

    def _comparisons(self) -> Iterator[tuple[Pair, Comparison]]:
        """Yield all that have anything in common: the hardware, or the name alone."""
        yield from self._pairs.items()
        for one, other in self._named_alike():
            if (one, other) in self._pairs or self._groups.root(one) == self._groups.root(other):
                continue
            found = compare(self._marks[one], self._marks[other], frozenset(), frozenset())
            if found is not None:
                yield (one, other), found

    def _named_alike(self) -> Iterator[Pair]:
        """Yield pairs with one name: everywhere, or at one customer where many have the name."""
        everywhere = carriers(self._marks, lambda one: (one.name[:NETBIOS],))
        crowded = drop_crowds(self._marks, everywhere)

        def name_and_customer(one: Identifiers) -> tuple[str, ...]:
            name = one.name[:NETBIOS]
            return (f"{name}\n{one.customer}",) if name in crowded else ()

        at_customer = carriers(self._marks, name_and_customer)
        drop_crowds(self._marks, at_customer)
        return pairs_in(everywhere, at_customer)

    def _look_alike(self, one: int, other: int, found: Comparison) -> MatchCandidate:
        left, right = self._marks[one], self._marks[other]
        reasons_for, reasons_against = reasons_of(left, right, found)
        if (one, other) in self._rejected:
            found = replace(found, score=min(found.score, MOST_WITHOUT_JOIN))
            reasons_against += ("another device fits as well, and both cannot be it",)
        return MatchCandidate(
            left=left.ref,
            right=right.ref,
            kind=found.kind,
            score=found.score,
            reasons_for=reasons_for,
            reasons_against=reasons_against,
        )


def _is_better(one: MatchCandidate, other: MatchCandidate) -> bool:
    """Tell which of two pairs of the same two machines is listed, whatever their sources' names."""
    ids, other_ids = (sorted((pair.left[1], pair.right[1])) for pair in (one, other))
    return (-one.score, ids) < (-other.score, other_ids)


def _in_order(one: int, other: int) -> Pair:
    return (one, other) if one < other else (other, one)
