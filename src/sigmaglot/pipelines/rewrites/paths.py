"""Paths of executables: full path and base name, or a base name alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sigmaglot import ir
from sigmaglot.ir import Column, FieldLeaf, Node, Shape
from sigmaglot.language import ALL, GONE, approx
from sigmaglot.pipelines.rewrites.plain import on, other_form

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry


def path(leaf: FieldLeaf, entry: Entry) -> Node:
    r"""Rewrite ``|endswith '\x.exe'`` to the base name, anything else to the full path.

    Columns: ``column`` the full path, ``name`` the base name.
    """
    named = _named(leaf, entry.columns["name"])
    return on(leaf, entry.column) if named is None else named


def base_name(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a path to the base name, where that is all that the schema keeps.

    Column: ``column`` the base name.
    """
    bound = _on_name_alone(leaf, entry.column)
    if bound is not None:
        return bound
    note = other_form(leaf, entry, "is stored as the file name alone; the folder was left out")
    return approx(leaf, note, _upper_name(leaf, entry.column), GONE)


def within(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a path to a search inside a column that holds the path, and perhaps more after it."""
    if isinstance(leaf, (ir.IsNull, ir.IsEmpty, ir.Exists)):
        return on(leaf, entry.column)
    note = other_form(leaf, entry, "is known by a column that may hold more than the path")
    if not isinstance(leaf, ir.StringMatch) or not leaf.pattern:
        return approx(leaf, note, ALL, GONE)
    inside = ir.tidy((ir.AnyRun, *leaf.pattern, ir.AnyRun))
    upper = ir.StringMatch(entry.column, inside, leaf.cased, leaf.place)
    return approx(leaf, note, (upper, 0.1), GONE)


def _named(leaf: FieldLeaf, column: Column) -> Node | None:
    r"""Return the base name form of ``*\x.exe``, None for any other leaf."""
    if not isinstance(leaf, ir.StringMatch):
        return None
    shape, text = ir.shape_of(leaf.pattern)
    if shape is not Shape.ENDSWITH or text.count("\\") != 1 or not text.startswith("\\"):
        return None
    pattern = ir.pattern(Shape.EQUALS, text[1:])
    return ir.StringMatch(column, pattern, leaf.cased, leaf.place) if pattern else None


def _on_name_alone(leaf: FieldLeaf, column: Column) -> Node | None:
    """Return the form that asks nothing of the folder, None where the leaf does."""
    named = _named(leaf, column)
    if named is not None:
        return named
    if isinstance(leaf, (ir.IsNull, ir.IsEmpty, ir.Exists)):
        return on(leaf, column)
    if isinstance(leaf, ir.StringMatch):
        shape, text = ir.shape_of(leaf.pattern)
        if shape is Shape.EMPTY or (shape is Shape.ENDSWITH and "\\" not in text):
            return on(leaf, column)
    return None


def _upper_name(leaf: FieldLeaf, column: Column) -> tuple[Node, float]:
    """Return what a whole path or its end asks of the base name."""
    if not isinstance(leaf, ir.StringMatch):
        return ALL
    shape, text = ir.shape_of(leaf.pattern)
    name = text.rpartition("\\")[2]
    if shape not in {Shape.EQUALS, Shape.ENDSWITH} or not name:
        return ALL
    pattern = ir.pattern(Shape.EQUALS if "\\" in text else shape, name)
    return ir.StringMatch(column, pattern, leaf.cased, leaf.place), 0.3
