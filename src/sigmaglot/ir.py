"""The tree that every stage works on: immutable, typed, without parents.

What a leaf means is defined by running it: ``sigmaglot.evaluate``. Escaping is gone before a
pattern exists; only a renderer brings it back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from enum import StrEnum

from sigmaglot.patterns import (
    AnyOne,
    AnyRun,
    Literal,
    Part,
    Pattern,
    Shape,
    Wildcard,
    pattern,
    pattern_text,
    shape_of,
    texts_of,
    tidy,
    wildcard_text,
)

__all__ = [
    "AnyOne",
    "AnyRun",
    "Literal",
    "Part",
    "Pattern",
    "Shape",
    "Wildcard",
    "pattern",
    "pattern_text",
    "shape_of",
    "texts_of",
    "tidy",
    "wildcard_text",
]

Place = tuple[str | int, ...]
"""Keys and indexes that lead from the root of the YAML document to the node of a leaf."""


@dataclass(frozen=True, slots=True)
class Column:
    """A typed column of a target's schema, which replaces a Sigma field when a leaf is bound.

    Attributes:
        name: As the target's language writes it, before quoting.
        type: A type of the pipeline, such as ``string``, ``long`` or ``keyword``, and
            ``computed string`` where an expression of the pipeline makes the column.
        text: The analysed sub-field of an Elastic keyword, empty where there is none.
        base: The column that holds the last component of this path, empty where there is none.
        canonical: Whether every value is stored in the letter case that the leaf's value has, so
            that a comparison with case finds the same as one without.
        caveat: What is unconfirmed about the mapping; shown to the user under ``assumes``.
    """

    name: str
    type: str = "string"
    text: str = ""
    base: str = ""
    canonical: bool = False
    caveat: str = ""

    def __hash__(self) -> int:
        """Return the hash of the name, which nearly always tells two columns apart."""
        return hash(self.name)


Field = str | Column
"""A Sigma field name before binding, a column after it."""


class Op(StrEnum):
    """Numeric comparisons."""

    EQ = "=="
    LT = "<"
    LTE = "<="
    GT = ">"
    GTE = ">="


class TimePart(StrEnum):
    """Parts of a timestamp that a rule can test."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class And:
    """True where every child is."""

    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """True where some child is."""

    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """True where the child is not: two-valued, also over a missing field."""

    child: Node


@dataclass(frozen=True, slots=True)
class Const:
    """Always or never true."""

    value: bool


