r"""Accounts: ``DOMAIN\name`` in one Sigma field, two columns in the schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sigmaglot import ir
from sigmaglot.ir import Column, FieldLeaf, Literal, Node, Pattern
from sigmaglot.language import ALL, GONE, approx, literals_of
from sigmaglot.pipelines.rewrites.plain import on, other_form

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry

_SEPARATOR = "\\"


def account(leaf: FieldLeaf, entry: Entry) -> Node:
    r"""Rewrite a test of ``DOMAIN\name`` to tests of its two halves.

    An account has exactly one backslash, so a pattern with one splits there, one without it has to
    reach over it with a wildcard, and one with two never matches. Columns: ``domain``, ``name``.
    """
    match leaf:
        case ir.StringMatch(pattern=pattern):
            return _split(leaf, pattern, entry)
        case ir.IsNull() | ir.IsEmpty() | ir.Exists():
            return on(leaf, entry.columns["name"])
        case ir.RegexMatch():
            note = other_form(leaf, entry, "is stored in two columns, which no regex spans")
            bound, _ = literals_of(leaf)
            upper = ALL if bound == ir.TRUE else (_halves(bound, entry), 0.5)
            return approx(leaf, note, upper, GONE)
        case _:
            note = other_form(leaf, entry, "is stored in two columns")
            return approx(leaf, note, ALL, GONE)


def _halves(node: Node, entry: Entry) -> Node:
    """Rewrite every string test of a tree."""
    match node:
        case ir.And(children):
            return ir.all_of([_halves(child, entry) for child in children])
        case ir.Or(children):
            return ir.any_of([_halves(child, entry) for child in children])
        case ir.StringMatch(pattern=pattern):
            return _split(node, pattern, entry)
        case _:
            return node


def _split(leaf: ir.StringMatch, pattern: Pattern, entry: Entry) -> Node:
    domain, name = entry.columns["domain"], entry.columns["name"]
    text = "".join(ir.texts_of(pattern))
    if text.count(_SEPARATOR) > 1:
        return ir.FALSE
    if _SEPARATOR in text:
        return _both(leaf, _cut(pattern), domain, name)
    wilds = [index for index, part in enumerate(pattern) if isinstance(part, ir.Wildcard)]
    if not wilds:
        return ir.all_of([_test(leaf, name, pattern), ir.IsEmpty(domain, leaf.place)])
    return ir.any_of([_both(leaf, _around(pattern, index), domain, name) for index in wilds])


def _cut(pattern: Pattern) -> tuple[Pattern, Pattern]:
    """Return the two sides of the one backslash of a pattern."""
    for index, part in enumerate(pattern):
        if isinstance(part, Literal) and _SEPARATOR in part.text:
            before, after = part.text.split(_SEPARATOR)
            left = ir.tidy((*pattern[:index], Literal(before)))
            return left, ir.tidy((Literal(after), *pattern[index + 1 :]))
    raise ValueError(pattern)


def _around(pattern: Pattern, index: int) -> tuple[Pattern, Pattern]:
    """Return the two sides where a wildcard covers the backslash."""
    run = (ir.AnyRun,) if pattern[index] is ir.AnyRun else ()
    return ir.tidy((*pattern[:index], *run)), ir.tidy((*run, *pattern[index + 1 :]))


def _both(
    leaf: ir.StringMatch, halves: tuple[Pattern, Pattern], domain: Column, name: Column
) -> Node:
    tests = [
        _test(leaf, column, half)
        for column, half in zip((domain, name), halves, strict=True)
        if half != (ir.AnyRun,)
    ]
    return ir.all_of(tests) if tests else ir.Not(ir.IsNull(name, leaf.place))


def _test(leaf: ir.StringMatch, column: Column, pattern: Pattern) -> ir.StringMatch:
    return ir.StringMatch(column, pattern, leaf.cased, leaf.place)
