"""Fields of a few words, each of which stands in another form in the schema."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from sigmaglot import ir
from sigmaglot.evaluate import Event, compile_predicate
from sigmaglot.ir import FieldLeaf, Node, Shape
from sigmaglot.language import ALL, GONE, approx
from sigmaglot.pipelines.model import KINDS_OF_EVENTS
from sigmaglot.pipelines.rewrites.plain import other_form

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry

_OPEN_END = "*"


def word(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of a field to the stored values that stand for the words that it accepts.

    ``values``: a stored value to the field's own words for it, none where the field is missing in
    such an event. A ``*`` ends a stored value that more may follow. A word that no stored value
    stands for belongs to an event that the schema does not record.
    """
    if isinstance(leaf, ir.FieldMatch):
        note = other_form(leaf, entry, "is stored in other words")
        return approx(leaf, note, ALL, GONE)
    accepts = _test(leaf)
    stored = [value for value, words in entry.values.items() if accepts(words)]
    if stored:
        return ir.any_of([_is(leaf, entry, value) for value in stored])
    if isinstance(leaf, (ir.IsNull, ir.IsEmpty)):
        return ir.FALSE
    note = other_form(leaf, entry, "has no such value in any event that the schema records")
    if entry.field in KINDS_OF_EVENTS:  # an event of such a kind has no row
        note = replace(note, code="SG201")
    return approx(leaf, note, GONE, (ir.FALSE, 0.1))


def _test(leaf: FieldLeaf) -> Callable[[tuple[str, ...]], bool]:
    """Return a test of the words that one stored value stands for."""
    matches, name = compile_predicate(leaf), ir.field_name(leaf)

    def accepts(words: tuple[str, ...]) -> bool:
        events = [{name: one} for one in words] or [{}]
        return any(matches(Event(event)) for event in events)

    return accepts


def _is(leaf: FieldLeaf, entry: Entry, value: str) -> ir.StringMatch:
    shape = Shape.STARTSWITH if value.endswith(_OPEN_END) else Shape.EQUALS
    pattern = ir.pattern(shape, value.removesuffix(_OPEN_END))
    return ir.StringMatch(replace(entry.column, canonical=True), pattern, place=leaf.place)
