"""Splunk's commands over all rows: `stats`, `eventstats`, `streamstats`, `sort` and `head`.

Facts: Splunk's Search Reference (the five commands; statistical and charting functions). Decisions:
    - One row does not tell a summary: as a stage of one row, the three `stats` raise. `sort` and
      `head` let it pass. `over` is what each does with all rows, in their order.
    - `stats` returns a row for each combination of the `by` columns; `eventstats` adds the summary
      of its group to each row, `streamstats` that of the rows of its group so far. A row that lacks
      a `by` column has no group: `stats` drops it, the others leave it as it is (unconfirmed).
    - Groups compare as text, with case, and come in the order of their first row (the order is
      unconfirmed).
    - `count` counts rows, `count(f)` the rows with f, `count(eval(x))` those where x is true.
      `sum`, `avg`, `range` and `stdev` take the numbers among the values; `min` and `max` compare
      numbers if all are, else texts.
    - `values` is distinct and sorted, `list` is neither. Several values in one column can be
      returned, but no later stage knows what a comparison with them means: it raises.
    - `first` and `last` take the rows in the order in which they come.
    - Of the options only `current=`, `time_window=` and, without `by`, `window=` of `streamstats`
      are modelled. A time window looks back from the row's `_time`, within the row's group, as
      `global=` is said to count with `window=` alone. The rows must be in order of time, oldest
      first here. Whether a row that is exactly as old as the window is long counts is not
      documented: it does.
      Wildcards in the names of aggregated fields raise, as does every function that `_FUNCTIONS`
      lacks.
    - `sort` compares numbers if all values are, else texts; a row without the column is an error.
"""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

from lark import Token

from .base import ReadError, Record, number_of, text_of
from .spl_eval import Expr, Value, offset_of, predicate, tidy, value

Rows: TypeAlias = Sequence[Record]


@runtime_checkable
class OverRows(Protocol):
    """A stage that needs all rows."""

    def __call__(self, row: Record, /) -> Record | None:
        """Return what becomes of a row. Raises ReadError where one row does not tell."""

    def over(self, rows: Rows) -> list[Record]:
        """Return what becomes of all rows."""


class Several(tuple[object, ...]):
    """The values of a column that has several."""

    __slots__ = ()

    def __str__(self) -> str:
        raise ReadError("a comparison with several values, which this reader does not model")


@dataclass(frozen=True)
class Aggregate:
    """A column of a summary.

    Attributes:
        column: Its name.
        function: What it is of the values that are there.
        value: What it takes from each row.
    """

    column: str
    function: Callable[[list[object]], object]
    value: Value

    def of(self, rows: Rows) -> object:
        """Return the summary of rows."""
        found = (self.value(row) for row in rows)
        return self.function([each for each in found if each is not None])


@dataclass(frozen=True)
class Summary:
    """One of the three commands, with what they share.

    Attributes:
        command: Its name, for the error.
        aggregates: The columns that it adds.
        by: The columns that make a group.
        current: Whether `streamstats` counts the row itself.
        window: How many rows back `streamstats` looks; 0 for all.
        seconds: How far back in time it looks; None for all.
        offset: Where it starts in the query.
    """

    command: str
    aggregates: tuple[Aggregate, ...]
    by: tuple[str, ...]
    current: bool
    window: int
    seconds: int | None
    offset: int

    def __call__(self, _row: Record) -> Record | None:
        """Raise ReadError: one row does not tell."""
        raise ReadError(f"{self.command} needs all rows", self.offset)

    def over(self, rows: Rows) -> list[Record]:
        """Return the rows of the summary."""
        return list(_COMMANDS[self.command](self, rows))

    def columns(self, rows: Rows) -> Record:
        """Return the added columns for these rows, without those that are NULL."""
        found = {each.column: each.of(rows) for each in self.aggregates}
        return {column: each for column, each in found.items() if each is not None}

    def group(self, row: Record) -> tuple[str, ...] | None:
        """Return a row's group, None where it lacks a column."""
        found = [row.get(name) for name in self.by]
        return None if None in found else tuple(map(text_of, found))

    def groups(self, rows: Rows) -> dict[tuple[str, ...] | None, list[Record]]:
        """Return the rows of each group."""
        out: dict[tuple[str, ...] | None, list[Record]] = {}
        for row in rows:
            out.setdefault(self.group(row), []).append(row)
        return out


