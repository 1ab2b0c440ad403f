"""What a correlation asks: plain values. ``sigmaglot.evaluate_correlation`` defines the meaning."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Type(StrEnum):
    """What is measured over the events of a window."""

    EVENT_COUNT = "event_count"
    VALUE_COUNT = "value_count"
    TEMPORAL = "temporal"
    TEMPORAL_ORDERED = "temporal_ordered"
    VALUE_SUM = "value_sum"
    VALUE_AVG = "value_avg"
    VALUE_PERCENTILE = "value_percentile"
    VALUE_MEDIAN = "value_median"


TEMPORAL = frozenset({Type.TEMPORAL, Type.TEMPORAL_ORDERED})
"""Types that measure which rules occur; the others need no more than one."""
VALUED = frozenset(Type) - TEMPORAL - {Type.EVENT_COUNT}
"""Types that measure the values of a field."""


class Test(StrEnum):
    """Comparisons of a condition."""

    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    EQ = "eq"
    NEQ = "neq"

    @property
    def symbol(self) -> str:
        """Return how formulas and most languages write it."""
        return {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "eq": "==", "neq": "!="}[self]


@dataclass(frozen=True, slots=True)
class Condition:
    """What the measure must be: every test holds.

    Attributes:
        tests: Comparisons with numbers; two of them make a range.
        fields: Whose values are measured; several count as one combined value.
        percentile: Which percentile is compared, None for the share of the event's own value.
    """

    tests: tuple[tuple[Test, float], ...]
    fields: tuple[str, ...] = ()
    percentile: float | None = None


@dataclass(frozen=True, slots=True)
class Alias:
    """A name for fields that are called differently in the events of several rules."""

    name: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Correlation:
    """A correlation; rules are named by references, in the order of the document.

    Attributes:
        type: What is measured.
        rules: References to rules or other correlations.
        timespan: Seconds that a window is long, both ends included.
        condition: What the measure must be.
        group_by: Fields or aliases whose values must be the same; without any, all events are one
            group.
        aliases: Names for fields.
        generate: Whether the rules are compiled on their own too.
    """

    type: Type
    rules: tuple[str, ...]
    timespan: int
    condition: Condition
    group_by: tuple[str, ...] = ()
    aliases: tuple[Alias, ...] = ()
    generate: bool = False

    def field_of(self, name: str, rule: str) -> str:
        """Return the field that a name stands for in the events of a rule."""
        for alias in self.aliases:
            if alias.name == name:
                return dict(alias.fields)[rule]
        return name
