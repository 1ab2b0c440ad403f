"""LogPoint search: the query, and the stages that filter or derive. Not vendor-verified.

Facts: LANGUAGES.md, Logpoint's pySigma backend, MITRE CAR's published queries; the commands'
names: the Search Query Language Guide of Stormshield Log Supervisor, which is built on LogPoint.
Hardly any of the meaning is documented; the decisions are:

- A blank (or AND) is AND, OR binds tighter, `-` or NOT negates the term or group after it.
- There is no escape: a string ends at the next quote of its kind, and a backslash is a backslash.
- `*` is any run and `?` one character, in quoted, bare and listed values. Case: the `ignore_case`
  option.
- A field may hold several values, as `label` does: a comparison holds where one satisfies it.
- `f=*` asks that the field is there. Whether `f!=v` matches a record without f is the
  `missing_differs` option; None raises where it matters. `-f=v` matches it.
- `<` and its kin compare numbers.
- A keyword or phrase is looked for anywhere in all values joined by spaces.
- `IN "x"` is a list of one, as CAR writes; `IN NAME` is a list that `lists` may give, else running
  raises.
- `process regex(re, f)` searches (Python's `re`, with case) and adds the named groups where it
  matches.
- `order by` and `limit` are read and do not change which records match.
- `chart`, `timechart` and `latest` are read; running a query with one raises. Any other command
  raises while reading.
- A reserved word is neither a field nor a keyword unless it is quoted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from lark import Token, v_args
from lark.visitors import Transformer_NonRecursive

from .base import (
    Query,
    ReadError,
    Record,
    Stage,
    Test,
    all_of,
    any_of,
    cannot_run,
    compares,
    glob,
    keep_if,
    negate,
    number_of,
    raw_of,
    text_of,
)  # fmt: skip
from .grammar import grammar, parse, place, transform
from .regexes import compile_or_fail

ValueTest = Callable[[object], bool]
_Stages = tuple[tuple[str, Stage], ...]

_RESERVED = {"process", "filter", "search", "chart", "timechart", "and", "in", "or", "not"}


def read(
    text: str,
    ignore_case: bool = True,
    missing_differs: bool | None = None,
    lists: Mapping[str, Sequence[str]] | None = None,
) -> Query:
    """Return a search and its pipeline.

    Args:
        text: The query.
        ignore_case: Whether values match in any case.
        missing_differs: Whether `f!=v` holds of a record without f; None raises for such a record.
        lists: The values of the lists that the query may name.

    Raises:
        ReadError: The text is not of the language, or uses what this reader does not model.
    """
    reader = _Reader(ignore_case, missing_differs, lists or {})
    stages: _Stages = transform(reader, parse(grammar("logpoint"), text))
    return Query(text, tuple(stage for _, stage in stages), tuple(name for name, _ in stages))


@v_args(inline=True)
class _Reader(Transformer_NonRecursive[Token, Any]):
    """Makes the functions of a query out of its tree; a method is named after its rule."""

    def __init__(
        self,
        ignore_case: bool,
        missing_differs: bool | None,
        lists: Mapping[str, Sequence[str]],
    ) -> None:
        super().__init__(visit_tokens=False)
        self._ignore_case = ignore_case
        self._missing_differs = missing_differs
        self._lists = lists

    def start(self, search: Test, *stages: tuple[str, Stage]) -> _Stages:
        return (("search", keep_if(search)), *stages)

    # -- the search ---------------------------------------------------------------------------

    def conjunction(self, *tests: Test) -> Test:
        return all_of(list(tests))

    def disjunction(self, *tests: Test) -> Test:
        return any_of(list(tests))

    def negated(self, test: Test) -> Test:
        return negate(test)

    def equals(self, field: Token, operator: Token, value: Token) -> Test:
        if operator == "!=":
            return self._differs(field, value)
        return self._present(field, self._any_value([unquoted(value)]))

    def order(self, field: Token, operator: Token, value: Token) -> Test:
        bound = number_of(unquoted(value))
        if bound is None:
            raise ReadError(f"{operator} {unquoted(value)!r}: no number", place(value))
        return compares(_field(field), operator, bound)

    def among(self, field: Token, *values: Token) -> Test:
        return self._present(field, self._any_value([unquoted(value) for value in values]))

    def among_named(self, field: Token, name: Token) -> Test:
        known = self._present(field, self._any_value(tuple(self._lists.get(name, ()))))
        if name in self._lists:
            return known
        return cannot_run(f"the list {name}, which is not known here", place(name))

    def keyword(self, term: Token) -> Test:
        if term.type == "BARE" and term.lower() in _RESERVED:
            raise ReadError(f"the reserved word {term} as a keyword, unquoted", place(term))
        test = self._any_value([f"*{unquoted(term)}*"])
        return lambda row: test(raw_of(row))

    def _any_value(self, values: Sequence[str]) -> ValueTest:
        """Return whether what a field holds matches one of these values."""

        @cache  # most of the time of reading a query would go into compiling these
        def patterns() -> list[re.Pattern[str]]:
            return [glob(each, any_one="?", ignore_case=self._ignore_case) for each in values]

        def test(found: object) -> bool:
            texts = [text_of(each) for each in (found if isinstance(found, list) else [found])]
            return any(pattern.match(text) for pattern in patterns() for text in texts)

        return test

    def _present(self, field: Token, test: ValueTest) -> Test:
        name = _field(field)
        return lambda row: row.get(name) is not None and test(row[name])

    def _differs(self, field: Token, value: Token) -> Test:
        name, test, answer = (
            _field(field),
            self._any_value([unquoted(value)]),
            self._missing_differs,
        )

        def differs(row: Record) -> bool:
            if row.get(name) is not None:
                return not test(row[name])
            if answer is None:
                raise ReadError(f"{name}!= of a record without {name}", place(field))
            return answer

        return differs

    # -- the commands behind it ---------------------------------------------------------------

    def narrowing(self, command: Token, test: Test) -> tuple[str, Stage]:
        return str(command), keep_if(test)

    def regex_stage(self, command: Token, regex: Token, field: Token) -> tuple[str, Stage]:
        pattern, name = compile_or_fail(unquoted(regex), 0, place(regex)), unquoted(field)
        if not pattern.groupindex:
            raise ReadError("a regex without a named group", place(regex))

        def run(row: Record) -> Record:
            found = None if row.get(name) is None else pattern.search(text_of(row[name]))
            groups = found.groupdict() if found else {}
            return {**row, **{group: text for group, text in groups.items() if text is not None}}

        return str(command), run

    def fields(self, command: Token, *names: Token) -> tuple[str, Stage]:
        kept = {unquoted(name) for name in names}
        return str(command), lambda row: {
            key: row[key] for key in row if key in kept or key.startswith("$")
        }

    def rows_kept(self, command: Token, *_arguments: Token) -> tuple[str, Stage]:
        return command.split()[0], lambda row: row

    def many_rows(self, command: Token, *_arguments: Token) -> tuple[str, Stage]:
        message = f"{command}, an aggregation, which needs more than one record"
        return str(command), cannot_run(message, place(command))


Reader = _Reader
"""What the reader of many rows extends."""


def unquoted(token: Token) -> str:
    """Return the text of a value or name, out of its quotes where it has them."""
    return token[1:-1] if token[0] in "\"'" else str(token)


def _field(token: Token) -> str:
    """Return the name of a compared field; raises ReadError for a reserved word without quotes."""
    if token.lower() in _RESERVED:
        raise ReadError(f"the reserved word {token} as a field, unquoted", place(token))
    return unquoted(token)
