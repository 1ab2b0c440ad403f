"""Fields of Splunk's Common Information Model, which fills, shortens and joins what events have.

Source: Splunk's data model Endpoint (CIM 4.20): its calculations write ``unknown`` where many of
its fields are missing or empty. What becomes of registry data: Splunk's security content, whose
detections ask for ``0x00000001`` where Sysmon writes ``DWORD (0x00000001)``.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from sigmaglot import ir
from sigmaglot.evaluate import compile_regex, text_test
from sigmaglot.ir import Column, FieldLeaf, Node, Shape
from sigmaglot.language import ALL, GONE, approx
from sigmaglot.pipelines.rewrites.kinds import by_kind
from sigmaglot.pipelines.rewrites.paths import path
from sigmaglot.pipelines.rewrites.plain import on, other_form
from sigmaglot.pipelines.rewrites.templates import DIGIT, fits

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry

UNKNOWN = "unknown"
_DWORD, _QWORD = "DWORD (0x????????)", "QWORD (0x????????-0x????????)"
_BARE = "0x????????"
_LENGTHS = frozenset({32, 40, 64})
_JOINED = frozenset({"Hash", "Hashes"})
"""Fields that hold all hashes of an event."""
_HASH = re.compile(r"(?:(?:MD5|SHA1|SHA256|IMPHASH)=)?([0-9a-f]+)", re.IGNORECASE)


def filled(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of a field that holds ``unknown`` where the event has none.

    Columns: ``column``, and ``name`` where the model keeps a path's base name too.
    """
    bound = path(leaf, entry) if "name" in entry.columns else on(leaf, entry.column)
    if not isinstance(bound, (ir.StringMatch, ir.RegexMatch, ir.IsNull, ir.IsEmpty, ir.Exists)):
        return bound
    column = entry.columns["name"] if _is_on(bound, entry, "name") else entry.column
    return _unless_unknown(leaf, entry, bound, _is_unknown(column, bound))


def _is_on(bound: FieldLeaf, entry: Entry, role: str) -> bool:
    column = entry.columns.get(role)
    return column is not None and ir.field_name(bound) == column.name


def _is_unknown(column: Column, leaf: FieldLeaf) -> ir.StringMatch:
    said = replace(
        column,
        canonical=True,
        caveat=f"`{column.name}` is `{UNKNOWN}` only where the event does not say",
    )
    return ir.StringMatch(said, ir.pattern(Shape.EQUALS, UNKNOWN), place=leaf.place)


def _unless_unknown(leaf: FieldLeaf, entry: Entry, bound: FieldLeaf, unknown: Node) -> Node:
    """Return a test that an event without the field meets as little as the rule's."""
    note = other_form(leaf, entry, f"is stored as `{UNKNOWN}` where it is missing or empty")
    match bound:
        case ir.IsEmpty():
            return unknown
        case ir.IsNull() | ir.StringMatch(pattern=()):
            return approx(leaf, note, (unknown, 0.05), GONE)
        case ir.Exists():
            return approx(leaf, note, ALL, (ir.negate(unknown), 0.05))
        case ir.StringMatch(pattern=(ir.Literal(text),)) if text.lower() == UNKNOWN:
            return approx(leaf, note, (bound, 0.05), GONE)
        case _:
            return ir.all_of([bound, ir.negate(unknown)]) if _finds_unknown(bound) else bound


def _finds_unknown(leaf: FieldLeaf) -> bool:
    if isinstance(leaf, ir.StringMatch):
        return text_test(leaf.pattern, cased=leaf.cased)(UNKNOWN)
    if isinstance(leaf, ir.RegexMatch):
        return compile_regex(leaf.regex, leaf.flags).search(UNKNOWN) is not None
    return False


def value_data(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of registry data to one of the data without the type around a number.

    Columns: ``column`` the data, ``type`` the value's type, such as ``REG_DWORD``.
    """
    if not isinstance(leaf, ir.StringMatch) or not leaf.pattern:
        return _text_only(leaf, entry)
    note = other_form(leaf, entry, "is stored without the type that stands around a number")
    if fits(leaf.pattern, _QWORD, cased=leaf.cased):
        return approx(leaf, note, ALL, GONE)
    numbers = fits(leaf.pattern, _DWORD, cased=leaf.cased)
    if not numbers and not fits(leaf.pattern, _BARE, cased=leaf.cased):
        return filled(leaf, entry)
    tests = [_number(leaf, entry, one.removeprefix("DWORD (").removesuffix(")")) for one in numbers]
    text = [] if ir.shape_of(leaf.pattern)[0] is Shape.EQUALS and numbers else [_plain(leaf, entry)]
    is_number = ir.pattern(Shape.STARTSWITH, "REG_DWORD")
    typed = ir.StringMatch(entry.columns["type"], is_number, place=leaf.place)
    lower = (ir.all_of([ir.any_of(tests), typed]), 0.3) if tests else GONE
    return approx(leaf, note, (ir.any_of([*text, *tests]), 0.05), lower)


def _text_only(leaf: FieldLeaf, entry: Entry) -> Node:
    if isinstance(leaf, (ir.IsNull, ir.IsEmpty, ir.Exists, ir.StringMatch)):
        return filled(leaf, entry)
    note = other_form(leaf, entry, "is stored without the type that stands around a number")
    return approx(leaf, note, ALL, GONE)


def _plain(leaf: ir.StringMatch, entry: Entry) -> Node:
    return ir.StringMatch(entry.column, leaf.pattern, leaf.cased, leaf.place)


def _number(leaf: ir.StringMatch, entry: Entry, digits: str) -> Node:
    """Return a test of a number's digits, some of which may be any."""
    parts = (ir.AnyOne if char == DIGIT else ir.Literal(char) for char in digits)
    column = replace(entry.column, canonical=True)
    return ir.StringMatch(column, ir.tidy(tuple(parts)), place=leaf.place)


def action(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of a kind of event to the actions that stand for the kinds that it accepts.

    ``values``: each action to all the kinds that it stands for.
    """
    return by_kind(leaf, entry, "is stored as an action that may stand for several kinds")


def hash_within(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of hashes to a search of their digits in the field that joins them.

    Whether the algorithms' names stand before the digits is not documented.
    """
    note = other_form(leaf, entry, "is stored with other hashes, in a form that is not documented")
    if not isinstance(leaf, ir.StringMatch):
        return approx(leaf, note, ALL, GONE)
    shape, text = ir.shape_of(leaf.pattern)
    found = [_HASH.fullmatch(part) for part in text.strip(",").split(",")]
    if shape in {Shape.EMPTY, Shape.WILDCARD, Shape.SINGLE} or not all(found):
        return approx(leaf, note, ALL, GONE)
    tests = [
        ir.StringMatch(entry.column, ir.pattern(Shape.CONTAINS, match[1]), place=leaf.place)
        for match in found
        if match
    ]
    if len(tests) == 1 and _is_a_hash(leaf, entry, shape):
        return tests[0]
    return approx(leaf, note, (ir.all_of(tests), 0.1), GONE)


def _is_a_hash(leaf: ir.StringMatch, entry: Entry, shape: Shape) -> bool:
    """Return whether a test asks for one whole hash: of many that an event has, or of its own."""
    match = _HASH.fullmatch(ir.shape_of(leaf.pattern)[1].strip(","))
    if match is None or len(match[1]) not in _LENGTHS or leaf.cased:
        return False
    return shape is Shape.CONTAINS or (shape is Shape.EQUALS and entry.field not in _JOINED)
