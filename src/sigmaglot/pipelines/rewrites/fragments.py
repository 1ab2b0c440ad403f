"""Columns that hold a field's text inside a larger one, or a part of it alone."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from sigmaglot import ir
from sigmaglot.ir import AnyRun, FieldLeaf, Literal, Node, Part, Pattern, Shape
from sigmaglot.language import ALL, GONE, approx, literals_of
from sigmaglot.pipelines.rewrites.plain import on, other_form

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry

_UNSURE = re.compile(r"[^\x20-\x7e]|[/<>&'+`]")
"""Characters that one writer of JSON escapes and another does not (RFC 8259, section 7)."""
_WORD = re.compile(r"[\w-]+")
_PATH = re.compile(r"[\w\\.:() -]+")
"""The characters of nearly all names of programs and their folders."""


def json_text(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of a text to a search in JSON that holds it, with characters escaped.

    The search is an upper bound, as the JSON holds more than the text.
    """
    note = other_form(leaf, entry, "is searched in JSON that holds more than it")
    bound: Node = leaf
    if isinstance(leaf, ir.RegexMatch):
        bound, _ = literals_of(leaf)
    elif not isinstance(leaf, ir.StringMatch) or not leaf.pattern:
        return approx(leaf, note, ALL, GONE)
    upper = _inside(bound, entry)
    return approx(leaf, note, ALL if upper == ir.TRUE else (upper, 0.2), GONE)


def _inside(node: Node, entry: Entry) -> Node:
    """Return a tree of string tests as searches of the JSON."""
    match node:
        case ir.And(children):
            found = [_inside(child, entry) for child in children]
            return ir.all_of([one for one in found if one != ir.TRUE])
        case ir.Or(children):
            found = [_inside(child, entry) for child in children]
            return ir.TRUE if ir.TRUE in found else ir.any_of(found)
        case ir.StringMatch(pattern=pattern):
            inside = ir.tidy((AnyRun, *_escaped(pattern), AnyRun))
            if not ir.texts_of(inside):
                return ir.TRUE
            return ir.StringMatch(entry.column, inside, node.cased, node.place)
        case _:
            return ir.TRUE


def _escaped(pattern: Pattern) -> list[Part]:
    """Return a pattern as JSON writes its text, with any text where that is not sure."""
    out: list[Part] = []
    for part in pattern:
        pieces = _UNSURE.split(part.text) if isinstance(part, Literal) else ["", ""]
        for at, piece in enumerate(pieces):
            out += [AnyRun] if at else []
            out.append(Literal(json.dumps(piece)[1:-1]))
    return out


def name_within(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of a text of which the schema keeps one name: a lower bound.

    What the name holds, the text holds; a text that is no part of a name is beyond the schema.
    """
    note = other_form(leaf, entry, "is stored as one name out of it, without the rest")
    return _part(leaf, entry, note, _WORD)


def path_within(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of a command line of which the schema keeps the program's path: a lower bound.

    What the path holds, the command line holds; a text that is no part of a path is left out.
    """
    note = other_form(leaf, entry, "is stored as the program's path, without the rest of the line")
    return _part(leaf, entry, note, _PATH)


def _part(leaf: FieldLeaf, entry: Entry, note: ir.Note, may_hold: re.Pattern[str]) -> Node:
    """Return the bounds of a test of a text by a part of it, which holds some texts only."""
    if isinstance(leaf, ir.StringMatch):
        shape, text = ir.shape_of(leaf.pattern)
        if shape is Shape.CONTAINS and may_hold.fullmatch(text):
            return approx(leaf, note, ALL, (on(leaf, entry.column), 0.5))
    return approx(leaf, note, ALL, GONE)
