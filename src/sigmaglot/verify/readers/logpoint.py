"""LogPoint search: the query, and the stages that filter or derive.

Facts: LANGUAGES.md, Logpoint's pySigma backend, and MITRE CAR's published queries. Hardly any of the meaning is
documented; the decisions are:
    - A blank (or AND) is AND, OR binds tighter, `-` or NOT negates the term or group after it.
    - There is no escape: a string ends at the next quote of its kind, and a backslash is a backslash.
    - `*` is any run and `?` one character, in quoted, bare and listed values. Case: the `ignore_case` option.
    - A field may hold several values, as `label` does: a comparison holds where one of them satisfies it.
    - `f=*` asks that the field is there. Whether `f!=v` matches a record without f is the `missing_differs` option;
      None raises where it matters. `-f=v` matches it.
    - `<` and its kin compare numbers.
    - A keyword or phrase is looked for anywhere in all values joined by spaces.
    - `IN "x"` is a list of one, as CAR writes; `IN NAME` is a list that `lists` may give, else running raises.
    - `process regex(re, f)` searches (Python's `re`, with case) and adds the named groups where it matches.
    - `chart` and `timechart` are read; running a query with one raises. Any other command raises while reading.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from .base import (
    Query,
    Record,
    Scanner,
    Stage,
    Test,
    all_of,
    any_of,
    compares,
    glob,
    keep_if,
    negate,
    number_of,
    raw_of,
    text_of,
)  # fmt: skip
from .regexes import compile_or_fail

_STRING = re.compile(r"\"([^\"]*)\"|'([^']*)'")
_FIELD = re.compile(r"(?:([A-Za-z_][\w.]*)|\"([^\"]+)\")\s*(?=!=|[=<>]|(?i:in)(?=[\s\[\"']))")
_OPERATOR = re.compile(r"!=|<=|>=|=|<|>|(?i:in)(?=[\s\[\"'])")
_BARE = re.compile(r"[^\s\"'|()\[\],=<>!]+")
_RESERVED = {"process", "filter", "search", "chart", "timechart", "and", "in", "or", "not"}
_ORDERS = {"<", "<=", ">", ">="}
ValueTest = Callable[[object], bool]


def read(
    text: str,
    ignore_case: bool = True,
    missing_differs: bool | None = None,
    lists: Mapping[str, Sequence[str]] | None = None,
) -> Query:
    """Read a search and its pipeline. Raises ReadError."""
    return _Parser(text, ignore_case, missing_differs, lists or {}).query()


class _Parser(Scanner):
    def __init__(
        self,
        text: str,
        ignore_case: bool,
        missing_differs: bool | None,
        lists: Mapping[str, Sequence[str]],
    ) -> None:
        super().__init__(text)
        self.ignore_case = ignore_case
        self.missing_differs = missing_differs
        self.lists = lists

    def query(self) -> Query:
        stages, names = [self.search()], ["search"]
        while not self.at_end():
            self.expect("|")
            command = self.take(re.compile(r"[a-z]+(?!\w)"))
            if command is None or command[0] not in _STAGES:
                self.fail(f"unknown command {command[0] if command else ''}")
            stages.append(_STAGES[command[0]](self))
            names.append(command[0])
        return Query(self.text, tuple(stages), tuple(names))

    def search(self) -> Stage:
        return keep_if(self.conjunction())

    def conjunction(self) -> Test:
        parts = [self.disjunction()]
        while not self.at_end() and self.text[self.pos] not in "|)":
            self.word("AND", ignore_case=True)
            parts.append(self.disjunction())
        return all_of(parts)

    def disjunction(self) -> Test:
        parts = [self.negation()]
        while self.word("OR", ignore_case=True):
            parts.append(self.negation())
        return any_of(parts)

    def negation(self) -> Test:
        if self.take(re.compile(r"-(?=[^\s-])")) or self.word("NOT"):
            return negate(self.negation())
        if self.symbol("("):
            inner = self.conjunction()
            self.expect(")")
            return inner
        field = self.take(_FIELD)
        if field is None:
            return self.keyword()
        if field[1] and field[1].lower() in _RESERVED:
            self.fail(f"the reserved word {field[1]} as a field, unquoted", field.start())
        return self.comparison(field[1] or field[2])

    def comparison(self, field: str) -> Test:
        operator = self.take(_OPERATOR)
        assert operator
        if operator[0] in _ORDERS:
            return self.order(field, operator[0])
        if operator[0].lower() == "in":
            return self.among(field)
        test = self.value_test(self.value())
        if operator[0] == "=":
            return lambda row: row.get(field) is not None and test(row[field])

        def differs(row: Record) -> bool:
            if row.get(field) is not None:
                return not test(row[field])
            if self.missing_differs is None:
                self.fail(f"{field}!= of a record without {field}", operator.start())
            return self.missing_differs

        return differs

    def order(self, field: str, operator: str) -> Test:
        value = self.value()
        bound = number_of(value)
        if bound is None:
            self.fail(f"{operator} {value!r}: no number")
        return compares(field, operator, bound)

    def among(self, field: str) -> Test:
        if not self.symbol("["):
            return self.named_list(field)
        tests = [self.value_test(self.value())]
        while self.symbol(","):
            tests.append(self.value_test(self.value()))
        self.expect("]")
        return lambda row: row.get(field) is not None and any(test(row[field]) for test in tests)

    def named_list(self, field: str) -> Test:
        quoted = self.peek(_STRING) is not None
        at, name = self.pos, self.value()
        if not quoted and name not in self.lists:
            return lambda row: self.fail(f"the list {name}, which is not known here", at)
        tests = [self.value_test(item) for item in ([name] if quoted else self.lists[name])]
        return lambda row: row.get(field) is not None and any(test(row[field]) for test in tests)

    def value(self) -> str:
        quoted = self.take(_STRING)
        if quoted:
            return quoted[1] if quoted[1] is not None else quoted[2]
        bare = self.take(_BARE)
        if bare is None:
            self.fail("expected a value")
        return bare[0]

    def value_test(self, value: str) -> ValueTest:
        pattern = glob(value, any_one="?", ignore_case=self.ignore_case)

        def test(found: object) -> bool:
            values = found if isinstance(found, list) else [found]
            return any(pattern.match(text_of(value)) is not None for value in values)

        return test

    def keyword(self) -> Test:
        start = self.pos
        term = self.value()
        if term.lower() in _RESERVED or self.peek(_OPERATOR):
            self.fail(f"unexpected {term!r}", start)
        test = self.value_test(f"*{term}*")
        return lambda row: test(raw_of(row))

    # -- the other commands -------------------------------------------------------------------------------------

    def process(self) -> Stage:
        if not self.word("regex"):
            self.fail("a process command other than regex")
        self.expect("(")
        offset, quoted = self.pos, self.take(_STRING)
        if quoted is None:
            self.fail("expected a quoted regular expression")
        pattern = compile_or_fail(quoted[1] if quoted[1] is not None else quoted[2], 0, offset)
        self.expect(",")
        field = self.value()
        self.expect(")")
        if not pattern.groupindex:
            self.fail("a regex without a named group", offset)

        def run(row: Record) -> Record:
            found = None if row.get(field) is None else pattern.search(text_of(row[field]))
            groups = found.groupdict() if found else {}
            return {**row, **{name: text for name, text in groups.items() if text is not None}}

        return run

    def fields(self) -> Stage:
        names = [self.value()]
        while self.symbol(",") or self.peek(_BARE) or self.peek(_STRING):
            names.append(self.value())
        return lambda row: {key: value for key, value in row.items() if key in names}

    def chart(self) -> Stage:
        start = self.pos
        if not self.take(re.compile(r"(?:[^|\"']|\"[^\"]*\"|'[^']*')+")):
            self.fail("an empty chart")
        return lambda row: self.fail("an aggregation, which needs more than one record", start)


_STAGES: dict[str, Callable[[_Parser], Stage]] = {
    "search": _Parser.search, "filter": _Parser.search, "process": _Parser.process, "fields": _Parser.fields,
    "chart": _Parser.chart, "timechart": _Parser.chart,
}  # fmt: skip
