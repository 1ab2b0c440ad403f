r"""Registry data: Sysmon's ``DWORD (0x00000001)`` is the number 1 in Elastic, beside its type.

Source: Winlogbeat's Sysmon pipeline. A text of exactly that form becomes decimal digits with the
type ``SZ_DWORD``, ``QWORD (0x........-0x........)`` likewise with ``SZ_QWORD``; any other text
stays as it is. The pipeline shifts the high half of a QWORD by 8 bits, not 32, so that two numbers
may become one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sigmaglot import ir
from sigmaglot.ir import FieldLeaf, Node, Shape
from sigmaglot.language import approx, literals_of
from sigmaglot.pipelines.rewrites.ecs_values import text_on, unless_gone
from sigmaglot.pipelines.rewrites.plain import on, other_form

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry

_DIGIT = "#"
_HEX = frozenset("0123456789abcdef")
_SHIFT = 8
"""Bits that the pipeline shifts the high half of a QWORD by."""


@dataclass(frozen=True, slots=True)
class Form:
    """How Sysmon writes the numbers of one type, and the name that the pipeline gives it.

    Attributes:
        name: The value of ``registry.data.type``.
        text: What is written; ``#`` stands for a hexadecimal digit.
    """

    name: str
    text: str


_FORMS = (
    Form("SZ_DWORD", f"DWORD (0x{_DIGIT * 8})"),
    Form("SZ_QWORD", f"QWORD (0x{_DIGIT * 8}-0x{_DIGIT * 8})"),
)


@dataclass(frozen=True, slots=True)
class Found:
    """Which numbers of a form a test accepts.

    Attributes:
        every: All of them.
        some: An unknown part of them.
        whole: The stored number, and whether no other number is stored so.
    """

    every: bool = False
    some: bool = False
    whole: tuple[tuple[int, bool], ...] = ()


def ecs_registry_data(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of registry data to one of the stored text, and of the type where it matters.

    Columns: ``column`` the text or the digits, ``type`` its type.
    """
    absent = ir.IsNull(entry.column, leaf.place)
    if isinstance(leaf, (ir.IsNull, ir.IsEmpty, ir.Exists)):
        return unless_gone(leaf, entry, on(leaf, entry.column), absent)
    text = text_on(leaf, entry, entry.column)
    found = [(form, _found(leaf, form)) for form in _FORMS]
    if not _is_of_digits(leaf) and not any(one != Found() for _, one in found):
        return unless_gone(leaf, entry, text, absent)
    return unless_gone(leaf, entry, _both(leaf, entry, text, found), absent)


def _both(leaf: FieldLeaf, entry: Entry, text: Node, found: list[tuple[Form, Found]]) -> Node:
    """Return the test of texts and numbers, with bounds where a number is known in part."""
    tests = [_text_only(leaf, entry, text)] if _may_be_text(leaf) else []
    sure, more = list(tests), list(tests)
    for form, one in found:
        numbers = list(_numbers(leaf, entry, form, one))
        sure += [test for test, is_sure in numbers if is_sure]
        more += [test for test, _ in numbers]
        if one.some:
            more.append(_is_type(leaf, entry, form))
    if len(sure) == len(more):
        return ir.any_of(sure)
    note = other_form(leaf, entry, "is stored as a decimal number, without its hexadecimal digits")
    return approx(leaf, note, (ir.any_of(more), 0.3), (ir.any_of(sure), 0.3 if sure else 1.0))


def _numbers(
    leaf: FieldLeaf, entry: Entry, form: Form, found: Found
) -> Iterator[tuple[Node, bool]]:
    """Yield the tests of numbers of a form, each with whether it accepts no other number."""
    of_type = _is_type(leaf, entry, form)
    if found.every:
        yield of_type, True
        return
    for number, is_sure in found.whole:
        digits = ir.pattern(Shape.EQUALS, str(number))
        yield ir.all_of([of_type, ir.StringMatch(entry.column, digits, place=leaf.place)]), is_sure


