r"""Registry objects: ``key\value`` in one Sigma field, two columns in the schema.

For schemas whose sensor has Sysmon's text alone, and so can only part it at its last backslash: a
value's name has none. The hive is written as Sysmon writes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sigmaglot import ir
from sigmaglot.ir import FieldLeaf, Literal, Node, Pattern
from sigmaglot.language import ALL, GONE, approx, literals_of
from sigmaglot.pipelines.rewrites.plain import on, other_form

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry

_SEPARATOR = "\\"
_ANYTHING: Pattern = (ir.AnyRun,)


def key_value(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of a registry object that is always a value. Columns: ``key``, ``value``."""
    return _rewrite(leaf, entry, may_be_key=False)


def key_or_value(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of a registry object that may also be a key, and then has no value.

    Columns: ``key``, ``value``.
    """
    return _rewrite(leaf, entry, may_be_key=True)


def _rewrite(leaf: FieldLeaf, entry: Entry, *, may_be_key: bool) -> Node:
    match leaf:
        case ir.StringMatch(pattern=pattern):
            return _Parts(leaf, entry, may_be_key=may_be_key).tests(pattern)
        case ir.IsNull() | ir.IsEmpty() | ir.Exists():
            return on(leaf, entry.columns["key"])
        case ir.RegexMatch():
            note = other_form(leaf, entry, "is stored in two columns, which no regex spans")
            bound, _ = literals_of(leaf)
            upper = ALL if bound == ir.TRUE else (_each(bound, entry, may_be_key), 0.5)
            return approx(leaf, note, upper, GONE)
        case _:
            note = other_form(leaf, entry, "is stored in two columns")
            return approx(leaf, note, ALL, GONE)


def _each(node: Node, entry: Entry, may_be_key: bool) -> Node:
    """Rewrite every string test of a tree."""
    match node:
        case ir.And(children):
            return ir.all_of([_each(child, entry, may_be_key) for child in children])
        case ir.Or(children):
            return ir.any_of([_each(child, entry, may_be_key) for child in children])
        case ir.StringMatch():
            return _rewrite(node, entry, may_be_key=may_be_key)
        case _:
            return node


class _Parts:
    """Parts one pattern at each place where the last backslash of an object can be."""

    def __init__(self, leaf: ir.StringMatch, entry: Entry, *, may_be_key: bool) -> None:
        self._leaf = leaf
        self._key, self._value = entry.columns["key"], entry.columns["value"]
        self._may_be_key = may_be_key

    def tests(self, pattern: Pattern) -> Node:
        """Return the alternatives, each a test of the key and one of the value."""
        if pattern == _ANYTHING:
            return self._is_there()
        tests = [self._both(*halves) for halves in _halves(pattern)]
        if self._may_be_key and pattern[-1:] != _ANYTHING:
            alone = ir.IsNull(self._value, self._leaf.place)
            tests.append(ir.all_of([self._match(self._key, pattern), alone]))
        return ir.any_of(tests)

    def _both(self, key: Pattern, value: Pattern) -> Node:
        tests = [
            self._match(column, half)
            for column, half in ((self._key, key), (self._value, value))
            if half != _ANYTHING
        ]
        if self._may_be_key and value == _ANYTHING and key != ir.tidy(self._leaf.pattern):
            tests.append(ir.Exists(self._value, self._leaf.place))
        return ir.all_of(tests) if tests else self._is_there()

    def _is_there(self) -> Node:
        return ir.Not(ir.IsNull(self._key, self._leaf.place))

    def _match(self, column: ir.Column, pattern: Pattern) -> Node:
        return ir.StringMatch(column, pattern, self._leaf.cased, self._leaf.place)


def _halves(pattern: Pattern) -> list[tuple[Pattern, Pattern]]:
    """Return what stands before and after each possible last backslash of the text."""
    at, found = -1, []
    for index, part in enumerate(pattern):
        if isinstance(part, Literal) and _SEPARATOR in part.text:
            before, _, after = part.text.rpartition(_SEPARATOR)
            at, found = index, [_joined(pattern, index, (Literal(before),), (Literal(after),))]
    for index in range(at + 1, len(pattern)):
        if isinstance(pattern[index], ir.Wildcard):
            run = (ir.AnyRun,) if pattern[index] is ir.AnyRun else ()
            found.append(_joined(pattern, index, run, run))
    return found


def _joined(
    pattern: Pattern, index: int, before: Pattern, after: Pattern
) -> tuple[Pattern, Pattern]:
    """Return the halves of a pattern whose part at an index is parted so."""
    return ir.tidy((*pattern[:index], *before)), ir.tidy((*after, *pattern[index + 1 :]))
