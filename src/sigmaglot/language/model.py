"""What a language is, and what its renderer is given."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sigmaglot import ir
from sigmaglot.correlation import Test, Type
from sigmaglot.ir import Node
from sigmaglot.language.capabilities import Capabilities


@dataclass(frozen=True, slots=True)
class Selector:
    """A condition that scopes a query to the events of its log source: a column and its values."""

    column: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a pipeline keeps the events of a log source.

    Attributes:
        table: A table or stream, empty where the language has none.
        selectors: All must hold; the values of one are alternatives.
        time: The column of the event's time, empty where it is not known.
        projection: The columns to show when the rule names none.
        identity: The columns that a hunting query shows in any case, for what is built on it.
        computed: Columns that the table lacks: a name, and the expression that computes it, in the
            language that the pipeline is written for. Their types begin with ``computed``, so that
            no other language takes them for columns of the table.
    """

    table: str = ""
    selectors: tuple[Selector, ...] = ()
    time: str = ""
    projection: tuple[str, ...] = ()
    identity: tuple[str, ...] = ()
    computed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Hunt:
    """What a query for a person shows beyond its matches.

    Attributes:
        projection: Columns in order.
        last: A time span such as ``7d``, empty for no bound.
    """

    projection: tuple[str, ...]
    last: str = ""


@dataclass(frozen=True, slots=True)
class Keys:
    """The columns of one rule's events that a correlation looks at.

    Attributes:
        groups: Those whose values must be the same, in an order that all rules share.
        values: Those of the measured value, none where no value is measured.
    """

    groups: tuple[ir.Column, ...]
    values: tuple[ir.Column, ...] = ()

    @property
    def columns(self) -> tuple[ir.Column, ...]:
        """Return all of them."""
        return (*self.groups, *self.values)


@dataclass(frozen=True, slots=True)
class Branch:
    """The events that one rule of a correlation contributes.

    Attributes:
        source: Where they are kept.
        filter: Which they are.
        groups: The columns whose values must be the same, in an order that all branches share.
        values: The columns of the measured value, none where no value is measured.
        above: The columns for the correlations over that correlation, the nearest first.
    """

    source: Source
    filter: Node
    groups: tuple[ir.Column, ...]
    values: tuple[ir.Column, ...] = ()
    above: tuple[Keys, ...] = ()

    @property
    def keys(self) -> tuple[Keys, ...]:
        """Return the columns for each correlation that the rule is a part of, the nearest first."""
        return (Keys(self.groups, self.values), *self.above)

    @property
    def takes_part(self) -> Node:
        """Return the filter with the tests that the event has what is grouped and measured."""
        tests = self.filter.children if isinstance(self.filter, ir.And) else (self.filter,)
        needed = dict.fromkeys(self.keys[0].columns)
        return ir.all_of([*tests, *(ir.Exists(column) for column in needed)])


@dataclass(frozen=True, slots=True)
class Aggregation:
    """What a query measures over a window that slides: see ``sigmaglot.evaluate_correlation``.

    Attributes:
        type: What is measured.
        span: Seconds that a window is long, both ends included.
        tests: Comparisons of the measure with numbers, all of which must hold.
        parts: One for each rule, in order, an aggregation for a correlation; where it is no matter
            which rule an event matched, one for all rules whose events are kept together.
        percentile: As in a condition.
    """

    type: Type
    span: int
    tests: tuple[tuple[Test, float], ...]
    parts: tuple[Branch | Aggregation, ...]
    percentile: float | None = None

    @property
    def branches(self) -> tuple[Branch, ...]:
        """Return the rules, those of its aggregations in their places."""
        return tuple(
            branch
            for part in self.parts
            for branch in (part.branches if isinstance(part, Aggregation) else (part,))
        )

    @property
    def is_nested(self) -> bool:
        """Return whether it is over another aggregation."""
        return any(isinstance(part, Aggregation) for part in self.parts)

    @property
    def keys(self) -> Keys:
        """Return the columns that it looks at in the events of its first rule."""
        depth, part = 0, self.parts[0]
        while isinstance(part, Aggregation):
            depth, part = depth + 1, part.parts[0]
        return part.keys[depth]

    @property
    def counts_texts(self) -> bool:
        """Return whether values are told apart by their text, and not read as numbers."""
        share = self.type is Type.VALUE_PERCENTILE and self.percentile is None
        return share or self.type is Type.VALUE_COUNT

    @property
    def threshold(self) -> int:
        """Return the smallest count that meets every test, which all must be ``gt`` or ``gte``."""
        least = (
            math.floor(number) + 1 if test is Test.GT else math.ceil(number)
            for test, number in self.tests
        )
        return max(1, *least)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a renderer writes: a source, a filter that it can say, and how to show the result.

    With an aggregation, source and filter are those of its first branch.
    """

    source: Source
    filter: Node
    hunt: Hunt | None = None
    aggregation: Aggregation | None = None


class TooManyQueriesError(Exception):
    """The plan needs more queries than the language's limit; ``needed`` says how many at least."""

    def __init__(self, needed: int, limit: int) -> None:
        super().__init__(f"{needed} queries are needed, {limit} is the limit")
        self.needed = needed
        self.limit = limit


@dataclass(frozen=True, slots=True)
class Language:
    """One query language: a value, registered by name.

    Attributes:
        name: The name in ``sigmaglot list languages``.
        title: The name in messages.
        extension: Of files that hold a query, without the dot.
        capabilities: What it can say.
        render: Plan to the texts of one or several queries.
        comment: Lines to a comment block, None where the language has no comments.
        assumes: What every claim of fidelity rests on that no vendor document confirms.
        aggregates: The types of correlations that it can say, with windows that slide.
        nests_aggregates: Whether it can say a correlation over another one.
        lower_aggregates: The types that it can only say from below, each with what is missed: every
            row of the query stands for a window that meets the condition, and not every window
            that does has a row.
        aggregate_gaps: Why it has no form for the other types, where there is more to say.
        cannot_aggregate: Why it cannot say one aggregation of its types, empty where it can.
        aggregate_assumes: What claims about correlations rest on besides.
        describes_aggregates: Whether its queries find single events alone, and a correlation is
            described beside them.
        leaf_text: One leaf as the language writes it, for explanations.
    """

    name: str
    title: str
    extension: str
    capabilities: Capabilities
    render: Callable[[Plan], tuple[str, ...]]
    leaf_text: Callable[[ir.Leaf], str]
    comment: Callable[[tuple[str, ...]], str] | None = None
    assumes: tuple[str, ...] = field(default=())
    aggregates: frozenset[Type] = frozenset()
    nests_aggregates: bool = False
    lower_aggregates: Mapping[Type, str] = field(default_factory=dict)
    aggregate_gaps: Mapping[Type, str] = field(default_factory=dict)
    cannot_aggregate: Callable[[Aggregation], str] = lambda _: ""
    aggregate_assumes: tuple[str, ...] = ()
    describes_aggregates: bool = False