def _stats(summary: Summary, rows: Rows) -> Iterator[Record]:
    groups = summary.groups(rows)
    groups.pop(None, None)
    if not summary.by:
        groups.setdefault((), [])
    for key, members in groups.items():
        yield {**dict(zip(summary.by, key or (), strict=True)), **summary.columns(members)}


def _eventstats(summary: Summary, rows: Rows) -> Iterator[Record]:
    columns = {
        key: {} if key is None else summary.columns(members)
        for key, members in summary.groups(rows).items()
    }
    return ({**row, **columns[summary.group(row)]} for row in rows)


def _streamstats(summary: Summary, rows: Rows) -> Iterator[Record]:
    before: dict[tuple[str, ...], list[Record]] = {}
    for row in rows:
        key = summary.group(row)
        if key is None:
            yield row
            continue
        seen = before.setdefault(key, [])
        seen.append(row)
        if summary.seconds is not None:
            before[key] = seen = _recent(seen, summary)
        counted = seen if summary.current else seen[:-1]
        yield {**row, **summary.columns(counted[-summary.window :])}


def _recent(rows: Sequence[Record], summary: Summary) -> list[Record]:
    """Return the rows that are no older than the window of the last one."""
    times = [number_of(row.get("_time")) for row in rows]
    known = [time for time in times if time is not None]
    if len(known) < len(times) or known != sorted(known):
        raise ReadError("time_window over rows that are not in order of time", summary.offset)
    start = known[-1] - (summary.seconds or 0)
    return [row for row, time in zip(rows, known, strict=True) if time >= start]


_COMMANDS: Mapping[str, Callable[[Summary, Rows], Iterator[Record]]] = {
    "stats": _stats,
    "eventstats": _eventstats,
    "streamstats": _streamstats,
}


# -- aggregates


def _numbers(found: list[object]) -> list[float]:
    return [number for each in found if (number := number_of(each)) is not None]


def _of_numbers(function: Callable[[list[float]], float]) -> Callable[[list[object]], object]:
    """Return a function of the numbers among the values, NULL where there are none."""

    def run(found: list[object]) -> float | None:
        numbers = _numbers(found)
        return tidy(function(numbers)) if numbers else None

    return run


def _extreme(function: Callable[[list[Any]], Any]) -> Callable[[list[object]], object]:
    def run(found: list[object]) -> object:
        numbers = _numbers(found)
        if len(numbers) < len(found):
            return function([text_of(each) for each in found])
        return tidy(function(numbers)) if numbers else None

    return run


def _several(texts: list[str]) -> object:
    return Several(texts) if len(texts) > 1 else next(iter(texts), None)


def _deviation(numbers: list[float]) -> float:
    if len(numbers) < 2:
        raise ReadError("stdev of one value, which is not documented")
    return statistics.stdev(numbers)


_FUNCTIONS: Mapping[str, Callable[[list[object]], object]] = {
    "count": len,
    "c": len,
    "dc": lambda found: len(set(map(text_of, found))),
    "distinct_count": lambda found: len(set(map(text_of, found))),
    "sum": _of_numbers(math.fsum),
    "avg": _of_numbers(statistics.fmean),
    "mean": _of_numbers(statistics.fmean),
    "range": _of_numbers(lambda numbers: max(numbers) - min(numbers)),
    "stdev": _of_numbers(_deviation),
    "first": lambda found: found[0] if found else None,
    "last": lambda found: found[-1] if found else None,
    "min": _extreme(min),
    "max": _extreme(max),
    "values": lambda found: _several(sorted(set(map(text_of, found)))),
    "list": lambda found: _several(list(map(text_of, found))),
}


@dataclass(frozen=True)
class Option:
    """An option of a summary, such as `window=5`."""

    name: Token
    value: str


def _aggregate(function: Token, argument: str | Expr | None, alias: str | None) -> Aggregate:
    offset = offset_of(function)
    if function not in _FUNCTIONS or (argument is None and function not in ("count", "c")):
        raise ReadError(f"the aggregate {function}, which is not modelled", offset)
    if isinstance(argument, Expr) and alias is None:
        raise ReadError("an aggregate of eval() without a name", offset)
    written = str(function) if argument is None else f"{function}({argument})"
    made = Aggregate(alias or written, _FUNCTIONS[str(function)], _taken(str(function), argument))
    _refuse_wildcards([made.column], offset)
    return made


