r"""CAR pseudocode: MITRE's analytics, and what Sigmaglot writes like them. Not vendor-verified.

Facts: the published programs and the grammar derived from them (schemas/car_model.json). Nothing
defines the meaning; the decisions are:

- A program's result is its `output` (or `return`); a record matches when any output's filters pass.
  The object that a variable was searched for is no test: it is `Query.outputs[name]`, and
  `Query.selector` for the first.
- `and` binds tighter than `or`, `not` tightest; keywords in any case. `=` and `==` are the same.
- Strings compare without case; `*` in a value is any run, `%` and `?` stand for themselves.
  `match` searches, without case unless told (`match_ignores_case`). `CONTAINS("x")` looks for x
  anywhere; in lists, `includes one of` and `does not contain` too.
- A missing field makes a comparison false, `!=` included in that it is `not ==`: `!=`, `not in`
  and `does not contain` hold where the field is missing. `== null` and `not exists` hold there,
  `exists` does not.
- A backslash is a backslash, except that `\"` inside "..." is a quote unless a blank, `)`, `]`,
  `,` or the end follows it (CAR writes both `"*.exe\"*x"` and `"c:\dir\"`). A string in the
  other quotes needs none.
- A bare word without `*`, `.`, `\`, `/` is another field; otherwise it is a value.
- A comparison with `now - 1 day` is read; running it raises.
- join, group, from, run, arithmetic and assignments to a path are read, to the end of the line or
  of their parentheses; an output that rests on one raises when run, and so does a program without
  an output. An undefined variable raises while reading.
- Published programs that raise while reading: those with a quote or parenthesis too many or too
  few, typographic quotes, an undefined variable, arithmetic or a function in a condition, an input
  as a value, or two conditions without a connective.
- A text is a condition alone unless it begins with `input x` or an assignment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from lark import Token, v_args
from lark.visitors import Transformer_NonRecursive

from .base import (
    Query,
    ReadError,
    Record,
    Test,
    all_of,
    any_of,
    cannot_run,
    compares,
    glob,
    in_network,
    keep_if,
    negate,
    number_of,
    raw_of,
    text_of,
)  # fmt: skip
from .grammar import grammar, parse, place, transform
from .regexes import compile_or_fail

_ValueTest = Callable[[object, Record], bool]
_Variables = Mapping[str, tuple[str, Test]]

_PROGRAM = re.compile(
    r"\s*(?i:input\s|[a-z_][\w.]*\s*=\s*(?:\[|(?:search|filter|join|group|from|run)(?![\w.])))"
)
_KEYWORDS = frozenset(
    ("and", "or", "not", "in", "match", "exists", "where", "filter", "search", "output", "null")
)
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")


def read(text: str, match_ignores_case: bool = True) -> Query:
    """Return a program, or a condition alone.

    Args:
        text: The pseudocode.
        match_ignores_case: Whether `match` searches in any case.

    Raises:
        ReadError: The text is not of the language, or uses what this reader does not model.
    """
    start = "program" if _PROGRAM.match(text) else "condition"
    reader = _Reader(match_ignores_case=match_ignores_case)
    outputs: _Variables = transform(reader, parse(grammar("car", start), text))
    selectors = {name: selector for name, (selector, _) in outputs.items()}
    tests = [test for _, test in outputs.values()]
    result = any_of(tests) if tests else _unrun("a program without output", len(text))
    return Query(
        text, (keep_if(result),), ("program",), next(iter(selectors.values()), None), selectors
    )


def _unrun(what: str, offset: int) -> Test:
    return cannot_run(f"{what}, which this reader does not run", offset)


@v_args(inline=True)
class _Reader(Transformer_NonRecursive[Token, Any]):
    """Makes the outputs of a program out of its tree; a method is named after its rule.

    The rules of one statement are met before those of the next, so that a statement finds in here
    what stands above it.
    """

    def __init__(self, *, match_ignores_case: bool) -> None:
        super().__init__()
        self._match_flags = re.IGNORECASE if match_ignores_case else 0
        self._variables: dict[str, tuple[str, Test]] = {}
        self._lists: dict[str, list[_ValueTest]] = {}
        self._inputs: set[str] = set()

    def program(self, *statements: _Variables | None) -> _Variables:
        return (statements[-1] if statements else None) or {}

    def condition(self, test: Test) -> _Variables:
        return {"": ("", test)}

    # -- statements ---------------------------------------------------------------------------

    def declared(self, name: Token) -> None:
        self._inputs.add(str(name))

    def listed(self, name: Token, *items: Token) -> None:
        self._lists[str(name)] = [self._is(item) for item in items]

    def searched(self, name: Token, selector: str, test: Test | None = None) -> None:
        self._variables[str(name)] = (selector, test or _always)

    def selector(self, *words: Token) -> str:
        return " ".join(words)

    def filtered(self, name: Token, source: Token | None, test: Test) -> None:
        selector, before = self._variable(source or name)
        self._variables[str(name)] = (selector, all_of([before, test]))

    def unrun(self, name: Token, kind: Token | None = None) -> None:
        what = str(kind or "arithmetic")
        self._variables[str(name)] = (what, _unrun(what, place(name)))

    def unrun_path(self, path: Token) -> None:
        what = "a path assignment"
        self._variables[path.partition(".")[0]] = (what, _unrun(what, place(path)))

    def output(self, *names: Token) -> _Variables:
        return {str(name): self._variable(name) for name in names}

    def _variable(self, name: Token) -> tuple[str, Test]:
        found = self._variables.get(str(name))  # a token is no other token of another type
        if found is None:
            raise ReadError(f"the undefined variable {name}", place(name))
        return found

    # -- conditions ---------------------------------------------------------------------------

    def any_of(self, *tests: Test) -> Test:
        return any_of(list(tests))

    def all_of(self, *tests: Test) -> Test:
        return all_of(list(tests))

    def negated(self, test: Test) -> Test:
        return negate(test)

    def in_raw_event(self, quoted: Token) -> Test:
        pattern = glob(f"*{_text(quoted)}*", ignore_case=True)
        return lambda row: pattern.match(raw_of(row)) is not None

    def matched(self, field: Token, quoted: Token) -> Test:
        pattern = compile_or_fail(_text(quoted), self._match_flags, place(quoted))
        return self._present(field, lambda found, _row: pattern.search(text_of(found)) is not None)

    def exists(self, field: Token, word: Token) -> Test:
        name, wanted = self._name(field), word.lower() == "exists"
        return lambda row: (row.get(name) is not None) == wanted

    def contains(self, field: Token, item: Token) -> Test:
        self._refuse_keyword(item)
        return self._present(field, _matches(_text(item), anywhere=True))

    def among(self, field: Token, operator: Token, listed: Token | list[Token]) -> Test:
        words = operator.lower().split()
        tests = self._items(listed, words)
        test = self._present(field, lambda found, row: any(item(found, row) for item in tests))
        return negate(test) if "not" in words else test

    def compared(self, field: Token, operator: Token, value: Token) -> Test:
        name, equal = self._name(field), operator != "!="
        if value.type == "NULL":
            return lambda row: (row.get(name) is None) == equal
        test = self._present(field, self._is(value))
        return test if equal else negate(test)

    def ordered(self, field: Token, operator: Token, value: Token) -> Test:
        name = self._name(field)
        if value.type == "MOMENT":
            return _unrun(str(value), place(value))
        bound = number_of(_text(value))
        if bound is None:
            raise ReadError("an order of something that is no number", place(value))
        return compares(name, str(operator), bound)

    # -- fields and values --------------------------------------------------------------------

    def items(self, *items: Token) -> list[Token]:
        return list(items)

    def item(self, value: Token) -> Token:
        return value

    def _name(self, field: Token) -> str:
        name = field.strip("[]")
        if name in self._inputs:
            message = f"the input {name} as a field, which this reader does not model"
            raise ReadError(message, place(field))
        return name

    def _present(self, field: Token, test: _ValueTest) -> Test:
        name = self._name(field)
        return lambda row: row.get(name) is not None and test(row[name], row)

    def _items(self, listed: Token | list[Token], operator: list[str]) -> list[_ValueTest]:
        """Return the tests of a list, of a list's name or, behind `in`, of another field."""
        if isinstance(listed, list):
            return [self._is(item, anywhere="in" not in operator) for item in listed]
        if str(listed) in self._lists:
            return self._lists[str(listed)]
        self._refuse_keyword(listed)
        if "in" not in operator:
            raise ReadError(f"{listed}, which is no list", place(listed))
        return [_within(str(listed))]

    def _is(self, value: Token, *, anywhere: bool = False) -> _ValueTest:
        self._refuse_keyword(value)
        if value.type == "BARE" and _IDENTIFIER.fullmatch(value):
            return _same_as(str(value))
        return _matches(_text(value), anywhere=anywhere)

    def _refuse_keyword(self, value: Token) -> None:
        if value.type in ("BARE", "NAME") and value.lower() in _KEYWORDS | self._inputs:
            raise ReadError(f"{str(value)!r} as a value", place(value))


