"""Values that the schema has both as a number and as hexadecimal text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sigmaglot import ir
from sigmaglot.ir import FieldLeaf, Node, Shape
from sigmaglot.pipelines.rewrites.numbers import hex_integer
from sigmaglot.pipelines.rewrites.plain import on

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry


def number_or_text(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of text such as ``0x1410``: of all of it to the number, of a part to the text.

    Columns: ``column`` the number, ``text`` its hexadecimal text in small letters.
    """
    match leaf:
        case ir.StringMatch(pattern=pattern, cased=False):
            if ir.shape_of(pattern)[0] is Shape.EQUALS:
                return hex_integer(leaf, entry)
            return on(leaf, entry.columns["text"])
        case ir.Compare():
            return ir.FALSE  # hexadecimal text reads as no number
        case ir.IsNull() | ir.IsEmpty() | ir.Exists():
            return on(leaf, entry.column)
        case _:
            return on(leaf, entry.columns["text"])
