"""Write ``_fetch`` pipelines that find a correlation in the time before they run.

Source: DNIF's knowledge base on ``_fetch`` (group, labels, duration), ``_agg`` and ``_checkif``,
and the published queries of MITRE CAR (CAR-2013-04-002, CAR-2013-05-009). ``group count_unique``
counts the events of each combination of up to four fields; ``_agg count_unique`` counts rows, so
after it the different values.
"""

from __future__ import annotations

from collections.abc import Callable
from string import ascii_uppercase

from sigmaglot.correlation import TEMPORAL, Type
from sigmaglot.language import Aggregation, Branch, TooManyQueriesError, duration

_MISSED = "the pipeline looks at the time span before it runs alone: run it at least that often"
LOWER = dict.fromkeys((Type.EVENT_COUNT, Type.VALUE_COUNT, Type.TEMPORAL), _MISSED)
GAPS = {Type.TEMPORAL_ORDERED: "no test of the order of two events is documented"}
ASSUMES = (
    "an event is stored ($CNAMTime, which durations are of) as long after its time as any other",
    "`_agg` takes the rows of a group, and of another `_agg`, as it takes events",
)
MAX_FIELDS = 4
"""Fields that ``group count_unique`` combines."""
LIMIT = 10_000
"""Events that a fetch which is counted later returns; no limit can be left out."""
_MINUTE = 60

Find = Callable[[Branch, str], list[str]]
"""The beginning of each query that finds a part of a branch's events, up to its group and limit."""


def cannot(find: Find) -> Callable[[Aggregation], str]:
    """Return the test of what pipelines cannot say; ``find`` writes fetches."""

    def why(plan: Aggregation) -> str:
        if plan.span < _MINUTE:
            return "no duration is shorter than a minute"
        if plan.type in TEMPORAL:
            return _cannot_label(plan)
        if len({*_names(plan.branches[0]), *_values(plan.branches[0])}) > MAX_FIELDS:
            return f"events are grouped by {MAX_FIELDS} fields at most"
        if plan.type is Type.EVENT_COUNT and not _is_one(plan.branches[0], find):
            return "its rules need several fetches, which would count an event twice"
        return ""

    return why


def _is_one(branch: Branch, find: Find) -> bool:
    """Return whether one fetch finds the events of a branch."""
    try:
        return len(find(branch, "")) == 1
    except TooManyQueriesError:
        return False


def _cannot_label(plan: Aggregation) -> str:
    if len({branch.groups for branch in plan.branches}) > 1:
        return "its rules group by different fields"
    if len(plan.branches[0].groups) >= MAX_FIELDS:
        return f"events are grouped by {MAX_FIELDS} fields at most, with their label"
    if len(plan.branches) > len(ascii_uppercase):
        return f"no more than {len(ascii_uppercase)} labels are written"
    return ""


def aggregate(plan: Aggregation, find: Find) -> tuple[str, ...]:
    """Return the one pipeline of a correlation."""
    span = duration(plan.span)
    groups = _names(plan.branches[0])
    if plan.type in TEMPORAL:
        stages = _labelled(plan, find, span)
        stages += _counted([*groups, "$Label"], groups)
    else:
        stages = _grouped(plan, find(plan.branches[0], span), groups)
    column = "count_unique" if groups else "Count"
    stages.append(f"_checkif int_compare {column} >= {plan.threshold} include")
    return ("\n>>".join(stages),)


def _names(branch: Branch) -> list[str]:
    return [column.name for column in branch.groups]


def _values(branch: Branch) -> list[str]:
    return [column.name for column in branch.values]


def _labelled(plan: Aggregation, find: Find, span: str) -> list[str]:
    """Fetch the events of each rule under a label of its own."""
    return [
        f"{text} as #{letter} limit {LIMIT}"
        for letter, branch in zip(ascii_uppercase, plan.branches, strict=False)
        for text in find(branch, span)
    ]


def _grouped(plan: Aggregation, fetches: list[str], groups: list[str]) -> list[str]:
    fields = list(dict.fromkeys([*groups, *_values(plan.branches[0])]))
    if len(fetches) > 1:
        stages = [f"{text} limit {LIMIT}" for text in fetches]
        return stages + _counted(fields, groups)
    if not fields:
        return [f"{fetches[0]} limit {LIMIT}", "_agg count"]
    stages = [f"{fetches[0]} group count_unique {', '.join(fields)} limit 0"]
    return stages if plan.type is Type.EVENT_COUNT else [*stages, _count(groups)]


def _counted(fields: list[str], groups: list[str]) -> list[str]:
    """Return the stages that find combinations of fields and count them in each group."""
    return [f"_agg count_unique {', '.join(fields)}", _count(groups)]


def _count(groups: list[str]) -> str:
    return f"_agg count_unique {', '.join(groups)}" if groups else "_agg count"
