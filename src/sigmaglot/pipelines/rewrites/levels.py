"""Integrity levels: words in Sysmon events, S-1-16-* labels in Security events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from sigmaglot import ir
from sigmaglot.evaluate import compile_regex, text_test
from sigmaglot.ir import FieldLeaf, Node, Shape
from sigmaglot.pipelines.rewrites.plain import on

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry


def integrity(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of the level to the stored values that it accepts.

    The schema stores one of few words, always in the same letter case. ``values``: stored value to
    the spellings of it in rules, which only a test of the whole value may use.
    """
    accepts = _test(leaf)
    if accepts is None or not isinstance(leaf, (ir.StringMatch, ir.RegexMatch)):
        return on(leaf, entry.column)
    whole = isinstance(leaf, ir.StringMatch) and ir.shape_of(leaf.pattern)[0] is Shape.EQUALS
    stored = [
        value
        for value, spellings in entry.values.items()
        if accepts(value[:1].upper() + value[1:]) or (whole and any(map(accepts, spellings)))
    ]
    if not stored:
        return on(leaf, entry.column)
    return ir.any_of([_is(leaf, entry, value) for value in stored])


def _test(leaf: FieldLeaf) -> Callable[[str], bool] | None:
    """Return a test of a level as events have it, None for a leaf that asks nothing of its text."""
    if isinstance(leaf, ir.RegexMatch):
        search = compile_regex(leaf.regex, leaf.flags).search
        return lambda text: search(text) is not None
    if not isinstance(leaf, ir.StringMatch) or leaf.pattern == ():
        return None
    matches = text_test(leaf.pattern, cased=leaf.cased)
    return matches if leaf.cased else lambda text: matches(text.lower())


def _is(leaf: ir.StringMatch | ir.RegexMatch, entry: Entry, value: str) -> ir.StringMatch:
    column = replace(entry.column, canonical=True)
    return ir.StringMatch(column, ir.pattern(Shape.EQUALS, value), place=leaf.place)
