r"""Splunk SPL: the search command, and the stages that filter, derive or summarise.

Not vendor-verified: no grammar or executor of Splunk's is to be had, so `spl.lark` is written from
the manuals.

Facts: Splunk's Search Manual and Search Reference (search, where, regex, rex, Boolean expressions).
Decisions:
    - In `search`, NOT binds first, then OR, then AND (written or not); operators are written in
      capitals, so `or` is a keyword to look for.
    - Values compare without case; `*` is the only wildcard; `CASE(x)` respects case. `f=*` asks
      that the field is there; whether it matches an empty value is the `star_matches_empty` option.
      `f!=v` needs the field, `NOT f=v` does not. A value that is a network (CIDR) also matches the
      addresses in it.
    - `<` and its kin compare numbers; a value that is no number does not match.
    - In a quoted value `\\` is a backslash and `\"` a quote; every other backslash raises, `\*`
      included. In a bare value `\\` is a backslash, and no other is allowed.
    - A term ends at a blank, a parenthesis, a comma or a pipe: what is glued to a quotation mark
      (`a"b"`) raises.
    - A keyword is looked for in all values joined by spaces, with no letter or digit next to it
      except where it begins or ends with `*`.
    - Whether `| regex f!="..."` keeps a row without f is not documented: the `regex_keeps_missing`
      option says, and None raises where it matters.
    - `stats`, `eventstats` and `streamstats` are read. `Query.matches` sees one record and raises
      at them; `rows` runs a query over many.
    - `multisearch` gives the rows of its searches one search after the other, the last one first:
      their order is not documented, and a query that depends on it shows here. An event that two
      searches find is there twice. A search of it takes no command over all rows.
    - `tstats`, which begins a query, and `convert` are in `spl_tstats`.
    - Time modifiers, macros, other subsearches, TERM(), other queries that begin with a pipe
      (`| inputlookup`) and every command that the grammar lacks raise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from typing import NoReturn, cast

from lark import Token, Tree

from . import spl_eval, spl_functions, spl_search, spl_stats, spl_tstats
from .base import Query, ReadError, Record, Stage, keep_if, raw_of, text_of
from .grammar import grammar, parse
from .spl_eval import Expr, Value, offset_of, pattern_of
from .spl_stats import OverRows
from .spl_tstats import Tstats

_NOT_MODELLED = {
    "`": "a macro, which this reader does not model",
    "[": "a subsearch, which this reader does not model",
    "!": "a `!` that is no NOT: write NOT",
    "'": "a single quotation mark, which quotes fields in expressions only",
}


def read(
    text: str, star_matches_empty: bool = True, regex_keeps_missing: bool | None = None
) -> Query:
    """Return the query that a search and its pipeline say.

    Args:
        text: The query.
        star_matches_empty: Whether `f=*` finds an empty value.
        regex_keeps_missing: Whether `| regex f!="..."` keeps a row without f; None raises there.

    Raises:
        ReadError: The text is not of the language, or says something that is not modelled.
    """
    tree = _tree(text)
    for command in tree.find_data("tstats"):
        spl_tstats.check(command)
    stages = _fold(tree, _rules(star_matches_empty, regex_keeps_missing))
    first, *rest = (child for child in tree.children if isinstance(child, Tree))
    start = str(first.data) if first.data in ("multisearch", "tstats") else "search"
    names = (start, *(_stage_name(command) for command in rest))
    made = cast(tuple[Stage, ...], stages)
    dataset = made[0].dataset if isinstance(made[0], Tstats) else None
    return Query(text, made, names, dataset)


def rows(query: Query, records: Iterable[Record]) -> list[Record]:
    """Return the rows that a query makes of records, in their order.

    Raises:
        ReadError: A value cannot be compared, counted or sorted as the query asks.
    """
    return run_over(query.stages, records)


def run_over(stages: Iterable[Stage], records: Iterable[Record]) -> list[Record]:
    """Return the rows that stages make of records. Raises ReadError as `rows` does."""
    found = list(records)
    for stage in stages:
        if isinstance(stage, OverRows):
            found = stage.over(found)
        else:
            found = [row for record in found if (row := stage(record)) is not None]
    return found


# -- from the text to the stages


def _tree(text: str) -> Tree[Token]:
    try:
        return parse(grammar("spl"), text)
    except ReadError as error:
        _explain(text, error)


def _explain(text: str, error: ReadError) -> NoReturn:
    """Raise the error in words that say what is not modelled, where that is known."""
    at = error.offset
    if text.lstrip().startswith("|") and not text[:at].strip(" |\t\r\n"):
        message = (
            "a query that begins with a pipe and no tstats or multisearch, which is not modelled"
        )
        raise ReadError(message, text.index("|")) from error
    command = re.compile(r"\w*").match(text, at)
    if text[:at].rstrip().endswith("|") and command and command[0]:
        raise ReadError(f"unknown command {command[0]}", at) from error
    raise ReadError(_NOT_MODELLED.get(text[at : at + 1], error.message), at) from error


def _stage_name(tree: Tree[Token]) -> str:
    """Return the command of a stage: its rule's name, up to the first `_`."""
    return str(tree.data).partition("_")[0]


