"""Hashes: ``MD5=...,SHA256=...`` in one Sigma field, a column an algorithm in the schema."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from sigmaglot import ir
from sigmaglot.ir import Column, FieldLeaf, Node, Shape
from sigmaglot.language import ALL, GONE, approx, drop
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
            return _every(leaf, entry)
        if shape not in {Shape.WILDCARD, Shape.SINGLE}:
            return _text(leaf, entry, shape, text)
    if isinstance(leaf, (ir.IsNull, ir.IsEmpty)):
        return _every(leaf, entry)
    if isinstance(leaf, ir.Exists):
        return ir.any_of([on(leaf, column) for column in entry.columns.values()])
    note = other_form(leaf, entry, "is stored in a column for each algorithm")
    return approx(leaf, note, ALL, GONE)


def hash_value(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of one hash for a schema that stores it in lower case."""
    if isinstance(leaf, ir.StringMatch):
        return _stored(on(leaf, entry.column), lower=True)
    return on(leaf, entry.column)


def _every(leaf: FieldLeaf, entry: Entry) -> Node:
    return ir.all_of([on(leaf, column) for column in entry.columns.values()])


def _text(leaf: ir.StringMatch, entry: Entry, shape: Shape, text: str) -> Node:
    parts = text.strip(",").split(",")
    named = [_NAMED.fullmatch(part) for part in parts]
    if all(named):
        tests = [_algorithm(leaf, entry, *match.groups()) for match in named if match]
        return _whole(leaf, entry, tests, anchored=shape is not Shape.CONTAINS)
    if len(parts) == 1 and _BARE.fullmatch(text) and shape is Shape.CONTAINS:
        return _bare(leaf, entry, text)
    note = other_form(leaf, entry, "is stored in a column for each algorithm")
    return approx(leaf, note, ALL, GONE)


def _whole(leaf: ir.StringMatch, entry: Entry, tests: list[Node], *, anchored: bool) -> Node:
    """Return the conjunction; a test of the joined text asks for an order that is not kept."""
    if len(tests) == 1 and not anchored:
        return tests[0]
    note = other_form(leaf, entry, "is stored in a column for each algorithm, without their order")
    return approx(leaf, note, (ir.all_of(tests), 0.1), GONE)


def _algorithm(leaf: ir.StringMatch, entry: Entry, name: str, value: str) -> Node:
    column = entry.columns.get(name.lower())
    if column is None:
        message = f"`{entry.field}`: {name.upper()} has no column"
        return drop(leaf, ir.Note("SG206", message, entry.field, ir.value_text(leaf)))
    return _of(leaf, entry, column, name, value)


def _of(leaf: ir.StringMatch, entry: Entry, column: Column, name: str, value: str) -> Node:
    complete = len(value) == LENGTHS[name.upper()]
    pattern = ir.pattern(Shape.EQUALS if complete else Shape.STARTSWITH, value)
    bound = ir.StringMatch(column, pattern, leaf.cased, leaf.place)
    return _stored(bound, lower="lower" in entry.values) if pattern else ir.TRUE


def _bare(leaf: ir.StringMatch, entry: Entry, text: str) -> Node:
    """Rewrite digits without an algorithm: their number tells which they can be."""
    fitting = [name for name, length in LENGTHS.items() if length >= len(text)]
    whole = [name for name in fitting if LENGTHS[name] == len(text)]
    tests = [
        _stored(
            ir.StringMatch(
                entry.columns[name.lower()],
                ir.pattern(Shape.EQUALS if name in whole else Shape.CONTAINS, text),
                leaf.cased,
                leaf.place,
            ),
            lower="lower" in entry.values,
        )
        for name in fitting
        if name.lower() in entry.columns
    ]
    lost = [name for name in fitting if name.lower() not in entry.columns]
    if not lost:
        return ir.any_of(tests)
    message = f"`{entry.field}`: {' and '.join(lost)} has no column"
    note = ir.Note("SG206", message, entry.field, text)
    return approx(leaf, note, ALL, (ir.any_of(tests), 0.3))


def _stored(leaf: FieldLeaf, *, lower: bool) -> FieldLeaf:
    """Return the leaf with its value as the schema stores it."""
    if not lower or not isinstance(leaf, ir.StringMatch) or isinstance(leaf.field, str):
        return leaf
    pattern = tuple(
        ir.Literal(part.text.lower()) if isinstance(part, ir.Literal) else part
        for part in leaf.pattern
    )
    return ir.StringMatch(replace(leaf.field, canonical=True), pattern, place=leaf.place)
