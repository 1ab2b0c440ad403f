"""Hashes: ``MD5=...,SHA256=...`` in one Sigma field, a column an algorithm in the schema."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from sigmaglot import ir
from sigmaglot.ir import Column, FieldLeaf, Node, Shape
from sigmaglot.language import ALL, GONE, approx, drop, has_letters
from sigmaglot.pipelines.rewrites.plain import on, other_form

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry

LENGTHS = {"MD5": 32, "SHA1": 40, "SHA256": 64, "IMPHASH": 32}
"""Hexadecimal digits of each hash that Sysmon records."""

_NAMED = re.compile(r"(MD5|SHA1|SHA256|IMPHASH)=([0-9a-f]*)", re.IGNORECASE)
_BARE = re.compile(r"[0-9a-f]+", re.IGNORECASE)


def hashes(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of the joined hashes to tests of the algorithm's own column.

    Columns: one a role of ``md5``, ``sha1``, ``sha256`` and ``imphash``; absent ones are not
    stored. ``lower`` in the entry's values marks a schema that stores hashes in lower case.
    """
    if isinstance(leaf, ir.StringMatch):
        shape, text = ir.shape_of(leaf.pattern)
        if shape is Shape.EMPTY:
            return _absent(leaf, entry)
        if shape not in {Shape.WILDCARD, Shape.SINGLE}:
            return _text(leaf, entry, shape, text)
    if isinstance(leaf, (ir.IsNull, ir.IsEmpty)):
        return _absent(leaf, entry)
    if isinstance(leaf, ir.Exists):
        return _present(leaf, entry)
    note = other_form(leaf, entry, "is stored in a column for each algorithm")
    return approx(leaf, note, ALL, GONE)


def hash_value(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of one hash for a schema that stores it in lower case."""
    if isinstance(leaf, ir.StringMatch):
        return _stored(leaf, entry, entry.column, leaf.pattern)
    return on(leaf, entry.column)


def _absent(leaf: FieldLeaf, entry: Entry) -> Node:
    """Bound absence by that of every column; a hash without a column may be there all the same."""
    every = ir.all_of([ir.IsEmpty(column, leaf.place) for column in entry.columns.values()])
    if not isinstance(leaf, ir.StringMatch) and not _lost(entry):
        return every
    return approx(leaf, _incomplete(leaf, entry), (every, 0.2), GONE)


def _present(leaf: ir.Exists, entry: Entry) -> Node:
    some = ir.any_of([on(leaf, column) for column in entry.columns.values()])
    return approx(leaf, _incomplete(leaf, entry), ALL, (some, 0.2)) if _lost(entry) else some


def _lost(entry: Entry) -> list[str]:
    return [name for name in LENGTHS if name.lower() not in entry.columns]


def _incomplete(leaf: FieldLeaf, entry: Entry) -> ir.Note:
    lost = _lost(entry)
    if not lost:
        return other_form(leaf, entry, "is stored in a column for each algorithm")
    message = f"`{entry.field}`: {' and '.join(lost)} has no column"
    return ir.Note("SG206", message, entry.field, ir.value_text(leaf))


def _text(leaf: ir.StringMatch, entry: Entry, shape: Shape, text: str) -> Node:
    parts = text.strip(",").split(",")
    named = [_NAMED.fullmatch(part) for part in parts]
    if all(named):
        tests = [_algorithm(leaf, entry, *match.groups()) for match in named if match]
        inside = shape is Shape.CONTAINS and text == parts[0]
        return _whole(leaf, entry, tests, anchored=not inside)
    if _BARE.fullmatch(text) and shape is Shape.CONTAINS and not _may_be_a_name(text):
        return _bare(leaf, entry, text)
    note = other_form(leaf, entry, "is stored in a column for each algorithm")
    return approx(leaf, note, ALL, GONE)


def _may_be_a_name(text: str) -> bool:
    """Return whether hexadecimal digits can be a part of an algorithm's name, as in SHA256."""
    return any(text.upper() in name for name in LENGTHS)


def _whole(leaf: ir.StringMatch, entry: Entry, tests: list[Node], *, anchored: bool) -> Node:
    """Return the conjunction; a test of the joined text asks for an order that is not kept."""
    if len(tests) == 1 and not anchored:
        return tests[0]
    note = other_form(leaf, entry, "is stored in a column for each algorithm, without their order")
    return approx(leaf, note, (ir.all_of(tests), 0.1), GONE)


def _algorithm(leaf: ir.StringMatch, entry: Entry, name: str, value: str) -> Node:
    if leaf.cased and name != name.upper():
        return ir.FALSE
    column = entry.columns.get(name.lower())
    if column is None:
        message = f"`{entry.field}`: {name.upper()} has no column"
        return drop(leaf, ir.Note("SG206", message, entry.field, ir.value_text(leaf)))
    return _of(leaf, entry, column, name, value)


def _of(leaf: ir.StringMatch, entry: Entry, column: Column, name: str, value: str) -> Node:
    if not value:
        return ir.Not(ir.IsEmpty(column, leaf.place))
    complete = len(value) == LENGTHS[name.upper()]
    pattern = ir.pattern(Shape.EQUALS if complete else Shape.STARTSWITH, value)
    return _stored(leaf, entry, column, pattern)


def _bare(leaf: ir.StringMatch, entry: Entry, text: str) -> Node:
    """Rewrite digits without an algorithm: their number tells which they can be."""
    fitting = [name for name, length in LENGTHS.items() if length >= len(text)]
    whole = [name for name in fitting if LENGTHS[name] == len(text)]
    tests = [
        _stored(
            leaf,
            entry,
            entry.columns[name.lower()],
            ir.pattern(Shape.EQUALS if name in whole else Shape.CONTAINS, text),
        )
        for name in fitting
        if name.lower() in entry.columns
    ]
    lost = [name for name in fitting if name.lower() not in entry.columns]
    if not lost:
        return ir.any_of(tests)
    message = f"`{entry.field}`: {' and '.join(lost)} has no column"
    note = ir.Note("SG206", message, entry.field, ir.value_text(leaf))
    return approx(leaf, note, ALL, (ir.any_of(tests), 0.3))


def _stored(leaf: ir.StringMatch, entry: Entry, column: Column, pattern: ir.Pattern) -> Node:
    """Return a test of one column, with the value in the letter case that the schema stores."""
    bound = ir.StringMatch(column, pattern, leaf.cased, leaf.place)
    if "lower" not in entry.values and entry.rewrite != "hash_value":
        return bound
    lowered = tuple(
        ir.Literal(part.text.lower()) if isinstance(part, ir.Literal) else part for part in pattern
    )
    canonical = ir.StringMatch(replace(column, canonical=True), lowered, place=leaf.place)
    if not leaf.cased or not has_letters(bound):
        return canonical
    note = other_form(leaf, entry, "is stored in lower case, whatever case the event has")
    return approx(leaf, note, (canonical, 0.05), GONE)
