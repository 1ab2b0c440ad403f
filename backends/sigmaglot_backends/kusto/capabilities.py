"""What Kusto can say.

Sources: the Kusto query language reference, on string operators, null values, RE2 and the IP
functions. Strings are never null there, so an empty string and a missing one look the same.
"""

from __future__ import annotations

from typing import Any

from sigmaglot import ir
from sigmaglot.language import (
    ALL,
    CASED_KINDS,
    GONE,
    STRING_KINDS,
    Capabilities,
    approx,
    exact,
    finds_nothing,
    note,
    regex_on_re2,
    rows,
)

NAME = "Kusto"
_NUMBERS = tuple(f"{how}{name}" for how in ("", "computed ") for name in ("long", "int", "real"))
_TEXTS = ("string", "computed string", "dynamic")
"""Types that the string operators take; of a dynamic value they see its JSON."""


def _empty(leaf: Any) -> ir.Node:
    """Bound null and the empty string by «null or empty»: the column cannot tell them apart."""
    why = note("SG205", "the column does not tell a missing value from an empty one", leaf)
    either = ir.IsEmpty(leaf.field, leaf.place)
    return approx(leaf, why, (either, 0.05), GONE)


def _exists(leaf: ir.Exists) -> ir.Node:
    """Bound presence by «not empty», which leaves out what is present and empty."""
    why = note("SG205", "the column does not tell a missing value from an empty one", leaf)
    filled = ir.Not(ir.IsEmpty(leaf.field, leaf.place))
    return approx(leaf, why, ALL, (filled, 0.05))


def _field(leaf: ir.FieldMatch) -> ir.Node:
    """Bound a comparison of columns, where two that are missing look like two that are empty."""
    if isinstance(leaf.other, str):
        raise TypeError(leaf)
    why = note("SG205", "the columns do not tell a missing value from an empty one", leaf)
    filled = [ir.Not(ir.IsEmpty(column, leaf.place)) for column in (leaf.field, leaf.other)]
    return approx(leaf, why, (leaf, 0.05), (ir.all_of([leaf, *filled]), 0.05))


_RE2 = regex_on_re2(NAME)


def _regex(leaf: ir.RegexMatch) -> ir.Node:
    """Bound an expression that finds nothing at all, so also the empty text of a missing value."""
    found = _RE2(leaf)
    if found is not leaf or not finds_nothing(leaf):
        return found
    why = note("SG205", "the column does not tell a missing value from an empty one", leaf)
    filled = ir.all_of([leaf, ir.Not(ir.IsEmpty(leaf.field, leaf.place))])
    return approx(leaf, why, (leaf, 0.05), (filled, 0.05))


def _never_null(leaf: Any) -> ir.Node:
    """Say that a number or time is missing."""
    return leaf if isinstance(leaf, ir.IsNull) else ir.IsNull(leaf.field, leaf.place)


def _number_exists(leaf: ir.Exists) -> ir.Node:
    return ir.Not(ir.IsNull(leaf.field, leaf.place))


_STRINGS = tuple(kind for kind in (*STRING_KINDS, *CASED_KINDS) if not kind.startswith("empty"))

CAPABILITIES = Capabilities(
    NAME,
    {
        **rows(_STRINGS, exact, *_TEXTS),
        **rows(("empty", "empty_cased", "null"), _empty, *_TEXTS),
        **rows(("exists",), _exists, *_TEXTS),
        **rows(("regex",), _regex, *_TEXTS),
        **rows(("field",), _field, *_TEXTS),
        **rows(("null_or_empty", "cidr4", "cidr6", "compare"), exact, *_TEXTS),
        **rows(("compare", "field"), exact, *_NUMBERS),
        **rows(_STRINGS, exact, *_NUMBERS),
        **rows(("regex",), _RE2, *_NUMBERS),
        **rows(("null", "null_or_empty"), _never_null, *_NUMBERS, "datetime"),
        **rows(("exists",), _number_exists, *_NUMBERS, "datetime"),
        **rows(("time",), exact, "datetime"),
    },
)
