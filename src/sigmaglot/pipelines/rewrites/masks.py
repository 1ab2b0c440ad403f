"""Access masks: hexadecimal text such as ``0x1410`` in an event, a number in the schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sigmaglot import ir
from sigmaglot.ir import FieldLeaf, Node, Op, Shape
from sigmaglot.language import ALL, GONE, approx
from sigmaglot.pipelines.rewrites.plain import on, other_form

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry

_HEX = set("0123456789abcdef")
_DIGITS = 8
"""Hexadecimal digits of an access mask (Microsoft, "ACCESS_MASK": 32 bits)."""
_MARK = "0x"


def access_mask(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of the text to one of the number that it writes.

    An event writes the number without leading zeros, so its whole text is one number and its
    beginning a few ranges of numbers; its end alone is none.
    """
    if isinstance(leaf, (ir.IsNull, ir.IsEmpty, ir.Exists)):
        return on(leaf, entry.column)
    if isinstance(leaf, ir.Compare):
        return ir.FALSE  # hexadecimal text reads as no number
    note = other_form(leaf, entry, "is stored as a number, which has no text to match parts of")
    if not isinstance(leaf, ir.StringMatch):
        return approx(leaf, note, ALL, GONE)
    found = _of_text(leaf, entry)
    if found is None:
        return approx(leaf, note, ALL, GONE)
    if leaf.cased and found != ir.FALSE:
        return approx(leaf, note, (found, 0.05), GONE)
    return found


def _of_text(leaf: ir.StringMatch, entry: Entry) -> Node | None:
    """Return the test of the number, None where the text says too little of it."""
    shape, text = ir.shape_of(leaf.pattern)
    is_marked = text.lower().startswith(_MARK)
    if shape is Shape.EMPTY or (shape is Shape.EQUALS and not is_marked):
        return ir.FALSE
    if shape not in {Shape.EQUALS, Shape.STARTSWITH, Shape.ENDSWITH, Shape.CONTAINS}:
        return None
    if not is_marked:
        return None
    digits = text.lower()[len(_MARK) :]
    if shape in {Shape.EQUALS, Shape.ENDSWITH}:
        return _whole(leaf, entry, digits)
    return _beginning(leaf, entry, digits)


def _is_written(digits: str) -> bool:
    return set(digits) <= _HEX and 0 < len(digits) <= _DIGITS and f"{int(digits, 16):x}" == digits


def _whole(leaf: ir.StringMatch, entry: Entry, digits: str) -> Node:
    if not _is_written(digits):
        return ir.FALSE
    return ir.Compare(entry.column, Op.EQ, int(digits, 16), leaf.place)


def _beginning(leaf: ir.StringMatch, entry: Entry, digits: str) -> Node:
    """Return the ranges of the numbers whose digits begin so."""
    if not digits:
        return ir.Not(ir.IsNull(entry.column, leaf.place))
    if not _is_written(digits):
        return ir.FALSE
    number = int(digits, 16)
    tests: list[Node] = [ir.Compare(entry.column, Op.EQ, number, leaf.place)]
    for more in range(1, _DIGITS - len(digits) + 1 if number else 0):
        low = number << 4 * more
        high = low + (1 << 4 * more) - 1
        ends = ((Op.GTE, low), (Op.LTE, high))
        tests.append(ir.all_of([ir.Compare(entry.column, op, end, leaf.place) for op, end in ends]))
    return ir.any_of(tests)
