"""What SPL can say, in the search command or in a later where stage.

Sources: Splunk's Search Reference, on the search and where commands and the evaluation functions.
"""

from __future__ import annotations

import re
from dataclasses import replace

from sigmaglot import ir
from sigmaglot.ir import Column, Shape
from sigmaglot.language import (
    ALL,
    CASED_KINDS,
    GONE,
    STRING_KINDS,
    Capabilities,
    approx,
    cannot_say,
    exact,
    literals_of,
    note,
    rows,
)

NAME = "Splunk SPL"
RAW = Column("_raw", "raw")


def _field(leaf: ir.FieldMatch) -> ir.Node:
    if leaf.shape is Shape.CONTAINS:
        return cannot_say(leaf, NAME, "no function looks for one field inside another")
    return leaf


def _keyword(leaf: ir.Keyword) -> ir.Node:
    """Search the raw text, which also holds the names of fields and what no field has."""
    raw = _in_raw(ir.StringMatch(RAW, leaf.pattern, leaf.cased, leaf.place))
    return _raw_bound(leaf, raw, 0.1)


def _keyword_regex(leaf: ir.KeywordRegex) -> ir.Node:
    """Search the raw text for the literals that the expression requires.

    What else it asks for is not the same there: a value ends elsewhere, and has its entities.
    """
    inside = ir.RegexMatch(RAW, leaf.regex, f"{leaf.flags}m", leaf.place)
    return _raw_bound(leaf, _in_raw(literals_of(inside)[0]), 0.3)


def _raw_bound(leaf: ir.Keyword | ir.KeywordRegex, raw: ir.Node, loss: float) -> ir.Node:
    why = note("SG205", "a keyword is searched in the event's raw text, field names and all", leaf)
    return approx(leaf, why, ALL if raw == ir.TRUE else (raw, loss), GONE)


def _in_raw(node: ir.Node) -> ir.Node:
    """Return tests of values as tests of the raw text, where XML writes some as entities."""
    match node:
        case ir.And(children):
            parts = [_in_raw(child) for child in children]
            return ir.all_of([part for part in parts if part != ir.TRUE])
        case ir.Or(children):
            parts = [_in_raw(child) for child in children]
            return ir.TRUE if ir.TRUE in parts else ir.any_of(parts)
        case ir.StringMatch(pattern=pattern):
            written = ir.tidy(tuple(part for one in pattern for part in _written(one)))
            return ir.TRUE if written == (ir.AnyRun,) else replace(node, pattern=written)
        case _:
            return node


def _written(part: ir.Part) -> list[ir.Part]:
    """Return a part of a pattern with any text in place of characters that may be entities."""
    if not isinstance(part, ir.Literal):
        return [ir.AnyRun] if part is ir.AnyOne else [part]
    first, *others = re.split("[&<>\"']", part.text)
    return [ir.Literal(first), *(one for text in others for one in (ir.AnyRun, ir.Literal(text)))]


def _presence(leaf: ir.StringMatch | ir.IsNull | ir.IsEmpty | ir.Exists) -> ir.Node:
    """Mark a test for presence: whether an empty field is extracted is not documented."""
    if isinstance(leaf.field, str) or leaf.field.caveat:
        return leaf
    name = leaf.field.name
    caveat = (
        f"an empty `{name}` is extracted as a field with an empty value, which `{name}=*` finds"
    )
    return replace(leaf, field=replace(leaf.field, caveat=caveat))


CAPABILITIES = Capabilities(
    NAME,
    {
        **rows((*STRING_KINDS, *CASED_KINDS), exact, "string", "raw"),
        **rows(("empty", "empty_cased", "exists", "null", "null_or_empty"), _presence, "string"),
        **rows(
            ("regex", "cidr4", "cidr6", "compare", "time"),
            exact,
            "string",
        ),
        **rows(("regex",), exact, "raw"),
        **rows(("field",), _field, "string"),
        **rows(("keyword",), _keyword),
        **rows(("keyword_regex",), _keyword_regex),
    },
)