@dataclass(frozen=True, slots=True)
class StringMatch:
    """The field's text matches a whole pattern, without letter case unless ``cased``."""

    field: Field
    pattern: Pattern
    cased: bool = False
    place: Place = attribute(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class RegexMatch:
    """A regular expression is found in the field; ``flags`` are of the letters i, m and s."""

    field: Field
    regex: str
    flags: str = ""
    place: Place = attribute(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class CidrMatch:
    """The field is an address of the network, written as ``10.0.0.0/8`` or ``fe80::/10``."""

    field: Field
    network: str
    place: Place = attribute(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Compare:
    """The field, read as a number, compares so with a number."""

    field: Field
    op: Op
    number: int | float
    place: Place = attribute(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class FieldMatch:
    """The field equals, starts with, ends with or contains the text of another field."""

    field: Field
    other: Field
    shape: Shape = Shape.EQUALS
    place: Place = attribute(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Exists:
    """The event has the field, whatever its value."""

    field: Field
    place: Place = attribute(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class IsNull:
    """The event lacks the field or holds null in it."""

    field: Field
    place: Place = attribute(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class IsEmpty:
    """The field is missing, null or the empty string."""

    field: Field
    place: Place = attribute(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class TimeMatch:
    """A part of the field, read as a timestamp, compares so with a number."""

    field: Field
    part: TimePart
    op: Op
    number: int
    place: Place = attribute(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Placeholder:
    """The field is compared with a list that the user has not given yet; no rule compiles so."""

    field: Field
    name: str
    place: Place = attribute(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Keyword:
    """The text stands somewhere in some field of the event."""

    pattern: Pattern
    cased: bool = False
    place: Place = attribute(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class KeywordRegex:
    """The regular expression is found in some field of the event."""

    regex: str
    flags: str = ""
    place: Place = attribute(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Note:
    """One departure of a query from its rule: what, of which field and value, and why."""

    code: str
    message: str
    field: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Bound:
    """One side of an approximation: what stands for the leaf, and how much of it is lost.

    ``loss`` is between 0 (all but equal) and 1 (the leaf is gone).
    """

    node: Node
    loss: float
    note: Note


@dataclass(frozen=True, slots=True)
class Approx:
    """A leaf without an exact form: ``upper`` holds wherever it does, ``lower`` only where it does.

    It lives between binding and legalising; no renderer ever sees one.
    """

    leaf: Leaf
    upper: Bound
    lower: Bound


FieldLeaf = (
    StringMatch
    | RegexMatch
    | CidrMatch
    | Compare
    | FieldMatch
    | Exists
    | IsNull
    | IsEmpty
    | TimeMatch
    | Placeholder
)
Leaf = FieldLeaf | Keyword | KeywordRegex
Node = And | Or | Not | Const | Leaf | Approx

TRUE = Const(value=True)
FALSE = Const(value=False)


def all_of(nodes: Sequence[Node]) -> Node:
    """Return the conjunction of nodes; a single one stays as it is, none is True."""
    return nodes[0] if len(nodes) == 1 else And(tuple(nodes)) if nodes else TRUE


def any_of(nodes: Sequence[Node]) -> Node:
    """Return the disjunction of nodes; a single one stays as it is, none is False."""
    return nodes[0] if len(nodes) == 1 else Or(tuple(nodes)) if nodes else FALSE


def negate(node: Node) -> Node:
    """Return the negation without doubling a NOT."""
    match node:
        case Not(child):
            return child
        case Const(value):
            return Const(not value)
        case _:
            return Not(node)


def children(node: Node) -> tuple[Node, ...]:
    """Return the direct children of a node, none for a leaf."""
    match node:
        case And(nodes) | Or(nodes):
            return nodes
        case Not(child):
            return (child,)
        case Approx(_, upper, lower):
            return (upper.node, lower.node)
        case _:
            return ()


def leaves(node: Node) -> list[Leaf]:
    """Return the leaves of a tree from left to right."""
    found: list[Leaf] = []
    _collect((node,), found)
    return found


_INNER = frozenset({And, Or, Not, Approx, Const})
"""What is no leaf; asked of a node's exact type, for this is done to every leaf many times."""


def _collect(nodes: Sequence[Node], found: list[Leaf]) -> None:
    for node in nodes:
        if type(node) in _INNER:
            _collect(children(node), found)
        else:
            found.append(node)  # type: ignore[arg-type]


def field_name(leaf: Leaf) -> str:
    """Return the field's or column's name of a leaf, empty for a keyword."""
    if isinstance(leaf, (Keyword, KeywordRegex)):
        return ""
    return leaf.field if isinstance(leaf.field, str) else leaf.field.name


def value_text(leaf: Leaf) -> str:
    """Return what a leaf compares with, as a user would write it in a rule."""
    match leaf:
        case StringMatch(pattern=parts) | Keyword(pattern=parts):
            return pattern_text(parts)
        case RegexMatch(regex=regex) | KeywordRegex(regex=regex):
            return regex
        case CidrMatch(network=network):
            return network
        case Compare(op=op, number=number) | TimeMatch(op=op, number=number):
            return f"{'' if op is Op.EQ else op + ' '}{number}"
        case FieldMatch(other=other):
            return other if isinstance(other, str) else other.name
        case Placeholder(name=name):
            return f"%{name}%"
        case Exists():
            return "exists"
        case IsNull() | IsEmpty():
            return "null"
