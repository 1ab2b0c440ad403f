r"""Splunk's eval expressions (`where`, `eval`): three-valued, case-sensitive, AND before OR.

Facts: Splunk's Search Manual (Boolean expressions, evaluation functions, SPL and regular
expressions). Decisions:
    - NULL (a missing field) makes a comparison or function NULL; AND and OR are Kleene's; NOT NULL
      is NULL.
    - A boolean is no value: `eval x=match(...)` and `where x` raise, as Splunk refuses them.
    - Operators are written in capitals. A bare field name has no dot (`.` concatenates): quote it
      `'a.b'`.
    - A string knows the escapes `\\` and `\"`; in a regular expression every other backslash stays,
      elsewhere it raises. In a `like` pattern a backslash before `%`, `_` or a backslash raises (is
      it an escape?).
    - Two strings compare as strings; a number and a string that spells one compare as numbers.
    - `.` joins texts, and numbers as texts; NULL where a part is NULL (unconfirmed). It needs a
      blank on its right, and no sum beside it without parentheses.
    - Arithmetic takes numbers, and strings that spell one; of anything else it is NULL, as is a
      division by zero (unconfirmed). `+` between texts, which may join them, raises when run.
    - The functions are in `spl_functions`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from lark import Token

from .base import (
    ReadError,
    Record,
    Ternary,
    and3,
    glob,
    holds,
    not3,
    number_of,
    or3,
    raw_of,
    sign,
    text_of,
)
from .regexes import pcre

Value: TypeAlias = Callable[[Record], object]


@dataclass(frozen=True)
class Expr:
    """A part of an expression that was read.

    Attributes:
        is_bool: Whether it is a boolean, which may not stand where a value is wanted.
        run: What it is for a record; None is NULL.
        constant: The text of a string literal.
        offset: Where it starts in the query.
    """

    is_bool: bool
    run: Value
    constant: str | None = None
    offset: int = 0


Arguments: TypeAlias = tuple[Expr, ...]


def predicate(expr: Expr) -> Ternary:
    """Return a boolean's test. Raises ReadError for a value."""
    if not expr.is_bool:
        raise ReadError("a value where a boolean is wanted", expr.offset)
    return cast(Ternary, expr.run)


def value(expr: Expr) -> Value:
    """Return a value's function. Raises ReadError for a boolean."""
    if expr.is_bool:
        raise ReadError("a boolean where a value is wanted", expr.offset)
    return expr.run


def unquoted(token: Token, *, regex: bool = False) -> str:
    """Return what a string in double quotes says; a regular expression keeps its own backslashes.

    Raises:
        ReadError: There is a backslash that no document gives a meaning to.
    """

    def unescape(escape: re.Match[str]) -> str:
        if escape[1] not in '\\"' and not regex:
            offset = offset_of(token) + 1 + escape.start()
            raise ReadError(f"escape \\{escape[1]} in a string", offset)
        return escape[1] if escape[1] in '\\"' else escape[0]

    return re.sub(r"\\([\s\S])", unescape, token[1:-1])


def offset_of(token: Token) -> int:
    """Return where a token starts in the query."""
    return token.start_pos or 0


def pattern_of(token: Token) -> re.Pattern[str]:
    """Return the regular expression of a string. Raises ReadError where Python cannot run it."""
    return pcre(unquoted(token, regex=True), offset_of(token))


# -- operators


def _string(token: Token) -> Expr:
    text = unquoted(token)
    return Expr(False, lambda _row: text, text, offset_of(token))


def _number(token: Token) -> Expr:
    number = float(token) if "." in token else int(token)
    return Expr(False, lambda _row: number, None, offset_of(token))


def _named(token: Token) -> Expr:
    name = str(token).strip("'")
    if name == "_raw":
        return Expr(False, lambda row: row.get(name, raw_of(row)), None, offset_of(token))
    return Expr(False, lambda row: row.get(name), None, offset_of(token))


def _chain(join: Callable[[list[Ternary]], Ternary]) -> Callable[..., Expr]:
    def make(*parts: Expr) -> Expr:
        return Expr(True, join([predicate(part) for part in parts]), None, parts[0].offset)

    return make


def _xor3(tests: list[Ternary]) -> Ternary:
    def run(row: Record) -> bool | None:
        results = [test(row) for test in tests]
        return None if None in results else sum(map(bool, results)) % 2 == 1

    return run


