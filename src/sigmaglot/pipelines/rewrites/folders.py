r"""Paths in two columns: the folder without the file's name, and the file's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sigmaglot import ir
from sigmaglot.ir import Column, FieldLeaf, Literal, Node, Pattern
from sigmaglot.language import ALL, GONE, approx, literals_of
from sigmaglot.pipelines.rewrites.plain import on, other_form

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry

_SEPARATOR = "\\"


def folder_and_name(leaf: FieldLeaf, entry: Entry) -> Node:
    r"""Rewrite a test of a whole path to tests of its folder and of its name.

    The name begins after the path's last backslash, so a pattern splits at its own last backslash,
    or at any wildcard behind that which reaches over the path's last one. A bare name has no
    folder. Columns: ``folder``, with or without a backslash at its end, and ``name``.
    """
    match leaf:
        case ir.StringMatch(pattern=pattern):
            return _split(leaf, pattern, entry)
        case ir.IsNull() | ir.IsEmpty() | ir.Exists():
            return on(leaf, entry.columns["name"])
        case ir.RegexMatch():
            note = other_form(leaf, entry, "is stored in two columns, which no regex spans")
            bound, _ = literals_of(leaf)
            upper = ALL if bound == ir.TRUE else (_halves(bound, entry), 0.5)
            return approx(leaf, note, upper, GONE)
        case _:
            note = other_form(leaf, entry, "is stored in two columns")
            return approx(leaf, note, ALL, GONE)


def _halves(node: Node, entry: Entry) -> Node:
    """Rewrite every string test of a tree."""
    match node:
        case ir.And(children):
            return ir.all_of([_halves(child, entry) for child in children])
        case ir.Or(children):
            return ir.any_of([_halves(child, entry) for child in children])
        case ir.StringMatch(pattern=pattern):
            return _split(node, pattern, entry)
        case _:
            return node


def _split(leaf: ir.StringMatch, pattern: Pattern, entry: Entry) -> Node:
    tests = [_both(leaf, folder, name, entry) for folder, name in _cuts(pattern)]
    if pattern[:1] != (ir.AnyRun,) and not any(map(_has_separator, pattern)):
        name = _test(leaf, entry.columns["name"], pattern)
        tests.append(ir.all_of([name, ir.IsNull(entry.columns["folder"], leaf.place)]))
    return ir.any_of(tests)


def _cuts(pattern: Pattern) -> list[tuple[Pattern, Pattern]]:
    """Return the folder's and the name's patterns for each way to cut a path's pattern."""
    last = max((at for at, part in enumerate(pattern) if _has_separator(part)), default=-1)
    cuts = [_at_literal(pattern, last)] if last >= 0 else []
    behind = [at for at in range(last + 1, len(pattern)) if not isinstance(pattern[at], Literal)]
    return cuts + [_at_wildcard(pattern, at) for at in behind]


def _has_separator(part: ir.Part) -> bool:
    return isinstance(part, Literal) and _SEPARATOR in part.text


def _at_literal(pattern: Pattern, at: int) -> tuple[Pattern, Pattern]:
    """Return the two sides of the last backslash of a literal."""
    part = pattern[at]
    before, _, after = (part.text if isinstance(part, Literal) else "").rpartition(_SEPARATOR)
    folder = ir.tidy((*pattern[:at], Literal(before)))
    return folder, ir.tidy((Literal(after), *pattern[at + 1 :]))


def _at_wildcard(pattern: Pattern, at: int) -> tuple[Pattern, Pattern]:
    """Return the two sides where a wildcard covers the backslash."""
    run = (ir.AnyRun,) if pattern[at] is ir.AnyRun else ()
    return ir.tidy((*pattern[:at], *run)), ir.tidy((*run, *pattern[at + 1 :]))


def _both(leaf: ir.StringMatch, folder: Pattern, name: Pattern, entry: Entry) -> Node:
    tests = []
    if folder != (ir.AnyRun,):
        tests.append(_folder(leaf, entry.columns["folder"], folder))
    if name != (ir.AnyRun,):
        tests.append(_test(leaf, entry.columns["name"], name))
    return ir.all_of(tests) if tests else ir.Not(ir.IsNull(entry.columns["name"], leaf.place))


def _folder(leaf: ir.StringMatch, column: Column, pattern: Pattern) -> Node:
    """Return a test of the folder, whether or not a backslash ends it."""
    if pattern and pattern[-1] is ir.AnyRun:
        return _test(leaf, column, pattern)
    closed = ir.tidy((*pattern, Literal(_SEPARATOR)))
    return ir.any_of([_test(leaf, column, pattern), _test(leaf, column, closed)])


def _test(leaf: ir.StringMatch, column: Column, pattern: Pattern) -> ir.StringMatch:
    return ir.StringMatch(column, pattern, leaf.cased, leaf.place)
