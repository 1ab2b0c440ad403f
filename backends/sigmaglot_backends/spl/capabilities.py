"""What SPL can say, in the search command or in a later where stage.

Sources: Splunk's Search Reference, on the search and where commands and the evaluation functions.
"""

from __future__ import annotations

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
    why = note("SG205", "a keyword is searched in the event's raw text, field names and all", leaf)
    raw = ir.StringMatch(RAW, leaf.pattern, leaf.cased, leaf.place)
    return approx(leaf, why, (raw, 0.1), GONE)


def _keyword_regex(leaf: ir.KeywordRegex) -> ir.Node:
    why = note("SG205", "a keyword is searched in the event's raw text, field names and all", leaf)
    raw = ir.RegexMatch(RAW, leaf.regex, leaf.flags, leaf.place)
    return approx(leaf, why, (raw, 0.1) if "^" not in leaf.regex else ALL, GONE)


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
