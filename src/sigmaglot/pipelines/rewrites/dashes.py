"""Fields that hold a dash where an event has nothing to say, and whose column is empty there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sigmaglot import ir
from sigmaglot.evaluate import Event, compile_predicate
from sigmaglot.ir import FieldLeaf, Node
from sigmaglot.language import ALL, GONE, approx
from sigmaglot.passes.normalise import join_all, join_any
from sigmaglot.pipelines.rewrites.plain import on, other_form

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry

DASH = "-"
_OFTEN, _SELDOM = 0.3, 0.05
"""What is lost with events that have a dash, and with those that have nothing at all."""


def dashed(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of text that may be a dash to one of a column that is empty there.

    The column is empty too where the field is missing or an empty text, and does not tell the
    three apart; a dash is what events have.
    """
    if isinstance(leaf, ir.FieldMatch):
        note = other_form(leaf, entry, "is stored as an empty text where it is a dash")
        return approx(leaf, note, ALL, GONE)
    of_dash, *others = _met(leaf, entry.field)
    filled, empty = _filled(leaf, entry), ir.IsEmpty(entry.column, leaf.place)
    upper = join_any([filled, empty])
    if of_dash == any(others) == all(others):
        return upper if of_dash else filled
    note = other_form(leaf, entry, "is stored as an empty text where it is a dash or missing")
    lower = join_all([filled, ir.negate(empty)]) if others[-1] else filled
    losses = (_SELDOM, _OFTEN) if of_dash else (_OFTEN, _SELDOM)
    return approx(leaf, note, (upper, losses[0]), (lower, losses[1]))


def _met(leaf: FieldLeaf, field: str) -> list[bool]:
    """Return whether a leaf is true of a dash, of no field, and of an empty text."""
    is_met = compile_predicate(leaf)
    return [is_met(Event(event)) for event in ({field: DASH}, {}, {field: ""})]


def _filled(leaf: FieldLeaf, entry: Entry) -> Node:
    """Return what a leaf asks of a column that is not empty."""
    match leaf:
        case ir.IsNull() | ir.IsEmpty():
            return ir.FALSE
        case ir.Exists():
            return ir.negate(ir.IsEmpty(entry.column, leaf.place))
        case _:
            return on(leaf, entry.column)
