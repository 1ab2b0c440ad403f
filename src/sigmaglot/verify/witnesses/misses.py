"""Near misses: events that differ from a witness in one field, around the value of one leaf."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sigmaglot import ir
from sigmaglot.ir import Leaf
from sigmaglot.verify.witnesses.forms import Form
from sigmaglot.verify.witnesses.regexes import samples
from sigmaglot.verify.witnesses.solve import KEYWORD_FIELD, time_with
from sigmaglot.verify.witnesses.values import instance

MISSING = object()
"""Stands for a field that is not there."""

SPECIAL = "*?%_$^.|+()[]{}\\/\"'`&;,=:<>!#@~-"
"""Characters that some language gives a meaning of its own."""

_TEXT_CHANGES: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("its other letter case", str.swapcase),
    ("its capital letters", str.upper),
    ("its small letters", str.lower),
    ("one more character before it", lambda text: f"x{text}"),
    ("one more character after it", lambda text: f"{text}x"),
    ("a space before it", lambda text: f" {text}"),
    ("a space after it", lambda text: f"{text} "),
    ("a delimiter around it", lambda text: f'"{text}"'),
    ("a backslash after it", lambda text: f"{text}\\"),
    ("a digit after it", lambda text: f"{text}1"),
    ("its first character missing", lambda text: text[1:]),
    ("its last character missing", lambda text: text[:-1]),
    ("a space inside it", lambda text: _inside(text, " ")),
    ("a dot inside it", lambda text: _inside(text, ".")),
    ("a line break inside it", lambda text: _inside(text, "\n")),
)
_SHORT = frozenset(
    {"its other letter case", "its first character missing", "its last character missing"}
)
"""What is tried of a leaf that has a like one beside it, which all the others were tried of."""


def _inside(text: str, between: str) -> str:
    middle = len(text) // 2
    return text[:middle] + between + text[middle:]


@dataclass(frozen=True, slots=True)
class Change:
    """A value that a field takes in the place of the witness's, and what is new about it."""

    name: str
    field: str
    value: Any


def changes(leaf: Leaf, values: Mapping[str, Any], form: Form, *, short: bool) -> Iterator[Change]:
    """Yield the near misses of a leaf on an event on which it holds."""
    if isinstance(leaf, ir.KeywordRegex):
        return
    if isinstance(leaf, ir.Keyword):
        text = str(values.get(KEYWORD_FIELD, ""))
        yield Change("its other letter case", KEYWORD_FIELD, text.swapcase())
        return
    if isinstance(leaf, ir.FieldMatch):
        yield Change("the other field missing", str(leaf.other), MISSING)
    field = ir.field_name(leaf)
    old = values.get(field)
    yield from (Change(f"the word {one}", field, one) for one in form.others if one != old)
    elsewhere = _elsewhere(leaf, form) if not short else ()
    for name, value in (*_values(leaf, values, old, short=short), *elsewhere):
        is_text = isinstance(value, str)
        if value != old and not (is_text and not form.accepts(value)):
            yield Change(name, field, value)
    if not form.is_fixed and not short:
        yield from (Change(name, field, value) for name, value in _absences(leaf, form))


def _elsewhere(leaf: Leaf, form: Form) -> Iterator[tuple[str, str]]:
    """Yield whole values that hold each literal of a text leaf at other places."""
    literals = ir.texts_of(leaf.pattern) if isinstance(leaf, ir.StringMatch) else []
    for literal in literals:
        yield from form.elsewhere(literal)


def _absences(leaf: Leaf, form: Form) -> Iterator[tuple[str, Any]]:
    yield "the field missing", MISSING
    if form.accepts(""):
        yield "the field empty", ""
        if not isinstance(leaf, ir.Exists):
            yield "the field null", None


def _values(
    leaf: Leaf, values: Mapping[str, Any], old: Any, *, short: bool
) -> Iterator[tuple[str, Any]]:
    match leaf:
        case ir.StringMatch(pattern=pattern):
            yield from _around(pattern, str(old), short=short)
        case ir.RegexMatch(regex=regex, flags=flags):
            yield from _of_regex(regex, flags, str(old), short=short)
        case ir.CidrMatch(network=network):
            yield from _of_network(network)
        case ir.Compare(number=number):
            yield from _of_number(number)
        case ir.TimeMatch():
            yield from _of_time(leaf)
        case ir.FieldMatch(other=other):
            yield from _of_other(values.get(str(other)))
        case _:
            yield "any other value", "something else"


