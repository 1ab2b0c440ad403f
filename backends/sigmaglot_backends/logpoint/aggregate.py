"""Write LogPoint queries that find a correlation: streams of events, and charts.

Source: LogPoint's documentation of its search query language, on pattern finding (``[5 login having
same user within 2 minutes]``, ``[error] as E``) and on aggregators, with what MITRE CAR publishes
(``chart distinct_count(hash) as cnt by image | search cnt > 1``). How two streams follow each other
stands in the same documentation, whose pages on it could not be read: (u).
"""

from __future__ import annotations

from collections.abc import Callable

from sigmaglot.correlation import TEMPORAL, Type
from sigmaglot.language import Aggregation, Branch

_PAIR = (
    "a row stands for the last event of two that follow each other within the time span; a third "
    "event that comes later may have none"
)
LOWER = {
    Type.EVENT_COUNT: (
        "a row stands for the last of so many events that lie within the time span, and those that "
        "follow may have none; where a regular expression needs a chart, a row stands for a group "
        "whose events all lie within it"
    ),
    Type.VALUE_COUNT: (
        "a row stands for a group whose events, in all that is searched, lie within the time span: "
        "search no more than that"
    ),
    Type.TEMPORAL: _PAIR,
    Type.TEMPORAL_ORDERED: _PAIR,
}
ASSUMES = (
    "`having same`, `on` and `by` tell groups apart by the text of their fields",
    "log_ts counts seconds in an expression of eval",
    "streams follow each other as `[..] as a followed by [..] as b within 60 seconds on a.f=b.f`",
)
_ALONE = "a regular expression needs a stage of its own, and a stream takes none"
Find = Callable[[Branch], list[str]]


def cannot(find: Find) -> Callable[[Aggregation], str]:
    """Return the test of what streams and charts cannot say; ``find`` writes a search's stages."""

    def why(plan: Aggregation) -> str:
        if plan.type in TEMPORAL:
            return _cannot_follow(plan, find)
        if plan.type is Type.VALUE_COUNT and len(plan.branches[0].values) > 1:
            return "combinations of several columns cannot be counted"
        return ""

    return why


def _cannot_follow(plan: Aggregation, find: Find) -> str:
    if (plan.threshold, len(plan.branches)) != (2, 2):
        return "two streams that follow each other must be both rules of it"
    if len(plan.branches[0].groups) > 1:
        return "how streams are joined on several fields is not documented"
    return _ALONE if any(len(find(branch)) > 1 for branch in plan.branches) else ""


def aggregate(plan: Aggregation, find: Find, quote: Callable[[str], str]) -> tuple[str, ...]:
    """Return the queries; ``find`` writes the stages of a branch, ``quote`` a field."""
    if plan.type is Type.TEMPORAL_ORDERED:
        return (_follow(plan, plan.branches, find, quote),)
    if plan.type is Type.TEMPORAL:
        first, second = plan.branches
        orders = ((first, second), (second, first))
        return tuple(_follow(plan, order, find, quote) for order in orders)
    (branch,) = plan.branches
    lines = find(branch)
    if plan.type is Type.EVENT_COUNT and len(lines) == 1:
        return (_stream(plan, lines[0], [quote(one.name) for one in branch.groups]),)
    return ("\n".join([*lines, *_chart(plan, branch, quote)]),)


def _stream(plan: Aggregation, search: str, groups: list[str]) -> str:
    same = f" having same {', '.join(groups)}" if groups else ""
    return f"[{plan.threshold} {search}{same} within {plan.span} seconds]"


def _follow(
    plan: Aggregation, order: tuple[Branch, ...], find: Find, quote: Callable[[str], str]
) -> str:
    first, second = order
    pairs = zip(first.groups, second.groups, strict=True)
    same = ", ".join(f"sg1.{quote(one.name)}=sg2.{quote(other.name)}" for one, other in pairs)
    text = f"[{find(first)[0]}] as sg1 followed by [{find(second)[0]}] as sg2"
    return f"{text} within {plan.span} seconds{f' on {same}' if same else ''}"


def _chart(plan: Aggregation, branch: Branch, quote: Callable[[str], str]) -> list[str]:
    """Measure each group, and keep those whose first and last events are close enough."""
    measure = "count()"
    if plan.type is Type.VALUE_COUNT:
        measure = f"distinct_count({quote(branch.values[0].name)})"
    groups = ", ".join(quote(one.name) for one in branch.groups)
    by = f" by {groups}" if groups else ""
    time = branch.source.time or "log_ts"
    return [
        f"| chart {measure} as sg_measure, min({time}) as sg_first, max({time}) as sg_last{by}",
        '| process eval("sg_span=sg_last-sg_first")',
        f"| search sg_span <= {plan.span} sg_measure >= {plan.threshold}",
    ]
