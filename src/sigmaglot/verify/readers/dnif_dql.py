r"""DNIF DQL (9.2 and later): `stream=s where <condition> | duration 1d | limit 100`.

Not vendor-verified. Facts: DNIF's knowledge base (Basic syntax, Regex Match, Not clause) and
LANGUAGES.md. What a string may hold, the flavour of `rlike` and the logic of missing columns are
not documented. Decisions:

- Strings, `strings="doubling"`: a doubled quote is a quote, a backslash before the string's own
  quote escapes it, every other backslash is a backslash (so a string cannot end in one); a `like`
  pattern with a backslash before `%`, `_` or a backslash raises.
- Strings, `strings="backslash"` (Spark SQL): a backslash escapes the next character (`\n` and its
  kin are controls, `\%` and `\_` keep theirs); a doubled quote raises. In `like` a backslash
  escapes `%`, `_` and itself.
- `rlike` searches; `anchored=True` makes it match the whole value. Python's `re` runs it.
- Comparison respects case. Keywords and function names are read in any case.
- A missing column makes a comparison unknown, and NOT of that is unknown (SQL);
  `three_valued=False` makes it false.
- `duration`, `limit`, `first` and `last` are read and do not change which records match. The
  other pipes (`groupby`, `select`, `having`, `sort`) raise while reading.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal

from lark import Token, v_args
from lark.visitors import Transformer_NonRecursive

from .base import (
    Query,
    ReadError,
    Record,
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
from .grammar import grammar, parse, place, transform
from .regexes import compile_or_fail

Strings = Literal["doubling", "backslash"]
Value = Callable[[Record], object]

_CONTROLS = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "b": "\b",
    "0": "\0",
    "Z": "\x1a",
    "%": "\\%",
    "_": "\\_",
}
_FUNCTIONS: dict[str, Callable[[str], object]] = {
    "lower": str.lower,
    "upper": str.upper,
    "length": len,
}


def read(
    text: str, anchored: bool = False, strings: Strings = "doubling", three_valued: bool = True
) -> Query:
    """Return a query of one stream.

    Args:
        text: The query.
        anchored: Whether `rlike` must match the whole value.
        strings: What escapes in a string.
        three_valued: Whether a comparison with a missing column is unknown instead of false.

    Raises:
        ReadError: The text is not of the language, or uses what this reader does not model.
    """
    tree = parse(grammar("dnif_dql", strings), text)
    parts: _Parts = transform(_Reader(anchored, strings, three_valued), tree)
    stream, stages, names = parts
    return Query(text, stages, names, stream)


_Parts = tuple[str, tuple[Stage, ...], tuple[str, ...]]


@v_args(inline=True)
class _Reader(Transformer_NonRecursive[Token, Any]):
    """Makes the functions of a query out of its tree; a method is named after its rule."""

    def __init__(self, anchored: bool, strings: Strings, three_valued: bool) -> None:
        super().__init__(visit_tokens=False)
        self._anchored = anchored
        self._spark = strings == "backslash"
        self._unknown = None if three_valued else False

    def query(self, stream: Token, *parts: Token | Stage) -> _Parts:
        """Return the stream's name, the stages, and the names of these and of the pipes."""
        stages = tuple(part for part in parts if not isinstance(part, Token))
        pipes = [part.split()[0] for part in parts if isinstance(part, Token)]
        names = (*(["where"] if stages else []), *pipes)
        return stream.partition("=")[2].strip(), stages, names

    def where(self, _keyword: Token, test: Ternary) -> Stage:
        return keep_if(test)

    # -- conditions ---------------------------------------------------------------------------

    def disjunction(self, *tests: Ternary) -> Ternary:
        return or3(list(tests))

    def conjunction(self, *tests: Ternary) -> Ternary:
        return and3(list(tests))

    def negated(self, test: Ternary) -> Ternary:
        return not3(test)

    def null_call(self, function: Token, value: Value) -> Ternary:
        wanted = function.lower() == "isnull"
        return lambda row: (value(row) is None) == wanted

    def is_null(self, value: Value, negation: Token | None) -> Ternary:
        return lambda row: (value(row) is None) == (negation is None)

    def compare(self, left: Value, operator: Token, right: Value) -> Ternary:
        def run(row: Record) -> bool | None:
            a, b = left(row), right(row)
            if isinstance(a, int | float) or isinstance(b, int | float):
                a, b = number_of(a), number_of(b)
            return self._unknown if a is None or b is None else holds(operator, sign(a, b))

        return run

    def among(self, value: Value, negation: Token | None, *items: Value) -> Ternary:
        equal = Token("COMPARE", "=")
        return _signed(or3([self.compare(value, equal, item) for item in items]), negation)

    def rlike_call(self, value: Value, regex: Token) -> Ternary:
        return self.rlike(value, None, regex)

    def rlike(self, value: Value, negation: Token | None, regex: Token) -> Ternary:
        pattern = compile_or_fail(self._string(regex), 0, place(regex))
        run = pattern.fullmatch if self._anchored else pattern.search
        return _signed(self._tested(value, lambda found: run(found) is not None), negation)

    def like(self, value: Value, negation: Token | None, text: Token) -> Ternary:
        translate = _spark_like if self._spark else _plain_like
        pattern = translate(self._string(text), place(text))
        matches = self._tested(value, lambda found: pattern.match(found) is not None)
        return _signed(matches, negation)

    def _tested(self, value: Value, test: Callable[[str], bool]) -> Ternary:
        def run(row: Record) -> bool | None:
            found = value(row)
            return self._unknown if found is None else test(text_of(found))

        return run

    # -- operands -----------------------------------------------------------------------------

    def text(self, token: Token) -> Value:
        text = self._string(token)
        return lambda _row: text

    def number(self, token: Token) -> Value:
        number = number_of(token)
        return lambda _row: number

    def column(self, token: Token) -> Value:
        name = str(token)
        return lambda row: row.get(name)

    def function(self, name: Token, inner: Value) -> Value:
        function = _FUNCTIONS.get(name.lower())
        if function is None:
            raise ReadError(f"unknown function {name}", place(name))

        def run(row: Record) -> object:
            found = inner(row)
            return None if found is None else function(text_of(found))

        return run

    def _string(self, token: Token) -> str:
        quote, body = token[0], token[1:-1]
        if self._spark:
            return re.sub(r"\\([\s\S])", lambda escape: _CONTROLS.get(escape[1], escape[1]), body)
        return re.sub(rf"{quote}{quote}|\\{quote}", quote, body)


Reader = _Reader
"""What the reader of many rows extends."""


def _signed(test: Ternary, negation: Token | None) -> Ternary:
    return test if negation is None else not3(test)


def _plain_like(text: str, offset: int) -> re.Pattern[str]:
    if re.search(r"\\[%_\\]", text):
        message = "a like pattern with a backslash before a wildcard or a backslash"
        raise ReadError(message, offset)
    return glob(text, any_run="%", any_one="_")


def _spark_like(text: str, offset: int) -> re.Pattern[str]:
    body = ""
    for piece in re.findall(r"\\[\s\S]?|[^\\]", text):
        if piece[0] == "\\" and piece[1:] not in ("%", "_", "\\"):
            raise ReadError("a backslash in a like pattern that escapes nothing", offset)
        body += {"%": ".*", "_": "."}.get(piece) or re.escape(piece[-1])
    return re.compile(rf"\A{body}\Z", re.DOTALL)
