"""Write the stages of SPL that measure a correlation over a window that slides.

Source: Splunk's Search Reference, on streamstats, eventstats, multisearch and sort. Its percentiles
are estimates over many values, and interpolated in some forms, so percentiles are told by counting
the values below a number.
"""

from __future__ import annotations

from collections.abc import Callable

from sigmaglot.correlation import TEMPORAL, Test, Type
from sigmaglot.ir import Column
from sigmaglot.language import Aggregation, Below, Branch, rank_tests

ASSUMES = (
    "streamstats with time_window counts events up to and including the time span back",
    "a window holds no more events than max_stream_window of limits.conf, by default 10,000",
)
AGGREGATES = frozenset(Type)
_OPERATORS = {
    Test.GT: ">",
    Test.GTE: ">=",
    Test.LT: "<",
    Test.LTE: "<=",
    Test.EQ: "=",
    Test.NEQ: "!=",
}
MEASURE = "sg_measure"


def aggregate(plan: Aggregation, find: Callable[[Branch], list[str]]) -> list[str]:
    """Return the lines of a query; ``find`` writes the search of a branch.

    Events are sorted by time, and those of the same time share the last one's measure.
    """
    stages = _temporal(plan, find) if plan.type in TEMPORAL else _windowed(plan, find)
    if plan.percentile is not None:
        return [*stages, f"| where {_rank_tests(plan)}"]
    tests = " AND ".join(f"{MEASURE}{_OPERATORS[test]}{number}" for test, number in plan.tests)
    return [*stages, f"| where {tests}"]


def _rank_tests(plan: Aggregation) -> str:
    """Compare a percentile by the numbers of values below those that it is compared with."""
    names = {count: f"sg_below{number}" for number, count in enumerate(_counted(plan), 1)}
    rank = f"{plan.percentile}*sg_count/100" if plan.percentile else "1"
    tests = [
        [f"{names[_is_below(one)]}{'>=' if one.reaches else '<'}{rank}" for one in ways]
        for ways in rank_tests(plan.tests)
    ]
    return " AND ".join(ways[0] if len(ways) == 1 else f"({' OR '.join(ways)})" for ways in tests)


def _counted(plan: Aggregation) -> list[str]:
    """Return the tests whose successes are counted for a percentile, each once."""
    if plan.percentile is None:
        return []
    return list(dict.fromkeys(_is_below(one) for ways in rank_tests(plan.tests) for one in ways))


def _is_below(one: Below) -> str:
    return f"sg_value{'<=' if one.included else '<'}{one.number}"


def _by(count: int, *more: str) -> str:
    names = [*more, *(f"sg_group{number}" for number in range(1, count + 1))]
    return f" by {' '.join(names)}" if names else ""


def _name(column: Column) -> str:
    return column.name if column.name.replace("_", "").isalnum() else f"'{column.name}'"


def _evals(branch: Branch) -> list[str]:
    """Return assignments of a branch's columns to names that all branches share."""
    return [f"sg_group{number}={_name(column)}" for number, column in enumerate(branch.groups, 1)]


def _windowed(plan: Aggregation, find: Callable[[Branch], list[str]]) -> list[str]:
    (branch,) = plan.branches
    takes_part = [f"isnotnull(sg_group{n})" for n in range(1, len(branch.groups) + 1)]
    evals = _evals(branch)
    if branch.values:
        evals.append(f"sg_value={_value(plan, branch)}")
        takes_part.append("isnotnull(sg_value)")
    return [
        *find(branch),
        *([f"| eval {', '.join(evals)}"] if evals else []),
        *([f"| where {' AND '.join(takes_part)}"] if takes_part else []),
        *_below(plan),
        "| sort 0 _time",
        *_stats(plan, len(branch.groups)),
    ]


def _below(plan: Aggregation) -> list[str]:
    """Return the stage that marks values below the numbers which a percentile is compared with."""
    marks = [f"sg_low{n}=if({test}, 1, 0)" for n, test in enumerate(_counted(plan), 1)]
    return [f"| eval {', '.join(marks)}"] if marks else []


_MEASURES = {
    Type.EVENT_COUNT: ("count", "max"),
    Type.VALUE_COUNT: ("dc(sg_value)", "max"),
    Type.VALUE_SUM: ("sum(sg_value)", "last"),
    Type.VALUE_AVG: ("avg(sg_value)", "last"),
}
"""What is measured over a window, and how the last event's measure is found at one time."""


def _stats(plan: Aggregation, groups: int) -> list[str]:
    """Measure the window that ends with each event, and share it among those of its time."""
    if plan.type in _MEASURES:
        function, last = _MEASURES[plan.type]
        return _share(plan, groups, {MEASURE: function}, last)
    if plan.percentile is None:
        alike = _share(plan, groups, {"sg_alike": "count"}, "max", "sg_value")
        share = f"| eval {MEASURE}=100*sg_alike/sg_count"
        return [*_share(plan, groups, {"sg_count": "count"}, "max"), *alike, share]
    counts = {f"sg_below{n}": f"sum(sg_low{n})" for n in range(1, len(_counted(plan)) + 1)}
    return _share(plan, groups, {"sg_count": "count", **counts}, "max")


def _share(
    plan: Aggregation, groups: int, measures: dict[str, str], last: str, *more: str
) -> list[str]:
    windowed = ", ".join(f"{function} as {name}" for name, function in measures.items())
    shared = ", ".join(f"{last}({name}) as {name}" for name in measures)
    return [
        f"| streamstats time_window={plan.span}s {windowed}{_by(groups, *more)}",
        f"| eventstats {shared}{_by(groups, '_time', *more)}",
    ]


def _value(plan: Aggregation, branch: Branch) -> str:
    names = [_name(column) for column in branch.values]
    if not plan.counts_texts:
        return f"tonumber({names[0]})"
    *first, last = names
    return " . ".join([*(f'len({name}) . ":" . {name}' for name in first), last])


def _temporal(plan: Aggregation, find: Callable[[Branch], list[str]]) -> list[str]:
    """Keep the last time of each rule, or the start of the last chain that has come so far."""
    count = len(plan.branches[0].groups)
    numbers = range(1, len(plan.branches) + 1)
    lines = ["| multisearch"] if len(plan.branches) > 1 else []
    for number, branch in enumerate(plan.branches, 1):
        evals = ", ".join([f"sg_rule={number}", *_evals(branch)])
        search = " ".join([*find(branch), f"| eval {evals}"])
        lines.append(f"    [ search {search} ]" if len(plan.branches) > 1 else search)
    takes_part = " AND ".join(f"isnotnull(sg_group{n})" for n in range(1, count + 1))
    lines += [f"| where {takes_part}"] if takes_part else []
    lines.append("| sort 0 _time sg_rule")
    for number in numbers:
        start = "_time"
        if plan.type is Type.TEMPORAL_ORDERED and number > 1:
            start = f"sg_time{number - 1}"
        lines.append(f"| eval sg_start=if(sg_rule={number}, {start}, null())")
        lines.append(f"| streamstats max(sg_start) as sg_time{number}{_by(count)}")
    shared = ", ".join(f"max(sg_time{number}) as sg_time{number}" for number in numbers)
    lines.append(f"| eventstats {shared}{_by(count, '_time')}")
    if plan.type is Type.TEMPORAL_ORDERED:
        recent = f"if(_time-sg_time{len(plan.branches)}<={plan.span}, {len(plan.branches)}, 0)"
    else:
        recent = " + ".join(f"if(_time-sg_time{number}<={plan.span}, 1, 0)" for number in numbers)
    return [*lines, f"| eval {MEASURE}={recent}"]
