"""What a language can say: a table from column type and kind of match to a handler.

A handler receives a leaf and returns the same leaf (the language says it exactly), another tree
that means the same, or an ``Approx`` with both bounds. A pair that the table lacks is something
that the language cannot say at all: its bounds are True and False.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sigmaglot import ir
from sigmaglot.ir import Leaf, Node, Shape

Handler = Callable[[Any], Node]
ANY_TYPE = "*"

STRING_KINDS = tuple(str(shape) for shape in Shape if shape is not Shape.ANY)
CASED_KINDS = tuple(f"{kind}_cased" for kind in STRING_KINDS)

_KINDS: dict[type, str] = {
    ir.RegexMatch: "regex",
    ir.Compare: "compare",
    ir.FieldMatch: "field",
    ir.Exists: "exists",
    ir.IsNull: "null",
    ir.IsEmpty: "null_or_empty",
    ir.TimeMatch: "time",
    ir.Keyword: "keyword",
    ir.KeywordRegex: "keyword_regex",
    ir.Placeholder: "placeholder",
}


def kind_of(leaf: Leaf) -> str:
    """Return the kind of match of a leaf, the second key of a capability table."""
    if isinstance(leaf, ir.StringMatch):
        shape = ir.shape_of(leaf.pattern)[0]
        return f"{shape}_cased" if leaf.cased else shape
    if isinstance(leaf, ir.CidrMatch):
        return "cidr6" if ":" in leaf.network else "cidr4"
    return _KINDS[type(leaf)]


def type_of(leaf: Leaf) -> str:
    """Return the column type of a leaf, the first key of a capability table."""
    if isinstance(leaf, (ir.Keyword, ir.KeywordRegex)) or isinstance(leaf.field, str):
        return ANY_TYPE
    return leaf.field.type


def exact(leaf: Leaf) -> Node:
    """Handle what the language says as it is."""
    return leaf


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The table of one language.

    Attributes:
        language: The language's title, for notes.
        table: (column type or ``*``, kind) to handler; the column's own type goes first.
    """

    language: str
    table: Mapping[tuple[str, str], Handler]

    def handle(self, leaf: Leaf) -> Node:
        """Return what the language makes of a leaf."""
        kind = kind_of(leaf)
        handler = self.table.get((type_of(leaf), kind)) or self.table.get((ANY_TYPE, kind))
        if handler is None:
            return cannot_say(leaf, self.language)
        return handler(leaf)


def cannot_say(leaf: Leaf, language: str, why: str = "") -> ir.Approx:
    """Return the bounds of a leaf that a language has no words for."""
    name = ir.field_name(leaf)
    what = f"`{kind_of(leaf)}` match" + (f" on `{name}`" if name else "")
    message = f"{language} cannot say a {what}{': ' + why if why else ''}"
    return drop(leaf, ir.Note("SG301", message, name, ir.value_text(leaf)))


def drop(leaf: Leaf, note: ir.Note) -> ir.Approx:
    """Return the bounds of a leaf of which nothing is left: True above, False below."""
    return ir.Approx(leaf, ir.Bound(ir.TRUE, 1.0, note), ir.Bound(ir.FALSE, 1.0, note))


def rows(kinds: tuple[str, ...], handler: Handler, *types: str) -> dict[tuple[str, str], Handler]:
    """Return table rows that give several kinds, of several column types, one handler."""
    return {(kind_type, kind): handler for kind_type in types or (ANY_TYPE,) for kind in kinds}
