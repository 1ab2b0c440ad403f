"""DNIF DQL over many events: `duration`, `groupby`, `select` and `having`. Not vendor-verified.

Facts: DNIF's knowledge base on these pipes and on `count_if` and `distinct_count`. The conditions
are read as by `dnif_dql`. Decisions:

- `cnamtime` is when an event was, in seconds: all events are stored as long after their time.
- A query looks at the time before it runs. It is run right after each event, and each row then
  stands for the last event of its group. `duration 5m` takes both ends of the window: a row that
  only the longer one has is worth a look. Without `duration` all that came before counts.
- The pipes come in this order: `duration`, `groupby`, `select`, `having`, `limit`.
- A row of `select` is a group where `groupby` or a function makes one. `count(*)` counts events,
  `count(c)` those with c, `count_if` those for which a condition is true, `distinct_count`
  different texts; `min`, `max`, `sum` and `avg` take the numbers. A missing value is a group of its
  own.
- A column that is no function must be one of `groupby`. `having` knows the columns of `select`.
- How many rows are returned is not limited: which ones are left out is not documented.
- Of no events there is no row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lark import Token, v_args

from .base import ReadError, Record, Stage, Ternary, keep_if
from .dnif_dql import Reader, Strings
from .grammar import grammar, parse, place, transform
from .many import (
    Program,
    Rows,
    Source,
    Summary,
    distinct,
    groups_of,
    mark,
    moments,
    of_numbers,
    seconds_of,
    timed,
    window,
)

TIME = "cnamtime"
"""DNIF's column of the time at which an event was stored."""


def read(
    text: str, anchored: bool = False, strings: Strings = "doubling", three_valued: bool = True
) -> Program:
    """Return a query over many events; its options are those of `dnif_dql.read`.

    Raises:
        ReadError: The text is not of the language, or uses what this reader does not model.
    """
    tree = parse(grammar("dnif_dql", f"{strings}_rows", "dnif_dql_streams"), text)
    program: Program = transform(_Rows(anchored, strings, three_valued), tree)
    return program


@dataclass(frozen=True)
class _Column:
    """A column of `select`.

    Attributes:
        name: What `having` knows it by.
        summary: What it is of the events of a group; None for a column of `groupby`.
        offset: Where it stands.
    """

    name: str
    summary: Summary | None
    offset: int


@dataclass(frozen=True)
class _Query:
    """The parts of a query; None for a pipe that it lacks."""

    stream: str
    where: Stage
    seconds: int | None
    groups: tuple[str, ...] | None
    columns: tuple[_Column, ...]
    having: Stage

    def __call__(self, source: Source) -> list[Record]:
        """Return the rows of all runs."""
        rows = timed(source(self.stream), TIME)
        found = [row for row in rows if self.where(row) is not None]
        return [row for now in moments(rows) for row in self._at(window(found, now, self.seconds))]

    def _at(self, rows: Rows) -> list[Record]:
        table = self._summed(rows) if self.is_summary else list(rows)
        return [row for row in table if self.having(row) is not None]

    @property
    def is_summary(self) -> bool:
        """Return whether a row is of a group, and not of an event."""
        return self.groups is not None or any(one.summary for one in self.columns)

    def _summed(self, rows: Rows) -> list[Record]:
        return [
            {**values, **self._summaries(members), **mark(members)}
            for values, members in groups_of(rows, self.groups or ())
        ]

    def _summaries(self, rows: Rows) -> dict[str, float | None]:
        return {one.name: one.summary(rows) for one in self.columns if one.summary}


@v_args(inline=True)
class _Rows(Reader):
    """Makes the function of a query out of its tree; a method is named after its rule."""

    def rows(self, stream: Token, *parts: Any) -> Program:
        # The condition is optional, and a pipe that is not there is None.
        *where, seconds, groups, columns, having = parts
        query = _Query(
            stream.partition("=")[2].strip(),
            where[0] if where else _kept,
            seconds,
            groups,
            columns or (),
            having or _kept,
        )
        for one in query.columns if query.is_summary else ():
            if one.summary is None and one.name not in (groups or ()):
                raise ReadError(f"{one.name}, of which a group has several", one.offset)
        return query

    def duration(self, span: Token) -> int:
        return seconds_of(span)

    def grouped(self, *columns: Token) -> tuple[str, ...]:
        return tuple(map(str, columns))

    def having(self, test: Ternary) -> Stage:
        return keep_if(test)

    def selected(self, *columns: _Column) -> tuple[_Column, ...]:
        return columns

    def shown(self, column: Token) -> _Column:
        return _Column(str(column), None, place(column))

    def counted(self, function: Token, name: Token | None) -> _Column:
        return _Column(str(name or function), len, place(function))

    def counted_if(self, test: Ternary, name: Token | None) -> _Column:
        def run(rows: Rows) -> int:
            return sum(test(row) is True for row in rows)

        return _Column(str(name or "count_if"), run, 0)

    def measured(self, function: Token, column: Token, name: Token | None) -> _Column:
        shown = str(name or f"{function}({column})")
        return _Column(shown, _summary(function.lower(), str(column)), place(function))


def _summary(function: str, column: str) -> Summary:
    """Return what a function is of a column."""
    if function == "distinct_count":
        return lambda rows: distinct(rows, column)
    if function == "count":
        return lambda rows: sum(row.get(column) is not None for row in rows)
    return of_numbers(function, column)


def _kept(row: Record) -> Record:
    return row
