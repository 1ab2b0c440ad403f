"""Fields of the Windows logs that stand in another column for some events.

Source: Winlogbeat's Security pipeline, which moves process, address and port of the events that it
knows to ECS fields and leaves them in ``winlog.event_data`` for any other event; Winlogbeat's
reader, which keeps the data of an event in ``winlog.event_data`` or in ``winlog.user_data``, as the
event's template says.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from sigmaglot import ir
from sigmaglot.ir import Column, FieldLeaf, Node, Shape
from sigmaglot.language import ALL, GONE, approx
from sigmaglot.pipelines.rewrites.ecs_analysed import words_of
from sigmaglot.pipelines.rewrites.ecs_ip import ip_test
from sigmaglot.pipelines.rewrites.ecs_values import (
    ecs_text,
    holds_of,
    text_on,
    unless_gone,
)
from sigmaglot.pipelines.rewrites.numbers import hex_integer, integer
from sigmaglot.pipelines.rewrites.plain import other_form

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry

_BLANK = re.compile(r"\s")
_CODE = re.compile(r"%%([0-9]+)")
_PERCENT = "%"
_MASK = re.compile("0x[0-9a-fA-F]{1,16}")
_AUDIT = {"failure": 0x10000000000000, "success": 0x20000000000000}
"""Bits of ``Keywords`` (Microsoft, winmeta.xml), by what Winlogbeat makes of them."""


def ecs_moved(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of a field that is in its own column or in the one that it was moved to.

    Columns: ``column`` a keyword, ``moved``, and ``code`` the event id. ``not_of`` in the entry's
    values are the events whose ``moved`` comes from another field.
    """
    absent = ir.all_of([ir.IsNull(entry.column, leaf.place), _moved_absent(leaf, entry)])
    return unless_gone(leaf, entry, _stored(leaf, entry, absent), absent)


def _stored(leaf: FieldLeaf, entry: Entry, absent: Node) -> Node:
    if isinstance(leaf, (ir.IsNull, ir.IsEmpty)):
        return absent
    if isinstance(leaf, ir.Exists):
        return ir.Not(absent)
    kept = text_on(leaf, entry, entry.column)
    moved = _moved_test(leaf, entry, entry.columns["moved"])
    return _of_address(leaf, entry, kept, _of_field(leaf, entry, moved))


def _of_address(leaf: FieldLeaf, entry: Entry, kept: Node, moved: Node) -> Node:
    """Return the alternatives; of an address a network cannot be asked for where it is text."""
    if moved == ir.FALSE:
        return kept
    if entry.columns["moved"].type != "ip":
        return ir.any_of([kept, moved])
    note = other_form(leaf, entry, "may be written as an IPv4 address in IPv6, which is not kept")
    if isinstance(leaf, ir.CidrMatch):
        kept = ir.all_of([ir.Exists(entry.column, leaf.place), ir.Not(_is_dash(leaf, entry))])
    return approx(leaf, note, (ir.any_of([kept, moved]), 0.05), GONE)


def _is_dash(leaf: FieldLeaf, entry: Entry) -> Node:
    return ir.StringMatch(entry.column, ir.pattern(Shape.EQUALS, "-"), place=leaf.place)


def _moved_test(leaf: FieldLeaf, entry: Entry, column: Column) -> Node:
    if column.type == "ip":
        return ip_test(leaf, entry, column)
    if column.type == "long":
        is_hexadecimal = "hexadecimal" in entry.values
        if is_hexadecimal and isinstance(leaf, ir.Compare):
            return ir.FALSE  # hexadecimal text reads as no number
        number = hex_integer if is_hexadecimal else integer
        return number(leaf, replace(entry, columns={"column": column}))
    return text_on(leaf, entry, column)


def _of_field(leaf: FieldLeaf, entry: Entry, test: Node) -> Node:
    """Return a test of the moved column, for the events in which it holds this field."""
    return test if test == ir.FALSE else ir.all_of([test, *_not_of_others(leaf, entry)])


def _moved_absent(leaf: FieldLeaf, entry: Entry) -> Node:
    absent = ir.IsNull(entry.columns["moved"], leaf.place)
    others = [ir.negate(test) for test in _not_of_others(leaf, entry)]
    return ir.any_of([absent, *others])


def _not_of_others(leaf: FieldLeaf, entry: Entry) -> list[Node]:
    codes = entry.values.get("not_of", ())
    if not codes:
        return []
    tests = (ir.pattern(Shape.EQUALS, code) for code in codes)
    column = entry.columns["code"]
    return [ir.Not(ir.any_of([ir.StringMatch(column, one, place=leaf.place) for one in tests]))]


