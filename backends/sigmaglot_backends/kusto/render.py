"""Write Kusto.

Source: the Kusto query language reference, on string literals, operators and RE2.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from ipaddress import ip_network
from typing import Any

from sigmaglot import ir
from sigmaglot.ir import Leaf, Node, Shape
from sigmaglot.language import (
    Branch,
    Plan,
    Selector,
    Source,
    Writer,
    inline_flags,
    leaf_column,
    regex_of,
)
from sigmaglot_backends.kusto.aggregate import aggregate

_PLAIN_NAME = re.compile(r"[A-Za-z_]\w*")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_MAPPED = ip_network("::ffff:0:0/96")
"""Where ``ipv6_is_in_range`` takes an IPv4 address to be."""
_OPERATORS = {
    (Shape.EQUALS, False): "=~",
    (Shape.EQUALS, True): "==",
    (Shape.STARTSWITH, False): "startswith",
    (Shape.STARTSWITH, True): "startswith_cs",
    (Shape.ENDSWITH, False): "endswith",
    (Shape.ENDSWITH, True): "endswith_cs",
    (Shape.CONTAINS, False): "contains",
    (Shape.CONTAINS, True): "contains_cs",
}
_TIME_PARTS = {
    ir.TimePart.MINUTE: 'datetime_part("minute", {0})',
    ir.TimePart.HOUR: "hourofday({0})",
    ir.TimePart.DAY: "dayofmonth({0})",
    ir.TimePart.WEEK: "week_of_year({0})",
    ir.TimePart.MONTH: "monthofyear({0})",
    ir.TimePart.YEAR: "getyear({0})",
}


def quote(text: str) -> str:
    """Return a string literal: verbatim where a backslash would double, escaped otherwise."""
    if text.isprintable():
        if "\\" in text:
            return '@"' + text.replace('"', '""') + '"'
        return '"' + text.replace('"', '\\"') + '"'
    return '"' + "".join(_ESCAPES.get(char, _escape(char)) for char in text) + '"'


def _escape(char: str) -> str:
    code = ord(char)
    return char if char.isprintable() or code > 0xFFFF else f"\\u{code:04x}"


def column(name: str) -> str:
    """Return a column name, bracketed where it is no plain identifier."""
    return name if _PLAIN_NAME.fullmatch(name) else f"[{quote(name)}]"


def _string(leaf: ir.StringMatch) -> str:
    shape, text = ir.shape_of(leaf.pattern)
    if (shape, leaf.cased) in _OPERATORS:
        return f"{_text_column(leaf)} {_OPERATORS[shape, leaf.cased]} {quote(text)}"
    flags = "s" if leaf.cased else "is"
    regex = f"(?{flags})^{regex_of(leaf.pattern)}$"
    return f"{_text_column(leaf)} matches regex {quote(regex)}"


def _text_column(leaf: Leaf) -> str:
    """Return the column as text: numbers have no string operators."""
    name = column(leaf_column(leaf))
    return name if _is_text(getattr(leaf, "field", None)) else f"tostring({name})"


def _is_text(field: Any) -> bool:
    return getattr(field, "type", "string") in {"string", "computed string", "dynamic"}


def _regex(leaf: ir.RegexMatch) -> str:
    return f"{_text_column(leaf)} matches regex {quote(inline_flags(leaf.flags) + leaf.regex)}"


def _cidr(leaf: ir.CidrMatch) -> str:
    name = column(leaf_column(leaf))
    family = "ipv6" if ":" in leaf.network else "ipv4"
    test = f"{family}_is_in_range({name}, {quote(leaf.network)})"
    holds_ipv4 = family == "ipv6" and ip_network(leaf.network).overlaps(_MAPPED)
    return f'({test} and {name} contains ":")' if holds_ipv4 else test


def _compare(leaf: ir.Compare) -> str:
    name = column(leaf_column(leaf))
    number = f"todouble({name})" if _is_text(leaf.field) else name
    return f"{number} {leaf.op} {leaf.number}"


def _field(leaf: ir.FieldMatch) -> str:
    left = column(leaf_column(leaf))
    right = column(leaf.other if isinstance(leaf.other, str) else leaf.other.name)
    if not _is_text(leaf.field):
        return f"{left} == {right}"
    return f"{left} {_OPERATORS[leaf.shape, False]} {right}"


def _time(leaf: ir.TimeMatch) -> str:
    return f"{_TIME_PARTS[leaf.part].format(column(leaf_column(leaf)))} {leaf.op} {leaf.number}"


_LEAVES: dict[type, Any] = {
    ir.StringMatch: _string,
    ir.RegexMatch: _regex,
    ir.CidrMatch: _cidr,
    ir.Compare: _compare,
    ir.FieldMatch: _field,
    ir.TimeMatch: _time,
    ir.IsNull: lambda leaf: f"isnull({column(leaf_column(leaf))})",
    ir.IsEmpty: lambda leaf: f"isempty({column(leaf_column(leaf))})",
}
_MAY_BE_NULL = (ir.CidrMatch, ir.Compare, ir.FieldMatch, ir.TimeMatch)


def leaf_text(leaf: Leaf) -> str:
    """Return one leaf as Kusto writes it."""
    text: str = _LEAVES[type(leaf)](leaf)
    return text


def _leaf(leaf: Leaf, under_not: bool) -> str:
    """Return a leaf; under a NOT a test that may be null is made false, or its row is lost."""
    text = leaf_text(leaf)
    if under_not and isinstance(leaf, _MAY_BE_NULL):
        return f"coalesce({text}, false)"
    return text


def _negate(text: str, plain: bool) -> str:
    for test, opposite in (("isempty(", "isnotempty("), ("isnull(", "isnotnull(")):
        if plain and text.startswith(test):
            return opposite + text.removeprefix(test)
    return f"not({text})"


def _group_key(leaf: Leaf) -> Hashable | None:
    if isinstance(leaf, ir.StringMatch) and ir.shape_of(leaf.pattern)[0] is Shape.EQUALS:
        return (_text_column(leaf), leaf.cased)
    return None


def _group(leaves: list[Leaf]) -> str:
    first = leaves[0]
    values = ", ".join(
        quote(ir.shape_of(leaf.pattern)[1]) for leaf in leaves if isinstance(leaf, ir.StringMatch)
    )
    operator = "in" if isinstance(first, ir.StringMatch) and first.cased else "in~"
    return f"{_text_column(first)} {operator} ({values})"


WRITER = Writer(_leaf, " and ", " or ", _negate, _group_key, _group)


def _selector(selector: Selector) -> str:
    values = [quote(value) for value in selector.values]
    if len(values) == 1:
        return f"{column(selector.column)} == {values[0]}"
    return f"{column(selector.column)} in ({', '.join(values)})"


def _computed(source: Source, condition: Node, shown: tuple[str, ...]) -> list[str]:
    """Return the stages that add the computed columns of which a query makes use."""
    used = {
        field.name
        for leaf in ir.leaves(condition)
        for field in (getattr(leaf, "field", None), getattr(leaf, "other", None))
        if isinstance(field, ir.Column)
    }
    return [
        f"| extend {column(name)} = {expression}"
        for name, expression in source.computed
        if name in used or name in shown
    ]


def _narrowed(
    selectors: tuple[Selector, ...], conjuncts: tuple[ir.Node, ...]
) -> tuple[list[Selector], list[ir.Node]]:
    """Return the selectors with the values that a condition leaves of them, and the others."""
    scope, rest = list(selectors), list(conjuncts)
    for at, selector in enumerate(selectors):
        for conjunct in conjuncts:
            values = _values_of(conjunct, selector.column)
            if values and set(values) <= set(scope[at].values):
                scope[at] = Selector(selector.column, values)
                rest.remove(conjunct)
    return scope, rest


def _values_of(node: ir.Node, name: str) -> tuple[str, ...]:
    """Return the values of a column that a node accepts, none where it asks for anything else."""
    leaves = node.children if isinstance(node, ir.Or) else (node,)
    found = [
        ir.shape_of(leaf.pattern)[1]
        for leaf in leaves
        if isinstance(leaf, ir.StringMatch)
        and isinstance(leaf.field, ir.Column)
        and (leaf.field.name, leaf.field.canonical) == (name, True)
        and ir.shape_of(leaf.pattern)[0] is Shape.EQUALS
    ]
    return tuple(found) if len(found) == len(leaves) else ()


def find(source: Source, condition: Node, last: str = "", shown: tuple[str, ...] = ()) -> list[str]:
    """Return a table and a line for each top-level condition; ``shown`` are columns to show."""
    lines = [source.table]
    if last and source.time:
        lines.append(f"| where {source.time} > ago({last})")
    conjuncts = condition.children if isinstance(condition, ir.And) else (condition,)
    scope, conditions = _narrowed(source.selectors, conjuncts)
    lines += [f"| where {_selector(selector)}" for selector in scope]
    lines += _computed(source, condition, shown)
    return [*lines, *(f"| where {WRITER.write(one)}" for one in conditions)]


def render(plan: Plan) -> tuple[str, ...]:
    """Return the one query of a plan."""
    last = plan.hunt.last if plan.hunt else ""
    shown = plan.hunt.projection if plan.hunt else ()

    def of_branch(branch: Branch) -> list[str]:
        looked_at = (one.name for keys in branch.keys for one in keys.columns)
        return find(branch.source, branch.filter, last, (*shown, *looked_at))

    if plan.aggregation:
        lines = aggregate(plan.aggregation, of_branch, column)
    else:
        lines = find(plan.source, plan.filter, last, shown)
    if plan.hunt:
        lines.append(f"| project {', '.join(column(name) for name in plan.hunt.projection)}")
        lines.append(f"| order by {plan.source.time} desc")
    return ("\n".join(lines),)


def comment(lines: tuple[str, ...]) -> str:
    """Return lines as a comment block."""
    return "\n".join(f"// {line}".rstrip() for text in lines for line in text.splitlines() or [""])
