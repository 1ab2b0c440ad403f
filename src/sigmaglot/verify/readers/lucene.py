r"""Lucene's query-string syntax, as Elasticsearch's `query_string` runs it. Not vendor-verified.

Facts: Elastic's guide (query string syntax, regular expression syntax); Lucene's QueryParser.jj,
QueryParserBase, WildcardQuery and RegExp; Elasticsearch's QueryStringQueryParser. Nothing was run
in Elasticsearch. All settings are the defaults: operator OR, default field `*`.

Decisions:
    - AND and OR do not nest. `AND` requires both its neighbours, `+` one clause; `NOT`, `!`, `-`
      forbid; other clauses count only where nothing is required. So `a OR b AND c` is `b AND c`,
      and `a OR NOT b` is `a AND NOT b`. Forbidden clauses alone leave all other documents.
    - Neighbouring words that nothing joins are one text: on a keyword the value with its blanks,
      on a text field any of its tokens. Text without a token is no clause at all.
    - A field that `types` lacks is unmapped and matches nothing. A value without a field is looked
      for in all fields of `types`; those whose type refuses it are passed over.
    - A word behind a field that begins with `<`, `<=`, `>` or `>=` is a range, escaped or not.
    - `field:*` and `_exists_:field` are true of any value, the empty one included.
    - Regular expressions cover the whole value or token. `^`, `$` and the `?` of `(?:` and `(?i)`
      are plain characters, `"..."` is literal text, `a+?` is `(a+)?`. As in Lucene 9 an escaped
      letter other than `\d \D \s \S \w \W` raises; more than 1000 characters raise too.
    - Not modelled, so it raises: field names with a wildcard; fuzzy words and slop; dates without
      milliseconds (they are rounded); a prefix on a text field that its analyzer would cut (hangs
      on `analyze_wildcard`); ranges of text; in a regular expression `~`, `&` and `<n-m>`.
    - Not modelled in silence: `ignore_above`, and the limits on clauses and automaton states.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, NoReturn

from lark import Token

from .base import (
    Query,
    ReadError,
    Record,
    Test,
    all_of,
    any_of,
    keep_if,
    negate,
    number_of,
    text_of,
)
from .grammar import grammar, parse
from .kibana_match import EXACT, KNOWN, NUMBERS, RUN, TEXT, ElementTest, Value, element_test
from .kibana_match import elements as elements_of
from .regexes import compile_or_fail
from .uax29 import tokens

_MAX_DEPTH = 100
_MAX_REGEX = 1000
_ESCAPE = re.compile(r"\\(?:u(?P<hex>.{0,4})|(?P<char>.))|(?P<blank>[ \t\n\r\u3000]+)", re.DOTALL)
_WILDCARD = re.compile(r"\\(?P<escaped>.)|(?P<wild>[*?])|(?P<plain>[^\\*?]+)", re.DOTALL)
_COMPARISON = re.compile(r"(?P<sign>[<>]=?)(?P<bound>.+)", re.DOTALL)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)?")

_Make = Callable[[str], ElementTest | None]
"""Makes the test of a type's elements; None where analysis leaves nothing to look for."""


def read(text: str, types: Mapping[str, str]) -> Query:
    """Return the query of a text against a mapping of field types (those of `kibana_kql`).

    Raises:
        ReadError: Elasticsearch would refuse the text, or it says what this reader does not model.
        ValueError: A field type is not known.
    """
    unknown = set(types.values()) - KNOWN
    if unknown:
        raise ValueError(f"unknown field types {sorted(unknown)}")
    if RUN in text:
        raise ReadError("U+E000 in a query, which the readers use themselves", text.index(RUN))
    test: Test | None = None
    if text.strip(" \t\r\n"):
        test = _Reader(types).query(parse(grammar("lucene"), text).children[0], None)
    return Query(text, (keep_if(test or _never),), ("query_string",))


def _never(_row: Record) -> bool:
    return False


def _fail(message: str, token: Token) -> NoReturn:
    raise ReadError(message, token.start_pos or 0)


# -- Clauses --------------------------------------------------------------------------------------