def _opposite(*parts: Any) -> Expr:
    """Return the expression under its NOTs, of which two are none (NULL stays NULL)."""
    *nots, inner = parts
    test = predicate(inner)
    return Expr(True, not3(test) if len(nots) % 2 else test, None, inner.offset)


def _compared(left: Expr, operator: Token, right: Expr) -> Expr:
    return Expr(True, _comparison(str(operator), left, right), None, left.offset)


def _comparison(operator: str, left: Expr, right: Expr) -> Ternary:
    first, second, offset = value(left), value(right), left.offset

    def run(row: Record) -> bool | None:
        a, b = first(row), second(row)
        if a is None or b is None:
            return None
        return holds(operator, _order(a, b, operator, offset))

    return run


def _order(left: object, right: object, operator: str, offset: int) -> float:
    both_text = isinstance(left, str) and isinstance(right, str)
    numbers = number_of(left), number_of(right)
    if not both_text and numbers[0] is not None and numbers[1] is not None:
        return numbers[0] - numbers[1]
    if not both_text and operator not in ("=", "==", "!="):
        raise ReadError(f"{operator} between {left!r} and {right!r}", offset)
    return sign(text_of(left), text_of(right))


def _arithmetic(first: Expr, *rest: Token | Expr) -> Expr:
    """Return sums or products, from left to right."""
    start = value(first)
    steps = [
        (operator, value(operand))
        for operator, operand in zip(rest[::2], rest[1::2], strict=True)
        if isinstance(operator, Token) and isinstance(operand, Expr)
    ]

    def run(row: Record) -> object:
        result = start(row)
        for operator, operand in steps:
            result = _calculate(operator, result, operand(row))
        return result

    return Expr(False, run, None, first.offset)


def _calculate(operator: Token, left: object, right: object) -> float | None:
    if left is None or right is None:
        return None
    a, b = number_of(left), number_of(right)
    if a is None or b is None:
        if operator == "+":
            raise ReadError(f"+ between {left!r} and {right!r}", offset_of(operator))
        return None
    return tidy(_OPERATIONS[str(operator)](a, b))


def tidy(number: float | None) -> float | None:
    """Return a whole number as one: it is written without a point."""
    return int(number) if number is not None and number.is_integer() else number


def _concatenated(*parts: Expr) -> Expr:
    """Return the texts of values in a row."""
    values = [value(part) for part in parts]

    def run(row: Record) -> str | None:
        found = [each(row) for each in values]
        return None if None in found else "".join(map(text_of, found))

    return Expr(False, run, None, parts[0].offset)


_OPERATIONS: Mapping[str, Callable[[float, float], float | None]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b if b else None,
    "%": lambda a, b: math.fmod(a, b) if b else None,
}


def among(left: Expr, *items: Expr) -> Expr:
    """Return whether a value equals one of others, `in(...)` or IN (...)."""
    return Expr(True, or3([_comparison("==", left, item) for item in items]), None, left.offset)


def like(left: Expr, right: Expr) -> Expr:
    """Return whether a value is of a pattern.

    Raises:
        ReadError: The pattern is no literal, or what it says is not documented.
    """
    if right.constant is None:
        raise ReadError("a like pattern that is no literal", right.offset)
    if re.search(r"\\[%_\\]", right.constant):
        message = "a like pattern with a backslash before a wildcard or a backslash"
        raise ReadError(message, right.offset)
    matches, text = glob(right.constant, any_run="%", any_one="_").match, value(left)
    return strict(True, lambda found: matches(text_of(found)) is not None, text, left.offset)


def _match(left: Expr, token: Token) -> Expr:
    search, text = pattern_of(token).search, value(left)
    return strict(True, lambda found: search(text_of(found)) is not None, text, left.offset)


def strict(is_bool: bool, function: Callable[[object], object], arg: Value, offset: int) -> Expr:
    """Return a function of one value that is NULL for NULL."""

    def run(row: Record) -> object:
        found = arg(row)
        return None if found is None else function(found)

    return Expr(is_bool, run, None, offset)


RULES: Mapping[str, Callable[..., Expr]] = {
    "either_or": _chain(_xor3),
    "either": _chain(or3),
    "both": _chain(and3),
    "opposite": _opposite,
    "compared": _compared,
    "like": like,
    "among": among,
    "arithmetic": _arithmetic,
    "product": _arithmetic,
    "concatenated": _concatenated,
    "string": _string,
    "number": _number,
    "named": _named,
    "match": _match,
}
"""What each rule of the grammar's expressions makes of its parts, but for `call`."""
