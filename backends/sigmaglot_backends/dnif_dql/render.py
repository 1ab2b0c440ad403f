"""Write DQL.

NOT stands before single tests only, and each negated test says what a missing field means.
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
    Writer,
    conjuncts,
    inline_flags,
    leaf_column,
    push_not,
    regex_of,
)
from sigmaglot_backends.dnif_dql.aggregate import aggregate

LIMIT = 100
"""Records that a query returns: ``limit`` is required."""
_NUMBER = "'^[+-]?[0-9]+([.][0-9]+)?$'"
"""What reads as a number: a comparison of any other text is neither true nor false."""
DURATION = "1d"
"""Time span where the user gives none: ``duration`` is required."""


def quote(text: str) -> str:
    """Return a quoted value, its quotes doubled."""
    return "'" + text.replace("'", "''") + "'"


def _string(leaf: ir.StringMatch, name: str) -> str:
    shape, text = ir.shape_of(leaf.pattern)
    text = text if leaf.cased else text.lower()
    column = name if leaf.cased else f"lower({name})"
    if shape is Shape.EMPTY:
        return f"{name}=''"
    if not _can_quote(text):
        return _rlike(leaf, name)
    if shape is Shape.EQUALS:
        return f"{column}={quote(text)}"
    if shape in {Shape.STARTSWITH, Shape.ENDSWITH, Shape.CONTAINS} and not set(text) & {
        "%",
        "_",
        "\\",
    }:
        before = "" if shape is Shape.STARTSWITH else "%"
        after = "" if shape is Shape.ENDSWITH else "%"
        return f"{column} like {quote(before + text + after)}"
    return _rlike(leaf, name)


def _can_quote(text: str) -> bool:
    """Return whether a quoted value holds the text whatever a backslash before its end may mean."""
    return text.isprintable() and not text.endswith("\\")


def quote_regex(regex: str) -> str:
    """Return a quoted expression in which no backslash stands before a quote."""
    safe = regex.replace("'", "\\x27")
    return f"'{safe}'"


def _rlike(leaf: ir.StringMatch, name: str) -> str:
    column = name if leaf.cased else f"lower({name})"
    regex = regex_of(leaf.pattern, fold=not leaf.cased)
    return f"rlike({column},{quote_regex(f'(?s)^{regex}$')})"


def _with_flags(flags: str, regex: str) -> str:
    """Return an expression with its flags, which must stand first."""
    return (
        f"{inline_flags(flags)}(?:{regex})" if regex.endswith("\\") else inline_flags(flags) + regex
    )


def _test(leaf: Leaf) -> str:
    name = leaf_column(leaf)
    match leaf:
        case ir.StringMatch():
            return _string(leaf, name)
        case ir.RegexMatch(regex=regex, flags=flags):
            return f"rlike({name},{quote_regex(_with_flags(flags, regex))})"
        case ir.Compare(op=op, number=number):
            return f"{name}{'=' if op is ir.Op.EQ else op}{number}"
        case ir.Exists():
            return f"{name} is not null"
        case ir.IsNull():
            return f"{name} is null"
        case ir.IsEmpty():
            return f"({name} is null or {name}='')"
        case _:
            raise TypeError(f"{type(leaf).__name__} cannot be said")


def _leaf(leaf: Leaf, under_not: bool) -> str:
    """Return a test, or with ``under_not`` its whole negation, true where the field is missing."""
    if not under_not:
        return _test(leaf)
    name = leaf_column(leaf)
    match leaf:
        case ir.Exists():
            return f"{name} is null"
        case ir.IsNull():
            return f"{name} is not null"
        case ir.IsEmpty():
            return f"({name} is not null and {name}!='')"
        case ir.Compare():
            return f"({name} is null or not rlike({name},{_NUMBER}) or not {_test(leaf)})"
        case _:
            return f"({name} is null or not {_test(leaf)})"


def leaf_text(leaf: Leaf) -> str:
    """Return one leaf as DQL writes it."""
    return _test(leaf)


def _group_key(leaf: Leaf) -> Hashable | None:
    if isinstance(leaf, ir.StringMatch):
        shape, text = ir.shape_of(leaf.pattern)
        if shape is Shape.EQUALS and _can_quote(text):
            return (leaf_column(leaf), leaf.cased)
    return None


def _group(leaves: list[Leaf]) -> str:
    first = leaves[0]
    cased = isinstance(first, ir.StringMatch) and first.cased
    texts = [ir.shape_of(leaf.pattern)[1] for leaf in leaves if isinstance(leaf, ir.StringMatch)]
    values = ", ".join(quote(text if cased else text.lower()) for text in texts)
    name = leaf_column(first)
    return f"{name if cased else f'lower({name})'} in ({values})"


WRITER = Writer(_leaf, " and ", " or ", lambda text, _: text, _group_key, _group)


def _selector(selector: Selector) -> str:
    values = [quote(value) for value in selector.values]
    if len(values) == 1:
        return f"{selector.column}={values[0]}"
    return f"{selector.column} in ({', '.join(values)})"


def _find(source: Source, condition: Node) -> str:
    """Return a stream and the conditions on its records."""
    terms = [_selector(selector) for selector in source.selectors]
    terms += [WRITER.operand(conjunct) for conjunct in conjuncts(push_not(condition))]
    return f"stream={source.table} where {' and '.join(terms)}"


def _find_branch(branch: Branch) -> str:
    return _find(branch.source, branch.takes_part)


def _test_branch(branch: Branch) -> str:
    return WRITER.write(push_not(branch.filter))


def render(plan: Plan) -> tuple[str, ...]:
    """Return the one query of a plan; that of a correlation looks at its time span alone."""
    if plan.aggregation:
        return (aggregate(plan.aggregation, _find_branch, _test_branch, LIMIT),)
    span = plan.hunt.last if plan.hunt and plan.hunt.last else DURATION
    return (f"{_find(plan.source, plan.filter)} | duration {span} | limit {LIMIT}",)
