r"""Write ``_fetch`` queries.

There is no OR: values of one field become one alternation, anything else a query of its own. An
expression is anchored or padded on both sides, because whether it must match the whole value is
not documented: written so it means the same either way. Any text is ``[\s\S]*``, for ``.`` stops at
a line break and no flag is documented that would let it pass.
"""

from __future__ import annotations

from collections.abc import Hashable

from sigmaglot import ir
from sigmaglot.ir import Leaf, Node, Shape
from sigmaglot.language import (
    Branch,
    Plan,
    Selector,
    Source,
    disjuncts,
    escape_regex,
    group_of,
    leaf_column,
    push_not,
)
from sigmaglot_backends.dnif_fetch.aggregate import aggregate

_ANY = r"[\s\S]*"
MAX_QUERIES = 32
"""Queries that one rule may become."""
LIMIT = 100
"""Records that each query returns: ``limit`` is required."""


def _alternative(leaf: Leaf) -> str:
    """Return the expression of a leaf, without regard for what stands around it."""
    match leaf:
        case ir.StringMatch(pattern=pattern):
            shape, text = ir.shape_of(pattern)
            if shape is Shape.CONTAINS:
                return f"{_ANY}{_escape(text)}{_ANY}"
            return f"^{_whole(pattern)}$"
        case ir.RegexMatch(regex=regex):
            return f"{_ANY}(?:{_safe(regex.removeprefix('(?i)'))}){_ANY}"
        case ir.Compare(number=number):
            return f"^{number}$"
        case _:
            raise TypeError(f"{type(leaf).__name__} is no value")


def _whole(pattern: ir.Pattern) -> str:
    parts = {ir.AnyRun: _ANY, ir.AnyOne: r"[\s\S]"}
    return "".join(
        parts[part] if isinstance(part, ir.Wildcard) else _escape(part.text) for part in pattern
    )


def _escape(text: str) -> str:
    return _safe(escape_regex(text))


def _safe(regex: str) -> str:
    """Return the expression without characters that could end the query's line."""
    return regex.replace("\n", "\\n").replace("\r", "\\r")


def _ignores_case(leaf: Leaf) -> bool:
    if isinstance(leaf, ir.RegexMatch):
        return "i" in leaf.flags or leaf.regex.startswith("(?i)")
    return not (isinstance(leaf, ir.StringMatch) and leaf.cased)


def _key(node: Node) -> Hashable | None:
    """Return what leaves must share to become one alternation: field and letter case."""
    if isinstance(node, (ir.StringMatch, ir.RegexMatch, ir.Compare)):
        return (leaf_column(node), _ignores_case(node))
    return None


def _test(leaves: tuple[Node, ...]) -> str:
    first = leaves[0]
    if isinstance(first, (ir.Exists, ir.IsNull, ir.IsEmpty)):
        return f"{leaf_column(first)}=regex({_ANY})"
    values = [
        leaf for leaf in leaves if isinstance(leaf, (ir.StringMatch, ir.RegexMatch, ir.Compare))
    ]
    regexes = [_alternative(leaf) for leaf in values]
    body = regexes[0] if len(regexes) == 1 else f"({'|'.join(regexes)})"
    flag = "i" if _ignores_case(values[0]) else ""
    return f"{leaf_column(values[0])}=regex({body}){flag}"


def _term(node: Node) -> tuple[bool, str]:
    """Return whether a term is negated, and its test."""
    if isinstance(node, ir.IsEmpty):
        return True, f"{leaf_column(node)}=regex([\\s\\S]+)"
    if isinstance(node, ir.IsNull):
        return True, _test((node,))
    if isinstance(node, ir.Not):
        negated, test = _term(node.child)
        return not negated, test
    return False, _test(group_of(node))


def leaf_text(leaf: Leaf) -> str:
    """Return one leaf as ``_fetch`` writes it."""
    negated, test = _term(leaf)
    return f"NOT {test}" if negated else test


def _selector(selector: Selector) -> str:
    values = selector.values
    value = values[0] if len(values) == 1 else f"IN [{', '.join(values)}]"
    return f"{selector.column}={value}" if len(values) == 1 else f"{selector.column} {value}"


def _query(source: Source, terms: list[Node], last: str) -> str:
    """Return a fetch up to what it groups and how many it returns."""
    tests = [_term(term) for term in _merge_excluded(terms)]
    where = [_selector(selector) for selector in source.selectors]
    where += [f"$Duration={last}"] if last else []
    where += [test for negated, test in tests if not negated]
    excluded = "".join(f" NOT {test}" for negated, test in tests if negated)
    return f"_fetch * from event where {' AND '.join(where)}{excluded}"


def _merge_excluded(terms: list[Node]) -> list[Node]:
    """Return each term once, with the exclusions of one field joined: none of several values."""
    merged: dict[Hashable, list[Node]] = {}
    for term in dict.fromkeys(terms):
        key = _key(term.child) if isinstance(term, ir.Not) else None
        merged.setdefault(term if key is None else key, []).append(term)
    return [group[0] if len(group) == 1 else _none_of(group) for group in merged.values()]


def _none_of(terms: list[Node]) -> Node:
    return ir.Not(ir.any_of([term.child for term in terms if isinstance(term, ir.Not)]))


def find(source: Source, condition: Node, last: str) -> list[str]:
    """Return a fetch for each way in which a condition can hold, without its limit.

    Raises:
        TooManyQueriesError: There are more than 32 of them.
    """
    ways = disjuncts(push_not(condition), MAX_QUERIES, _key)
    return list(dict.fromkeys(_query(source, terms, last) for terms in ways))


def find_branch(branch: Branch, last: str) -> list[str]:
    """Return the fetches of the events which one rule of a correlation contributes."""
    return find(branch.source, branch.takes_part, last)


def render(plan: Plan) -> tuple[str, ...]:
    """Return the queries of a plan, one for each way in which its filter can hold.

    Raises:
        TooManyQueriesError: There are more than 32 of them.
    """
    if plan.aggregation:
        return aggregate(plan.aggregation, find_branch)
    last = plan.hunt.last if plan.hunt else ""
    return tuple(f"{text} limit {LIMIT}" for text in find(plan.source, plan.filter, last))