def _add(clauses: list[tuple[str, Test]], marks: set[str], test: Test | None) -> None:
    """Add a clause as the classic parser does; an empty one (None) still requires what it joins."""
    if "AND" in marks and clauses and clauses[-1][0] == "should":
        clauses[-1] = ("must", clauses[-1][1])
    kind = "not" if marks & {"MINUS", "NOT"} else "must" if marks & {"AND", "PLUS"} else "should"
    if test:
        clauses.append((kind, test))


def _together(clauses: list[tuple[str, Test]]) -> Test | None:
    """Return what the clauses mean together, or None without any."""
    must, should, forbidden = (
        [test for kind, test in clauses if kind == wanted] for wanted in ("must", "should", "not")
    )
    optional = [any_of(should)] if should and not must else []
    parts = must + optional + [negate(test) for test in forbidden]
    return all_of(parts) if parts else None


class _Reader:
    """Makes tests of lark's trees; None is a clause that analysis left empty."""

    def __init__(self, types: Mapping[str, str]) -> None:
        self.types = types

    def query(self, tree: Any, field: str | None, depth: int = 0) -> Test | None:
        if depth > _MAX_DEPTH:
            raise ReadError(f"brackets nested more than {_MAX_DEPTH} deep")
        clauses: list[tuple[str, Test]] = []
        marks, name = set[str](), field
        for child in tree.children:
            if isinstance(child, Token):
                marks.add(child.type)
            elif child.data == "field":
                name = _unescaped(child.children[0])
            else:
                _add(clauses, marks, self.value(child, name, depth))
                marks, name = set(), field
        return _together(clauses)

    def value(self, tree: Any, field: str | None, depth: int) -> Test | None:
        first, *rest = tree.children
        if tree.data == "group":
            return self.query(first, field, depth + 1)
        if tree.data == "range":
            low, _, high, closing, *_ = rest
            ends = _bound(_unescaped(low), first == "["), _bound(_unescaped(high), closing == "]")
            return self.over(field, first, partial(_range, token=first, bounds=ends))
        if any(token.type == "FUZZY" for token in rest):
            _fail("a fuzzy word or a sloppy phrase, which this reader does not model", first)
        return self.word(first, field)

    def word(self, token: Token, field: str | None) -> Test | None:
        text = _unescaped(token)
        make = {"WILD": _wildcard, "REGEX": _regular}.get(token.type, _plain)
        if token.type == "STAR":
            return negate(_never) if field in (None, "*") else self.exists(str(field), token)
        if make is _plain and field == "_exists_":
            return self.exists(text, token)
        comparison = _COMPARISON.fullmatch(text)
        if make is _plain and comparison and field and token.type != "QUOTED":
            bound = _bound(comparison["bound"], comparison["sign"].endswith("="))
            ends = (bound, None) if text[0] == ">" else (None, bound)
            return self.over(field, token, partial(_range, token=token, bounds=ends))
        return self.over(field, token, partial(make, token=token, text=text))

    def exists(self, name: str, token: Token) -> Test:
        """Return whether a field, or any field of an object of that name, holds a value."""
        _refuse_pattern(name, token)
        inner = [field for field in self.types if field.startswith(f"{name}.")]
        names = [name] if name in self.types else inner
        return lambda row: any(elements_of(row, field, self.types[field]) for field in names)

    def over(self, field: str | None, token: Token, make: _Make) -> Test | None:
        """Return the test of a field, or of all fields where none is named."""
        if field is None:
            return self.anywhere(make)
        _refuse_pattern(field, token)
        return self.of(field, make) if field in self.types else _never

    def of(self, field: str, make: _Make) -> Test | None:
        kind = self.types[field]
        test = make(kind)
        return (lambda row: any(map(test, elements_of(row, field, kind)))) if test else None

    def anywhere(self, make: _Make) -> Test | None:
        tests: list[Test | None] = []
        for field, kind in self.types.items():
            try:
                tests.append(self.of(field, make))
            except ReadError:
                if kind in EXACT | TEXT:
                    raise
        found = [test for test in tests if test]
        return any_of(found) if found else None


# -- Words, phrases, wildcards --------------------------------------------------------------------


def _refuse_pattern(name: str, token: Token) -> None:
    if "*" in name:
        _fail(f"the field name {name!r}, whose wildcard this reader does not model", token)


