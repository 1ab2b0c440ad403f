"""Write DQL queries that find a correlation in the time before they run.

Source: DNIF's knowledge base on ``groupby``, ``having``, ``count_if`` and ``distinct_count``, whose
examples name a column of ``select`` with ``as``; the order of the pipes is that of the public notes
on version 9.
"""

from __future__ import annotations

from collections.abc import Callable

from sigmaglot import ir
from sigmaglot.correlation import TEMPORAL, Type
from sigmaglot.language import Aggregation, Branch, duration

_MISSED = "the query looks at the time span before it runs alone: run it at least that often"
LOWER = dict.fromkeys((Type.EVENT_COUNT, Type.VALUE_COUNT, Type.TEMPORAL), _MISSED)
GAPS = {Type.TEMPORAL_ORDERED: "no test of the order of two events is documented"}
ASSUMES = (
    "an event is stored (cnamtime, which durations are of) as long after its time as any other",
    "`having` knows the columns that `select` names with `as`",
    "`count_if` takes whatever `where` takes",
)
_MINUTE = 60


def cannot(plan: Aggregation) -> str:
    """Return why DQL cannot say an aggregation, empty where it can."""
    if plan.span < _MINUTE:
        return "no duration is shorter than a minute"
    if plan.type is Type.VALUE_COUNT and len(plan.branches[0].values) > 1:
        return "combinations of several columns cannot be counted"
    if plan.type not in TEMPORAL:
        return ""
    if len({(branch.source, branch.groups) for branch in plan.branches}) > 1:
        return "its rules are of several streams, or group by different columns"
    if plan.threshold != len(plan.branches):
        return "only all of its rules can be asked for"
    return ""


def aggregate(
    plan: Aggregation, find: Callable[[Branch], str], test: Callable[[Branch], str], limit: int
) -> str:
    """Return a query; ``find`` writes its stream and where, ``test`` the condition of a branch."""
    groups = ", ".join(column.name for column in plan.branches[0].groups)
    measures = {"sg_measure": _measure(plan)}
    having = f"sg_measure>={plan.threshold}"
    if plan.type in TEMPORAL:
        tests = enumerate((test(branch) for branch in plan.branches), 1)
        measures = {f"sg_rule{number}": f"count_if({text})" for number, text in tests}
        having = " and ".join(f"{name}>0" for name in measures)
    shown = ", ".join(f"{measure} as {name}" for name, measure in measures.items())
    stages = [
        find(_whole(plan)),
        f"duration {duration(plan.span)}",
        *([f"groupby {groups}"] if groups else []),
        f"select {groups}{', ' if groups else ''}{shown}",
        f"having {having}",
        f"limit {limit}",
    ]
    return " | ".join(stages)


def _whole(plan: Aggregation) -> Branch:
    """Return the branch of the events that any rule matches."""
    first = plan.branches[0]
    either = ir.any_of([branch.filter for branch in plan.branches])
    return Branch(first.source, either, first.groups, first.values)


def _measure(plan: Aggregation) -> str:
    if plan.type is Type.VALUE_COUNT:
        return f"distinct_count({plan.branches[0].values[0].name})"
    return "count(*)"
