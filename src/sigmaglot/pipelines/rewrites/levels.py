"""Integrity levels: words in Sysmon events, S-1-16-* labels in Security events."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sigmaglot import ir
from sigmaglot.evaluate import text_test
from sigmaglot.ir import FieldLeaf, Node, Shape
from sigmaglot.pipelines.rewrites.plain import on

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry


def integrity(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of the level to the stored values that it accepts.

    The schema stores one of few words, always in the same letter case. ``values``: stored value to
    the spellings of it in rules.
    """
    if not isinstance(leaf, ir.StringMatch) or leaf.pattern == ():
        return on(leaf, entry.column)
    accepts = text_test(leaf.pattern, cased=leaf.cased)
    stored = [
        value
        for value, spellings in entry.values.items()
        if any(accepts(text if leaf.cased else text.lower()) for text in (value, *spellings))
    ]
    if not stored:
        return on(leaf, entry.column)
    return ir.any_of([_is(leaf, entry, value) for value in stored])


def _is(leaf: ir.StringMatch, entry: Entry, value: str) -> ir.StringMatch:
    column = replace(entry.column, canonical=True)
    return ir.StringMatch(column, ir.pattern(Shape.EQUALS, value), place=leaf.place)