def _unescaped(token: Token) -> str:
    r"""Return a token's text without quotes and escapes; `\u` takes four hexadecimal digits."""

    def char(match: re.Match[str]) -> str:
        code = match["hex"]
        if code is None:
            joins = match["blank"] and token.type == "WORDS"
            return " " if joins else match["char"] or match[0]
        if not re.fullmatch(r"(?![dD][89a-fA-F])[0-9A-Fa-f]{4}", code):
            _fail(f"escape {match[0]!r}", token)
        return chr(int(code, 16))

    inner = {"QUOTED": slice(1, -1), "BOUND_QUOTED": slice(1, -1), "BARE": slice(1)}
    return _ESCAPE.sub(char, token[inner.get(token.type, slice(None))])


def _plain(kind: str, token: Token, text: str) -> ElementTest | None:
    if kind in TEXT and not tokens(text):
        return None
    _refuse_rounding(kind, token, text)
    value = Value(text, quoted=token.type == "QUOTED", offset=token.start_pos or 0)
    return element_test(kind, value, split_keywords=True)


def _wildcard(kind: str, token: Token, text: str) -> ElementTest:
    if kind not in EXACT | TEXT:
        _fail(f"a wildcard on a {kind} field", token)
    pieces, lower = list(_WILDCARD.finditer(token)), kind in TEXT
    if [piece["wild"] for piece in pieces if piece["wild"]] != ["*"] or not pieces[-1]["wild"]:
        return _matches(kind, re.compile("".join(_wild(p, lower) for p in pieces), re.DOTALL))
    prefix = text[:-1].lower() if lower else text[:-1]
    if lower and tokens(prefix) != [prefix]:
        _fail(f"the prefix {prefix!r} on a text field, which its analyzer would cut", token)
    return _matches(kind, re.compile(re.escape(prefix) + ".*", re.DOTALL))


def _wild(piece: re.Match[str], lower: bool) -> str:
    """An escaped character keeps its case, as when Elasticsearch normalises a wildcard."""
    if piece["wild"]:
        return ".*" if piece["wild"] == "*" else "."
    plain = piece["plain"] or ""
    return re.escape(piece["escaped"] or (plain.lower() if lower else plain))


def _matches(kind: str, pattern: re.Pattern[str]) -> ElementTest:
    if kind in TEXT:
        return lambda element: any(map(pattern.fullmatch, tokens(text_of(element))))
    return lambda element: pattern.fullmatch(text_of(element)) is not None


# -- Ranges ---------------------------------------------------------------------------------------

_Bound = tuple[str, bool] | None
"""The text of a bound, and whether it is of the range."""


def _bound(text: str, closed: bool) -> _Bound:
    return None if text == "*" else (text, closed)


def _range(kind: str, token: Token, bounds: tuple[_Bound, _Bound]) -> ElementTest:
    low, high = (bound and (_limit(kind, token, bound[0]), bound[1]) for bound in bounds)

    def inside(point: Any) -> bool:
        above = low is None or point > low[0] or (low[1] and point == low[0])
        return above and (high is None or point < high[0] or (high[1] and point == high[0]))

    return lambda element: (point := _point(kind, element)) is not None and inside(point)


def _limit(kind: str, token: Token, text: str) -> Any:
    _refuse_rounding(kind, token, text)
    point = _point(kind, text)
    if point is None:
        _fail(f"the bound {text!r} on a {kind} field", token)
    return point


def _refuse_rounding(kind: str, token: Token, text: str) -> None:
    if kind == "date" and not _MOMENT.fullmatch(text):
        _fail(f"the date {text!r}, which would be rounded", token)