def _around(pattern: ir.Pattern, old: str, *, short: bool) -> Iterator[tuple[str, Any]]:
    """Yield values with each literal of a pattern changed where it stands."""
    position = 0
    for literal in ir.texts_of(pattern):
        start = old.lower().find(literal.lower(), position)
        if start < 0:
            return
        position = start + len(literal)
        found = old[start:position]
        for name, changed in _of_text(found, short=short):
            yield name, old[:start] + changed + old[position:]
    if not short:
        yield from _of_wildcards(pattern)


def _of_text(text: str, *, short: bool) -> Iterator[tuple[str, str]]:
    for name, change in _TEXT_CHANGES:
        if not short or name in _SHORT:
            yield name, change(text)
    for char in dict.fromkeys(text):
        if char in SPECIAL:
            yield f"another character for its `{char}`", text.replace(char, "x")
    if "\\" in text and not short:
        yield "its backslashes doubled", text.replace("\\", "\\\\")
        yield "its backslashes missing", text.replace("\\", "")


def _of_wildcards(pattern: ir.Pattern) -> Iterator[tuple[str, Any]]:
    if ir.AnyOne in pattern:
        yield "nothing for a `?`", instance(tuple(one for one in pattern if one is not ir.AnyOne))
        doubled = (part for one in pattern for part in ([one] * (1 + (one is ir.AnyOne))))
        yield "two characters for a `?`", instance(tuple(doubled))
    if ir.AnyRun in pattern[1:-1]:
        yield "text for an inner `*`", instance(pattern, " q ")
        yield "a line break for an inner `*`", instance(pattern, "q\nq")


def _of_regex(regex: str, flags: str, old: str, *, short: bool) -> Iterator[tuple[str, Any]]:
    for number, sample in enumerate(samples(regex, flags)):
        yield f"its form {number + 1}", sample
        for name, change in _TEXT_CHANGES if not (short or number) else ():
            yield f"{name}, as a whole", change(sample)
    yield "its other letter case", old.swapcase()
    yield "a text before it", f"q {old}"
    yield "a text after it", f"{old} q"
    yield "lines around it", f"q\n{old}\nq"


def _of_network(network: str) -> Iterator[tuple[str, Any]]:
    found = ipaddress.ip_network(network)
    first, last = int(found[0]), int(found[-1])
    make = type(found[0])
    yield "the last address of the network", str(found[-1])
    if first > 0:
        yield "the address before the network", str(make(first - 1))
    if last < 2**found.max_prefixlen - 1:
        yield "the address after the network", str(make(last + 1))
    yield "an address of the other family", "fe80::1" if found.version == 4 else "10.0.0.1"
    yield "no address", "example"


def _of_number(number: float) -> Iterator[tuple[str, Any]]:
    yield "the number before", str(number - 1)
    yield "the number itself", str(number)
    yield "the number after", str(number + 1)
    if number and number == int(number):  # no sensor writes `00`, and `1.50` is 1.5
        yield "a digit more after it", str(int(number) * 10)
        yield "a digit more before it", f"1{int(number)}"
        yield "a hexadecimal digit more after it", str(int(number) * 16)
    yield "no number", "example"


def _of_time(leaf: ir.TimeMatch) -> Iterator[tuple[str, Any]]:
    bounds = {"minute": (0, 59), "hour": (0, 23), "day": (1, 28), "week": (1, 4), "month": (1, 12)}
    low, high = bounds.get(str(leaf.part), (2000, 2099))
    for number in (leaf.number - 1, leaf.number, leaf.number + 1):
        if low <= number <= high:
            yield f"the {leaf.part} {number}", time_with(leaf.part, number)


def _of_other(other: Any) -> Iterator[tuple[str, Any]]:
    text = "" if other is None else str(other)
    yield "the other field in its other letter case", text.swapcase()
    yield "the other field with more before", f"x{text}"
    yield "the other field with more after", f"{text}x"
    yield "an inner part of the other field", text[1:-1]
