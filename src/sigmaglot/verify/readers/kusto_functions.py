"""Kusto's functions that a computed column needs: choices, parts of texts, and values in JSON.

Facts: Microsoft's Kusto documentation (iff(), case(), extract(), trim_start(), replace_string(),
tohex(), parse_json(), dynamic property access, tostring(), strcat_delim(), the between operator,
numerical, datetime and timespan arithmetic).

Decisions:
    - A key that is not there, or a text that is no JSON object, gives null: as text, nothing.
    - `trim_start` takes one match of its expression away.
    - An object or array inside JSON has no text here: `tostring` of one raises.
    - Both ends of `between` belong to it. `between` with a span as its upper end is not modelled.
    - The quotient of whole numbers is whole; by zero it is null (unconfirmed).
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from .base import ReadError, Record, Scanner, Ternary, and3
from .kusto_values import FUNCTIONS as SCALARS
from .kusto_values import Expr, Function, UnlikeTypesError, coalesce, compare, to_number, to_text
from .regexes import re2

_STEP = re.compile(
    r"\.\s*(?P<name>[A-Za-z_]\w*)|\[\s*(?P<quote>['\"])(?P<key>[^'\"\\]+)(?P=quote)\s*\]"
)


def member(scanner: Scanner, value: Expr) -> Expr:
    """Return what the steps at the cursor lead to inside a dynamic value, or the value itself."""
    while value.type == "dynamic" and (step := scanner.take(_STEP)):
        value = _at(value, step["name"] or step["key"])
    return value


def _at(value: Expr, key: str) -> Expr:
    def run(row: Record) -> object:
        found = value.value(row)
        return found.get(key) if isinstance(found, dict) else None

    return Expr("dynamic", run)


def between(parser: Any, left: Expr) -> Expr:
    """Return `between (low .. high)` of an operand, or the operand where none stands there.

    Raises:
        UnlikeTypesError: An end is of another type than the operand.
        ReadError: It is not written so, or an end adds what has no sum.
    """
    if not parser.word("between"):
        return left
    parser.expect("(")
    low = arithmetic(parser)
    parser.expect("..")
    high = arithmetic(parser)
    parser.expect(")")
    tests = (compare(">=", left, low), compare("<=", left, high))
    return Expr("bool", and3([parser.predicate(test) for test in tests]))


_NUMBERS = ("number", "unknown")
_MOMENTS = {("datetime", "timespan"): "datetime", ("timespan", "timespan"): "timespan"}
_MINUS_OR_PLUS, _TIMES_OR_BY = re.compile("[-+]"), re.compile("[*%]|/(?!/)")


def arithmetic(parser: Any) -> Expr:
    """Return a sum of products of operands at the cursor, or the one operand.

    Raises:
        ReadError: An operand is of a type that cannot be added or multiplied.
    """
    result = _product(parser)
    while sign := parser.take(_MINUS_OR_PLUS):
        result = _calculated(parser, sign[0], result, _product(parser))
    return result


def _product(parser: Any) -> Expr:
    result: Expr = parser.primary()
    while sign := parser.take(_TIMES_OR_BY):
        result = _calculated(parser, sign[0], result, parser.primary())
    return result


def _calculated(parser: Any, sign: str, left: Expr, right: Expr) -> Expr:
    kinds = (left.type, right.type)
    kind = _MOMENTS.get(kinds, "") if sign in "+-" else ""
    if left.type in _NUMBERS and right.type in _NUMBERS:
        kind = "number"
    if not kind:
        raise ReadError(f"a {left.type} {sign} a {right.type}", parser.pos)
    calculate = _OPERATIONS[sign]

    def run(row: Record) -> object:
        a: Any = left.value(row)
        b: Any = right.value(row)
        return None if a is None or b is None else calculate(a, b)

    return Expr(kind, run)


def _divided(a: float, b: float) -> float | None:
    """Return a quotient: whole for whole numbers, towards zero; null by zero."""
    if not b:
        return None
    return int(a / b) if isinstance(a, int) and isinstance(b, int) else a / b


_OPERATIONS: Mapping[str, Callable[[Any, Any], object]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divided,
    "%": lambda a, b: a % b if b else None,
}


def choice(parser: Any, _name: str, args: list[Expr]) -> Expr:
    """Return `iff(test, a, b)` or `case(test, a, test, b, ..., c)`.

    Raises:
        UnlikeTypesError: The results are of more than one type.
        ReadError: The number of arguments is even, or a test is no predicate.
    """
    if len(args) % 2 == 0:
        raise ReadError("a case without a last result", parser.pos)
    tests: list[Ternary] = [parser.predicate(test) for test in args[:-1:2]]
    results = args[1::2]
    kinds = {result.type for result in (*results, args[-1])}
    if len(kinds) > 1:
        raise UnlikeTypesError(f"results of unlike types, {' and '.join(sorted(kinds))}")

    def run(row: Record) -> object:
        found = (result for test, result in zip(tests, results, strict=True) if test(row) is True)
        return next(found, args[-1]).value(row)

    return Expr(kinds.pop(), run)


_Choice = Callable[[Any, str, list[Expr]], Expr]
CHOICES: Mapping[str, tuple[_Choice, range]] = {
    "coalesce": (lambda _parser, _name, args: coalesce(*args), range(2, 3)),
    **dict.fromkeys(("iff", "iif"), (choice, range(3, 4))),
    "case": (choice, range(3, 65)),
}
"""What gives one of its arguments, whose type is that of the result, and how many it takes."""


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _text_of(value: object) -> object:
    """Return the text of a value, also of one inside JSON."""
    if isinstance(value, dict | list):
        raise ReadError("tostring of an object or array inside JSON")
    return SCALARS["tostring"].run(value)


@lru_cache(maxsize=256)
def _compiled(regex: str) -> re.Pattern[str]:
    return re2(regex, 0)


def _extract(regex: object, group: object, text: object) -> str:
    found = _compiled(to_text(regex)).search(to_text(text))
    return (found[int(to_number(group) or 0)] or "") if found else ""


def _trim_start(regex: object, text: object) -> str:
    return _compiled(f"^(?:{to_text(regex)})").sub("", to_text(text), count=1)


def _to_hex(value: object) -> str:
    number = to_number(value)
    return "" if number is None else f"{int(number) & (1 << 64) - 1:x}"


_THREE = range(3, 4)
FUNCTIONS: Mapping[str, Function] = {
    **SCALARS,
    "parse_json": Function("dynamic", lambda text: _parsed(to_text(text)), wanted="string"),
    "tostring": Function("string", _text_of),
    "strcat_delim": Function(
        "string",
        lambda between, *texts: to_text(between).join(map(to_text, texts)),
        range(3, 65),
        "string",
    ),
    "tohex": Function("string", _to_hex, wanted="number"),
    "extract": Function("string", _extract, _THREE),
    "trim_start": Function("string", _trim_start, range(2, 3), "string"),
    "replace_string": Function(
        "string",
        lambda text, old, new: to_text(text).replace(to_text(old), to_text(new)),
        _THREE,
        "string",
    ),
}
"""All scalar functions: those of values, and those above."""