def _fold(tree: Tree[Token], rules: Mapping[str, Callable[..., object]]) -> object:
    """Return what the rules make of a tree, from the leaves up and without recursion."""
    made: dict[int, object] = {}
    for each in tree.iter_subtrees():
        parts = (made[id(part)] if isinstance(part, Tree) else part for part in each.children)
        made[id(each)] = rules[each.data](*parts)
    return made[id(tree)]


def _rules(
    star_matches_empty: bool, regex_keeps_missing: bool | None
) -> Mapping[str, Callable[..., object]]:
    """Return what each rule of the grammar makes of its parts."""
    return {
        **spl_search.rules(star_matches_empty),
        **spl_eval.RULES,
        **spl_stats.RULES,
        **spl_tstats.RULES,
        **_RULES,
        "call": spl_functions.call,
        "regex": partial(_regex, regex_keeps_missing),
    }


# -- the commands over one row


def _start(first: Callable[[Record], bool] | OverRows, *stages: Stage) -> tuple[Stage, ...]:
    return (first if isinstance(first, OverRows) else keep_if(first), *stages)


@dataclass(frozen=True)
class MultiSearch:
    """`multisearch`: the rows of each of several searches, those of the last one first."""

    searches: tuple[tuple[Stage, ...], ...]

    def __call__(self, _row: Record) -> Record | None:
        """Raise ReadError: one row may become several."""
        raise ReadError("multisearch needs all rows")

    def over(self, rows: Sequence[Record]) -> list[Record]:
        """Return the rows that the searches find among all."""
        return [row for stages in reversed(self.searches) for row in run_over(stages, rows)]


def _subsearch(test: Callable[[Record], bool], *stages: Stage) -> tuple[Stage, ...]:
    if any(isinstance(stage, OverRows) for stage in stages):
        raise ReadError("a search of multisearch with a command over all rows")
    return _start(test, *stages)


def _assignment(name: Token, expr: Expr) -> tuple[str, Value]:
    return name.strip("\"'"), spl_eval.value(expr)


def _eval(*assignments: tuple[str, Value]) -> Stage:
    def run(row: Record) -> Record:
        out = dict(row)
        for name, value in assignments:
            out[name] = value(out)
        return out

    return run


def _regex(keeps_missing: bool | None, *parts: Token) -> Stage:
    *target, pattern_token = parts
    field, wanted = (str(target[0]), target[1] == "=") if target else ("_raw", True)
    pattern, offset = pattern_of(pattern_token), offset_of(parts[0])

    def test(row: Record) -> bool:
        value = _value(row, field)
        if value is not None:
            return (pattern.search(text_of(value)) is not None) is wanted
        if not wanted and keeps_missing is None:
            raise ReadError(f"regex {field}!= of a row without {field}", offset)
        return not wanted and keeps_missing is True

    return keep_if(test)


def _rex(*parts: Token) -> Stage:
    field = str(parts[0]) if len(parts) > 1 else "_raw"
    pattern = pattern_of(parts[-1])
    if not pattern.groupindex:
        raise ReadError("rex without a named group", offset_of(parts[-1]))

    def run(row: Record) -> Record:
        value = _value(row, field)
        found = None if value is None else pattern.search(text_of(value))
        groups = found.groupdict() if found else {}
        return {**row, **{name: text for name, text in groups.items() if text is not None}}

    return run


def _columns(wanted: bool, *names: str, always: tuple[str, ...] = ()) -> Stage:
    """Return a stage that keeps the columns of these names, or the others."""
    return lambda row: {
        key: value for key, value in row.items() if key in always or _listed(key, names) is wanted
    }


def _listed(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _value(row: Record, field: str) -> object:
    return raw_of(row) if field == "_raw" and "_raw" not in row else row.get(field)


_RULES: Mapping[str, Callable[..., object]] = {
    "start": _start,
    "subsearch": _subsearch,
    "multisearch": lambda *searches: MultiSearch(searches),
    "search": keep_if,
    "where": lambda expr: keep_if(spl_eval.predicate(expr)),
    "assignment": _assignment,
    "eval": _eval,
    "rex": _rex,
    "column": lambda token: token.strip('"'),
    "alias": lambda token: token.strip('"'),
    "table": partial(_columns, True),
    "fields_kept": partial(_columns, True, always=("_raw", "_time")),
    "fields_dropped": partial(_columns, False),
}
