"""Write the stages of SPL that measure a correlation over a window that slides.

All events are rows of one search. Fields that are added for a correlation begin with ``sg_``, those
for the ones that it is over with ``sg1_``, ``sg2_`` and so on. A row that is no part of an inner
correlation passes its stages in a group apart (``sg1_in=0``).

Source: Splunk's Search Reference, on streamstats, eventstats, multisearch and sort. Its percentiles
are estimates over many values, and interpolated in some forms, so percentiles are told by counting
the values below a number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sigmaglot.correlation import TEMPORAL, Test, Type
from sigmaglot.ir import Column
from sigmaglot.language import Aggregation, Below, Branch, Keys, Level, rank_tests

ASSUMES = (
    "streamstats with time_window counts events up to and including the time span back",
    "a window holds no more events than max_stream_window of limits.conf, by default 10,000",
)
AGGREGATES = frozenset(Type)
_NONE = '"-"'
"""What a row has in the place of a field of a correlation that it is no part of."""


def aggregate(plan: Aggregation, find: Callable[[Branch], list[str]]) -> list[str]:
    """Return the lines of a query; ``find`` writes the search of a branch.

    Events are sorted by time, and those of the same time share the last one's measure.
    """
    query = _Query()
    query.add(plan, _OUTER, ())
    searches = [(find(row.branch), query.evals(row)) for row in query.rows]
    return [
        *_searched(searches),
        *(line for level in query.levels for line in _stages(level, query.by(level))),
    ]


_OUTER = "sg"


@dataclass(frozen=True, slots=True)
class _Row:
    """A rule's events, with the correlations that they are a part of, the nearest first.

    Each correlation goes with the number of the part of it that they belong to.
    """

    branch: Branch
    places: tuple[tuple[Level, int], ...]


@dataclass(frozen=True, slots=True)
class _Query:
    """A correlation laid out: its rows, and each correlation behind those that it is over."""

    rows: list[_Row] = field(default_factory=list)
    levels: list[Level] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def add(self, plan: Aggregation, name: str, above: tuple[tuple[Level, int], ...]) -> None:
        """Lay out a correlation that is a part of others."""
        level = Level(plan, name)
        self.names.append(name)
        for number, part in enumerate(plan.parts, 1):
            places = ((level, number), *above)
            if isinstance(part, Branch):
                self.rows.append(_Row(part, places))
            else:
                self.add(part, f"{_OUTER}{len(self.names)}", places)
        self.levels.append(level)

    def evals(self, row: _Row) -> str:
        """Return assignments of a rule's columns to names that all rules share."""
        found: dict[str, list[str]] = {}
        for (level, number), keys in zip(row.places, row.branch.keys, strict=True):
            marked = [f"{level.name}_in=1"] if self._has_others(level) else []
            found[level.name] = [*marked, *_evals(level, number, keys)]
        return ", ".join(
            one
            for level in self.levels
            for one in (found[level.name] if level.name in found else _lacking(level))
        )

    def by(self, level: Level) -> tuple[str, ...]:
        """Return the fields that a correlation's groups are told apart by."""
        is_apart = self._has_others(level)
        return (f"{level.name}_in", *level.groups) if is_apart else level.groups

    def _has_others(self, level: Level) -> bool:
        """Return whether some rows are no part of a correlation."""
        return any(level.name not in {one.name for one, _ in row.places} for row in self.rows)


def _evals(level: Level, number: int, keys: Keys) -> list[str]:
    name = level.name
    rule = [f"{name}_rule={number}"] if level.plan.type in TEMPORAL else []
    pairs = zip(level.groups, keys.groups, strict=True)
    groups = [f"{group}={_name(column)}" for group, column in pairs]
    return [*rule, *groups, *([f"{name}_value={_value(level.plan, keys)}"] if keys.values else [])]


def _lacking(level: Level) -> list[str]:
    """Return assignments for rows that are no part of a correlation."""
    rule = [f"{level.name}_rule=0"] if level.plan.type in TEMPORAL else []
    return [f"{level.name}_in=0", *rule, *(f"{one}={_NONE}" for one in level.needed)]


def _value(plan: Aggregation, keys: Keys) -> str:
    names = [_name(column) for column in keys.values]
    if not plan.counts_texts:
        return f"tonumber({names[0]})"
    *first, last = names
    return " . ".join([*(f'len({name}) . ":" . {name}' for name in first), last])


def _name(column: Column) -> str:
    return column.name if column.name.replace("_", "").isalnum() else f"'{column.name}'"


def _searched(searches: list[tuple[list[str], str]]) -> list[str]:
    """Return the lines that find events; each search goes with the fields that it adds."""
    parts = [[*lines, *([f"| eval {evals}"] if evals else [])] for lines, evals in searches]
    if len(parts) == 1:
        return parts[0]
    return ["| multisearch", *(f"    [ search {' '.join(lines)} ]" for lines in parts)]


