"""What SPL can say of a data model, in the where clause of tstats or in a later where stage.

Sources: Splunk's Search Reference, on tstats, where and the evaluation functions. A data model has
no raw text, so no keyword can be searched.
"""

from __future__ import annotations

from sigmaglot import ir
from sigmaglot.ir import Shape
from sigmaglot.language import (
    CASED_KINDS,
    STRING_KINDS,
    Capabilities,
    cannot_say,
    exact,
    rows,
)

NAME = "Splunk SPL over data models"


def _field(leaf: ir.FieldMatch) -> ir.Node:
    if leaf.shape is Shape.EQUALS:
        return leaf
    return cannot_say(leaf, NAME, "only whole fields are compared")


CAPABILITIES = Capabilities(
    NAME,
    {
        **rows((*STRING_KINDS, *CASED_KINDS), exact, "string"),
        **rows(
            ("empty", "empty_cased", "exists", "null", "null_or_empty"), exact, "string", "number"
        ),
        **rows(("regex", "cidr4", "cidr6"), exact, "string"),
        **rows(("compare",), exact, "number", "string"),
        **rows(("field",), _field, "string"),
    },
)
