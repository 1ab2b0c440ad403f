"""PowerShell's joined texts, which Elastic's ingest takes apart: Payload, ContextInfo and Data.

Source: Winlogbeat's PowerShell pipelines. Event 4103's ``Payload`` is cut into lines, and each line
``Type(Command): name="..."; value="..."`` into its parts. ``ContextInfo`` and the data of the
classic log are lists of ``key=value``, each of which has a field of its own. The joined text itself
is deleted, so what spans two parts cannot be found.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from sigmaglot import ir
from sigmaglot.ir import Column, FieldLeaf, Literal, Node, Shape
from sigmaglot.language import ALL, GONE, approx, literals_of
from sigmaglot.pipelines.rewrites.ecs_analysed import is_one_word, words_in, words_of
from sigmaglot.pipelines.rewrites.plain import on, other_form

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry

_WHY = "is stored in parts, without what stands between them"
_KEY = re.compile(r"([A-Za-z]+(?: [A-Za-z]+)*)(?: = ?|=)(.*)", re.DOTALL)
"""A key, with its blanks, and its value: ``ContextInfo`` has blanks around the ``=``."""
_COMMAND = re.compile("[A-Za-z][A-Za-z0-9_-]*")
"""What looks like a command's name: ``Get-Clipboard``."""
_DROPPED = ("name", "value")
"""Words of a line of ``Payload`` that are not stored."""
_TELLING = 3
"""Characters of a word that is worth being looked for on its own."""


def ecs_payload(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of the invocation details: above by its words, below by the command's name.

    Columns: ``value``, of type ``text``, ``command``, and any others.
    """
    note = other_form(leaf, entry, _WHY)
    if isinstance(leaf, ir.RegexMatch):
        upper = _each_literal(literals_of(leaf)[0], entry)
        return approx(leaf, note, ALL if upper == ir.TRUE else (upper, 0.5), GONE)
    if not isinstance(leaf, ir.StringMatch):
        return approx(leaf, note, ALL, GONE)
    shape, text = ir.shape_of(leaf.pattern)
    upper = _each_word(leaf, entry)
    bound = ALL if upper == ir.TRUE else (upper, 0.5)
    if shape is not Shape.CONTAINS or "\n" in text:
        return approx(leaf, note, bound, GONE)
    roles = ("value", "command") if _is_kept(text) and not leaf.cased else ("command",)
    lower = ir.any_of([_in_column(leaf, entry, entry.columns[role]) for role in roles])
    return approx(leaf, note, bound, (lower, 0.1 if _COMMAND.fullmatch(text) else 0.8))


def ecs_pairs(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of a list of ``key=value`` to the column of the key, or to the main columns.

    Columns: by the key in small letters, without blanks. ``main`` in the entry's values names the
    keys whose columns are searched for a text without a key.
    """
    note = other_form(leaf, entry, _WHY)
    found = _with_key(leaf, entry) or _without_key(leaf, entry)
    return approx(leaf, note, ALL, GONE if found is None else (found, 0.2))


def _with_key(leaf: FieldLeaf, entry: Entry) -> Node | None:
    """Return the test of the column of ``*key=value*``, None for any other pattern."""
    if not isinstance(leaf, ir.StringMatch) or len(leaf.pattern) < 3:
        return None
    first, literal, *rest = leaf.pattern
    if first is not ir.AnyRun or rest[-1] is not ir.AnyRun or not isinstance(literal, Literal):
        return None
    match = _KEY.fullmatch(literal.text)
    column = entry.columns.get(match[1].replace(" ", "").lower()) if match else None
    if match is None or column is None or any("\n" in text for text in ir.texts_of(leaf.pattern)):
        return None
    pattern = ir.tidy((Literal(match[2]), *rest))
    return _in_column(replace(leaf, pattern=pattern), entry, column)


def _without_key(leaf: FieldLeaf, entry: Entry) -> Node | None:
    if not isinstance(leaf, ir.StringMatch):
        return None
    pattern = leaf.pattern
    reaches = len(pattern) > 2 and pattern[0] is ir.AnyRun and pattern[-1] is ir.AnyRun
    if not reaches or any("\n" in text for text in ir.texts_of(pattern)):
        return None
    main = (entry.columns[key] for key in entry.values["main"])
    return ir.any_of([_in_column(leaf, entry, column) for column in main])


def _in_column(leaf: ir.StringMatch, entry: Entry, column: Column) -> Node:
    return words_of(leaf, entry, column) if column.type == "text" else on(leaf, column)


def _is_kept(text: str) -> bool:
    """Return whether a text is a part of one word that the pipeline keeps."""
    return is_one_word(text) and not any(text.lower() in word for word in _DROPPED)


def _somewhere(leaf: ir.StringMatch, entry: Entry) -> Node:
    return ir.any_of([_in_column(leaf, entry, column) for column in entry.columns.values()])


def _each_word(leaf: ir.StringMatch, entry: Entry) -> Node:
    """Return that each word of a test stands in some part: whatever is found holds them all."""
    texts = [
        word.text
        for part in ir.texts_of(leaf.pattern)
        for word in words_in(part, at_start=False, at_end=False)
        if len(word.text) >= _TELLING and _is_kept(word.text)
    ]
    return ir.all_of(
        [
            _somewhere(
                ir.StringMatch(leaf.field, ir.pattern(Shape.CONTAINS, text), place=leaf.place),
                entry,
            )
            for text in dict.fromkeys(texts)
        ]
    )


def _each_literal(node: Node, entry: Entry) -> Node:
    match node:
        case ir.And(children):
            return ir.all_of([_each_literal(child, entry) for child in children])
        case ir.Or(children):
            return ir.any_of([_each_literal(child, entry) for child in children])
        case ir.StringMatch():
            return _each_word(node, entry)
        case _:
            return ir.TRUE
