"""The reference meaning of the tree: compile it to a predicate over event dictionaries.

Strings compare without letter case (``str.lower``) unless ``cased``; a missing field makes a leaf
false; null is true of a missing or null field; the empty string equals only a present, empty
field; NOT is two-valued. Numbers and booleans of an event compare with strings by their text.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import operator
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from sigmaglot import ir
from sigmaglot.ir import Node, Op, Shape
from sigmaglot.language.regexes import regex_of


class Event:
    """An event's values, with their texts made once for all rules."""

    __slots__ = ("folded", "texts", "values")

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values
        self.texts = {key: text_of(value) for key, value in values.items() if value is not None}
        self.folded = {key: text.lower() for key, text in self.texts.items()}


Predicate = Callable[[Event], bool]


def text_of(value: Any) -> str:
    """Return the text that a value of an event is compared as."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def evaluate(node: Node, event: Mapping[str, Any]) -> bool:
    """Return whether an event satisfies a tree; for many events compile the tree once."""
    return compile_predicate(node)(Event(event))


def compile_predicate(node: Node) -> Predicate:
    """Return the predicate of a tree.

    Raises:
        TypeError: The tree holds an approximation, which has two meanings.
    """
    return _COMPILERS[type(node)](node)


def _and(node: ir.And) -> Predicate:
    parts = [compile_predicate(child) for child in node.children]
    if len(parts) == 2:
        first, second = parts
        return lambda event: first(event) and second(event)
    return lambda event: all(part(event) for part in parts)


def _or(node: ir.Or) -> Predicate:
    lists: dict[tuple[str, bool, Shape], list[str]] = {}
    parts = []
    for child in node.children:
        if isinstance(child, ir.StringMatch) and (found := ir.shape_of(child.pattern))[1]:
            lists.setdefault((ir.field_name(child), child.cased, found[0]), []).append(found[1])
        else:
            parts.append(compile_predicate(child))
    parts += [_one_of(*key, literals) for key, literals in lists.items()]
    return parts[0] if len(parts) == 1 else lambda event: any(part(event) for part in parts)


def _one_of(name: str, cased: bool, shape: Shape, literals: list[str]) -> Predicate:
    """Return the disjunction of matches of one field and shape: its text is looked up once."""
    found = tuple(literals if cased else (literal.lower() for literal in literals))

    def is_contained(text: str) -> bool:
        for literal in found:  # noqa: SIM110 - three times as fast as `any`, where most time goes
            if literal in text:
                return True
        return False

    whole = frozenset(found)
    tests: dict[Shape, Callable[[str], bool]] = {
        Shape.EQUALS: lambda text: text in whole,
        Shape.STARTSWITH: lambda text: text.startswith(found),
        Shape.ENDSWITH: lambda text: text.endswith(found),
        Shape.CONTAINS: is_contained,
    }
    matches = tests[shape]
    if cased:
        return lambda event: (text := event.texts.get(name)) is not None and matches(text)
    return lambda event: (text := event.folded.get(name)) is not None and matches(text)


def _not(node: ir.Not) -> Predicate:
    part = compile_predicate(node.child)
    return lambda event: not part(event)


def _const(node: ir.Const) -> Predicate:
    return lambda _: node.value


def _string(node: ir.StringMatch) -> Predicate:
    name, matches = ir.field_name(node), text_test(node.pattern, cased=node.cased)
    if node.cased:
        return lambda event: (text := event.texts.get(name)) is not None and matches(text)
    return lambda event: (text := event.folded.get(name)) is not None and matches(text)


def text_test(pattern: ir.Pattern, *, cased: bool) -> Callable[[str], bool]:
    """Return a test of one text; without ``cased`` the text must come in lower case."""
    shape, literal = ir.shape_of(pattern)
    literal = literal if cased else literal.lower()
    tests: dict[Shape, Callable[[str], bool]] = {
        Shape.EMPTY: lambda text: not text,
        Shape.ANY: lambda _: True,
        Shape.EQUALS: lambda text: text == literal,
        Shape.STARTSWITH: lambda text: text.startswith(literal),
        Shape.ENDSWITH: lambda text: text.endswith(literal),
        Shape.CONTAINS: lambda text: literal in text,
    }
    if shape in tests:
        return tests[shape]
    found = re.compile(regex_of(pattern, fold=not cased), re.DOTALL).fullmatch
    return lambda text: found(text) is not None


@lru_cache(maxsize=4096)
def compile_regex(regex: str, flags: str) -> re.Pattern[str]:
    """Return a rule's regular expression, ready to search."""
    return re.compile(regex, sum(getattr(re, flag.upper()) for flag in flags))


