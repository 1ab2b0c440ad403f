"""Upper and lower bounds that more than one language needs, and handlers made of them."""

from __future__ import annotations

from sigmaglot import ir
from sigmaglot.ir import Approx, Bound, Leaf, Node, Note
from sigmaglot.language.capabilities import Handler
from sigmaglot.language.regexes import literals_of, runs_on_re2


def approx(leaf: Leaf, note: Note, upper: tuple[Node, float], lower: tuple[Node, float]) -> Approx:
    """Return an approximation whose two sides share one note."""
    return Approx(leaf, Bound(*upper, note), Bound(*lower, note))


def note(code: str, message: str, leaf: Leaf) -> Note:
    """Return a note about a leaf, with its field and value."""
    return Note(code, message, ir.field_name(leaf), ir.value_text(leaf))


GONE = (ir.FALSE, 1.0)
"""The lower bound that is always there."""
ALL = (ir.TRUE, 1.0)
"""The upper bound that is always there."""


def uncased(leaf: ir.StringMatch) -> ir.StringMatch:
    """Return a leaf without its demand for letter case: an upper bound of it."""
    return ir.StringMatch(leaf.field, leaf.pattern, cased=False, place=leaf.place)


def has_letters(leaf: ir.StringMatch) -> bool:
    """Return whether letter case can make a difference to the leaf."""
    return any(text.lower() != text.upper() for text in ir.texts_of(leaf.pattern))


def without_case(language: str) -> Handler:
    """Return the handler of a cased match for a language that ignores letter case."""

    def handle(leaf: ir.StringMatch) -> Node:
        if not has_letters(leaf):
            return uncased(leaf)
        why = note("SG303", f"{language} compares without letter case here", leaf)
        return approx(leaf, why, (uncased(leaf), 0.1), GONE)

    return handle


def single_as_run(language: str) -> Handler:
    """Return the handler of ``?`` for a language whose only wildcard is ``*``."""

    def handle(leaf: ir.StringMatch) -> Node:
        pattern = ir.tidy(tuple(ir.AnyRun if part is ir.AnyOne else part for part in leaf.pattern))
        wide = ir.StringMatch(leaf.field, pattern, leaf.cased, leaf.place)
        why = note("SG301", f"{language} has no single-character wildcard: `?` became `*`", leaf)
        return approx(leaf, why, (wide, 0.1), GONE)

    return handle


def regex_by_literals(language: str) -> Handler:
    """Return the handler of regular expressions for a language without them."""

    def handle(leaf: ir.RegexMatch) -> Node:
        return literal_bound(leaf, note("SG301", f"{language} has no regular expressions", leaf))

    return handle


def regex_on_re2(language: str) -> Handler:
    """Return the handler of regular expressions for a language that runs them on RE2."""

    def handle(leaf: ir.RegexMatch) -> Node:
        if runs_on_re2(leaf.regex, leaf.flags):
            return leaf
        why = f"{language} runs RE2, which has no lookaround and no back-references"
        return literal_bound(leaf, note("SG305", why, leaf))

    return handle


def literal_bound(leaf: ir.RegexMatch, why: Note) -> Node:
    """Return the literals that a regular expression requires, as its upper bound.

    An expression that is nothing but a literal is that literal, exactly.
    """
    node, whole = literals_of(leaf)
    if whole and node != ir.TRUE:
        return node
    if node == ir.TRUE:
        return approx(leaf, why, ALL, GONE)
    longest = max(len(ir.value_text(found).strip("*")) for found in ir.leaves(node))
    return approx(leaf, why, (node, 0.3 if longest >= 3 else 0.6), GONE)