def ecs_either(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test to one of two columns, of which an event has one.

    Columns: ``column``, ``other``; each a keyword or of type ``text``.
    """
    both = (entry.column, entry.columns["other"])
    absent = ir.all_of([_in_column(ir.IsNull(leaf.field), entry, column) for column in both])
    if isinstance(leaf, (ir.IsNull, ir.IsEmpty)):
        return unless_gone(leaf, entry, absent, absent)
    tests = [_in_column(leaf, entry, column) for column in both]
    return unless_gone(leaf, entry, ir.any_of(tests), absent)


def _in_column(leaf: FieldLeaf, entry: Entry, column: Column) -> Node:
    test = words_of if column.type == "text" else text_on
    return test(leaf, entry, column)


def ecs_list(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of words between blanks, which are stored as the elements of a list.

    A part of one word is exact; of the whole text, its start and its end nothing is kept, and
    the same test of one element is an upper bound.
    """
    if not isinstance(leaf, ir.StringMatch):
        if isinstance(leaf, (ir.IsNull, ir.IsEmpty, ir.Exists)):
            return ecs_text(leaf, entry)
        return approx(leaf, _in_list(leaf, entry), ALL, GONE)
    shape, _ = ir.shape_of(leaf.pattern)
    texts = ir.texts_of(leaf.pattern)
    if any(_BLANK.search(text) for text in texts) or ir.AnyRun in leaf.pattern[1:-1]:
        return approx(leaf, _in_list(leaf, entry), _words(leaf, entry, texts), GONE)
    test = ecs_text(leaf, entry)
    if shape in {Shape.CONTAINS, Shape.EMPTY}:
        return test
    return approx(leaf, _in_list(leaf, entry), (test, 0.05), GONE)


def ecs_access_list(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of ``AccessList``: a list of codes, stored without their ``%%``.

    A rule that names an access by its word means the rendered event; what is stored has the code,
    and the word beside it. Columns: ``column`` the codes, ``words``.
    """
    if not isinstance(leaf, ir.StringMatch):
        return ecs_list(leaf, entry)
    shape, text = ir.shape_of(leaf.pattern)
    match = _CODE.fullmatch(text)
    if match and shape is Shape.CONTAINS:
        code = ir.StringMatch(entry.column, ir.pattern(shape, match[1]), place=leaf.place)
        return approx(leaf, _in_list(leaf, entry), (code, 0.02), GONE)
    if any(_PERCENT in part for part in ir.texts_of(leaf.pattern)):
        return approx(leaf, _in_list(leaf, entry), ALL, GONE)
    codes = ecs_list(leaf, entry)
    if shape is not Shape.CONTAINS or _BLANK.search(text):
        return codes
    words = ir.StringMatch(entry.columns["words"], leaf.pattern, leaf.cased, leaf.place)
    note = other_form(leaf, entry, "is stored as codes, with the word of each beside it")
    return approx(leaf, note, (ir.any_of([codes, words]), 0.02), (codes, 0.5))


def _words(leaf: FieldLeaf, entry: Entry, texts: list[str]) -> tuple[Node, float]:
    words = [word for text in texts for word in _BLANK.split(text) if word]
    tests = (ir.pattern(Shape.CONTAINS, word) for word in words)
    return (
        ir.all_of([ir.StringMatch(entry.column, one, place=leaf.place) for one in tests]),
        0.2 if words else 1.0,
    )


def _in_list(leaf: FieldLeaf, entry: Entry) -> ir.Note:
    return other_form(leaf, entry, "is stored as a list of its words")


def ecs_level(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of a level, a number or its English name, to the name that is stored.

    ``values``: stored name to the numbers and names that events have for it.
    """
    if isinstance(leaf, (ir.IsNull, ir.IsEmpty, ir.Exists)):
        return ecs_text(leaf, entry)
    names = [
        name for name, forms in entry.values.items() if any(holds_of(leaf, one) for one in forms)
    ]
    tests = (ir.pattern(Shape.EQUALS, name) for name in names)
    known = ir.any_of([ir.StringMatch(entry.column, one, place=leaf.place) for one in tests])
    note = other_form(leaf, entry, "is stored as its name, whether the event has that or a number")
    return approx(leaf, note, (known, 0.05) if names else ALL, GONE)


def ecs_keywords(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of the mask ``Keywords`` to the outcome of the audit that it tells."""
    note = other_form(leaf, entry, "is stored as the outcome of the audit")
    outcome = _outcome(leaf)
    if not outcome:
        return approx(leaf, note, ALL, GONE)
    test = ir.StringMatch(entry.column, ir.pattern(Shape.EQUALS, outcome), place=leaf.place)
    return approx(leaf, note, (test, 0.3), GONE)


def _outcome(leaf: FieldLeaf) -> str:
    """Return the outcome that a whole mask tells, empty where there is none."""
    if not isinstance(leaf, ir.StringMatch):
        return ""
    shape, text = ir.shape_of(leaf.pattern)
    if shape is not Shape.EQUALS or not _MASK.fullmatch(text):
        return ""
    return next((word for word, bit in _AUDIT.items() if int(text, 16) & bit), "")
