"""Splunk's eval expressions (`where`, `eval`): three-valued, case-sensitive, AND before OR.

Facts: Splunk's Search Manual (Boolean expressions, evaluation functions, SPL and regular expressions). Decisions:
    - NULL (a missing field) makes a comparison or function NULL; AND and OR are Kleene's; NOT NULL is NULL.
    - A boolean is no value: `eval x=match(...)` and `where x` raise, as Splunk refuses them.
    - Operators are written in capitals. A bare field name has no dot (`.` concatenates): quote it `'a.b'`.
    - A string knows the escapes `\\\\` and `\\"`; in a regular expression every other backslash stays, elsewhere it
      raises. In a `like` pattern a backslash before `%`, `_` or a backslash raises (is it an escape?).
    - Two strings compare as strings; a number and a string that spells one compare as numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from .base import (
    Record,
    Scanner,
    Ternary,
    and3,
    glob,
    holds,
    in_network,
    not3,
    number_of,
    or3,
    raw_of,
    sign,
    text_of,
)
from .regexes import pcre

_STRING = re.compile(r'"((?:[^"\\]|\\[\s\S])*)"')
_FIELD = re.compile(r"'([^'\\]+)'|([A-Za-z_]\w*)(?![\w.])")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?![\w.])")
_COMPARE = re.compile(r"==|!=|<=|>=|=|<|>")
_WORDS = {"AND", "OR", "NOT", "XOR", "IN", "LIKE", "and", "or", "not", "xor"}


@dataclass(frozen=True)
class Expr:
    """A value or a boolean; `constant` is the text of a literal."""

    is_bool: bool
    run: Callable[[Record], object]
    constant: str | None = None


def read_string(scanner: Scanner, *, regex: bool = False) -> str:
    """A quoted string at the cursor, unescaped."""
    scanner.skip()
    start = scanner.pos
    match = scanner.take(_STRING)
    if match is None:
        scanner.fail("expected a quoted string")

    def unescape(escape: re.Match[str]) -> str:
        if escape[1] not in '\\"' and not regex:
            scanner.fail(f"escape \\{escape[1]} in a string", start + 1 + escape.start())
        return escape[1] if escape[1] in '\\"' else escape[0]

    return re.sub(r"\\([\s\S])", unescape, match[1])


class EvalParser:
    """Reads an expression from a scanner."""

    def __init__(self, scanner: Scanner) -> None:
        self.at = scanner

    def predicate(self) -> Ternary:
        return self.boolean(self.expression())

    def boolean(self, expr: Expr) -> Ternary:
        if not expr.is_bool:
            self.at.fail("a value where a boolean is wanted")
        return expr.run  # type: ignore[return-value]

    def value(self, expr: Expr) -> Callable[[Record], object]:
        if expr.is_bool:
            self.at.fail("a boolean where a value is wanted")
        return expr.run

    def expression(self) -> Expr:
        return self.chain(
            "XOR",
            _xor,
            lambda: self.chain("OR", or3, lambda: self.chain("AND", and3, self.negation)),
        )

    def chain(
        self, word: str, join: Callable[[list[Ternary]], Ternary], operand: Callable[[], Expr]
    ) -> Expr:
        parts = [operand()]
        while self.at.word(word):
            parts.append(operand())
        return (
            parts[0]
            if len(parts) == 1
            else Expr(True, join([self.boolean(part) for part in parts]))
        )

    def negation(self) -> Expr:
        if self.at.word("NOT"):
            return Expr(True, not3(self.boolean(self.negation())))
        return self.comparison()

    def comparison(self) -> Expr:
        left = self.difference()
        operator = self.at.take(_COMPARE)
        if operator:
            return Expr(
                True, self.compare(operator[0], self.value(left), self.value(self.difference()))
            )
        if self.at.word("LIKE"):
            return Expr(True, self.like(left, self.primary()))
        if self.at.word("IN"):
            self.at.expect("(")
            return Expr(True, self.among(left, self.arguments()))
        return left

    def difference(self) -> Expr:
        """A value, less others; the other arithmetic is not modelled."""
        left = self.primary()
        while self.at.symbol("-"):
            left = Expr(False, _minus(self.value(left), self.value(self.primary())))
        return left

    def compare(
        self, op: str, left: Callable[[Record], object], right: Callable[[Record], object]
    ) -> Ternary:
        def run(row: Record) -> bool | None:
            order = self.order(left(row), right(row), op)
            return None if order is None else holds(op, order)

        return run

    def order(self, left: object, right: object, op: str) -> float | None:
        if left is None or right is None:
            return None
        numbers = number_of(left), number_of(right)
        both_text = isinstance(left, str) and isinstance(right, str)
        if None not in numbers and not both_text:
            return numbers[0] - numbers[1]  # type: ignore[operator]
        a, b = text_of(left), text_of(right)
        if not both_text and op not in ("=", "==", "!="):
            self.at.fail(f"{op} between {left!r} and {right!r}")
        return sign(a, b)

    def arguments(self) -> list[Expr]:
        out: list[Expr] = []
        while not self.at.symbol(")"):
            if out:
                self.at.expect(",")
            out.append(self.expression())
        return out

    def primary(self) -> Expr:
        if self.at.symbol("("):
            inner = self.expression()
            self.at.expect(")")
            return inner
        if self.at.peek(_STRING):
            text = read_string(self.at)
            return Expr(False, lambda row: text, text)
        number = self.at.take(_NUMBER)
        if number:
            parsed = float(number[0]) if "." in number[0] else int(number[0])
            return Expr(False, lambda row: parsed)
        field = self.at.take(_FIELD)
        if field is None or field[2] in _WORDS:
            self.at.fail("expected a value", field.start() if field else None)
        if field[2] and self.at.symbol("("):
            return self.call(field[2], field.start())
        name = field[1] or field[2]
        if name == "_raw":
            return Expr(False, lambda row: row.get(name, raw_of(row)))
        return Expr(False, lambda row: row.get(name))

    def call(self, name: str, offset: int) -> Expr:
        if name == "match":
            return self.match()
        args = self.arguments()
        if name in _SIMPLE and len(args) == 1:
            function, value = _SIMPLE[name], self.value(args[0])
            return Expr(False, lambda row: _apply(function, value(row)))
        special = self.special(args)
        count, make = special.get(name, (-1, None))
        if make is None or count not in (None, len(args)) or (count is None and not args):
            self.at.fail(f"unknown function {name} of {len(args)}", offset)
        return make()

    def special(self, args: list[Expr]) -> dict[str, tuple[int | None, Callable[[], Expr]]]:
        """The functions that take their arguments unevaluated: how many (None: some), and what they make."""
        return {
            "isnull": (1, lambda: Expr(True, _null(self.value(args[0]), True))),
            "isnotnull": (1, lambda: Expr(True, _null(self.value(args[0]), False))),
            "true": (0, lambda: Expr(True, lambda row: True)),
            "false": (0, lambda: Expr(True, lambda row: False)),
            "like": (2, lambda: Expr(True, self.like(*args))),
            "cidrmatch": (2, lambda: Expr(True, self.cidr(*args))),
            "if": (3, lambda: self.branch(*args)),
            "substr": (None, lambda: self.substring(args)),
            "strftime": (2, lambda: self.time(args, _strftime)),
            "strptime": (2, lambda: self.time(args, _strptime)),
            "in": (None, lambda: Expr(True, self.among(args[0], args[1:]))),
            "coalesce": (None, lambda: self.coalesce(args)),
        }

    def match(self) -> Expr:
        value = self.value(self.expression())
        self.at.expect(",")
        offset = self.at.pos
        pattern = pcre(read_string(self.at, regex=True), offset)
        self.at.expect(")")

        def found(text: object) -> bool:
            return pattern.search(text_of(text)) is not None

        return Expr(True, lambda row: _apply(found, value(row)))

    def like(self, left: Expr, right: Expr) -> Ternary:
        if right.constant is None or re.search(r"\\[%_\\]", right.constant):
            self.at.fail(
                "a like pattern that is no literal, or has a backslash before a wildcard or a backslash"
            )
        pattern, value = glob(right.constant, any_run="%", any_one="_"), self.value(left)
        return lambda row: _apply(lambda text: pattern.match(text_of(text)) is not None, value(row))  # type: ignore[return-value]

    def cidr(self, network: Expr, field: Expr) -> Ternary:
        if (
            network.constant is None
            or in_network(network.constant.partition("/")[0], network.constant) is None
        ):
            self.at.fail("cidrmatch wants a literal network")
        net, value = network.constant, self.value(field)
        return lambda row: _apply(lambda address: in_network(address, net) is True, value(row))  # type: ignore[return-value]

    def among(self, left: Expr, items: list[Expr]) -> Ternary:
        if not items:
            self.at.fail("an empty list")
        return or3([self.compare("==", self.value(left), self.value(item)) for item in items])

    def branch(self, test: Expr, then: Expr, other: Expr) -> Expr:
        if then.is_bool != other.is_bool:
            self.at.fail("if() of a boolean and a value")
        condition = self.boolean(test)
        return Expr(then.is_bool, lambda row: (then if condition(row) is True else other).run(row))

    def coalesce(self, args: list[Expr]) -> Expr:
        values = [self.value(arg) for arg in args]
        return Expr(
            False,
            lambda row: next((v for v in (value(row) for value in values) if v is not None), None),
        )

    def substring(self, args: list[Expr]) -> Expr:
        """`substr(text, start[, length])`: counts from 1, from the end below 0; 0 is not documented, NULL here."""
        text, start, *rest = [self.value(arg) for arg in args]
        if len(rest) > 1:
            self.at.fail("substr of more than three values")

        def run(row: Record) -> str | None:
            found, first = text(row), number_of(start(row))
            length = number_of(rest[0](row)) if rest else None
            if found is None or not first or (rest and length is None):
                return None
            tail = text_of(found)[int(first) - 1 if first > 0 else int(first) :]
            return tail if length is None else tail[: int(length)]

        return Expr(False, run)

    def time(self, args: list[Expr], convert: Callable[[object, str], object]) -> Expr:
        moment, form = args
        if form.constant is None:
            self.at.fail("a time format that is no literal")
        value, text = self.value(moment), form.constant
        return Expr(False, lambda row: convert(value(row), text))


def _minus(
    left: Callable[[Record], object], right: Callable[[Record], object]
) -> Callable[[Record], float | None]:
    def run(row: Record) -> float | None:
        a, b = number_of(left(row)), number_of(right(row))
        return None if a is None or b is None else a - b

    return run


def _strftime(value: object, form: str) -> str | None:
    """Times are UTC here; Splunk takes the user's zone."""
    seconds = number_of(value)
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime(form)


def _strptime(value: object, form: str) -> float | None:
    try:
        return datetime.strptime(text_of(value), form).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _null(value: Callable[[Record], object], wanted: bool) -> Ternary:
    return lambda row: (value(row) is None) == wanted


def _apply(function: Callable[[object], object], value: object) -> object:
    return None if value is None else function(value)


def _xor(tests: list[Ternary]) -> Ternary:
    def run(row: Record) -> bool | None:
        results = [test(row) for test in tests]
        return None if None in results else sum(map(bool, results)) % 2 == 1

    return tests[0] if len(tests) == 1 else run


_SIMPLE: dict[str, Callable[[object], object]] = {
    "lower": lambda value: text_of(value).lower(),
    "upper": lambda value: text_of(value).upper(),
    "len": lambda value: len(text_of(value)),
    "tonumber": number_of,
    "tostring": text_of,
}
