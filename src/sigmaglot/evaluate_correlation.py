"""The reference meaning of correlations, over events in order of time.

A correlation, like a rule, means a set of events: those at whose time its condition comes true. The
window of an event reaches ``timespan`` back from its time, both ends included; it slides, and
events of the same time see each other. Only events of the same group count, by the text of the
``group-by`` fields. An event that lacks one of these, or the measured field, takes no part. The
events of a correlation keep their time and fields, so they can be correlated in turn.

- ``event_count``: events, each once, however many rules it matches.
- ``value_count``: different values, by their text; of several fields, different combinations.
- ``temporal``: rules that some event matches; without a condition all of them.
- ``temporal_ordered``: the most rules that some events match in the order of ``rules``, at times
  that do not decrease.
- ``value_sum``, ``value_avg``: of the numbers in the field.
- ``value_percentile`` with ``percentile``, ``value_median``: the nearest rank, so a value that is
  there. Without ``percentile``, as in the specification's example: which share of the window, in
  per cent, has the event's own value.
"""

from __future__ import annotations

import math
import operator
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sigmaglot.correlation import VALUED, Correlation, Test, Type
from sigmaglot.evaluate import number_of, text_of

Value = tuple[str, ...] | float
Seen = Mapping[str, Iterable["Happening"]]


@dataclass(frozen=True, slots=True)
class Happening:
    """An event that a rule has matched.

    Attributes:
        number: What tells it from other events.
        time: Seconds since any fixed moment.
        values: Its fields by Sigma name.
    """

    number: int
    time: float
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Part:
    """An event's part in a group: the rule that it matched, by position, and the measured value."""

    time: float
    number: int
    rule: int
    value: Value


def find(correlation: Correlation, seen: Seen) -> list[Happening]:
    """Return the events at which a correlation comes true, in order of time.

    ``seen`` are the events that each of its rules matched, in any order.
    """
    events = {one.number: one for happenings in seen.values() for one in happenings}
    found: set[int] = set()
    for parts in _groups(correlation, seen).values():
        found |= set(_fire(correlation, parts))
    return sorted((events[number] for number in found), key=lambda one: (one.time, one.number))


def _groups(correlation: Correlation, seen: Seen) -> dict[tuple[str, ...], list[_Part]]:
    """Return the parts that events take in each group, in order of time."""
    groups: dict[tuple[str, ...], list[_Part]] = {}
    for position, rule in enumerate(correlation.rules):
        for one in seen.get(rule, ()):
            key = _texts(correlation, correlation.group_by, rule, one)
            value = _value(correlation, rule, one)
            if key is not None and value is not None:
                part = _Part(one.time, one.number, position, value)
                groups.setdefault(key, []).append(part)
    for parts in groups.values():
        parts.sort(key=lambda part: (part.time, part.rule))
    return groups


def _texts(
    correlation: Correlation, names: Iterable[str], rule: str, event: Happening
) -> tuple[str, ...] | None:
    """Return the texts of fields, None where one is missing."""
    found = [event.values.get(correlation.field_of(name, rule)) for name in names]
    return None if None in found else tuple(text_of(value) for value in found)


def _value(correlation: Correlation, rule: str, event: Happening) -> Value | None:
    if correlation.type not in VALUED:
        return ()
    texts = _texts(correlation, correlation.condition.fields, rule, event)
    if texts is None or _counts_texts(correlation):
        return texts
    field = correlation.field_of(correlation.condition.fields[0], rule)
    return number_of(event.values[field])


def _counts_texts(correlation: Correlation) -> bool:
    """Return whether values are told apart by their text, and not read as numbers."""
    return correlation.type is Type.VALUE_COUNT or _is_share(correlation)


def _is_share(correlation: Correlation) -> bool:
    return correlation.type is Type.VALUE_PERCENTILE and correlation.condition.percentile is None


def _fire(correlation: Correlation, parts: Sequence[_Part]) -> Iterator[int]:
    """Yield the numbers of a group's events at which the condition holds."""
    times = [part.time for part in parts]
    start = 0
    while start < len(parts):
        end = bisect_right(times, times[start])
        window = parts[bisect_left(times, times[start] - correlation.timespan) : end]
        now = parts[start:end]
        if _is_share(correlation):
            yield from (one.number for one in now if _holds(correlation, _share(window, one)))
        elif _holds(correlation, _MEASURES[correlation.type](correlation, window)):
            yield from (one.number for one in now)
        start = end


_TESTS: dict[Test, Callable[[float, float], bool]] = {
    Test.GT: operator.gt,
    Test.GTE: operator.ge,
    Test.LT: operator.lt,
    Test.LTE: operator.le,
    Test.EQ: operator.eq,
    Test.NEQ: operator.ne,
}


def _holds(correlation: Correlation, measure: float) -> bool:
    return all(_TESTS[test](measure, number) for test, number in correlation.condition.tests)


def _numbers(window: Sequence[_Part]) -> list[float]:
    """Return the numbers of a window, one for each event and different value."""
    found = {(part.number, part.value) for part in window}
    return [value for _, value in found if not isinstance(value, tuple)]


def _ordered(_: Correlation, window: Sequence[_Part]) -> float:
    """Return the length of the longest chain; parts are in order of time, then of rule."""
    longest: dict[int, int] = {}
    for part in window:
        before = max((length for rule, length in longest.items() if rule < part.rule), default=0)
        longest[part.rule] = max(longest.get(part.rule, 0), before + 1)
    return max(longest.values())


def _percentile(correlation: Correlation, window: Sequence[_Part]) -> float:
    numbers = sorted(_numbers(window))
    rank = math.ceil((correlation.condition.percentile or 0) * len(numbers) / 100)
    return numbers[max(rank, 1) - 1]


def _share(window: Sequence[_Part], own: _Part) -> float:
    """Return how many of a hundred events of a window have an event's value."""
    events = {part.number for part in window}
    alike = {part.number for part in window if part.value == own.value}
    return 100 * len(alike) / len(events)


def _average(_: Correlation, window: Sequence[_Part]) -> float:
    numbers = _numbers(window)
    return math.fsum(numbers) / len(numbers)


_MEASURES: dict[Type, Callable[[Correlation, Sequence[_Part]], float]] = {
    Type.EVENT_COUNT: lambda _, window: len({part.number for part in window}),
    Type.VALUE_COUNT: lambda _, window: len({part.value for part in window}),
    Type.TEMPORAL: lambda _, window: len({part.rule for part in window}),
    Type.TEMPORAL_ORDERED: _ordered,
    Type.VALUE_SUM: lambda _, window: math.fsum(_numbers(window)),
    Type.VALUE_AVG: _average,
    Type.VALUE_PERCENTILE: _percentile,
    Type.VALUE_MEDIAN: _percentile,
}
