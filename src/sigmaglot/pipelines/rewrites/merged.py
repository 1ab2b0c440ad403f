"""Columns that hold one Sigma field for some events of a log source, and another for others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sigmaglot import ir
from sigmaglot.ir import FieldLeaf, Node
from sigmaglot.language import ALL, GONE, approx
from sigmaglot.pipelines.rewrites.plain import on, other_form

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry


def merged(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of a field that shares its column with another: an upper bound of it.

    An empty column tells that the field is empty; one with a value does not tell whose it is.
    """
    note = other_form(leaf, entry, "shares its column with another field")
    bound = on(leaf, entry.column)
    if isinstance(leaf, (ir.IsNull, ir.IsEmpty)):
        return approx(leaf, note, ALL, (bound, 0.5))
    return approx(leaf, note, (bound, 0.2), GONE)
