"""Tell whether no event can meet two conditions.

What is asked of one field twice decides: a text has one beginning and one end, a number is one
number. Where this does not tell, the answer is no, and neither does it look into large conditions.
"""

from __future__ import annotations

from sigmaglot import ir
from sigmaglot.ir import And, Literal, Node, Op, Or, Pattern

MOST = 10_000
"""Pairs of leaves that are compared at most."""


def exclude(one: Node, other: Node) -> bool:
    """Return whether it is certain that no event meets both conditions, each normalised."""
    if len(ir.leaves(one)) * len(ir.leaves(other)) > MOST:
        return False
    return _exclude(one, other)


def _exclude(one: Node, other: Node) -> bool:
    for mine, its in ((one, other), (other, one)):
        if isinstance(mine, Or):
            return all(_exclude(child, its) for child in mine.children)
    for mine, its in ((one, other), (other, one)):
        if isinstance(mine, And):
            return any(_exclude(child, its) for child in mine.children)
    match one, other:
        case ir.StringMatch(), ir.StringMatch():
            return one.field == other.field and _are_unlike(one.pattern, other.pattern)
        case ir.Compare(op=Op.EQ), ir.Compare(op=Op.EQ):
            return one.field == other.field and one.number != other.number
        case _:
            return False


def _are_unlike(one: Pattern, other: Pattern) -> bool:
    """Return whether two patterns begin or end in texts that no text begins or ends in both."""
    starts = _literal(one, 0), _literal(other, 0)
    ends = _literal(one, -1)[::-1], _literal(other, -1)[::-1]
    return any(
        not mine.startswith(its) and not its.startswith(mine) for mine, its in (starts, ends)
    )


def _literal(pattern: Pattern, at: int) -> str:
    """Return the text at an end of a pattern, in small letters; only ASCII has one way to these."""
    part = pattern[at] if pattern else None
    return part.text.lower() if isinstance(part, Literal) and part.text.isascii() else ""
