"""Write the stages of SPL that measure a correlation over a window that slides.

Source: Splunk's Search Reference, on streamstats, eventstats, multisearch and sort.
"""

from __future__ import annotations

from collections.abc import Callable

from sigmaglot.correlation import TEMPORAL, Test, Type
from sigmaglot.ir import Column
from sigmaglot.language import Aggregation, Branch

ASSUMES = (
    "streamstats with time_window counts events up to and including the time span back",
    "a window holds no more events than max_stream_window of limits.conf, by default 10,000",
)
AGGREGATES = frozenset(
    {Type.EVENT_COUNT, Type.VALUE_COUNT, Type.VALUE_SUM, Type.VALUE_AVG, *TEMPORAL}
)
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
    tests = " AND ".join(f"{MEASURE}{_OPERATORS[test]}{number}" for test, number in plan.tests)
    return [*stages, f"| where {tests}"]


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
    by = _by(len(branch.groups))
    function, last = {
        Type.EVENT_COUNT: ("count", "max"),
        Type.VALUE_COUNT: ("dc(sg_value)", "max"),
        Type.VALUE_SUM: ("sum(sg_value)", "last"),
        Type.VALUE_AVG: ("avg(sg_value)", "last"),
    }[plan.type]
    takes_part = [f"isnotnull(sg_group{n})" for n in range(1, len(branch.groups) + 1)]
    evals = _evals(branch)
    if branch.values:
        evals.append(f"sg_value={_value(plan, branch)}")
        takes_part.append("isnotnull(sg_value)")
    return [
        *find(branch),
        *([f"| eval {', '.join(evals)}"] if evals else []),
        *([f"| where {' AND '.join(takes_part)}"] if takes_part else []),
        "| sort 0 _time",
        f"| streamstats time_window={plan.span}s {function} as {MEASURE}{by}",
        f"| eventstats {last}({MEASURE}) as {MEASURE}{_by(len(branch.groups), '_time')}",
    ]


def _value(plan: Aggregation, branch: Branch) -> str:
    names = [_name(column) for column in branch.values]
    if plan.type is not Type.VALUE_COUNT:
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
