"""What CAR pseudocode can say: the constructs that its published analytics use."""

from __future__ import annotations

from sigmaglot import ir
from sigmaglot.ir import Shape
from sigmaglot.language import (
    CASED_KINDS,
    GONE,
    STRING_KINDS,
    Capabilities,
    Handler,
    approx,
    cannot_say,
    exact,
    note,
    rows,
    single_as_run,
    without_case,
)

NAME = "CAR pseudocode"


def _literal(handle: Handler) -> Handler:
    """Return a handler that leaves out what a quoted glob cannot hold: it has no escape."""

    def handler(leaf: ir.StringMatch) -> ir.Node:
        texts = ir.texts_of(leaf.pattern)
        if any(char in text for text in texts for char in '*"') or not all(
            text.isprintable() for text in texts
        ):
            why = note("SG306", "a value cannot hold a literal `*`, a quote or a line break", leaf)
            return approx(leaf, why, (ir.StringMatch(leaf.field, _wide(leaf.pattern)), 0.1), GONE)
        return handle(leaf)

    return handler


def _wide(pattern: ir.Pattern) -> ir.Pattern:
    """Return the pattern with any text in place of what cannot be written."""
    parts: list[ir.Part] = []
    for part in pattern:
        if isinstance(part, ir.Literal):
            for char in part.text:
                plain = char.isprintable() and char not in '*"'
                parts.append(ir.Literal(char) if plain else ir.AnyRun)
        else:
            parts.append(part)
    return ir.tidy(tuple(parts))


def _regex(leaf: ir.RegexMatch) -> ir.Node:
    if '"' in leaf.regex or not leaf.regex.isprintable():
        quoted = leaf.regex.replace('"', "\\x22").replace("\n", "\\n").replace("\t", "\\t")
        return ir.RegexMatch(leaf.field, quoted, leaf.flags, leaf.place)
    return leaf


def _field(leaf: ir.FieldMatch) -> ir.Node:
    if leaf.shape is Shape.EQUALS:
        return leaf
    return cannot_say(leaf, NAME, "no published analytic compares parts of fields")


_PLAIN = tuple(kind for kind in STRING_KINDS if kind != "single")
_CASED = tuple(kind for kind in CASED_KINDS if kind != "single_cased")

CAPABILITIES = Capabilities(
    NAME,
    {
        **rows(_PLAIN, _literal(exact), "string"),
        **rows(_CASED, _literal(without_case(NAME)), "string"),
        **rows(("single", "single_cased"), single_as_run(NAME), "string"),
        **rows(("regex",), _regex, "string"),
        **rows(("compare", "exists", "null"), exact, "string", "number"),
        **rows(("field",), _field, "string", "number"),
        **rows(("null_or_empty",), exact, "string"),
    },
)
