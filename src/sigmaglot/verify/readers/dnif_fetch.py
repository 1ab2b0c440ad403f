"""DNIF `_fetch` (the legacy query language). Not vendor-verified.

Facts: DNIF's knowledge base (_fetch), LANGUAGES.md and MITRE CAR's published queries. Decisions:

- Conditions are joined by AND and NOT, the latter binary (`A NOT B`); `AND NOT`, OR, quotes and
  the operators other than `=` and IN raise. `limit`, `first` or `last` is required.
- A value ends at a blank; nothing documented says one with a blank. `*` in it is any run; in a
  list it raises. A list of a variable (`[_Name_]`), which an earlier command fills, raises.
- `regex(...)` ends at the parenthesis that balances, escapes and character classes apart; `i`
  after it ignores case. Whether it must match the whole value is not documented: the `anchored`
  option (run both). Python's `re` runs it.
- `$Duration`, `$StartTime` and `$EndTime` choose the time and hold of any record.
- `group` and `as #A` are read and do not change which records match.
- `>>` stages are read, a `_fetch` as the first one is, the others as a name and a line; running
  one raises.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from lark import Token, v_args
from lark.visitors import Transformer_NonRecursive

from .base import (
    Query,
    ReadError,
    Stage,
    Test,
    all_of,
    cannot_run,
    glob,
    keep_if,
    negate,
    text_of,
)  # fmt: skip
from .grammar import grammar, parse, place, transform
from .regexes import compile_or_fail, searcher

_Stages = tuple[tuple[str, Stage], ...]
_Fetch = tuple[Token, Test]
Value = Callable[[str], bool]

_TIME = {"$Duration", "$StartTime", "$EndTime"}


def read(text: str, anchored: bool = True) -> Query:
    """Return one query, with its `>>` stages.

    Args:
        text: The query.
        anchored: Whether `regex(...)` must match the whole value.

    Raises:
        ReadError: The text is not of the language, or uses what this reader does not model.
    """
    stages: _Stages = transform(_Reader(text, anchored), parse(grammar("dnif_fetch"), text))
    names = tuple(name for name, _ in stages)
    return Query(text, tuple(stage for _, stage in stages), names, "event")


def read_all(text: str, anchored: bool = True) -> list[Query]:
    """Return the queries of a text, which blank lines separate.

    Args:
        text: The queries.
        anchored: As for `read`.

    Raises:
        ReadError: As `read` does, with the offset from the start of the query that is wrong; or
            there is no query.
    """
    parts = [part for part in re.split(r"\n[ \t]*\n", text) if part.strip()]
    if not parts:
        raise ReadError("no query")
    return [read(part.strip(), anchored) for part in parts]


@v_args(inline=True)
class _Reader(Transformer_NonRecursive[Token, Any]):
    """Makes the functions of a query out of its tree; a method is named after its rule."""

    def __init__(self, text: str, anchored: bool) -> None:
        super().__init__(visit_tokens=False)
        self._query = text
        self._anchored = anchored

    def start(self, first: _Fetch, *later: Token) -> _Stages:
        return (("_fetch", keep_if(first[1])), *map(_opaque, later))

    def later(self, command: Token | _Fetch) -> Token:
        return command if isinstance(command, Token) else command[0]

    def fetch(self, command: Token, *tests: Test) -> _Fetch:
        return command, all_of(list(tests)) if tests else lambda _row: True

    def negated(self, test: Test) -> Test:
        return negate(test)

    def equals(self, field: Token, value: Token | Value) -> Test:
        if isinstance(value, Token):
            pattern = glob(value)
            return _holds(field, lambda found: pattern.match(found) is not None)
        return _holds(field, value)

    def among(self, field: Token, *items: Token) -> Test:
        values = {str(item) for item in items}
        return _holds(field, lambda found: found in values)

    def regex(self, opening: Token, closing: Token) -> Value:
        start = place(opening) + len(opening)
        flags = re.IGNORECASE if closing.endswith("i") else 0
        pattern = compile_or_fail(self._query[start : place(closing)], flags, start)
        if not self._anchored:
            return searcher(pattern)
        return lambda found: pattern.fullmatch(found) is not None


Reader = _Reader
"""What the reader of many rows extends."""


def _holds(field: Token, test: Value) -> Test:
    """Return whether a record has a field and its text passes; the time fields always hold."""
    if field in _TIME:
        return lambda _row: True
    name = str(field)
    return lambda row: row.get(name) is not None and test(text_of(row[name]))


def _opaque(command: Token) -> tuple[str, Stage]:
    """Return a `>>` stage, which raises when it is run."""
    name = "".join(re.findall(r"\A_[a-z]+", command))
    return name, cannot_run(f"{name}, which this reader does not run", place(command))
