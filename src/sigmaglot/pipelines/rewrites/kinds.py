"""Kinds of events: a word in Sysmon's event, where the schema has the event's id alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sigmaglot import ir
from sigmaglot.evaluate import evaluate
from sigmaglot.ir import FieldLeaf, Node, Shape
from sigmaglot.language import ALL, GONE, approx
from sigmaglot.pipelines.rewrites.plain import other_form

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry


def event_kind(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of ``EventType`` to one of the event id.

    ``values``: each event id of the log source to all the words that Sysmon writes for it. Where
    an id stands for several words and the test accepts some of them, it is known from two sides.
    """
    note = other_form(leaf, entry, "is known by the event id, which may stand for several types")
    if isinstance(leaf, ir.FieldMatch):
        return approx(leaf, note, ALL, GONE)
    name = ir.field_name(leaf)
    accepted = {
        value: [evaluate(leaf, {name: word}) for word in words]
        for value, words in entry.values.items()
    }
    possible = [_is(leaf, entry, value) for value, found in accepted.items() if any(found)]
    certain = [_is(leaf, entry, value) for value, found in accepted.items() if all(found)]
    if possible == certain:
        return ir.any_of(possible)
    upper = ALL if len(possible) == len(entry.values) else (ir.any_of(possible), 0.3)
    return approx(leaf, note, upper, (ir.any_of(certain), 0.3) if certain else GONE)


def _is(leaf: FieldLeaf, entry: Entry, value: str) -> ir.StringMatch:
    column = replace(entry.column, canonical=True)
    return ir.StringMatch(column, ir.pattern(Shape.EQUALS, value), place=leaf.place)