def _regex(node: ir.RegexMatch) -> Predicate:
    name, search = ir.field_name(node), compile_regex(node.regex, node.flags).search
    return lambda event: (text := event.texts.get(name)) is not None and bool(search(text))


def _cidr(node: ir.CidrMatch) -> Predicate:
    name, network = ir.field_name(node), ipaddress.ip_network(node.network)

    def test(event: Event) -> bool:
        try:
            return ipaddress.ip_address(event.texts.get(name, "")) in network
        except ValueError:
            return False

    return test


_OPERATORS: dict[Op, Callable[[Any, Any], bool]] = {
    Op.EQ: operator.eq,
    Op.LT: operator.lt,
    Op.LTE: operator.le,
    Op.GT: operator.gt,
    Op.GTE: operator.ge,
}


_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def number_of(value: Any) -> int | float | None:
    """Return an event's value as a number, None where it is none."""
    if isinstance(value, (int, float)):
        return None if isinstance(value, bool) else value
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        return None
    return int(value) if value.lstrip("+-").isdecimal() else float(value)


def _compare(node: ir.Compare) -> Predicate:
    name, compare, number = ir.field_name(node), _OPERATORS[node.op], node.number

    def test(event: Event) -> bool:
        found = number_of(event.values.get(name))
        return found is not None and compare(found, number)

    return test


def _field(node: ir.FieldMatch) -> Predicate:
    name = ir.field_name(node)
    other = node.other if isinstance(node.other, str) else node.other.name
    tests: dict[Shape, Callable[[str, str], bool]] = {
        Shape.EQUALS: operator.eq,
        Shape.STARTSWITH: str.startswith,
        Shape.ENDSWITH: str.endswith,
        Shape.CONTAINS: operator.contains,
    }
    compare = tests[node.shape]

    def test(event: Event) -> bool:
        left, right = event.folded.get(name), event.folded.get(other)
        return left is not None and right is not None and compare(left, right)

    return test


def _exists(node: ir.Exists) -> Predicate:
    name = ir.field_name(node)
    return lambda event: name in event.values


def _null(node: ir.IsNull) -> Predicate:
    name = ir.field_name(node)
    return lambda event: event.values.get(name) is None


def _empty(node: ir.IsEmpty) -> Predicate:
    name = ir.field_name(node)
    return lambda event: not event.texts.get(name)


def time_of(text: str) -> dt.datetime | None:
    """Return an event's timestamp, None where it is none; no timezone is converted."""
    try:
        return dt.datetime.fromisoformat(text.strip())
    except ValueError:
        return None


def time_part(moment: dt.datetime, part: ir.TimePart) -> int:
    """Return a part of a timestamp; weeks count as ISO 8601 does."""
    if part is ir.TimePart.WEEK:
        return moment.isocalendar().week
    return int(getattr(moment, part))


def _time(node: ir.TimeMatch) -> Predicate:
    name, compare = ir.field_name(node), _OPERATORS[node.op]

    def test(event: Event) -> bool:
        moment = time_of(event.texts.get(name, ""))
        return moment is not None and compare(time_part(moment, node.part), node.number)

    return test


def _placeholder(_: ir.Placeholder) -> Predicate:
    return lambda _: False


def _keyword(node: ir.Keyword) -> Predicate:
    matches, cased = text_test(node.pattern, cased=node.cased), node.cased

    def test(event: Event) -> bool:
        texts = event.texts if cased else event.folded
        return any(matches(text) for text in texts.values())

    return test


def _keyword_regex(node: ir.KeywordRegex) -> Predicate:
    search = compile_regex(node.regex, node.flags).search
    return lambda event: any(search(text) for text in event.texts.values())


def _approx(_: ir.Approx) -> Predicate:
    raise TypeError("an approximation has two meanings; legalise the tree first")


_COMPILERS: dict[type, Callable[[Any], Predicate]] = {
    ir.And: _and,
    ir.Or: _or,
    ir.Not: _not,
    ir.Const: _const,
    ir.StringMatch: _string,
    ir.RegexMatch: _regex,
    ir.CidrMatch: _cidr,
    ir.Compare: _compare,
    ir.FieldMatch: _field,
    ir.Exists: _exists,
    ir.IsNull: _null,
    ir.IsEmpty: _empty,
    ir.TimeMatch: _time,
    ir.Placeholder: _placeholder,
    ir.Keyword: _keyword,
    ir.KeywordRegex: _keyword_regex,
    ir.Approx: _approx,
}
