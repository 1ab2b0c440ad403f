"""Write Kusto that measures a correlation over a window that slides: each event joins its past.

The events of a correlation, and of each one that it is over, are a table of their own. Columns that
are added for it begin with ``sg_``, those for the inner ones with ``sg1_``, ``sg2_`` and so on;
``sg_time`` serves all.

Source: the Kusto query language reference, on join, summarize, serialize, count_distinct and
countif. ``percentile`` is documented as an estimate, so percentiles are told by counting the values
below a number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sigmaglot.correlation import Type
from sigmaglot.language import Aggregation, Below, Branch, Keys, Level, rank_tests

ASSUMES = ("an event whose group-by column is empty takes no part",)
AGGREGATES = frozenset(Type)
_MEASURES = {
    Type.EVENT_COUNT: "count()",
    Type.VALUE_COUNT: "count_distinct({0}_past_value)",
    Type.VALUE_SUM: "sum({0}_past_value)",
    Type.VALUE_AVG: "avg({0}_past_value)",
    Type.TEMPORAL: "count_distinct({0}_past_rule)",
}
_OUTER = "sg"


def aggregate(
    plan: Aggregation, find: Callable[[Branch], list[str]], quote: Callable[[str], str]
) -> list[str]:
    """Return the lines of a query; ``find`` writes the part of a branch, ``quote`` a column."""
    query = _Query(find, quote)
    rows = query.correlate((Level(plan, _OUTER),))
    added = ", ".join(f"{name}_*" for name in query.names)
    return [*query.tables, *rows, f"| project-away {added}"]


@dataclass(frozen=True, slots=True)
class _Query:
    """A query that is written.

    Attributes:
        tables: The lines of statements that make the events of a correlation a table.
        names: What the columns of each correlation begin with, the outermost first.
    """

    find: Callable[[Branch], list[str]]
    quote: Callable[[str], str]
    tables: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=lambda: [_OUTER])

    def correlate(self, levels: tuple[Level, ...]) -> list[str]:
        """Return the lines that find where the first of some nested correlations comes true."""
        name = levels[0].name
        events = self._events(levels)
        number = f"| serialize {name}_id = row_number()"
        self.tables.extend([f"let {name}_events = materialize(", *events, number, ");"])
        is_ordered = levels[0].plan.type is Type.TEMPORAL_ORDERED
        stages = _ordered if is_ordered else _measured
        return [f"{name}_events", *stages(levels[0])]

    def _events(self, levels: tuple[Level, ...]) -> list[str]:
        parts = enumerate(levels[0].plan.parts, 1)
        found = [self._part(part, number, levels) for number, part in parts]
        if len(found) == 1:
            lines = found[0]
        else:
            joined = ["(" + "\n".join(lines) + ")" for lines in found]
            lines = ["union", ",\n".join(joined)]
        tests = " and ".join(f"isnotempty({column})" for column in levels[0].needed)
        return [*lines, *([f"| where {tests}"] if tests else [])]

    def _part(
        self, part: Branch | Aggregation, number: int, levels: tuple[Level, ...]
    ) -> list[str]:
        """Return the lines that find the events of a correlation's part."""
        rule = f"{levels[0].name}_rule = {number}"
        if isinstance(part, Aggregation):
            self.names.append(f"{_OUTER}{len(self.names)}")
            lines = self.correlate((Level(part, self.names[-1]), *levels))
            return [*lines, f"| extend {rule}"]
        columns = [rule, f"sg_time = {part.source.time}"]
        for level, keys in zip(levels, part.keys, strict=True):
            columns += self._columns(level, keys)
        return [*self.find(part), f"| extend {', '.join(columns)}"]

    def _columns(self, level: Level, keys: Keys) -> list[str]:
        """Return the columns that a correlation looks at, under names that all its rules share."""
        found = [
            f"{group} = tostring({self.quote(one.name)})"
            for group, one in zip(level.groups, keys.groups, strict=True)
        ]
        if not found:
            found.append(f"{level.name}_all = 1")
        if keys.values:
            found.append(f"{level.name}_value = {self._value(level.plan, keys)}")
        return found

    def _value(self, plan: Aggregation, keys: Keys) -> str:
        columns = [self.quote(one.name) for one in keys.values]
        if not plan.counts_texts:
            return f"todouble({columns[0]})"
        texts = [f"tostring({one})" for one in columns]
        if len(texts) == 1:
            return texts[0]
        empty = " or ".join(f"isempty({text})" for text in texts)
        return f'iff({empty}, "", strcat_delim("\\u001f", {", ".join(texts)}))'


