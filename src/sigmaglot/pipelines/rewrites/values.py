"""Values that the schema has both as a number and as hexadecimal text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sigmaglot import ir
from sigmaglot.ir import FieldLeaf, Node, Shape
from sigmaglot.language import GONE, approx, has_letters, uncased
from sigmaglot.pipelines.rewrites.numbers import hex_integer
from sigmaglot.pipelines.rewrites.plain import on, other_form

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry

_MARK = "0x"


def number_or_text(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of text such as ``0x1410``: of all of it to the number, of a part to the text.

    Columns: ``column`` the number, ``text`` its hexadecimal text in small letters.
    """
    match leaf:
        case ir.StringMatch():
            return _text(leaf, entry)
        case ir.Compare():
            return ir.FALSE  # hexadecimal text reads as no number
        case ir.IsNull() | ir.IsEmpty() | ir.Exists():
            return on(leaf, entry.column)
        case _:
            return on(leaf, entry.columns["text"])


def _text(leaf: ir.StringMatch, entry: Entry) -> Node:
    if leaf.cased and has_letters(leaf):
        note = other_form(leaf, entry, "is stored as a number, which has no letter case")
        return approx(leaf, note, (_text(uncased(leaf), entry), 0.05), GONE)
    shape, text = ir.shape_of(leaf.pattern)
    if shape is not Shape.EQUALS:
        return on(leaf, entry.columns["text"])
    return hex_integer(uncased(leaf), entry) if text.lower().startswith(_MARK) else ir.FALSE
