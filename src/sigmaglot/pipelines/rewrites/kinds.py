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
    return by_kind(leaf, entry, "is known by the event id, which may stand for several types")


def by_kind(leaf: FieldLeaf, entry: Entry, why: str) -> Node:
    """Rewrite a test of one of few words to the stored values that stand for some of them each.

    ``values``: each stored value to all the words that it stands for. An empty stored value is one
    that is not known: from above, any value may be meant.
    """
    note = other_form(leaf, entry, why)
    if isinstance(leaf, ir.FieldMatch):
        return approx(leaf, note, ALL, GONE)
    name = ir.field_name(leaf)
    accepted = {
        value: [evaluate(leaf, {name: word}) for word in words]
        for value, words in entry.values.items()
    }
    possible = [value for value, found in accepted.items() if any(found)]
    certain = [_is(leaf, entry, value) for value, found in accepted.items() if value and all(found)]
    maybe = ir.any_of([_is(leaf, entry, value) for value in possible])
    if len(possible) == len(certain):
        return maybe
    is_open = "" in possible or len(possible) == len(entry.values)
    lower = (ir.any_of(certain), 0.3) if certain else GONE
    return approx(leaf, note, ALL if is_open else (maybe, 0.3), lower)


def _is(leaf: FieldLeaf, entry: Entry, value: str) -> ir.StringMatch:
    column = replace(entry.column, canonical=True)
    return ir.StringMatch(column, ir.pattern(Shape.EQUALS, value), place=leaf.place)
