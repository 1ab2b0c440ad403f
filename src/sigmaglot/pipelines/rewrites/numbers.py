"""Numbers: decimal or hexadecimal text in an event, a number column in the schema."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sigmaglot import ir
from sigmaglot.ir import FieldLeaf, Node, Op, Shape
from sigmaglot.language import ALL, GONE, approx, has_letters
from sigmaglot.pipelines.rewrites.plain import on, other_form

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry


MAX_LONG = 2**63
"""One more than the largest number of a `long` column."""


def integer(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of decimal text to one of a number column."""
    return _number(leaf, entry, base=10)


def hex_integer(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of text such as ``0x3e7`` to one of a number column (999)."""
    return _number(leaf, entry, base=16)


def hex_text(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of a decimal number to one of its hexadecimal text: 4 is ``0x4``."""
    number = None
    if isinstance(leaf, ir.StringMatch):
        shape, text = ir.shape_of(leaf.pattern)
        number = _number_of(text, 10) if shape is Shape.EQUALS else None
    elif isinstance(leaf, ir.Compare) and leaf.op is Op.EQ and isinstance(leaf.number, int):
        number = leaf.number
    if number is not None:
        pattern = ir.pattern(Shape.EQUALS, hex(number))
        return ir.StringMatch(replace(entry.column, canonical=True), pattern, place=leaf.place)
    if isinstance(leaf, (ir.IsNull, ir.IsEmpty, ir.Exists)):
        return on(leaf, entry.column)
    note = other_form(leaf, entry, "is stored as hexadecimal text, which only compares as a whole")
    return approx(leaf, note, ALL, GONE)


def _number(leaf: FieldLeaf, entry: Entry, *, base: int) -> Node:
    if not isinstance(leaf, (ir.StringMatch, ir.RegexMatch, ir.FieldMatch)):
        return on(leaf, entry.column)
    if isinstance(leaf, ir.StringMatch):
        shape, text = ir.shape_of(leaf.pattern)
        if shape in {Shape.EQUALS, Shape.EMPTY}:
            return _equals(leaf, entry, text, base)
    note = other_form(leaf, entry, "is stored as a number, which has no text to match parts of")
    return approx(leaf, note, ALL, GONE)


def _equals(leaf: ir.StringMatch, entry: Entry, text: str, base: int) -> Node:
    """Return the comparison, or False where no event writes its number like the text."""
    number = _number_of(text, base)
    if number is None:
        return ir.FALSE
    equal = ir.Compare(entry.column, Op.EQ, number, leaf.place)
    if leaf.cased and has_letters(leaf):
        note = other_form(leaf, entry, "is stored as a number, which has no letter case")
        return approx(leaf, note, (equal, 0.05), GONE)
    return equal


def _number_of(text: str, base: int) -> int | None:
    """Return the number that is written so: without leading zeros, in what a column can hold."""
    is_hex = base == 16 and text.lower().startswith("0x")
    try:
        number = int(text, 16 if is_hex else 10)
    except ValueError:
        return None
    written = hex(number) if is_hex else str(number)
    return number if written == text.lower() and number < MAX_LONG else None
