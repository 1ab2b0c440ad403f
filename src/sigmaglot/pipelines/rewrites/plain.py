"""Fields that are stored as they are, or not at all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sigmaglot import ir
from sigmaglot.ir import Column, FieldLeaf, Node
from sigmaglot.language import drop

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry


def rename(leaf: FieldLeaf, entry: Entry) -> Node:
    """Return the leaf over the field's column."""
    return on(leaf, entry.column)


def on(leaf: FieldLeaf, column: Column) -> FieldLeaf:
    """Return the leaf over a column."""
    if isinstance(leaf, ir.StringMatch):
        return ir.StringMatch(column, leaf.pattern, leaf.cased, leaf.place)
    return replace(leaf, field=column)


def missing(leaf: FieldLeaf, entry: Entry) -> Node:
    """Return the bounds of a leaf whose field has no column; the term is left out."""
    message = f"`{entry.field}` has no column: {entry.reason}"
    return drop(leaf, ir.Note("SG204", message, entry.field, ir.value_text(leaf)))


def other_form(leaf: FieldLeaf, entry: Entry, why: str) -> ir.Note:
    """Return the note of a field that is stored in another form."""
    return ir.Note("SG205", f"`{entry.field}` {why}", entry.field, ir.value_text(leaf))