def _taken(function: str, argument: str | Expr | None) -> Value:
    """Return what an aggregate takes from a row."""
    if argument is None:
        return lambda _row: True
    if isinstance(argument, str):
        return lambda row: row.get(argument)
    if function not in ("count", "c"):
        return value(argument)
    test = predicate(argument)
    return lambda row: True if test(row) is True else None


def _refuse_wildcards(names: Sequence[str], offset: int) -> None:
    for name in names:
        if "*" in name:
            raise ReadError(f"a wildcard in {name}, which is not modelled here", offset)


def _summary(command: Token, *parts: Option | Aggregate | tuple[str, ...]) -> Summary:
    offset = offset_of(command)
    by = parts[-1] if isinstance(parts[-1], tuple) else ()
    _refuse_wildcards(by, offset)
    options = {str(part.name): part for part in parts if isinstance(part, Option)}
    for option in options.values():
        _check(command, option, bool(by))
    window, current = options.get("window"), options.get("current")
    span = options.get("time_window")
    return Summary(
        str(command),
        tuple(part for part in parts if isinstance(part, Aggregate)),
        by,
        current is None or current.value in _TRUE,
        int(window.value) if window else 0,
        _seconds(span.value) if span else None,
        offset,
    )


_TRUE, _FALSE = ("t", "true", "1"), ("f", "false", "0")
_SPAN = re.compile(r"(\d+)(s|m|h|d)")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _seconds(text: str) -> int | None:
    """Return a span of time in seconds, None for another text."""
    found = _SPAN.fullmatch(text)
    return int(found[1]) * _UNITS[found[2]] if found else None


def _check(command: Token, option: Option, is_grouped: bool) -> None:
    """Raise ReadError for an option that is not modelled."""
    is_known = {
        "current": option.value in (*_TRUE, *_FALSE),
        "window": option.value.isdecimal() and not is_grouped,
        "time_window": _seconds(option.value) is not None,
    }
    if command != "streamstats" or not is_known.get(str(option.name), False):
        text = f"{option.name}={option.value} of {command}, which is not modelled"
        raise ReadError(text, offset_of(option.name))


# -- order and number of rows


@dataclass(frozen=True)
class Sort:
    """`sort`: the columns with their directions, and how many rows stay (0: all)."""

    keys: tuple[tuple[bool, str], ...]
    count: int

    def __call__(self, row: Record) -> Record | None:
        """Return the row."""
        return row

    def over(self, rows: Rows) -> list[Record]:
        """Return the rows in order. Raises ReadError where a row lacks a column."""
        out = list(rows)
        for is_descending, column in reversed(self.keys):
            out.sort(key=_ordered(column, out), reverse=is_descending)
        return out[: self.count or None]


def _ordered(column: str, rows: Rows) -> Callable[[Record], Any]:
    values = [row.get(column) for row in rows]
    if None in values:
        raise ReadError(f"sort by {column} of a row without it, which is not modelled")
    if None in map(number_of, values):
        return lambda row: text_of(row[column])
    return lambda row: number_of(row[column])


@dataclass(frozen=True)
class Head:
    """`head`: the first rows."""

    count: int

    def __call__(self, row: Record) -> Record | None:
        """Return the row."""
        return row

    def over(self, rows: Rows) -> list[Record]:
        """Return the first rows."""
        return list(rows[: self.count])


_SORTED, _HEADED = 10_000, 10
"""How many rows `sort` and `head` leave where the query names no number; 0 after `sort` is all."""


def _sort(count: Token | None, *keys: tuple[bool, str]) -> Sort:
    return Sort(keys, _SORTED if count is None else int(count))


def _head(count: Token | None = None) -> Head:
    return Head(_HEADED if count is None else int(count))


RULES: Mapping[str, Callable[..., object]] = {
    "option": lambda name, text: Option(name, text.strip('"')),
    "aggregate": _aggregate,
    "evaluated": lambda expr: expr,
    "by": lambda *columns: columns,
    "stats": _summary,
    "eventstats": _summary,
    "streamstats": _summary,
    "sort_key": lambda direction, column: (direction == "-", column),
    "sort": _sort,
    "head": _head,
}
"""What each rule of the grammar's commands over all rows makes of its parts."""
