"""What languages that measure correlations share: durations, names, and ranks by counting."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sigmaglot.correlation import Test
from sigmaglot.language.model import Aggregation

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"))


def duration(span: int) -> str:
    """Return the longest duration in whole days, hours or minutes within a time span.

    ``span`` is in seconds; one under a minute gives ``0m``, which no language takes.
    """
    for unit, letter in _UNITS:
        if span % unit == 0:
            return f"{span // unit}{letter}"
    return f"{span // 60}m"


@dataclass(frozen=True, slots=True)
class Level:
    """A correlation of a query, and what the columns that are added for it begin with."""

    plan: Aggregation
    name: str

    @property
    def groups(self) -> tuple[str, ...]:
        """Return the added columns that groups are told apart by."""
        return tuple(f"{self.name}_group{n}" for n in range(1, len(self.plan.keys.groups) + 1))

    @property
    def needed(self) -> tuple[str, ...]:
        """Return the added columns that an event must have to take part."""
        return (*self.groups, f"{self.name}_value") if self.plan.keys.values else self.groups


@dataclass(frozen=True, slots=True)
class Below:
    """A test of how many values of a window are below a number.

    Attributes:
        number: The number.
        included: Whether the values that equal it count too.
        reaches: Whether so many are below that the value of the rank is among them.
    """

    number: float
    included: bool
    reaches: bool


def rank_tests(tests: Iterable[tuple[Test, float]]) -> list[list[Below]]:
    """Return a comparison of the value of a rank as tests of counts: any of each, of all lists.

    The value at rank ``k`` of ``n`` sorted ones is below a number if and only if ``k`` or more
    values are, so no value needs to be found. Of the nearest rank, ``k`` is ``p * n / 100`` rounded
    up, and a count is under that if and only if it is under the share that is not rounded.
    """
    return [
        [Below(number, included, reaches) for included, reaches in _WAYS[test]]
        for test, number in _split(tests)
    ]


_WAYS = {
    Test.GT: ((True, False),),
    Test.GTE: ((False, False),),
    Test.LT: ((False, True),),
    Test.LTE: ((True, True),),
    Test.NEQ: ((False, True), (True, False)),
}


def _split(tests: Iterable[tuple[Test, float]]) -> list[tuple[Test, float]]:
    """Return the tests with each equality as two."""
    found: list[tuple[Test, float]] = []
    for test, number in tests:
        found += [(Test.GTE, number), (Test.LTE, number)] if test is Test.EQ else [(test, number)]
    return found