def _text_only(leaf: FieldLeaf, entry: Entry, text: Node) -> Node:
    """Return a test of texts that no stored number passes."""
    if not _is_of_digits(leaf):
        return text
    numbers = ir.any_of([_is_type(leaf, entry, form) for form in _FORMS])
    return ir.all_of([text, ir.Not(numbers)])


def _is_type(leaf: FieldLeaf, entry: Entry, form: Form) -> Node:
    column = replace(entry.columns["type"], canonical=True)
    return ir.StringMatch(column, ir.pattern(Shape.EQUALS, form.name), place=leaf.place)


def _is_of_digits(leaf: FieldLeaf) -> bool:
    """Return whether a text of nothing but digits may pass."""
    if not isinstance(leaf, ir.StringMatch):
        return True
    return all(part.isdecimal() and part.isascii() for part in ir.texts_of(leaf.pattern))


def _may_be_text(leaf: FieldLeaf) -> bool:
    """Return whether a text that is not a number's may pass: not where all of one is asked for."""
    if not isinstance(leaf, ir.StringMatch) or ir.shape_of(leaf.pattern)[0] is not Shape.EQUALS:
        return True
    return not any(_found(leaf, form).whole for form in _FORMS)


def _found(leaf: FieldLeaf, form: Form) -> Found:
    """Return which numbers of a form a test accepts."""
    if isinstance(leaf, ir.Compare):
        return Found()
    if isinstance(leaf, ir.RegexMatch):
        return Found(some=_may_fit(literals_of(leaf)[0], form))
    if not isinstance(leaf, ir.StringMatch):
        return Found(some=True)
    shape, text = ir.shape_of(leaf.pattern)
    if shape is Shape.EMPTY:
        return Found()
    if shape in {Shape.ANY, Shape.WILDCARD, Shape.SINGLE}:
        return Found(some=_may_fit(leaf, form))
    last = len(form.text) - len(text)
    places = {
        Shape.EQUALS: range(1) if last == 0 else range(0),
        Shape.STARTSWITH: range(1),
        Shape.ENDSWITH: range(last, last + 1),
        Shape.CONTAINS: range(last + 1),
    }[shape]
    known = [digits for at in places if (digits := _digits(text, form, at, leaf)) is not None]
    return _as_found(known)


def _may_fit(node: Node, form: Form) -> bool:
    """Return whether each literal that a tree requires can stand in a form's text."""
    match node:
        case ir.And(children):
            return all(_may_fit(child, form) for child in children)
        case ir.Or(children):
            return any(_may_fit(child, form) for child in children)
        case ir.StringMatch(pattern=pattern):
            return all(_has_place(text, form, node) for text in ir.texts_of(pattern))
        case _:
            return True


def _has_place(text: str, form: Form, leaf: ir.StringMatch) -> bool:
    places = range(len(form.text) - len(text) + 1)
    return any(_digits(text, form, at, leaf) is not None for at in places)


def _digits(text: str, form: Form, at: int, leaf: ir.StringMatch) -> str | None:
    """Return the form's digits as a text fixes them that stands at a place, None if it cannot."""
    if at < 0 or at + len(text) > len(form.text):
        return None
    wanted, written = (text, form.text) if leaf.cased else (text.lower(), form.text.lower())
    fixed = list(written)
    for offset, char in enumerate(wanted):
        here = written[at + offset]
        if not (char in _HEX if here == _DIGIT else char == here):
            return None
        fixed[at + offset] = char
    return "".join(char for char, here in zip(fixed, written, strict=True) if here == _DIGIT)


def _as_found(known: list[str]) -> Found:
    every = any(set(digits) == {_DIGIT} for digits in known)
    whole = [digits for digits in known if _DIGIT not in digits]
    some = not every and len(whole) < len(known)
    return Found(every, some, tuple(dict.fromkeys(_stored(digits) for digits in whole)))


def _stored(digits: str) -> tuple[int, bool]:
    """Return the number that the pipeline makes of digits, and whether of no others."""
    if len(digits) == 8:
        return int(digits, 16), True
    number = (int(digits[:8], 16) << _SHIFT) + int(digits[8:], 16)
    return number, number < 1 << _SHIFT
