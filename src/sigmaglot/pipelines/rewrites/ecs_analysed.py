"""Texts that are stored as words alone: columns of Elasticsearch's type ``text``.

A test of such a column is a test of its words: ``*a*`` finds a word that holds ``a``, a text
without wildcards finds its words one after the other. Source: Elasticsearch's guide ("Text
analysis", "Standard tokenizer", "Pattern analyzer"). Winlogbeat's template and Elastic's Windows
integration cut ``script_block_text`` with a pattern that keeps letters, digits, ``_`` and ``-``; an
index without their template has the standard tokenizer, which cuts at ``-``. What is said here
holds for both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sigmaglot import ir
from sigmaglot.ir import Column, FieldLeaf, Node, Shape
from sigmaglot.language import ALL, GONE, approx, has_letters, literals_of
from sigmaglot.pipelines.rewrites.ecs_values import unless_gone
from sigmaglot.pipelines.rewrites.plain import other_form

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry

_RUN = re.compile("[A-Za-z0-9_]+")
_JOINED_RUN = re.compile("[A-Za-z0-9_-]+")
_CUTS = frozenset(' \t\r\n\\/"|&<>()[]{}=+*?!@#$%^~`')
"""Characters that end a word, whichever of the two analyzers reads them."""
_LONGEST = 255
"""Longer words are cut (Lucene, ``max_token_length``)."""
_JOINS = "joins"
"""The key of an entry's values that says that its own analyzer keeps ``-`` inside words."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word, or a part of one, that a literal is sure to put into the text.

    Attributes:
        text: As the literal has it.
        starts: Whether a word starts where it does.
        ends: Whether a word ends where it does.
        follows: Whether no other word can stand between the one before and this one.
    """

    text: str
    starts: bool
    ends: bool
    follows: bool


def ecs_analysed(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of a text to one of its words. Column: ``column``, of type ``text``."""
    stored = words_of(leaf, entry, entry.column)
    return unless_gone(leaf, entry, stored, ir.Not(_present(leaf, entry.column)))


def words_of(leaf: FieldLeaf, entry: Entry, column: Column) -> Node:
    """Return the test of a ``text`` column's words: exact for a part of one word, else bounds."""
    match leaf:
        case ir.IsNull() | ir.IsEmpty():
            return ir.Not(_present(leaf, column))
        case ir.Exists():
            return _present(leaf, column)
        case ir.StringMatch():
            return _of_pattern(leaf, entry, column)
        case ir.RegexMatch():
            upper = _of_literals(literals_of(leaf)[0], entry, column)
            note = other_form(leaf, entry, _WHY)
            return approx(leaf, note, ALL if upper == ir.TRUE else (upper, 0.4), GONE)
        case _:
            return approx(leaf, other_form(leaf, entry, _WHY), ALL, GONE)


_WHY = "is stored as words, without what stands between them and without letter case"


def is_one_word(text: str) -> bool:
    """Return whether a text can only lie inside one word, whatever stands around it."""
    return bool(_RUN.fullmatch(text)) and bool(text.strip("_")) and len(text) <= _LONGEST


def _of_pattern(leaf: ir.StringMatch, entry: Entry, column: Column) -> Node:
    shape, text = ir.shape_of(leaf.pattern)
    if shape is Shape.EMPTY:
        return ir.FALSE
    inside = ir.StringMatch(column, leaf.pattern, place=leaf.place)
    is_cased = leaf.cased and has_letters(leaf)
    if shape is Shape.CONTAINS and is_one_word(text) and not is_cased:
        return inside
    tests = list(_tests(leaf, column))
    size = sum(len(word.strip("*")) for word in map(ir.value_text, _strings(tests)))
    upper = (ir.all_of(tests), 0.1 if size >= 4 else 0.3) if tests else ALL
    joined = shape is Shape.CONTAINS and _JOINED_RUN.fullmatch(text) and text.strip("-_")
    lower = (inside, 0.2) if joined and _JOINS in entry.values and not is_cased else GONE
    return approx(leaf, other_form(leaf, entry, _WHY), upper, lower)


def _strings(tests: list[Node]) -> Iterator[ir.StringMatch]:
    return (test for test in tests if isinstance(test, ir.StringMatch))


def _of_literals(node: Node, entry: Entry, column: Column) -> Node:
    match node:
        case ir.And(children):
            return ir.all_of([_of_literals(child, entry, column) for child in children])
        case ir.Or(children):
            return ir.any_of([_of_literals(child, entry, column) for child in children])
        case ir.StringMatch():
            return _of_pattern(node, entry, column)
        case _:
            return ir.TRUE


def _tests(leaf: ir.StringMatch, column: Column) -> Iterator[Node]:
    """Yield a test for each word, or row of words, that every match holds; the telling ones."""
    last = len(leaf.pattern) - 1
    groups: list[list[Word]] = []
    for index, part in enumerate(leaf.pattern):
        if isinstance(part, ir.Literal):
            found = words_in(part.text, at_start=index == 0, at_end=index == last)
            groups += _rows(list(found))
    telling = [row for row in groups if len(row) > 1 or len(row[0].text) > 1] or groups
    seen = dict.fromkeys((_shape(row), " ".join(word.text for word in row)) for row in telling)
    for shape, text in seen:
        yield ir.StringMatch(column, ir.pattern(shape, text), place=leaf.place)


def words_in(text: str, *, at_start: bool, at_end: bool) -> Iterator[Word]:
    """Yield the sure words of a literal in order.

    ``at_start`` and ``at_end`` say that the whole text begins and ends where the literal does.
    """
    end = None
    for match in _RUN.finditer(text):
        if not is_one_word(match[0]):
            continue
        first, after = match.start(), match.end()
        starts = at_start if first == 0 else text[first - 1] in _CUTS
        ends = at_end if after == len(text) else text[after] in _CUTS
        follows = end is not None and all(char in _CUTS for char in text[end:first])
        yield Word(match[0], starts, ends, follows)
        end = after


def _rows(found: list[Word]) -> list[list[Word]]:
    """Return whole words that follow one another together; parts of words stand alone."""
    rows: list[list[Word]] = []
    for word in found:
        whole = word.starts and word.ends
        if whole and word.follows and rows[-1][-1].starts and rows[-1][-1].ends:
            rows[-1].append(word)
        else:
            rows.append([word])
    return rows


def _shape(row: list[Word]) -> Shape:
    word = row[0]
    if word.starts:
        return Shape.EQUALS if word.ends else Shape.STARTSWITH
    return Shape.ENDSWITH if word.ends else Shape.CONTAINS


def _present(leaf: FieldLeaf, column: Column) -> Node:
    """Return whether the column holds anything: a wildcard alone asks for that."""
    return ir.StringMatch(column, (ir.AnyRun,), place=leaf.place)
