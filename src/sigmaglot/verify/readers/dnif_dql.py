"""DNIF DQL (9.2 and later): `stream=s where <condition> | duration 1d | limit 100`.

Facts: DNIF's knowledge base (Basic syntax, Regex Match, Not clause) and LANGUAGES.md. What a string may hold, the
flavour of `rlike` and the logic of missing columns are not documented. Decisions:
    - Strings, `strings="doubling"`: a doubled quote is a quote, a backslash before the string's own quote escapes it,
      every other backslash is a backslash (so a string cannot end in one); a `like` pattern with a backslash before
      `%`, `_` or a backslash raises.
    - Strings, `strings="backslash"` (Spark SQL): a backslash escapes the next character (`\\n` and its kin are controls,
      `\\%` and `\\_` keep theirs); a doubled quote raises. In `like` a backslash escapes `%`, `_` and itself.
    - `rlike` searches; `anchored=True` makes it match the whole value. Python's `re` runs it.
    - Comparison respects case. Keywords and function names are read in any case.
    - A missing column makes a comparison unknown, and NOT of that is unknown (SQL); `three_valued=False` makes it false.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from .base import (
    Query,
    Record,
    Scanner,
    Stage,
    Ternary,
    and3,
    glob,
    holds,
    keep_if,
    not3,
    number_of,
    or3,
    sign,
    text_of,
)
from .regexes import compile_or_fail

Strings = Literal["doubling", "backslash"]
Value = Callable[[Record], object]

_COLUMN = re.compile(r"[A-Za-z_]\w*(?![\w.$-])")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?![\w.])")
_COMPARE = re.compile(r"==|!=|<=|>=|=|<(?!>)|>")
_DOUBLING = re.compile(r"'((?:''|\\'|[^'])*+)'|\"((?:\"\"|\\\"|[^\"])*+)\"")
_BACKSLASH = re.compile(r"'((?:\\[\s\S]|[^'\\])*)'(?!')|\"((?:\\[\s\S]|[^\"\\])*)\"(?!\")")
_CONTROL = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "b": "\b",
    "0": "\0",
    "Z": "\x1a",
    "%": "\\%",
    "_": "\\_",
}
_WORDS = {"and", "or", "not", "in", "like", "is", "null", "rlike", "regexp", "where", "between"}
_FUNCTIONS: dict[str, Callable[[str], object]] = {
    "lower": str.lower,
    "upper": str.upper,
    "length": len,
}


def read(
    text: str, anchored: bool = False, strings: Strings = "doubling", three_valued: bool = True
) -> Query:
    """Read a query of one stream. Raises ReadError."""
    return _Parser(text, anchored, strings, three_valued).query()


class _Parser(Scanner):
    def __init__(self, text: str, anchored: bool, strings: Strings, three_valued: bool) -> None:
        super().__init__(text)
        self.anchored = anchored
        self.spark = strings == "backslash"
        self.three_valued = three_valued

    def keyword(self, word: str) -> bool:
        return self.word(word, ignore_case=True)

    def query(self) -> Query:
        stream = self.take(re.compile(r"stream\s*=\s*([A-Za-z][\w-]*)(?!\S)", re.IGNORECASE))
        if stream is None:
            self.fail("expected stream=name")
        stages: list[Stage] = []
        names: list[str] = []
        if self.keyword("where"):
            stages.append(keep_if(self.disjunction()))
            names.append("where")
        while not self.at_end():
            self.expect("|")
            pipe = self.take(
                re.compile(r"duration\s+\d+[mhdwM](?!\w)|(?:limit|first|last)\s+\d+(?!\w)")
            )
            if pipe is None:
                self.fail("a pipe other than duration, limit, first, last")
            names.append(pipe[0].split()[0])
        return Query(self.text, tuple(stages), tuple(names), stream[1])

    def disjunction(self) -> Ternary:
        parts = [self.conjunction()]
        while self.keyword("or"):
            parts.append(self.conjunction())
        return or3(parts)

    def conjunction(self) -> Ternary:
        parts = [self.negation()]
        while self.keyword("and"):
            parts.append(self.negation())
        return and3(parts)

    def negation(self) -> Ternary:
        if self.keyword("not"):
            return not3(self.negation())
        if self.symbol("("):
            inner = self.disjunction()
            self.expect(")")
            return inner
        call = self.take(re.compile(r"(rlike|isnull|isnotnull)\s*\(", re.IGNORECASE))
        return self.call(call[1].lower()) if call else self.predicate()

    def call(self, name: str) -> Ternary:
        value = self.value()
        if name != "rlike":
            self.expect(")")
            return lambda row: (value(row) is None) == (name == "isnull")
        self.expect(",")
        test = self.regex(value)
        self.expect(")")
        return test

    def predicate(self) -> Ternary:
        value = self.value()
        if self.keyword("is"):
            wanted = not self.keyword("not")
            if not self.keyword("null"):
                self.fail("expected null")
            return lambda row: (value(row) is None) == wanted
        operator = self.take(_COMPARE)
        if operator:
            return self.compare(operator[0], value, self.value())
        negated = self.keyword("not")
        test = self.infix(value)
        return not3(test) if negated else test

    def infix(self, value: Value) -> Ternary:
        if self.keyword("like"):
            return self.like(value)
        if self.keyword("rlike") or self.keyword("regexp"):
            return self.regex(value)
        if not self.keyword("in"):
            self.fail("expected a comparison")
        self.expect("(")
        tests = [self.compare("=", value, self.value())]
        while self.symbol(","):
            tests.append(self.compare("=", value, self.value()))
        self.expect(")")
        return or3(tests)

    def compare(self, op: str, left: Value, right: Value) -> Ternary:
        def run(row: Record) -> bool | None:
            a, b = left(row), right(row)
            if a is None or b is None:
                return self.unknown()
            if isinstance(a, int | float) or isinstance(b, int | float):
                a, b = number_of(a), number_of(b)
                if a is None or b is None:
                    return self.unknown()
            return holds(op, sign(a, b))

        return run

    def unknown(self) -> bool | None:
        return None if self.three_valued else False

    def tested(self, value: Value, test: Callable[[str], bool]) -> Ternary:
        def run(row: Record) -> bool | None:
            found = value(row)
            return self.unknown() if found is None else test(text_of(found))

        return run

    def regex(self, value: Value) -> Ternary:
        offset = self.pos
        pattern = compile_or_fail(self.string(), 0, offset)
        run = pattern.fullmatch if self.anchored else pattern.search
        return self.tested(value, lambda text: run(text) is not None)

    def like(self, value: Value) -> Ternary:
        offset, text = self.pos, self.string()
        if not self.spark:
            if re.search(r"\\[%_\\]", text):
                self.fail(
                    "a like pattern with a backslash before a wildcard or a backslash", offset
                )
            pattern = glob(text, any_run="%", any_one="_")
        else:
            pattern = self.spark_like(text, offset)
        return self.tested(value, lambda found: pattern.match(found) is not None)

    def spark_like(self, text: str, offset: int) -> re.Pattern[str]:
        body = ""
        for piece in re.findall(r"\\[\s\S]?|[^\\]", text):
            if piece[0] == "\\" and piece[1:] not in ("%", "_", "\\"):
                self.fail("a backslash in a like pattern that escapes nothing", offset)
            body += {"%": ".*", "_": "."}.get(piece) or re.escape(piece[-1])
        return re.compile(rf"\A{body}\Z", re.DOTALL)

    # -- operands -----------------------------------------------------------------------------------------------

    def value(self) -> Value:
        if self.peek(re.compile("['\"]")):
            text = self.string()
            return lambda row: text
        number = self.take(_NUMBER)
        if number:
            parsed = number_of(number[0])
            return lambda row: parsed
        start, column = self.pos, self.take(_COLUMN)
        if column is None or column[0].lower() in _WORDS:
            self.fail("expected a column or a value", start)
        name = column[0]
        if not self.symbol("("):
            return lambda row: row.get(name)
        if name.lower() not in _FUNCTIONS:
            self.fail(f"unknown function {name}", start)
        function, inner = _FUNCTIONS[name.lower()], self.value()
        self.expect(")")
        return lambda row: None if inner(row) is None else function(text_of(inner(row)))

    def string(self) -> str:
        start = self.pos
        match = self.take(_BACKSLASH if self.spark else _DOUBLING)
        if match is None:
            self.fail("expected a string, or an unbalanced quote", start)
        quote, body = match[0][0], match[1] if match[1] is not None else match[2]
        if self.spark:
            return re.sub(r"\\([\s\S])", lambda m: _CONTROL.get(m[1], m[1]), body)
        return re.sub(rf"{quote}{quote}|\\{quote}", quote, body)
