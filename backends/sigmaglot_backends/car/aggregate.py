"""Write CAR pseudocode that finds a correlation: groups with their times, and joins.

Source: the published analytics of the MITRE Cyber Analytics Repository: CAR-2013-02-008 measures a
group and the time from its first event to its last, CAR-2013-04-002 groups events that are close,
CAR-2014-05-001 joins events by their times, CAR-2014-02-001 names a field of one side of a join,
and CAR-2015-07-001 takes the different values of a field.
"""

from __future__ import annotations

from collections.abc import Callable

from sigmaglot.correlation import TEMPORAL, Type
from sigmaglot.language import Aggregation, Branch

_GROUP = "a row stands for a group of events that all lie within the time span, at the last of them"
_JOIN = "a row stands for one event of each rule, at the last of them; later events may have none"
LOWER = {
    Type.EVENT_COUNT: _GROUP,
    Type.VALUE_COUNT: _GROUP,
    Type.TEMPORAL: _JOIN,
    Type.TEMPORAL_ORDERED: _JOIN,
}
ASSUMES = (
    "`group ... by`, `unique`, and `==` of two joined events tell texts apart by letter case too",
)
Find = Callable[[Branch, str], list[str]]
"""The statements that name the events of a branch: the name is the second argument."""


def cannot(plan: Aggregation) -> str:
    """Return why CAR cannot say an aggregation, empty where it can."""
    if plan.type is Type.VALUE_COUNT and len(plan.branches[0].values) > 1:
        return "combinations of several fields cannot be counted"
    if plan.type in TEMPORAL and len(plan.branches) < 2:
        return "a join needs two rules"
    if plan.type in TEMPORAL and plan.threshold != len(plan.branches):
        return "only all of its rules can be asked for"
    return ""


def aggregate(plan: Aggregation, find: Find) -> tuple[str, ...]:
    """Return the one program of a correlation."""
    lines = _joined(plan, find) if plan.type in TEMPORAL else _measured(plan, find)
    return ("\n".join(lines),)


def _seconds(span: int) -> str:
    return f"{span} second{'' if span == 1 else 's'}"


def _measured(plan: Aggregation, find: Find) -> list[str]:
    (branch,) = plan.branches
    span = _seconds(plan.span)
    measure = "count(time)"
    if plan.type is Type.VALUE_COUNT:
        measure = f"count(unique({branch.values[0].name}))"
    times = "min(time) as earliest_time, max(time) as latest_time"
    by = ", ".join(column.name for column in branch.groups)
    close = f"max time between two events is {span}"
    tests = f"latest_time - earliest_time <= {span} and measure >= {plan.threshold}"
    return [
        *find(branch, "matching"),
        *([f"grouped = group matching by {by} where ({close})"] if by else []),
        f"measured = from {'grouped' if by else 'matching'} select {times}, {measure} as measure",
        f"correlated = filter measured where ({tests})",
        "output correlated",
    ]


def _joined(plan: Aggregation, find: Find) -> list[str]:
    """Join the events of each rule with those of the rules before it."""
    names = [f"rule{number}" for number in range(1, len(plan.branches) + 1)]
    lines = [
        line
        for name, branch in zip(names, plan.branches, strict=True)
        for line in find(branch, name)
    ]
    before = names[0]
    for number in range(1, len(names)):
        joined = f"joined{number}" if number + 1 < len(names) else "correlated"
        tests = " and ".join(_pair_tests(plan, names, number, before))
        lines.append(f"{joined} = join ({before}, {names[number]}) where ({tests})")
        before = joined
    return [*lines, "output correlated"]


def _pair_tests(plan: Aggregation, names: list[str], last: int, before: str) -> list[str]:
    """Return what an event of one rule shares with those of the rules that are joined before it."""
    sides = [name if before == name else f"{before}.{name}" for name in names[:last]]
    here, name = plan.branches[last], names[last]
    pairs = zip(plan.branches[0].groups, here.groups, strict=True)
    tests = [f"{sides[0]}.{first.name} == {name}.{second.name}" for first, second in pairs]
    if plan.type is Type.TEMPORAL_ORDERED:
        tests.append(f"{sides[-1]}.time <= {name}.time")
        return [*tests, _within(plan, name, sides[0])]
    both = [(_within(plan, name, side), _within(plan, side, name)) for side in sides]
    return [*tests, *(test for pair in both for test in pair)]


def _within(plan: Aggregation, later: str, earlier: str) -> str:
    return f"{later}.time <= {earlier}.time + {_seconds(plan.span)}"
