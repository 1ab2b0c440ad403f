"""Turn the parts of a detection into the tree over Sigma fields.

The front end hands over selections and conditions in the plain values below, so nothing of the
library that parsed them passes this line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import assert_never

from sigmaglot import ir
from sigmaglot.ir import Node, Op, Place, Shape


@dataclass(frozen=True, slots=True)
class Text:
    """A string value, wildcards and all."""

    pattern: ir.Pattern
    cased: bool = False


@dataclass(frozen=True, slots=True)
class Regex:
    """A regular expression with its flags."""

    regex: str
    flags: str = ""


@dataclass(frozen=True, slots=True)
class Cidr:
    """A network."""

    network: str


@dataclass(frozen=True, slots=True)
class Number:
    """A number, with the comparison that a modifier asked for."""

    number: int | float
    op: Op = Op.EQ


@dataclass(frozen=True, slots=True)
class Time:
    """A part of a timestamp."""

    part: ir.TimePart
    number: int
    op: Op = Op.EQ


@dataclass(frozen=True, slots=True)
class Reference:
    """Another field of the same event."""

    field: str
    shape: Shape = Shape.EQUALS


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether the field is there at all."""

    present: bool


@dataclass(frozen=True, slots=True)
class Null:
    """No value."""


@dataclass(frozen=True, slots=True)
class Hole:
    """A placeholder that no pipeline has filled."""

    name: str


@dataclass(frozen=True, slots=True)
class Alternatives:
    """Forms that a modifier made of one value: any of them counts, also under ``all``."""

    values: tuple[Value, ...]


Value = Text | Regex | Cidr | Number | Time | Reference | Presence | Null | Hole | Alternatives


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a selection: a field (none for keywords) and its values with their places."""

    field: str | None
    values: tuple[tuple[Value, Place], ...]
    every: bool = False
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Items or groups that hold together (``every``) or as alternatives."""

    members: tuple[Item | Group, ...]
    every: bool


@dataclass(frozen=True, slots=True)
class Name:
    """A condition's reference to a selection."""

    name: str


@dataclass(frozen=True, slots=True)
class Combine:
    """A condition's operator: ``and``, ``or`` or ``not`` over its operands."""

    operator: str
    operands: tuple[Condition, ...]


Condition = Name | Combine


def is_keyword(value: Value) -> bool:
    """Return whether a value can be looked for without a field."""
    match value:
        case Alternatives(values):
            return all(is_keyword(form) for form in values)
        case Number(op=op):
            return op is Op.EQ
        case _:
            return isinstance(value, (Text, Regex, Hole))


def lower(selections: Mapping[str, Group], condition: Condition) -> Node:
    """Return the tree of a condition; a selection that is used twice is built once."""
    return _build(condition, selections, {})


def _build(node: Condition, selections: Mapping[str, Group], built: dict[str, Node]) -> Node:
    match node:
        case Name(name):
            if name not in built:
                built[name] = _group(selections[name])
            return built[name]
        case Combine("not", (operand,)):
            return ir.negate(_build(operand, selections, built))
        case Combine(operator, operands):
            nodes = [_build(operand, selections, built) for operand in operands]
            return ir.all_of(nodes) if operator == "and" else ir.any_of(nodes)
        case _:
            assert_never(node)


def _group(group: Group) -> Node:
    nodes = [
        _group(member) if isinstance(member, Group) else _item(member) for member in group.members
    ]
    return ir.all_of(nodes) if group.every else ir.any_of(nodes)


def _item(item: Item) -> Node:
    leaf = _keyword if item.field is None else _leaf
    field = item.field or ""
    nodes = [_value(leaf, field, value, place) for value, place in item.values]
    node = ir.all_of(nodes) if item.every else ir.any_of(nodes)
    return ir.negate(node) if item.negated else node


_MakeLeaf = Callable[[str, Value, Place], Node]


def _value(leaf: _MakeLeaf, field: str, value: Value, place: Place) -> Node:
    if isinstance(value, Alternatives):
        return ir.any_of([_value(leaf, field, form, place) for form in value.values])
    return leaf(field, value, place)


def _leaf(field: str, value: Value, place: Place) -> Node:  # noqa: C901, PLR0911, PLR0912 - one line a kind
    match value:
        case Text(pattern, cased):
            return ir.StringMatch(field, pattern, cased, place)
        case Regex(regex, flags):
            return ir.RegexMatch(field, *_lift_flags(regex, flags), place)
        case Cidr(network):
            return ir.CidrMatch(field, network, place)
        case Number(number, op):
            return ir.Compare(field, op, number, place)
        case Time(part, number, op):
            return ir.TimeMatch(field, part, op, number, place)
        case Reference(other, shape):
            return ir.FieldMatch(field, other, shape, place)
        case Presence(present):
            exists = ir.Exists(field, place)
            return exists if present else ir.Not(exists)
        case Null():
            return ir.IsNull(field, place)
        case Hole(name):
            return ir.Placeholder(field, name, place)
        case Alternatives():
            raise AssertionError(value)
        case _:
            assert_never(value)


_LEADING_FLAGS = re.compile(r"\(\?([ims]+)\)")


def _lift_flags(regex: str, flags: str) -> tuple[str, str]:
    """Return an expression without the flags that it begins with, and all its flags, sorted."""
    while found := _LEADING_FLAGS.match(regex):
        regex, flags = regex[found.end() :], flags + found[1]
    return regex, "".join(sorted(set(flags)))


def _keyword(_: str, value: Value, place: Place) -> Node:
    match value:
        case Text(pattern, cased):
            around = ir.tidy((ir.AnyRun, *pattern, ir.AnyRun))
            return ir.Keyword(around, cased, place)
        case Regex(regex, flags):
            return ir.KeywordRegex(*_lift_flags(regex, flags), place)
        case Hole(name):
            return ir.Placeholder("", name, place)
        case Number(number):
            return ir.Keyword(ir.pattern(Shape.CONTAINS, str(number)), place=place)
        case _:
            raise AssertionError(value)