def _stages(level: Level, by: tuple[str, ...]) -> list[str]:
    """Return the stages that leave the events at which a correlation comes true."""
    plan, name = level.plan, level.name
    takes_part = " AND ".join(f"isnotnull({one})" for one in level.needed)
    stages = _temporal(level, by) if plan.type in TEMPORAL else _windowed(level, by)
    test = _tests(level)
    if f"{name}_in" in by:
        test = f"{name}_in=0 OR ({test})"
    return [*([f"| where {takes_part}"] if takes_part else []), *stages, f"| where {test}"]


def _tests(level: Level) -> str:
    plan, name = level.plan, level.name
    if plan.percentile is not None:
        return _rank_tests(level)
    return " AND ".join(f"{name}_measure{_operator(test)}{number}" for test, number in plan.tests)


def _operator(test: Test) -> str:
    return "=" if test is Test.EQ else test.symbol


def _rank_tests(level: Level) -> str:
    """Compare a percentile by the numbers of values below those that it is compared with."""
    plan, name = level.plan, level.name
    names = {count: f"{name}_below{number}" for number, count in enumerate(_counted(level), 1)}
    rank = f"{plan.percentile}*{name}_count/100" if plan.percentile else "1"
    tests = [
        [f"{names[_is_below(one, name)]}{'>=' if one.reaches else '<'}{rank}" for one in ways]
        for ways in rank_tests(plan.tests)
    ]
    return " AND ".join(ways[0] if len(ways) == 1 else f"({' OR '.join(ways)})" for ways in tests)


def _counted(level: Level) -> list[str]:
    """Return the tests whose successes are counted for a percentile, each once."""
    if level.plan.percentile is None:
        return []
    tests = (one for ways in rank_tests(level.plan.tests) for one in ways)
    return list(dict.fromkeys(_is_below(one, level.name) for one in tests))


def _is_below(one: Below, name: str) -> str:
    return f"{name}_value{'<=' if one.included else '<'}{one.number}"


def _by(*names: str) -> str:
    return f" by {' '.join(names)}" if names else ""


_MEASURES = {
    Type.EVENT_COUNT: ("count", "max"),
    Type.VALUE_COUNT: ("dc({0}_value)", "max"),
    Type.VALUE_SUM: ("sum({0}_value)", "last"),
    Type.VALUE_AVG: ("avg({0}_value)", "last"),
}
"""What is measured over a window, and how the last event's measure is found at one time."""


def _windowed(level: Level, by: tuple[str, ...]) -> list[str]:
    """Measure the window that ends with each event, and share it among those of its time."""
    plan, name = level.plan, level.name
    count = {f"{name}_count": "count"}
    if plan.type in _MEASURES:
        function, last = _MEASURES[plan.type]
        stages = _share(plan.span, by, {f"{name}_measure": function.format(name)}, last)
        return ["| sort 0 _time", *stages]
    if plan.percentile is None:
        own = (f"{name}_value", *by)
        alike = _share(plan.span, own, {f"{name}_alike": "count"}, "max")
        share = f"| eval {name}_measure=100*{name}_alike/{name}_count"
        return ["| sort 0 _time", *_share(plan.span, by, count, "max"), *alike, share]
    tests = list(enumerate(_counted(level), 1))
    marks = ", ".join(f"{name}_low{n}=if({test}, 1, 0)" for n, test in tests)
    counts = {f"{name}_below{n}": f"sum({name}_low{n})" for n, _ in tests}
    return [
        f"| eval {marks}",
        "| sort 0 _time",
        *_share(plan.span, by, {**count, **counts}, "max"),
    ]


def _share(span: int, by: tuple[str, ...], measures: dict[str, str], last: str) -> list[str]:
    windowed = ", ".join(f"{function} as {name}" for name, function in measures.items())
    shared = ", ".join(f"{last}({name}) as {name}" for name in measures)
    return [
        f"| streamstats time_window={span}s {windowed}{_by(*by)}",
        f"| eventstats {shared}{_by('_time', *by)}",
    ]


def _temporal(level: Level, by: tuple[str, ...]) -> list[str]:
    """Keep the last time of each rule, or the start of the last chain that has come so far."""
    plan, name = level.plan, level.name
    numbers = range(1, len(plan.parts) + 1)
    is_ordered = plan.type is Type.TEMPORAL_ORDERED
    lines = [f"| sort 0 _time {name}_rule"]
    for number in numbers:
        start = f"{name}_time{number - 1}" if is_ordered and number > 1 else "_time"
        lines.append(f"| eval {name}_start=if({name}_rule={number}, {start}, null())")
        lines.append(f"| streamstats max({name}_start) as {name}_time{number}{_by(*by)}")
    shared = ", ".join(f"max({name}_time{n}) as {name}_time{n}" for n in numbers)
    lines.append(f"| eventstats {shared}{_by('_time', *by)}")
    if is_ordered:
        recent = f"if(_time-{name}_time{len(plan.parts)}<={plan.span}, {len(plan.parts)}, 0)"
    else:
        recent = " + ".join(f"if(_time-{name}_time{n}<={plan.span}, 1, 0)" for n in numbers)
    return [*lines, f"| eval {name}_measure={recent}"]
