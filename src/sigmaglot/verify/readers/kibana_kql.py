"""Kibana KQL, as Kibana parses it and Elasticsearch runs it.

Facts: elastic/kibana kbn-es-query (grammar.peggy, functions/is.ts, functions/range.ts, node_types/wildcard.ts);
Elasticsearch's query_string, match and match_phrase; Lucene's classic query parser.

Decisions:
    - The grammar is Kibana's own, choices in its order. `field: { ... }` (nested) raises, so does a field name with
      a wildcard and a field that `types` does not list.
    - `types` maps a field to keyword, constant_keyword, wildcard, text, match_only_text, long (and its kin), ip, date
      or boolean. A text field `x.text` is read from the record's `x`, unless the record has `x.text`. Values
      may be lists.
    - A wildcard value becomes a query_string: split at blanks into alternatives; neighbours without a wildcard make
      one phrase-less term. `AND`, `OR`, `NOT` would be operators there: they raise. Since 8.5 Kibana sends a
      `wildcard` query, which does not split, for a `keyword` field whose data view says so: `keyword_wildcard="wildcard"`
      models that (fields of type wildcard and text still go through query_string).
    - A value without a field is looked for in all fields of `types`, errors apart (`lenient`).
    - `null` as a value raises. An `is` on a long or ip field whose value does not parse raises.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal

from .base import Query, ReadError, Record, Scanner, Test, all_of, any_of, holds, keep_if, negate
from .kibana_match import (
    EXACT,
    KNOWN,
    NUMBERS,
    RUN,
    TEXT,
    ElementTest,
    Value,
    element_test,
    elements,
    scalar_of,
    sign_of,
)

_BLANK = " \t\r\n\u00a0"
_SPACE = re.compile(rf"[{_BLANK}]*")
_OR = re.compile(rf"[{_BLANK}]+or[{_BLANK}]+", re.IGNORECASE)
_AND = re.compile(rf"[{_BLANK}]+and[{_BLANK}]+", re.IGNORECASE)
_NOT = re.compile(rf"not[{_BLANK}]+", re.IGNORECASE)
_CONTROL = re.compile(r"\\([trn])")
_UNICODE = re.compile(r"\\u([0-9a-f]{4})", re.IGNORECASE)
_QUOTED_ESCAPE = re.compile(r"\\([\\\"])")
_BARE_ESCAPE = re.compile(r"\\([\\():<>\"*{}]|or|and|not)", re.IGNORECASE)
_RANGE = re.compile(r"<=|>=|<|>")


def read(
    text: str,
    types: Mapping[str, str],
    keyword_wildcard: Literal["query_string", "wildcard"] = "query_string",
) -> Query:
    """Read a query against a mapping of field types. Raises ReadError."""
    unknown = set(types.values()) - KNOWN
    if unknown:
        raise ValueError(f"unknown field types {sorted(unknown)}")
    if RUN in text:
        raise ReadError("U+E000 in a query, which this reader uses itself", text.index(RUN))
    return Query(text, (keep_if(_Parser(text, types, keyword_wildcard).query()),), ("query",))


class _Parser(Scanner):
    """The grammar. A PEG: a rule that fails leaves the cursor where it was and returns None."""

    def __init__(self, text: str, types: Mapping[str, str], keyword_wildcard: str) -> None:
        super().__init__(text, blank="")
        self.types = types
        self.split_keywords = keyword_wildcard == "query_string"

    def blanks(self) -> None:
        self.take(_SPACE)

    def query(self) -> Test:
        self.blanks()
        test = self.chain(self.negation)
        self.blanks()
        if self.pos < len(self.text):
            self.fail("unexpected text")
        return test or (lambda row: True)

    def chain(self, operand: Callable[[], Test | None]) -> Test | None:
        return self.joined(_OR, any_of, lambda: self.joined(_AND, all_of, operand))

    def joined(
        self,
        word: re.Pattern[str],
        join: Callable[[list[Test]], Test],
        operand: Callable[[], Test | None],
    ) -> Test | None:
        parts = [operand()]
        while parts[-1]:
            before = self.pos
            parts.append(operand() if self.take(word) else None)
            if parts[-1] is None:
                self.pos = before
        found = [part for part in parts if part]
        return join(found) if found else None

    def negation(self) -> Test | None:
        before = self.pos
        if self.take(_NOT):
            inner = self.group()
            if inner:
                return negate(inner)
            self.pos = before
        return self.group()

    def group(self) -> Test | None:
        return self.in_parentheses(lambda: self.chain(self.negation)) or self.expression()

    def in_parentheses(self, inner: Callable[[], Test | None]) -> Test | None:
        before = self.pos
        if self.symbol("("):
            self.blanks()
            test = inner()
            self.blanks()
            if test and self.symbol(")"):
                return test
        self.pos = before
        return None

    def expression(self) -> Test | None:
        before, field = self.pos, self.literal()
        if field is None:
            return None
        self.blanks()
        operator = self.take(_RANGE)
        if operator:
            self.blanks()
            value = self.literal()
            if value:
                return self.range(field, operator[0], value)
        elif self.symbol(":"):
            self.blanks()
            if self.text.startswith("{", self.pos):
                self.fail("a nested query, which this reader does not model")
            test = self.values(field)
            if test:
                return test
        self.pos = before
        value = self.literal()
        return self.is_anywhere(value) if value else None

    def values(self, field: Value) -> Test | None:
        """A value or a list of them in parentheses, where `and`, `or` and `not` hold as outside."""
        listed = self.in_parentheses(lambda: self.chain(lambda: self.negated_values(field)))
        if listed:
            return listed
        value = self.literal()
        return self.is_in(field, value) if value else None

    def negated_values(self, field: Value) -> Test | None:
        before = self.pos
        if self.take(_NOT):
            inner = self.values(field)
            if inner:
                return negate(inner)
            self.pos = before
        return self.values(field)

    def literal(self) -> Value | None:
        return self.quoted() or self.bare()

    def quoted(self) -> Value | None:
        start, out = self.pos, []
        if not self.symbol('"'):
            return None
        while self.pos < len(self.text) and self.text[self.pos] != '"':
            out.append(self.escaped(_QUOTED_ESCAPE) or self.any_char())
        if self.symbol('"'):
            return Value("".join(out), quoted=True, offset=start)
        self.pos = start
        return None

    def bare(self) -> Value | None:
        start, out = self.pos, []
        while self.pos < len(self.text):
            char = self.escaped(_BARE_ESCAPE)
            if char is None and self.symbol("*"):
                char = RUN
            if char is None:
                stop = self.text[self.pos] in '\\():<>"*{}' or any(
                    self.peek(w) for w in (_OR, _AND, _NOT)
                )
                char = None if stop else self.any_char()
            if char is None:
                break
            out.append(char)
        if not out:
            return None
        joined = "".join(out).strip()
        constants: dict[str, bool | None] = {"null": None, "true": True, "false": False}
        return Value(constants.get(joined, joined), quoted=False, offset=start)

    def any_char(self) -> str:
        self.pos += 1
        return self.text[self.pos - 1]

    def escaped(self, special: re.Pattern[str]) -> str | None:
        match = self.take(_CONTROL)
        if match:
            return {"t": "\t", "r": "\r", "n": "\n"}[match[1]]
        if special is _QUOTED_ESCAPE:
            match = self.take(_UNICODE)
            return chr(int(match[1], 16)) if match else self.taken(special)
        known = self.taken(special)
        match = None if known else self.take(_UNICODE)
        return chr(int(match[1], 16)) if match else known

    def taken(self, pattern: re.Pattern[str]) -> str | None:
        match = self.take(pattern)
        return match[1] if match else None

    # -- meaning ------------------------------------------------------------------------------------------------

    def type_of(self, field: Value) -> tuple[str, str]:
        name = field.text
        if not isinstance(name, str) or field.wild:
            self.fail(f"field name {name!r}, which this reader does not model", field.offset)
        if name not in self.types:
            self.fail(f"no field {name!r} in the mapping", field.offset)
        return name, self.types[name]

    def is_in(self, field: Value, value: Value) -> Test:
        if field.text == value.text == RUN:
            return lambda row: True
        name, kind = self.type_of(field)
        test = element_test(kind, value, split_keywords=self.split_keywords)
        return partial(_any_element, name, kind, test)

    def is_anywhere(self, value: Value) -> Test:
        tests: list[Test] = []
        for name, kind in self.types.items():
            try:
                test = element_test(kind, value, split_keywords=True)
            except ReadError:
                if kind in EXACT | TEXT:
                    raise
                continue
            tests.append(partial(_any_element, name, kind, test))
        return any_of(tests) if tests else lambda row: False

    def range(self, field: Value, operator: str, value: Value) -> Test:
        name, kind = self.type_of(field)
        if kind not in NUMBERS | {"date"} or not isinstance(value.text, str) or value.wild:
            self.fail(f"a range on a {kind} field, which this reader does not model", value.offset)
        wanted = scalar_of(kind, value.text, value.offset)

        def run(row: Record) -> bool:
            signs = [sign_of(kind, element, wanted) for element in elements(row, name, kind)]
            return any(sign is not None and holds(operator, sign) for sign in signs)

        return run


def _any_element(name: str, kind: str, test: ElementTest, row: Record) -> bool:
    return any(map(test, elements(row, name, kind)))
