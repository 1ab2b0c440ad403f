"""CAR pseudocode: MITRE's analytics, and what Sigmaglot writes in their manner.

Facts: the published programs and the grammar derived from them (schemas/car_model.json). Nothing defines the
meaning; the decisions are:
    - A program's result is its `output` (or `return`); a record matches when any output's filters pass. The object
      that a variable was searched for is no test: it is `Query.outputs[name]`, and `Query.selector` for the first.
    - `and` binds tighter than `or`, `not` tightest; keywords in any case. `=` and `==` are the same.
    - Strings compare without case; `*` in a value is any run, `%` and `?` stand for themselves. `match` searches,
      without case unless told (`match_ignores_case`). `CONTAINS("x")` looks for x anywhere; in lists, `includes one of` and `does not contain` too.
    - A missing field makes a comparison false, `!=` included in that it is `not ==`: `!=`, `not in` and `does not
      contain` hold where the field is missing. `== null` and `not exists` hold there, `exists` does not.
    - A backslash is a backslash, except that `\\"` inside "..." is a quote unless a blank, `)`, `]`, `,` or the end
      follows it (CAR writes both `"*.exe\\"*x"` and `"c:\\dir\\"`). A string in the other quotes needs none.
    - A bare word without `*`, `.`, `\\`, `/` is another field; otherwise it is a value.
    - A comparison with `now - 1 day` is read; running it raises.
    - join, group, from, run, arithmetic and assignments to a path are read, to the end of the line or of their
      parentheses; an output that rests on one raises when run. An undefined variable raises while reading.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .base import (
    Query,
    ReadError,
    Record,
    Scanner,
    Test,
    all_of,
    any_of,
    glob,
    holds,
    in_network,
    keep_if,
    negate,
    number_of,
    raw_of,
    sign,
    text_of,
)
from .regexes import compile_or_fail

_IDENT = re.compile(r"[A-Za-z_]\w*(?![\w.])")
_PATH = re.compile(r"\[(\w+)\]|([A-Za-z_][\w.]*)")
_SEARCH = re.compile(
    r"search\s+(\(?\s*\w+(?::(?:\w+|\*)(?:,\w+)*)?(?:[ \t]+(?:and|or)[ \t]+\w+:\w+)*\s*\)?)(?![:\w])",
    re.IGNORECASE,
)
_OPAQUE = re.compile(r"(?:join|group|from|run)(?!\w)")
_DOUBLE = re.compile(r"\"((?:\\\"(?![\s)\],]|\Z)|[^\"\n])*+)\"")
_SINGLE = re.compile(r"'([^'\n]*)'")
_BARE = re.compile(r"[^\s\"'”“()\[\],=<>!]+")
_COMPARE = re.compile(r"==|!=|<=|>=|=|<|>")
_LISTS = re.compile(
    r"(not\s+)?(in)(?=\W)|(includes\s+one\s+of|does\s+not\s+contain)(?=\W)", re.IGNORECASE
)
_ORDERS = {"<", "<=", ">", ">="}
_KEYWORDS = {
    "and",
    "or",
    "not",
    "in",
    "match",
    "exists",
    "where",
    "filter",
    "search",
    "output",
    "null",
}
ValueTest = Callable[[object, Record], bool]


def read(text: str, match_ignores_case: bool = True) -> Query:
    """Read a program, or a condition alone. Raises ReadError."""
    return _Parser(text, match_ignores_case).program()


class _Parser(Scanner):
    def __init__(self, text: str, match_ignores_case: bool) -> None:
        super().__init__(text)
        self.match_ignores_case = match_ignores_case
        self.variables: dict[str, tuple[str, Test]] = {}
        self.lists: dict[str, list[ValueTest]] = {}
        self.inputs: set[str] = set()
        self.outputs: list[str] = []

    def keyword(self, word: str) -> bool:
        return self.word(word, ignore_case=True)

    def program(self) -> Query:
        statement = re.compile(
            r"input\s|[A-Za-z_][\w.]*\s*=\s*(?:search|filter|\[|join|group|from|run)"
        )
        if not self.peek(statement):
            test = self.disjunction()
            self.variables, self.outputs = {"": ("", test)}, [""]
        while not self.at_end():
            if self.outputs:
                self.fail("text after the output")
            self.statement()
        chosen = [self.variables[name] for name in self.outputs]
        start = len(self.text)
        test = (
            any_of([found for _, found in chosen])
            if chosen
            else self.opaque("a program without output", start)
        )
        outputs = {name: self.variables[name][0] for name in self.outputs}
        return Query(
            self.text, (keep_if(test),), ("program",), chosen[0][0] if chosen else None, outputs
        )

    def opaque(self, what: str, offset: int) -> Test:
        def run(row: Record) -> bool:
            raise ReadError(f"{what}, which this reader does not run", offset)

        return run

    # -- statements ---------------------------------------------------------------------------------------------

    def statement(self) -> None:
        if self.keyword("output") or self.keyword("return"):
            self.output()
        elif self.keyword("input"):
            self.inputs.add(self.ident())
        else:
            start, path = self.pos, self.take(re.compile(r"([A-Za-z_]\w*)((?:\.\w+)*)\s*=(?!=)"))
            if path is None:
                self.fail("expected a statement")
            if path[2]:
                self.rest_of_line("a path assignment", start, path[1])
            else:
                self.assign(path[1])

    def output(self) -> None:
        parenthesis = self.symbol("(")
        while not self.outputs or self.symbol(","):
            start, name = self.pos, self.ident()
            if name not in self.variables:
                self.fail(f"output of the undefined variable {name}", start)
            self.outputs.append(name)
        if parenthesis:
            self.expect(")")

    def ident(self) -> str:
        match = self.take(_IDENT)
        if match is None:
            self.fail("expected a name")
        return match[0]

    def assign(self, name: str) -> None:
        start = self.pos
        if self.symbol("["):
            self.lists[name] = self.items(glob_any=False, partial=True)
        elif self.peek(_SEARCH):
            self.variables[name] = self.search()
        elif self.keyword("filter"):
            self.variables[name] = self.filter(name)
        else:
            what = self.peek(_OPAQUE)
            self.rest_of_line(what[0] if what else "arithmetic", start, name)

    def rest_of_line(self, what: str, start: int, name: str) -> None:
        """Pass over a statement that is not run: to the end of the line outside parentheses."""
        depth = 0
        for match in re.compile(r"\"[^\"\n]*\"|[()]|\n|\Z").finditer(self.text, self.pos):
            depth += {"(": 1, ")": -1}.get(match[0], 0)
            if depth < 0 or (match[0] == "" and depth):
                self.fail("unbalanced parentheses", match.start())
            if match[0] in ("\n", "") and not depth:
                self.pos = match.end()
                break
        self.variables[name] = (what, self.opaque(what, start))

    def search(self) -> tuple[str, Test]:
        match = self.take(_SEARCH)
        assert match
        selector = " ".join(match[1].split())
        if (selector[0] == "(") != (selector[-1] == ")"):
            self.fail("unbalanced parentheses", match.start())
        return selector.strip("() "), self.disjunction() if self.keyword(
            "where"
        ) else lambda row: True

    def filter(self, name: str) -> tuple[str, Test]:
        start = self.pos
        source = name if self.peek(re.compile(r"\(")) else self.ident()
        if source not in self.variables:
            self.fail(f"filter on the undefined variable {source}", start)
        selector, before = self.variables[source]
        if self.keyword("where"):
            test = self.disjunction()
        else:
            self.expect("(")
            self.keyword("where")
            test = self.disjunction()
            self.expect(")")
        return selector, all_of([before, test])

    # -- conditions ---------------------------------------------------------------------------------------------

    def disjunction(self) -> Test:
        parts = [self.conjunction()]
        while self.keyword("or"):
            parts.append(self.conjunction())
        return any_of(parts)

    def conjunction(self) -> Test:
        parts = [self.negation()]
        while self.keyword("and"):
            parts.append(self.negation())
        return all_of(parts)

    def negation(self) -> Test:
        if self.keyword("not"):
            return negate(self.negation())
        if self.symbol("("):
            inner = self.disjunction()
            self.expect(")")
            return inner
        quoted = self.quoted()
        if quoted is not None:
            if not self.take(re.compile(r"in\s+raw\s+event(?!\w)", re.IGNORECASE)):
                self.fail("expected `in raw event`")
            pattern = glob(f"*{quoted}*", ignore_case=True)
            return lambda row: pattern.match(raw_of(row)) is not None
        return self.predicate()

    def field(self) -> str:
        start, match = self.pos, self.take(_PATH)
        if match is None or match[0].lower() in _KEYWORDS:
            self.fail("expected a field", start)
        name = match[1] or match[2]
        if name in self.inputs:
            self.fail(f"the input {name} as a field, which this reader does not model", start)
        return name

    def predicate(self) -> Test:
        field = self.field()
        if field.endswith(".matches") and self.symbol("("):
            test = self.match(field.removesuffix(".matches"))
            self.expect(")")
            return test
        if self.keyword("match"):
            return self.match(field)
        exists = self.take(re.compile(r"(not\s+)?exists(?!\w)", re.IGNORECASE))
        if exists:
            wanted = exists[1] is None
            return lambda row: (row.get(field) is not None) == wanted
        if self.take(re.compile(r"contains\s*\(", re.IGNORECASE)):
            item = self.item(glob_any=True, partial=True)
            self.expect(")")
            return self.present(field, item)
        listed = self.take(_LISTS)
        return self.among(field, listed) if listed else self.comparison(field)

    def present(self, field: str, test: ValueTest) -> Test:
        return lambda row: row.get(field) is not None and test(row[field], row)

    def match(self, field: str) -> Test:
        start, text = self.pos, self.quoted()
        if text is None:
            self.fail("expected a quoted regular expression", start)
        pattern = compile_or_fail(text, re.IGNORECASE if self.match_ignores_case else 0, start)
        return self.present(field, lambda found, row: pattern.search(text_of(found)) is not None)

    def among(self, field: str, listed: re.Match[str]) -> Test:
        negated = bool(listed[1]) or "not" in (listed[3] or "").lower()
        start, named = self.pos, None if self.peek(re.compile(r"\[")) else self.take(_IDENT)
        if named is None:
            self.expect("[")
            tests = self.items(glob_any=listed[2] is None, partial=False)
        elif named[0] in self.lists:
            tests = self.lists[named[0]]
        elif listed[2] and named[0].lower() not in _KEYWORDS and not self.peek(re.compile(r"\(")):
            tests = [self.within(named[0])]
        else:
            self.fail("expected a list", start)
        test = self.present(field, lambda found, row: any(item(found, row) for item in tests))
        return negate(test) if negated else test

    def within(self, other: str) -> ValueTest:
        """`a in b` of two fields: a's text occurs in b's."""
        return lambda found, row: text_of(found).lower() in text_of(row.get(other) or "").lower()

    def comparison(self, field: str) -> Test:
        operator = self.take(_COMPARE)
        if operator is None:
            self.fail("expected a comparison")
        if operator[0] in _ORDERS:
            return self.order(field, operator[0])
        if self.keyword("null"):
            return lambda row: (row.get(field) is None) == (operator[0] != "!=")
        test = self.present(field, self.item(glob_any=False, partial=False))
        return negate(test) if operator[0] == "!=" else test

    def order(self, field: str, operator: str) -> Test:
        moment = self.take(re.compile(r"now(?:\s*-\s*\d+\s*[a-z]+)?(?!\w)"))
        if moment:
            return self.opaque(moment[0], moment.start())
        start, text = self.pos, self.quoted()
        bare = self.take(_BARE) if text is None else None
        bound = number_of(text if bare is None else bare[0])
        if bound is None:
            self.fail("an order of something that is no number", start)

        def test(found: object, row: Record) -> bool:
            number = number_of(found)
            return number is not None and holds(operator, sign(number, bound))

        return self.present(field, test)

    # -- values -------------------------------------------------------------------------------------------------

    def items(self, *, glob_any: bool, partial: bool) -> list[ValueTest]:
        """The rest of `[a, b]`; `partial` lets it end in `...`."""
        out = [self.item(glob_any=glob_any, partial=False)]
        while self.symbol(","):
            if partial and self.symbol("..."):
                break
            out.append(self.item(glob_any=glob_any, partial=False))
        self.expect("]")
        return out

    def item(self, *, glob_any: bool, partial: bool) -> ValueTest:
        """A value's test; `glob_any` looks for it anywhere in what is found."""
        quoted = self.quoted()
        bare = self.take(_BARE) if quoted is None else None
        if quoted is None and bare is None:
            self.fail("expected a value")
        text = bare[0] if bare else quoted or ""
        if bare and text.lower() in _KEYWORDS | self.inputs:
            self.fail(f"{text!r} as a value", bare.start())
        if bare and not partial and re.fullmatch(r"[A-Za-z_]\w*", text):
            return self.same_as(text)
        pattern = glob(f"*{text}*" if glob_any else text, ignore_case=True)
        network = (
            text if "/" in text and in_network(text.partition("/")[0], text) is not None else None
        )
        return lambda found, row: (
            pattern.match(text_of(found)) is not None
            or (network is not None and in_network(found, network) is True)
        )

    def same_as(self, other: str) -> ValueTest:
        return lambda found, row: (
            row.get(other) is not None and text_of(found).lower() == text_of(row[other]).lower()
        )

    def quoted(self) -> str | None:
        match = self.take(_DOUBLE)
        if match:
            return match[1].replace('\\"', '"')
        match = self.take(_SINGLE)
        return match[1] if match else None
