"""Event data without names, which is searched in the XML that holds all of an event's data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sigmaglot import ir
from sigmaglot.ir import AnyOne, AnyRun, FieldLeaf, Literal, Node, Part, Pattern
from sigmaglot.language import ALL, GONE, approx, literals_of
from sigmaglot.pipelines.rewrites.plain import other_form

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry

_ESCAPED = re.compile(r"[&<>\"'\x00-\x1f\x7f-\xa0]")
"""Characters that XML may write otherwise, or that may stand between two pieces of data."""
_MARKUP = "<eventdata name=''><data name=''></data><binary></binary></eventdata>"
_ENTITIES = ("amp", "lt", "gt", "quot", "apos", "#x")
_HEXADECIMAL = re.compile(r"[0-9a-f]+", re.IGNORECASE)


def event_data(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of data without names to a search in the XML of the event's data.

    Column: ``column`` the XML. Some words of a rule may as well be markup or written as entities
    there; for those the search is an upper bound. ``element`` in the entry's values names the
    element that holds the data, where it is not ``Data``.
    """
    note = other_form(leaf, entry, "is searched in the XML of the event's data")
    element = next(iter(entry.values.get("element", ())), "")
    match leaf:
        case ir.StringMatch(pattern=pattern) if pattern:
            upper = _test(leaf, entry, _open(pattern), element)
            if not _reaches_all(pattern) or not all(map(_is_plain, ir.texts_of(pattern))):
                return approx(leaf, note, ALL if upper == ir.TRUE else (upper, 0.2), GONE)
            if AnyOne not in pattern:
                return upper
            return approx(leaf, note, (upper, 0.1), (_test(leaf, entry, pattern, element), 0.1))
        case ir.RegexMatch():
            bound = _bound(literals_of(leaf)[0], entry, element)
            return approx(leaf, note, ALL if bound == ir.TRUE else (bound, 0.5), GONE)
        case _:
            return approx(leaf, note, ALL, GONE)


def _reaches_all(pattern: Pattern) -> bool:
    """Return whether any text may stand before and after a pattern."""
    return pattern[0] is AnyRun and pattern[-1] is AnyRun and len(pattern) > 1


def _is_plain(text: str) -> bool:
    """Return whether a text stands in the XML as it is, and nowhere but in the data."""
    lowered = text.lower()
    if _ESCAPED.search(text) or _HEXADECIMAL.fullmatch(text) or lowered in _MARKUP:
        return False
    head, ends_entity, _ = lowered.partition(";")
    is_tail = ends_entity and any(name.endswith(head) for name in _ENTITIES)
    return not is_tail and not any(lowered in name for name in _ENTITIES)


def _open(pattern: Pattern) -> Pattern:
    """Return a pattern that holds wherever the XML has what a pattern asks for."""
    parts = [piece for part in pattern for piece in _written(part)]
    return ir.tidy((AnyRun, *parts, AnyRun))


def _written(part: Part) -> list[Part]:
    """Return a part with any text in place of what XML may write otherwise."""
    if not isinstance(part, Literal):
        return [AnyRun]
    first, *others = _ESCAPED.split(part.text)
    return [Literal(first), *(one for text in others for one in (AnyRun, Literal(text)))]


def _test(leaf: ir.StringMatch, entry: Entry, pattern: Pattern, element: str) -> Node:
    if element:
        pattern = ir.tidy((AnyRun, Literal(f"<{element}>"), AnyRun, *pattern))
    if pattern == (AnyRun,):
        return ir.TRUE
    return ir.StringMatch(entry.column, pattern, leaf.cased, leaf.place)


def _bound(node: Node, entry: Entry, element: str) -> Node:
    """Return the literals that an expression requires, looked for in the XML."""
    match node:
        case ir.And(children):
            parts = [_bound(child, entry, element) for child in children]
            return ir.all_of([part for part in parts if part != ir.TRUE])
        case ir.Or(children):
            parts = [_bound(child, entry, element) for child in children]
            return ir.TRUE if ir.TRUE in parts else ir.any_of(parts)
        case ir.StringMatch(pattern=pattern):
            return _test(node, entry, _open(pattern), element)
        case _:
            return node
