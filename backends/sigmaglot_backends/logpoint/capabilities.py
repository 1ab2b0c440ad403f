"""What LogPoint can say.

There is no escape character, so a literal ``*`` or ``?`` cannot be written in a value; a regular
expression in a later stage says it. Source: the vendor's Sigma backend and the published queries
of MITRE CAR.
"""

from __future__ import annotations

from typing import Any

from sigmaglot import ir
from sigmaglot.language import (
    CASED_KINDS,
    GONE,
    STRING_KINDS,
    Capabilities,
    approx,
    exact,
    literal_bound,
    note,
    refers_back,
    rows,
)

NAME = "LogPoint"
RAW = ir.Column("", "raw")


def _keyword(leaf: ir.Keyword) -> ir.Node:
    """Search the raw text, which also holds what no field has."""
    why = note("SG205", "a keyword is searched in the whole log message", leaf)
    return approx(leaf, why, (ir.StringMatch(RAW, leaf.pattern, place=leaf.place), 0.1), GONE)


def _regex(leaf: ir.RegexMatch) -> ir.Node:
    """Say an expression as the body of a named group, which its own groups are counted after."""
    if refers_back(leaf.regex, leaf.flags):
        why = note(
            "SG305", f"{NAME} names the match by a group, which shifts back-references", leaf
        )
        return literal_bound(leaf, why)
    return leaf


def _raw(leaf: ir.StringMatch) -> Any:
    text = "".join(ir.texts_of(leaf.pattern))
    if set(text) & {"*", "?"} or {"'", '"'} <= set(text) or not text.isprintable():
        why = note("SG306", "a literal `*`, both quotes or a line break cannot be written", leaf)
        return approx(leaf, why, (ir.TRUE, 1.0), GONE)
    return leaf


CAPABILITIES = Capabilities(
    NAME,
    {
        **rows((*STRING_KINDS, *CASED_KINDS), exact, "string"),
        **rows(STRING_KINDS, _raw, "raw"),
        **rows(("regex",), _regex, "string"),
        **rows(("compare", "exists", "null", "null_or_empty"), exact, "string"),
        **rows(("keyword",), _keyword),
    },
)