def _point(kind: str, value: object) -> Any:
    """Return what a type sorts a value by, or None: no order, or a value not of the type."""
    text = text_of(value)
    try:
        if kind == "ip":
            address = ipaddress.ip_address(text)
            return int(address) + (0xFFFF << 32 if address.version == 4 else 0)
        if kind == "date":
            moment = datetime.fromisoformat(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except ValueError:
        return None
    return (
        number_of(value) if kind in NUMBERS else text if kind in ("keyword", "wildcard") else None
    )


# -- Regular expressions --------------------------------------------------------------------------

_CLASSES = {
    "d": "0-9",
    "D": r"\x00-/:-\U0010ffff",
    "s": r" \t\n\r",
    "S": r"\x00-\x08\x0b\x0c\x0e-\x1f!-\U0010ffff",
    "w": "0-9A-Za-z_",
    "W": r"\x00-/:-@\[-\^`{-\U0010ffff",
}
_SIGNS = {".": ".", "@": ".*", "#": "(?!)", "()": "(?:)"}
_REPETITION = re.compile(r"[?*+]|\{\d{1,4}(?:,(?:\d{1,4})?)?\}")
# `\\-` in a class is read differently by different versions of Lucene.
_ITEM = r"(?!\\\\-)(?>\\[dDsSwW]|(?:\\[^A-Za-z]|[^\\])(?:-(?:\\[^A-Za-z]|[^\\]))?)"
_SPAN = re.compile(r"\\?(.)(?:-\\?(.))?", re.DOTALL)
_OPERAND = re.compile(
    rf"""\[(?P<not>\^?+)(?P<items>{_ITEM}(?:(?!\]){_ITEM})*)\]|(?P<sign>\(\)|[.@#])"""
    r"""|"(?P<quoted>[^"]*)"|\\(?P<escaped>[^A-Za-z]|[dDsSwW])|(?P<char>[^~<"\\\[])""",
    re.DOTALL,
)


def _regular(kind: str, token: Token, text: str) -> ElementTest:
    """A regular expression, which keeps its escapes and, on a text field, its letter case."""
    del text
    if kind not in EXACT | TEXT:
        _fail(f"a regular expression on a {kind} field", token)
    if len(token) - 2 > _MAX_REGEX:
        _fail(f"a regular expression of more than {_MAX_REGEX} characters", token)
    offset = (token.start_pos or 0) + 1
    pattern = _Regex(token[1:-1], offset).translate()
    return _matches(kind, compile_or_fail(pattern, re.DOTALL, offset))


def _operand(match: re.Match[str]) -> str:
    if match["items"]:
        items = (item[0] for item in re.finditer(_ITEM, match["items"], re.DOTALL))
        return f"[{match['not']}{''.join(map(_item, items))}]"
    if match["sign"]:
        return _SIGNS[match["sign"]]
    shorthand = _CLASSES.get(match["escaped"] or "")
    plain = match["quoted"] or match["escaped"] or match["char"] or ""
    return f"[{shorthand}]" if shorthand else f"(?:{re.escape(plain)})"


def _item(item: str) -> str:
    def span(match: re.Match[str]) -> str:
        return re.escape(match[1]) + (f"-{re.escape(match[2])}" if match[2] else "")

    return _CLASSES.get(item[1:]) or _SPAN.sub(span, item)


class _Regex:
    """Lucene's RegExp as Python's. An operator where an operand must stand is a plain character."""

    def __init__(self, text: str, offset: int) -> None:
        self.text, self.offset, self.pos = text, offset, 0
        self.outer: list[tuple[str, list[str]]] = []
        self.before, self.parts = "", list[str]()

    def fail(self, message: str) -> NoReturn:
        raise ReadError(f"regular expression: {message}", self.offset + self.pos)

    def translate(self) -> str:
        steps = {"|": self.union, ")": self.close} | dict.fromkeys("?*+{&", self.repetition)
        while self.pos < len(self.text):
            step = steps.get(self.text[self.pos]) if self.parts else None
            self.pos = (step or self.operand)()
        if self.outer or not self.parts:
            self.fail("unexpected end")
        return self.before + "".join(self.parts)

    def union(self) -> int:
        self.before, self.parts = f"{self.before}{''.join(self.parts)}|", []
        return self.pos + 1

    def close(self) -> int:
        if not self.outer:
            self.fail("unexpected )")
        group = f"(?:{self.before}{''.join(self.parts)})"
        self.before, self.parts = self.outer.pop()
        self.parts.append(group)
        return self.pos + 1

    def repetition(self) -> int:
        match = _REPETITION.match(self.text, self.pos)
        if match is None:
            self.fail("& (not translated), or { without a count below 10000")
        self.parts[-1] = f"(?:{self.parts[-1]}){match[0]}"
        return match.end()

    def operand(self) -> int:
        if self.text.startswith("(", self.pos) and not self.text.startswith("()", self.pos):
            self.outer.append((self.before, self.parts))
            self.before, self.parts = "", []
            return self.pos + 1
        match = _OPERAND.match(self.text, self.pos)
        if match is None:
            self.fail(f"{self.text[self.pos : self.pos + 2]!r}, which is wrong or not translated")
        self.parts.append(_operand(match))
        return match.end()
