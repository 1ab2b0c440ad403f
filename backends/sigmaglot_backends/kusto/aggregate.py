"""Write Kusto that measures a correlation over a window that slides: each event joins its past.

Source: the Kusto query language reference, on join, summarize, serialize, count_distinct and
countif. ``percentile`` is documented as an estimate, so percentiles are told by counting the values
below a number.
"""

from __future__ import annotations

from collections.abc import Callable

from sigmaglot.correlation import Test, Type
from sigmaglot.ir import Column
from sigmaglot.language import Aggregation, Below, Branch, rank_tests

ASSUMES = ("an event whose group-by column is empty takes no part",)
AGGREGATES = frozenset(Type)
_OPERATORS = {
    Test.GT: ">",
    Test.GTE: ">=",
    Test.LT: "<",
    Test.LTE: "<=",
    Test.EQ: "==",
    Test.NEQ: "!=",
}
_MEASURES = {
    Type.EVENT_COUNT: "count()",
    Type.VALUE_COUNT: "count_distinct(sg_past_value)",
    Type.VALUE_SUM: "sum(sg_past_value)",
    Type.VALUE_AVG: "avg(sg_past_value)",
    Type.TEMPORAL: "count_distinct(sg_past_rule)",
}


def aggregate(
    plan: Aggregation, find: Callable[[Branch], list[str]], quote: Callable[[str], str]
) -> list[str]:
    """Return the lines of a query; ``find`` writes the part of a branch, ``quote`` a column."""
    keys = _keys(plan)
    stages = _ordered(plan, keys) if plan.type is Type.TEMPORAL_ORDERED else _measured(plan, keys)
    return [
        "let sg_events = materialize(",
        *_events(plan, find, quote),
        "| serialize sg_id = row_number()",
        ");",
        "sg_events",
        *stages,
        "| project-away sg_*",
    ]


def _keys(plan: Aggregation) -> str:
    """Return the columns that groups are joined on."""
    count = len(plan.branches[0].groups)
    return ", ".join(f"sg_group{number}" for number in range(1, count + 1)) or "sg_all"


def _events(
    plan: Aggregation, find: Callable[[Branch], list[str]], quote: Callable[[str], str]
) -> list[str]:
    branches = [
        [*find(branch), f"| extend {_extend(plan, branch, number, quote)}"]
        for number, branch in enumerate(plan.branches, 1)
    ]
    if len(branches) == 1:
        lines = branches[0]
    else:
        joined = ["(" + "\n".join(lines) + ")" for lines in branches]
        lines = ["union", ",\n".join(joined)]
    tests = [f"isnotempty(sg_group{n})" for n in range(1, len(plan.branches[0].groups) + 1)]
    if plan.branches[0].values:
        tests.append("isnotempty(sg_value)")
    return [*lines, *([f"| where {' and '.join(tests)}"] if tests else [])]


def _extend(plan: Aggregation, branch: Branch, number: int, quote: Callable[[str], str]) -> str:
    found = [
        f"sg_rule = {number}",
        f"sg_time = {branch.source.time}",
        *(
            f"sg_group{index} = tostring({quote(one.name)})"
            for index, one in enumerate(branch.groups, 1)
        ),
    ]
    if not branch.groups:
        found.append("sg_all = 1")
    if branch.values:
        found.append(f"sg_value = {_value(plan, branch.values, quote)}")
    return ", ".join(found)


def _value(plan: Aggregation, columns: tuple[Column, ...], quote: Callable[[str], str]) -> str:
    texts = [f"tostring({quote(one.name)})" for one in columns]
    if not plan.counts_texts:
        return f"todouble({quote(columns[0].name)})"
    if len(texts) == 1:
        return texts[0]
    empty = " or ".join(f"isempty({text})" for text in texts)
    return f'iff({empty}, "", strcat_delim("\\u001f", {", ".join(texts)}))'


def _measured(plan: Aggregation, keys: str) -> list[str]:
    """Measure the events of the window that ends with each event."""
    past = ["sg_past_time = sg_time", "sg_past_rule = sg_rule"]
    past += ["sg_past_value = sg_value"] if plan.branches[0].values else []
    measures, stages = _measure(plan)
    return [
        f"| join kind=inner (sg_events | project {keys}, {', '.join(past)}) on {keys}",
        f"| where sg_past_time between (sg_time - {plan.span}s .. sg_time)",
        f"| summarize {', '.join(measures)}, arg_max(sg_past_time, *) by sg_id",
        *stages,
    ]


def _measure(plan: Aggregation) -> tuple[list[str], list[str]]:
    """Return what is summarized over a window, and the stages that test it."""
    tests = " and ".join(f"sg_measure {_OPERATORS[test]} {number}" for test, number in plan.tests)
    if plan.type in _MEASURES:
        return [f"sg_measure = {_MEASURES[plan.type]}"], [f"| where {tests}"]
    if plan.percentile is None:
        share = "| extend sg_measure = 100.0 * sg_alike / sg_count"
        alike = "sg_alike = countif(sg_past_value == sg_value)"
        return ["sg_count = count()", alike], [share, f"| where {tests}"]
    return _ranked(plan)


def _ranked(plan: Aggregation) -> tuple[list[str], list[str]]:
    """Compare a percentile by the numbers of values below those that it is compared with."""
    counted: dict[str, str] = {}
    lines: list[str] = []
    for ways in rank_tests(plan.tests):
        tests = [f"{_below(one, counted)} {_reach(one, plan)}" for one in ways]
        lines.append(f"| where {' or '.join(tests)}")
    counts = [f"{name} = {count}" for count, name in counted.items()]
    return ["sg_count = count()", *counts], lines


def _below(one: Below, counted: dict[str, str]) -> str:
    """Return the name of a count of values below a number; ``counted`` has the names so far."""
    operator = "<=" if one.included else "<"
    count = f"countif(sg_past_value {operator} {one.number})"
    return counted.setdefault(count, f"sg_below{len(counted) + 1}")


def _reach(one: Below, plan: Aggregation) -> str:
    rank = f"{plan.percentile} * sg_count / 100.0" if plan.percentile else "1"
    return f"{'>=' if one.reaches else '<'} {rank}"


def _ordered(plan: Aggregation, keys: str) -> list[str]:
    """Find, for each event, events of all rules in order in the window that ends with it."""
    lines: list[str] = []
    after = f"sg_time - {plan.span}s"
    for number in range(1, len(plan.branches) + 1):
        time = f"sg_time{number}"
        shown = f"project {keys}, {time} = sg_time"
        lines += [
            f"| join kind=inner (sg_events | where sg_rule == {number} | {shown}) on {keys}",
            f"| where {time} between ({after} .. sg_time)",
        ]
        after = time
    return [*lines, "| summarize arg_max(sg_time1, *) by sg_id"]
