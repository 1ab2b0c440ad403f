"""Splunk SPL: the search command, and the stages that filter or derive.

Facts: Splunk's Search Manual and Search Reference (search, where, regex, rex, Boolean expressions). Decisions:
    - In `search`, NOT binds first, then OR, then AND (written or not); operators are written in capitals, so `or`
      is a keyword to look for.
    - Values compare without case; `*` is the only wildcard; `CASE(x)` respects case. `f=*` asks that the field is
      there; whether it matches an empty value is the `star_matches_empty` option. `f!=v` needs the field, `NOT f=v`
      does not. A value that is a network (CIDR) also matches the addresses in it.
    - `<` and its kin compare numbers; a value that is no number does not match.
    - In a quoted value `\\\\` is a backslash and `\\"` a quote; every other backslash raises, `\\*` included.
    - A keyword is looked for in all values joined by spaces, with no letter or digit next to it except where
      it begins or ends with `*`.
    - Whether `| regex f!="..."` keeps a row without f is not documented: the `regex_keeps_missing` option says, and
      None raises where it matters.
    - Time modifiers, macros, subsearches, TERM() and every command not listed in `_STAGES` raise.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import fnmatchcase

from .base import (
    Query,
    Record,
    Scanner,
    Stage,
    Test,
    all_of,
    any_of,
    compares,
    in_network,
    keep_if,
    negate,
    number_of,
    raw_of,
    text_of,
)
from .regexes import pcre
from .spl_eval import EvalParser, read_string

_QUOTED = re.compile(r'"((?:[^"\\]|\\[\s\S])*)"')
_BARE = re.compile(r"[^\s\"'|()\[\],=<>!`\\]+")
_FIELD = re.compile(r"([A-Za-z_][\w.:{}-]*)\s*(?=!=|[=<>]|IN\s*\()")
_NAME = re.compile(r"[A-Za-z_*][\w.:{}*-]*")
_OPERATOR = re.compile(r"!=|<=|>=|=|<|>|IN\s*(?=\()")
_CASE = re.compile(r"CASE\(\s*(?:\"([^\"\\]+)\"|([^\s\"()\\]+))\s*\)")
_TIME = {"earliest", "latest", "_index_earliest", "_index_latest", "index_earliest", "index_latest"}
_ORDERS = {"<", "<=", ">", ">="}


def read(
    text: str, star_matches_empty: bool = True, regex_keeps_missing: bool | None = None
) -> Query:
    """Read a search and its pipeline. Raises ReadError."""
    return _Parser(text, star_matches_empty, regex_keeps_missing).query()


class _Parser(Scanner):
    def __init__(
        self, text: str, star_matches_empty: bool, regex_keeps_missing: bool | None
    ) -> None:
        super().__init__(text)
        self.regex_keeps_missing = regex_keeps_missing
        self.star_matches_empty = star_matches_empty

    def query(self) -> Query:
        self.word("search")
        stages, names = [self.search()], ["search"]
        while not self.at_end():
            self.expect("|")
            command = self.take(re.compile(r"[a-z]+(?!\w)"))
            if command is None or command[0] not in _STAGES:
                self.fail(f"unknown command {command[0] if command else ''}")
            stages.append(_STAGES[command[0]](self))
            names.append(command[0])
        return Query(self.text, tuple(stages), tuple(names))

    # -- search -------------------------------------------------------------------------------------------------

    def search(self) -> Stage:
        return keep_if(self.conjunction())

    def conjunction(self) -> Test:
        parts = [self.disjunction()]
        while not self.at_end() and self.text[self.pos] not in "|)":
            self.word("AND")
            parts.append(self.disjunction())
        return all_of(parts)

    def disjunction(self) -> Test:
        parts = [self.negation()]
        while self.word("OR"):
            parts.append(self.negation())
        return any_of(parts)

    def negation(self) -> Test:
        if self.word("NOT"):
            return negate(self.negation())
        if self.symbol("("):
            inner = self.conjunction()
            self.expect(")")
            return inner
        field = self.take(_FIELD)
        return self.comparison(field[1], field.start()) if field else self.keyword()

    def comparison(self, field: str, offset: int) -> Test:
        if field in _TIME or field in ("AND", "OR", "NOT"):
            self.fail(f"{field}, which this reader does not model", offset)
        operator = self.take(_OPERATOR)
        assert operator
        if operator[0][0] == "I":
            tests = [self.value_test(value, cased) for value, cased in self.listed()]
            return lambda row: (
                row.get(field) is not None and any(test(row[field]) for test in tests)
            )
        value, cased = self.value()
        if operator[0] in _ORDERS:
            return self.order(field, operator[0], value)
        test = self.value_test(value, cased)
        wanted = operator[0] == "="
        return lambda row: row.get(field) is not None and test(row[field]) is wanted

    def order(self, field: str, operator: str, value: str) -> Test:
        bound = number_of(value)
        if bound is None:
            self.fail(f"{operator} {value!r}: no number")
        return compares(field, operator, bound)

    def listed(self) -> list[tuple[str, bool]]:
        self.expect("(")
        values = [self.value()]
        while self.symbol(","):
            values.append(self.value())
        self.expect(")")
        return values

    def value(self) -> tuple[str, bool]:
        """A value and whether case counts."""
        case = self.take(_CASE)
        if case:
            return case[1] or case[2], True
        if self.peek(_QUOTED):
            return self.quoted(), False
        bare = self.take(_BARE)
        if bare is None:
            self.fail("expected a value")
        return bare[0], False

    def quoted(self) -> str:
        match = self.take(_QUOTED)
        assert match

        def unescape(escape: re.Match[str]) -> str:
            if escape[1] not in '\\"':
                self.fail(f"escape \\{escape[1]}", match.start() + 1 + escape.start())
            return escape[1]

        return re.sub(r"\\([\s\S])", unescape, match[1])

    def value_test(self, value: str, cased: bool) -> Callable[[object], bool]:
        body = ".*".join(map(re.escape, value.split("*")))
        pattern = re.compile(rf"\A{body}\Z", re.DOTALL | (0 if cased else re.IGNORECASE))
        stars_only = value != "" and set(value) == {"*"}
        network = (
            value
            if "/" in value and in_network(value.partition("/")[0], value) is not None
            else None
        )

        def run(found: object) -> bool:
            text = text_of(found)
            if stars_only and not text:
                return self.star_matches_empty
            return pattern.match(text) is not None or (
                network is not None and in_network(text, network) is True
            )

        return run

    def keyword(self) -> Test:
        if self.peek(re.compile(r"TERM\(|(?:AND|OR|NOT)(?!\w)")):
            self.fail("an operator or directive out of place")
        term, cased = self.value()
        if self.peek(_OPERATOR) or self.peek(re.compile(r"in\s*\(")):
            self.fail("a comparison of a quoted or odd field name")
        stripped = term.strip("*")
        body = ".*".join(map(re.escape, stripped.split("*")))
        before = "" if term.startswith("*") or not stripped[:1].isalnum() else "(?<![^\\W_])"
        after = "" if term.endswith("*") or not stripped[-1:].isalnum() else "(?![^\\W_])"
        pattern = re.compile(before + body + after, re.DOTALL | (0 if cased else re.IGNORECASE))
        return lambda row: pattern.search(raw_of(row)) is not None

    # -- the other commands -------------------------------------------------------------------------------------

    def where(self) -> Stage:
        return keep_if(EvalParser(self).predicate())

    def eval(self) -> Stage:
        assignments = [self.assignment()]
        while self.symbol(","):
            assignments.append(self.assignment())

        def run(row: Record) -> Record:
            out = dict(row)
            for name, value in assignments:
                out[name] = value(out)
            return out

        return run

    def assignment(self) -> tuple[str, Callable[[Record], object]]:
        name = self.take(re.compile(r"([A-Za-z_]\w*)|'([^'\\]+)'|\"([^\"\\]+)\""))
        if name is None:
            self.fail("expected a field name")
        self.expect("=")
        parser = EvalParser(self)
        return name[1] or name[2] or name[3], parser.value(parser.expression())

    def regex(self) -> Stage:
        match = self.take(re.compile(r"([A-Za-z_][\w.:{}-]*)\s*(!?=)"))
        field, wanted = (match[1], match[2] == "=") if match else ("_raw", True)
        pattern = pcre(read_string(self, regex=True), self.pos)

        def test(row: Record) -> bool:
            value = _value(row, field)
            if value is not None:
                return (pattern.search(text_of(value)) is not None) is wanted
            if not wanted and self.regex_keeps_missing is None:
                self.fail(f"regex {field}!= of a row without {field}")
            return not wanted and self.regex_keeps_missing is True

        return keep_if(test)

    def rex(self) -> Stage:
        match = self.take(re.compile(r"field\s*=\s*([A-Za-z_][\w.:{}-]*)"))
        field = match[1] if match else "_raw"
        pattern = pcre(read_string(self, regex=True), self.pos)
        if not pattern.groupindex:
            self.fail("rex without a named group")

        def run(row: Record) -> Record:
            value = _value(row, field)
            found = None if value is None else pattern.search(text_of(value))
            groups = found.groupdict() if found else {}
            return {**row, **{name: text for name, text in groups.items() if text is not None}}

        return run

    def names(self) -> list[str]:
        names: list[str] = []
        while True:
            name = self.take(_NAME) or self.take(re.compile(r'"([^"\\]+)"'))
            if name is None:
                return names or self.fail("expected field names")
            names.append(name[0].strip('"'))
            self.symbol(",")

    def table(self) -> Stage:
        names = self.names()
        return lambda row: {key: value for key, value in row.items() if _listed(key, names)}

    def fields(self) -> Stage:
        if not self.symbol("-"):
            self.symbol("+")
            names = self.names()
            return lambda row: {
                k: v for k, v in row.items() if _listed(k, names) or k in ("_raw", "_time")
            }
        names = self.names()
        return lambda row: {key: value for key, value in row.items() if not _listed(key, names)}

    def sort(self) -> Stage:
        self.take(re.compile(r"\d+(?=\s)"))
        while self.take(re.compile(r"[-+]?\s*[A-Za-z_][\w.:-]*")):
            self.symbol(",")
        return lambda row: row

    def head(self) -> Stage:
        self.take(re.compile(r"(?:limit\s*=\s*)?\d+"))
        return lambda row: row


def _listed(name: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _value(row: Record, field: str) -> object:
    return raw_of(row) if field == "_raw" and "_raw" not in row else row.get(field)


_STAGES: dict[str, Callable[[_Parser], Stage]] = {
    "where": _Parser.where, "search": _Parser.search, "regex": _Parser.regex, "rex": _Parser.rex, "eval": _Parser.eval,
    "table": _Parser.table, "fields": _Parser.fields, "sort": _Parser.sort, "head": _Parser.head,
}  # fmt: skip
