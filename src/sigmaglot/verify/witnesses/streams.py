"""Streams of events made to tell a correlation's query that is right from one that is wrong.

Around the fewest events that make the correlation come true: at both ends of the time span and a
second beyond, one more and one fewer, at the same time, in another order, in two groups that only
together are enough, without a field, with a value that differs in letter case alone, and streams
drawn by a seed. Then each witness of each rule, as the event that decides. What a stream means is
never assumed here: ``sigmaglot.evaluate_correlation`` says it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeVar

from sigmaglot.correlation import TEMPORAL, Correlation, Test, Type
from sigmaglot.ir import Leaf
from sigmaglot.verify.witnesses import Witness
from sigmaglot.verify.witnesses.stream_events import Burst, Cast, Item, Part, Sighting, Whole

MOST = 400
"""Events of a stream; a correlation that needs more is not tried."""
DRAWN = 16
"""Streams that are drawn by the seed."""
BUDGET = 20_000
"""Events of all streams about witnesses of rules together."""
_TWO = 2


@dataclass(frozen=True, slots=True)
class Stream:
    """Events of one stream, in any order, what they test, and the leaf that they are about."""

    name: str
    events: tuple[Sighting, ...]
    leaf: Leaf | None = None


@dataclass(frozen=True, slots=True)
class Streams:
    """The streams of a correlation, and the leaves of its rules that no event was found for.

    Attributes:
        streams: Each different from the others.
        untold: Of all rules together.
        lacking: Why there are no streams, empty where there are.
    """

    streams: tuple[Stream, ...] = ()
    untold: tuple[Leaf, ...] = ()
    lacking: str = ""


def make_streams(correlation: Correlation, parts: Sequence[Part | Whole], seed: int = 0) -> Streams:
    """Return the streams that tell about a correlation over rules, each with its witnesses."""
    maker = _maker(correlation, parts, seed)
    cast = maker.cast
    untold = tuple(dict.fromkeys(leaf for rule in cast.leaves for leaf in rule.part.untold))
    if cast.silent:
        return Streams(untold=untold, lacking=f"no event was found for the rule `{cast.silent}`")
    if cast.absent:
        return Streams(untold=untold, lacking=cast.absent)
    if not maker.enough:
        why = f"no stream of at most {MOST} events was found on which it comes true"
        return Streams(untold=untold, lacking=why)
    found: dict[object, Stream] = {}
    for name, items in maker.drafts():
        leaf = next((one.leaf for one in _witnesses(items)), None)
        events = tuple(event for item in items for event in cast.make(item))
        stream = Stream(name, events, leaf)
        found.setdefault(_key(stream), stream)
    return Streams(tuple(found.values()), untold)


def _maker(correlation: Correlation, parts: Sequence[Part | Whole], seed: int) -> _Maker:
    """Return what lays out the events of a correlation, and of those that it is over."""
    inner: dict[int, _Maker] = {}
    ready: list[Part | Burst] = []
    for at, part in enumerate(parts):
        if isinstance(part, Whole):
            inner[at] = own = _maker(part.correlation, part.parts, seed)
            ready.append(Burst(part.name, own.cast, tuple(own.enough)))
        else:
            ready.append(part)
    return _Maker(correlation, Cast(correlation, ready), inner, seed)


def _witnesses(items: Iterable[Item]) -> Iterator[Witness]:
    for item in items:
        if item.witness:
            yield item.witness
        yield from _witnesses(item.burst or ())


def _key(stream: Stream) -> object:
    return tuple(sorted(repr(sorted(one.values.items())) for one in stream.events))


Items = list[Item]
Draft = tuple[str, Items]


class _Maker:
    """Lays out the events of one correlation."""

    def __init__(
        self, correlation: Correlation, cast: Cast, inner: Mapping[int, _Maker], seed: int
    ) -> None:
        self.cast = cast
        self._asked = correlation
        self._inner = inner
        self._span = correlation.timespan
        self._draw = random.Random(seed)  # noqa: S311 - a choice that can be repeated, no secret
        self.enough = next((one for n in self._measures() if (one := self._true(n))), [])

    # -- measures -------------------------------------------------------------------------------

    def _measures(self) -> list[int]:
        """Return the whole numbers on both sides of each bound, and the bounds."""
        found = set[int]()
        for _, bound in self._asked.condition.tests:
            found |= {math.ceil(bound) - 1, math.floor(bound), math.ceil(bound)}
            found |= {math.floor(bound) + 1}
        return sorted(found)

    def _true(self, measure: int) -> Items:
        """Return spread events of a measure for which the condition holds, none otherwise."""
        holds = all(_HOLDS[test](measure, bound) for test, bound in self._asked.condition.tests)
        return self._spread(self._within(measure)) if holds else []

    def _within(self, measure: int) -> Items:
        """Return events, all at one time, whose measure is a number; none where none can be."""
        items = [] if self.cast.silent or self.cast.absent else self._reach(measure)
        return items if self.cast.size(items) <= MOST else []

    def _reach(self, measure: int) -> Items:
        kind = self._asked.type
        most = len(self._asked.rules) if kind in TEMPORAL else MOST
        if kind in _COUNTED and not 0 < measure <= most:
            return []
        if kind in TEMPORAL or kind is Type.EVENT_COUNT:
            return [Item(self._rule(n)) for n in range(measure)]
        if kind is not Type.VALUE_COUNT:
            return self._of_numbers(measure)
        values = self.cast.distinct(measure)
        whole = values if len(values) == measure else []
        return [Item(self._rule(n), value=value) for n, value in enumerate(whole)]

    def _rule(self, number: int) -> int:
        """Return which rule an event is of, where the correlation counts those of all."""
        return number % len(self._asked.rules)

    def _of_numbers(self, measure: int) -> Items:
        """Return events with numbers of a sum, an average or a middle."""
        kind = self._asked.type
        if kind is Type.VALUE_SUM:
            numbers = [measure // _TWO, measure - measure // _TWO]
        elif kind is Type.VALUE_PERCENTILE and self._asked.condition.percentile is None:
            return self._share(measure)
        else:
            numbers = [measure - 1, measure, measure + 1] if measure else [0]
        values = [self.cast.number(one) for one in numbers]
        if None in values:
            return []
        return [Item(self._rule(n), value=value) for n, value in enumerate(values)]

    def _share(self, percent: int) -> Items:
        """Return events of which exactly some per cent have the value of the last one."""
        if not 0 < percent <= 100:
            return []
        share = Fraction(percent, 100)
        others = share.denominator - share.numerator
        values = self.cast.distinct(others + 1)
        if len(values) <= others:
            return []
        chosen = [*values[1:], *(values[:1] * share.numerator)]
        return [Item(self._rule(n), value=value) for n, value in enumerate(chosen)]

    # -- times ----------------------------------------------------------------------------------

    def _spread(self, items: Iterable[Item], start: int = 0) -> Items:
        """Return events from a start to exactly one time span later, in their order."""
        found = list(items)
        last = max(len(found) - 1, 1)
        return [replace(one, at=start + at * self._span // last) for at, one in enumerate(found)]

    # -- streams --------------------------------------------------------------------------------

    def drafts(self) -> Iterator[Draft]:
        """Yield the names and events of all streams."""
        for measure in self._measures():
            if items := self._within(measure):
                yield f"a measure of {measure}, within exactly the time span", self._spread(items)
        yield from self._in_time()
        yield from self._without()
        yield from self._in_groups()
        yield from self._of_values()
        yield from self._drawn()
        yield from self._of_witnesses()
        yield from self._of_inner()

    def _in_time(self) -> Iterator[Draft]:
        items = self.enough
        first, *rest = items
        late = [replace(first, at=first.at - 1), *rest]
        yield "a first event one second before the time span", late
        yield (
            "a last event one second after the time span",
            [
                *items[:-1],
                replace(items[-1], at=items[-1].at + 1),
            ],
        )
        yield "all events at the same time", [replace(one, at=0) for one in items]
        times = [one.at for one in reversed(items)]
        yield (
            "the events in the other order",
            [replace(one, at=at) for one, at in zip(items, times, strict=True)],
        )
        for at in range(len(items) - 1)[:MOST_SWAPS]:
            yield f"the events {at + 1} and {at + 2} in the other order", _swapped(items, at)
        again = self._spread(items, self._span * 10)
        yield "the events twice, far apart", [*items, *again]
        yield (
            "the events twice, one time span apart",
            [
                *items,
                *(replace(one, at=one.at + self._span) for one in items),
            ],
        )
        minutes = [replace(one, at=one.at * 60) for one in items]
        yield "the events within sixty times the time span", minutes

    def _without(self) -> Iterator[Draft]:
        items = self.enough
        for at in dict.fromkeys((0, len(items) // _TWO, len(items) - 1)):
            fewer = [*items[:at], *items[at + 1 :]]
            if fewer:
                yield f"the event {at + 1} missing", fewer
                other = fewer[-1] if at < len(items) - 1 else fewer[0]
                yield (
                    f"another in the place of the event {at + 1}",
                    _put(items, at, replace(other, at=items[at].at)),
                )
        both = self.cast.of_two_rules()
        if both is not None:
            yield "an event of two rules in the place of two", [replace(both, at=0), *items[2:]]
            yield "an event of two rules", [replace(both, at=0), *items[1:]]

    def _in_groups(self) -> Iterator[Draft]:
        items = self.enough
        ends = dict.fromkeys((0, len(items) - 1))
        for group in self.cast.groups():
            for at in ends:
                changed = replace(items[at], group=group)
                yield (
                    f"the event {at + 1} with {group.name}",
                    _put(items, at, changed),
                )
            yield f"all events with {group.name}", [replace(one, group=group) for one in items]
            yield f"one event more, with {group.name}", [*items, replace(items[-1], group=group)]

    def _of_values(self) -> Iterator[Draft]:
        items = self.enough
        if self._asked.type is not Type.VALUE_COUNT:
            return
        first, last = items[0], items[-1]
        yield "the last value equal to the first", [*items[:-1], replace(last, value=first.value)]
        for value, what in self.cast.alike(first):
            yield f"the last value {what}", [*items[:-1], replace(last, value=value)]

    def _drawn(self) -> Iterator[Draft]:
        """Yield streams of chance around the number of events that is enough."""
        count, draw = len(self.enough), self._draw
        groups = [None, None, *self.cast.groups()]
        moments = [0, 1, self._span // _TWO, self._span - 1, self._span, self._span + 1]
        moments += [self._span + self._span // _TWO, self._span * _TWO]
        values = self._pool()
        for number in range(DRAWN):
            items = [
                Item(
                    draw.randrange(len(self._asked.rules)),
                    draw.choice(moments),
                    draw.choice(groups) if draw.random() < _OFTEN else None,
                    draw.choice(values),
                )
                for _ in range(draw.randint(max(count - 1, 1), count + 4))
            ]
            yield f"the stream {number + 1} of chance", items

    def _pool(self) -> list[tuple[str, ...] | None]:
        """Return values for streams of chance."""
        return list(dict.fromkeys(one.value for one in self.enough)) or [None]

    def _of_witnesses(self) -> Iterator[Draft]:
        """Yield each witness of each rule as the event that decides."""
        for rule, witnesses in enumerate(self.cast.witnesses):
            places = [at for at, one in enumerate(self.enough) if one.rule == rule]
            at = places[-1] if places else len(self.enough) - 1
            for witness in _some(witnesses, BUDGET // len(self.enough)):
                decides = replace(self.enough[at], rule=rule, witness=witness)
                yield f"{witness.name}, as the event {at + 1}", _put(self.enough, at, decides)

    def _of_inner(self) -> Iterator[Draft]:
        """Yield each stream of a correlation that this one is over, in the place of one event."""
        size = self.cast.size(self.enough)
        for rule, maker in self._inner.items():
            places = [at for at, one in enumerate(self.enough) if one.rule == rule]
            for at in places[-1:]:
                for name, burst in _some(list(maker.drafts()), BUDGET // size):
                    held = replace(self.enough[at], burst=tuple(burst))
                    yield f"{name}, as the part {at + 1}", _put(self.enough, at, held)


_COUNTED = TEMPORAL | {Type.EVENT_COUNT, Type.VALUE_COUNT}
"""Types that are measured in whole numbers above zero."""
MOST_SWAPS = 4
_OFTEN = 0.4
_HOLDS = {
    Test.GT: lambda measure, bound: measure > bound,
    Test.GTE: lambda measure, bound: measure >= bound,
    Test.LT: lambda measure, bound: measure < bound,
    Test.LTE: lambda measure, bound: measure <= bound,
    Test.EQ: lambda measure, bound: measure == bound,
    Test.NEQ: lambda measure, bound: measure != bound,
}


def _swapped(items: Items, at: int) -> Items:
    """Return events of which two neighbours have exchanged their times."""
    one, two = items[at], items[at + 1]
    return [
        *items[:at],
        replace(two, at=one.at),
        replace(one, at=two.at),
        *items[at + _TWO :],
    ]


def _put(items: Items, at: int, item: Item) -> Items:
    return [*items[:at], item, *items[at + 1 :]]


_T = TypeVar("_T")


def _some(found: Sequence[_T], count: int) -> Sequence[_T]:
    """Return elements at even distances, no more than a number."""
    step = max(math.ceil(len(found) / max(count, 1)), 1)
    return found[::step]