Reader = _Reader
"""What the reader of many rows extends."""


def _always(_row: Record) -> bool:
    return True


def _text(value: Token) -> str:
    """Return the text of a value, out of its quotes where it has them."""
    if value.type == "DOUBLE":
        return value[1:-1].replace('\\"', '"')
    return value[1:-1] if value.type == "SINGLE" else str(value)


def _matches(value: str, *, anywhere: bool) -> _ValueTest:
    """Return the test of a value: of a text or, where it is a network, of its addresses too."""
    address, slash, _ = value.partition("/")
    network = value if slash and in_network(address, value) is not None else None

    @cache  # a long list is read in no time, and may never be run
    def compiled() -> re.Pattern[str]:
        return glob(f"*{value}*" if anywhere else value, ignore_case=True)

    return lambda found, _row: (
        compiled().match(text_of(found)) is not None
        or (network is not None and in_network(found, network) is True)
    )


def _within(other: str) -> _ValueTest:
    """Return the test of `a in b` of two fields: a's text occurs in b's."""
    return lambda found, row: text_of(found).lower() in text_of(row.get(other) or "").lower()


def _same_as(other: str) -> _ValueTest:
    return lambda found, row: (
        row.get(other) is not None and text_of(found).lower() == text_of(row[other]).lower()
    )
