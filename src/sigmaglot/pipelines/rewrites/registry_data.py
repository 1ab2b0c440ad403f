"""Registry data: ``DWORD (0x00000001)`` in an event, ``1`` and a type in the schema.

Source: Sysmon's event 13 writes numbers with eight digits a word, small letters, the high word of
a QWORD first; ``(Empty)`` for an empty text; ``Binary Data`` for what it does not show.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sigmaglot import ir
from sigmaglot.ir import FieldLeaf, Node, Pattern, Shape
from sigmaglot.language import GONE, approx
from sigmaglot.pipelines.rewrites.plain import on, other_form
from sigmaglot.pipelines.rewrites.templates import DIGIT, fits

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry

NUMBERS = {"DWORD": "DWORD (0x????????)", "QWORD": "QWORD (0x????????-0x????????)"}
"""How Sysmon writes a number, by its own word for the type."""
EMPTY, HIDDEN = "(Empty)", "Binary Data"


def registry_data(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of a value's data to one of the data and its type.

    Columns: ``column`` the data, numbers in decimal digits; ``type`` the value's type. ``values``:
    a stored type to Sysmon's word for it: ``DWORD``, ``QWORD``, ``(Empty)`` for one of texts,
    ``Binary Data`` for one that Sysmon does not show. Where no type is stored, digits may be a
    number.
    """
    match leaf:
        case ir.StringMatch(pattern=pattern) if pattern:
            return _of_text(leaf, pattern, entry)
        case ir.RegexMatch() | ir.Compare():
            return _text_only(leaf, entry)
        case _:
            return on(leaf, entry.column)


def _of_text(leaf: ir.StringMatch, pattern: Pattern, entry: Entry) -> Node:
    tests = [test for kind in NUMBERS for test in _numbers(leaf, pattern, entry, kind)]
    if fits(pattern, EMPTY, cased=leaf.cased):
        tests.append(_empty(leaf, entry))
    if fits(pattern, HIDDEN, cased=leaf.cased):
        tests.append(_hidden(leaf, entry))
    if tests and ir.shape_of(pattern)[0] is Shape.EQUALS:
        return ir.any_of(tests)
    text: Node = on(leaf, entry.column)
    if all(part.isdecimal() for part in ir.texts_of(pattern)):
        text = ir.all_of([text, ir.Not(_is_number(leaf, entry))])
    return ir.any_of([text, *tests])


def _numbers(leaf: ir.StringMatch, pattern: Pattern, entry: Entry, kind: str) -> list[Node]:
    """Return the tests of a number's digits that a pattern asks for in Sysmon's writing of it."""
    tests: list[Node] = []
    for text in fits(pattern, NUMBERS[kind], cased=leaf.cased):
        digits = "".join(part.partition(")")[0] for part in text.split("0x")[1:]).replace("-", "")
        if DIGIT not in digits:
            tests.append(_is(leaf, entry, int(digits, 16), kind))
        elif set(digits) == {DIGIT}:
            tests.append(_is_of(leaf, entry, kind))
        else:
            note = other_form(leaf, entry, "is stored as a decimal number, without its digits")
            tests.append(approx(leaf, note, (_is_of(leaf, entry, kind), 0.05), GONE))
    return tests


def _is(leaf: ir.StringMatch, entry: Entry, number: int, kind: str) -> Node:
    """Return the test of a number, also where its type is not stored."""
    column = replace(entry.column, canonical=True)
    data = ir.StringMatch(column, ir.pattern(Shape.EQUALS, str(number)), place=leaf.place)
    untyped = ir.IsEmpty(entry.columns["type"], leaf.place)
    return ir.all_of([data, ir.any_of([_is_of(leaf, entry, kind), untyped])])


def _is_of(leaf: FieldLeaf, entry: Entry, *kinds: str) -> Node:
    """Return the test of the types that Sysmon writes in one of these ways."""
    column = replace(entry.columns["type"], canonical=True)
    return ir.any_of(
        [
            ir.StringMatch(column, ir.pattern(Shape.EQUALS, stored), place=leaf.place)
            for stored, names in entry.values.items()
            if not set(kinds).isdisjoint(names)
        ]
    )


def _is_number(leaf: FieldLeaf, entry: Entry) -> Node:
    return _is_of(leaf, entry, *NUMBERS)


def _empty(leaf: ir.StringMatch, entry: Entry) -> Node:
    empty = ir.IsEmpty(entry.column, leaf.place)
    note = other_form(leaf, entry, "is stored as an empty text, as is what has no data")
    lower = ir.all_of([empty, _is_of(leaf, entry, EMPTY)])
    return approx(leaf, note, (empty, 0.05), (lower, 0.05))


def _hidden(leaf: ir.StringMatch, entry: Entry) -> Node:
    note = other_form(leaf, entry, "does not say which types Sysmon writes so")
    upper = ir.Not(_is_of(leaf, entry, EMPTY, *NUMBERS))
    return approx(leaf, note, (upper, 0.1), (_is_of(leaf, entry, HIDDEN), 0.1))


def _text_only(leaf: ir.RegexMatch | ir.Compare, entry: Entry) -> Node:
    """Return a test that says nothing of numbers: Sysmon's text for one is no number itself."""
    text = on(leaf, entry.column)
    exact = ir.all_of([text, ir.Not(_is_number(leaf, entry))])
    if isinstance(leaf, ir.Compare):
        return exact
    note = other_form(leaf, entry, "is stored in another form where it is no text")
    shown = _is_of(leaf, entry, EMPTY)
    upper = ir.any_of([text, ir.Not(shown)])
    return approx(leaf, note, (upper, 0.2), (ir.all_of([text, shown]), 0.2))