def _joined_on(level: Level) -> str:
    """Return the columns that groups are joined on."""
    return ", ".join(level.groups) or f"{level.name}_all"


def _measured(level: Level) -> list[str]:
    """Measure the events of the window that ends with each event."""
    plan, name = level.plan, level.name
    keys, time = _joined_on(level), f"{name}_past_time"
    past = [f"{time} = sg_time", f"{name}_past_rule = {name}_rule"]
    past += [f"{name}_past_value = {name}_value"] if plan.keys.values else []
    measures, stages = _measure(plan, name)
    return [
        f"| join kind=inner ({name}_events | project {keys}, {', '.join(past)}) on {keys}",
        f"| where {time} between (sg_time - {plan.span}s .. sg_time)",
        f"| summarize {', '.join(measures)}, arg_max({time}, *) by {name}_id",
        *stages,
    ]


def _measure(plan: Aggregation, name: str) -> tuple[list[str], list[str]]:
    """Return what is summarized over a window, and the stages that test it."""
    measure = f"{name}_measure"
    tests = " and ".join(f"{measure} {test.symbol} {number}" for test, number in plan.tests)
    if plan.type in _MEASURES:
        return [f"{measure} = {_MEASURES[plan.type].format(name)}"], [f"| where {tests}"]
    count = f"{name}_count = count()"
    if plan.percentile is None:
        share = f"| extend {measure} = 100.0 * {name}_alike / {name}_count"
        alike = f"{name}_alike = countif({name}_past_value == {name}_value)"
        return [count, alike], [share, f"| where {tests}"]
    counted: dict[str, str] = {}
    stages = _ranked(plan, name, counted)
    return [count, *(f"{short} = {one}" for one, short in counted.items())], stages


def _ranked(plan: Aggregation, name: str, counted: dict[str, str]) -> list[str]:
    """Compare a percentile by the numbers of values below those that it is compared with.

    ``counted`` gets the name of each of these numbers.
    """
    rank = f"{plan.percentile} * {name}_count / 100.0" if plan.percentile else "1"
    lines: list[str] = []
    for ways in rank_tests(plan.tests):
        tests = [
            f"{_below(one, name, counted)} {'>=' if one.reaches else '<'} {rank}" for one in ways
        ]
        lines.append(f"| where {' or '.join(tests)}")
    return lines


def _below(one: Below, name: str, counted: dict[str, str]) -> str:
    """Return the name of a count of values below a number; ``counted`` has the names so far."""
    operator = "<=" if one.included else "<"
    count = f"countif({name}_past_value {operator} {one.number})"
    return counted.setdefault(count, f"{name}_below{len(counted) + 1}")


def _ordered(level: Level) -> list[str]:
    """Find, for each event, events of all rules in order in the window that ends with it."""
    plan, name, keys = level.plan, level.name, _joined_on(level)
    lines: list[str] = []
    after = f"sg_time - {plan.span}s"
    for number in range(1, len(plan.parts) + 1):
        time = f"{name}_time{number}"
        those = f"where {name}_rule == {number} | project {keys}, {time} = sg_time"
        lines += [
            f"| join kind=inner ({name}_events | {those}) on {keys}",
            f"| where {time} between ({after} .. sg_time)",
        ]
        after = time
    return [*lines, f"| summarize arg_max({name}_time1, *) by {name}_id"]
