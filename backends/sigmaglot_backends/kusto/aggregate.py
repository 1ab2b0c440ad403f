"""Write Kusto that measures a correlation over a window that slides: each event joins its past.

Source: the Kusto query language reference, on join, summarize, serialize and count_distinct.
"""

from __future__ import annotations

from collections.abc import Callable

from sigmaglot.correlation import TEMPORAL, Test, Type
from sigmaglot.ir import Column
from sigmaglot.language import Aggregation, Branch

ASSUMES = ("an event whose group-by column is empty takes no part",)
AGGREGATES = frozenset(
    {Type.EVENT_COUNT, Type.VALUE_COUNT, Type.VALUE_SUM, Type.VALUE_AVG, *TEMPORAL}
)
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
    if plan.type is not Type.VALUE_COUNT:
        return f"todouble({quote(columns[0].name)})"
    if len(texts) == 1:
        return texts[0]
    empty = " or ".join(f"isempty({text})" for text in texts)
    return f'iff({empty}, "", strcat_delim("\\u001f", {", ".join(texts)}))'


def _measured(plan: Aggregation, keys: str) -> list[str]:
    """Measure the events of the window that ends with each event."""
    past = ["sg_past_time = sg_time", "sg_past_rule = sg_rule"]
    past += ["sg_past_value = sg_value"] if plan.branches[0].values else []
    tests = " and ".join(f"sg_measure {_OPERATORS[test]} {number}" for test, number in plan.tests)
    return [
        f"| join kind=inner (sg_events | project {keys}, {', '.join(past)}) on {keys}",
        f"| where sg_past_time between (sg_time - {plan.span}s .. sg_time)",
        f"| summarize sg_measure = {_MEASURES[plan.type]}, arg_max(sg_past_time, *) by sg_id",
        f"| where {tests}",
    ]


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
