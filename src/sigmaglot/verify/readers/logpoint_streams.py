"""LogPoint over many rows: charts, streams, and a stream that follows another. Not vendor-verified.

Facts: LogPoint's documentation of aggregators and of pattern finding (`[5 login having same user
within 2 minutes]`), MITRE CAR's published charts. Searches are read as by `logpoint`. Decisions:

- `log_ts` is when an event was, in seconds.
- `chart` returns a row for each group, at its last event; of no events it returns none. `count()`
  counts events, `distinct_count` different texts; `min`, `max`, `sum` and `avg` take the numbers. A
  column without `as` is named as it is written.
- `process eval("a=b-c")` adds and subtracts; a missing field makes none.
- `[5 ...]` returns a row for each event that ends five of its group within the time: so many that
  any other way to cut a stream into fives finds no other events.
- `followed by` returns a row for each two events, at the second, which is no earlier than the first
  and no later than the span; an event of both streams follows itself.
- `having same`, `by` and `on` compare texts, with case.
- `timechart` and `latest` raise when run, and so does what `logpoint` does not model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from lark import Token, v_args

from .base import ReadError, Record, Stage, Test, number_of
from .grammar import grammar, parse, transform
from .logpoint import Reader, unquoted
from .many import (
    Number,
    Program,
    Rows,
    Summary,
    added,
    distinct,
    groups_of,
    key_of,
    mark,
    of_numbers,
    seconds_of,
    time_of,
    timed,
    window,
)

TIME = "log_ts"
"""LogPoint's field of an event's time."""
_MORE = "logpoint_streams"

Step = Callable[[Rows], list[Record]]


def read(
    text: str,
    ignore_case: bool = True,
    missing_differs: bool | None = None,
    lists: Mapping[str, Sequence[str]] | None = None,
) -> Program:
    """Return a query over many rows; its options are those of `logpoint.read`.

    Raises:
        ReadError: The text is not of the language, or uses what this reader does not model.
    """
    reader = _Streams(ignore_case, missing_differs, lists or {})
    tree = parse(grammar("logpoint", "streams", _MORE), text)
    step: Step = transform(reader, tree)
    return lambda source: step(timed(source(""), TIME))


@dataclass(frozen=True)
class _Stream:
    """So many events of a search, in groups, within a time.

    Attributes:
        search: What finds the events.
        count: How many of them make a row.
        same: The fields of a group.
        seconds: How far the first may be from the last; None for any time.
        name: What a join calls it.
    """

    search: Test
    count: int
    same: tuple[str, ...]
    seconds: int | None
    name: str = ""

    def __call__(self, rows: Rows) -> list[Record]:
        """Return the events that end so many of their group."""
        found = [row for row in rows if self.search(row)]
        return [
            row
            for _, members in groups_of(found, self.same)
            for at, row in enumerate(members)
            if self._is_end(members[: at + 1])
        ]

    def _is_end(self, before: Rows) -> bool:
        if self.count > len(before):
            return False
        reach = time_of(before[-1]) - time_of(before[len(before) - max(self.count, 1)])
        return self.seconds is None or reach <= self.seconds


class _Measure(NamedTuple):
    """A column of a chart: its name, and what it is of the events of a group."""

    name: str
    of: Summary


@v_args(inline=True)
class _Streams(Reader):
    """Makes the function of a query out of its tree; a method is named after its rule."""

    def streams(self, step: Step) -> Step:
        return step

    # -- stages -------------------------------------------------------------------------------

    def piped(self, search: Test, *stages: tuple[str, Stage] | Step) -> Step:
        steps = [stage if callable(stage) else _each(stage[1]) for stage in stages]

        def run(rows: Rows) -> list[Record]:
            found = [row for row in rows if search(row)]
            for step in steps:
                found = step(found)
            return found

        return run

    def charted(self, _command: Token, *parts: _Measure | Token) -> Step:
        measures = [part for part in parts if isinstance(part, _Measure)]
        names = [unquoted(part) for part in parts if isinstance(part, Token)]

        def run(rows: Rows) -> list[Record]:
            return [
                {**values, **{one.name: one.of(members) for one in measures}, **mark(members)}
                for values, members in groups_of(rows, names)
            ]

        return run

    def measure(self, function: Token, field: Token | None, name: Token | None) -> _Measure:
        column = unquoted(field) if field else ""
        shown = unquoted(name) if name else f"{function}({column})"
        if function == "count":
            return _Measure(shown, len)
        if not column:
            raise ReadError(f"{function} of no field", function.start_pos or 0)
        if function == "distinct_count":
            return _Measure(shown, lambda rows: distinct(rows, column))
        return _Measure(shown, of_numbers(function, column))

    def evaluated(self, _command: Token, quoted: Token) -> Step:
        tree = parse(grammar("logpoint", "assignment", _MORE), unquoted(quoted))
        name, value = transform(self, tree)

        def run(row: Record) -> Record:
            found = value(row)
            return row if found is None else {**row, name: found}

        return _each(run)

    def assignment(self, name: Token, value: Number) -> tuple[str, Number]:
        return str(name), value

    def sum(self, *parts: Token | Number) -> Number:
        terms = [_number(part) if isinstance(part, Token) else part for part in parts[::2]]
        return added(terms, [str(sign) for sign in parts[1::2]])

    # -- streams ------------------------------------------------------------------------------

    def stream(
        self, count: Token | None, search: Test, same: tuple[str, ...] | None, span: int | None
    ) -> _Stream:
        return _Stream(search, int(count or 1), same or (), span)

    def same(self, *names: Token) -> tuple[str, ...]:
        return tuple(map(unquoted, names))

    def within(self, count: Token, unit: Token) -> int:
        return seconds_of(f"{count} {unit}")

    def named(self, stream: _Stream, name: Token) -> _Stream:
        return replace(stream, name=str(name))

    def followed(
        self,
        first: _Stream,
        second: _Stream,
        span: int | None,
        joined: list[tuple[Token, Token]] | None,
    ) -> Step:
        sides = [_sides(pair, (first.name, second.name)) for pair in joined or ()]
        before, after = ([side[at] for side in sides] for at in (0, 1))

        def run(rows: Rows) -> list[Record]:
            earlier = {
                key_of(group[0], before): group for _, group in groups_of(first(rows), before)
            }
            return [
                row
                for row in second(rows)
                for _ in window(earlier.get(key_of(row, after), []), time_of(row), span)
            ]

        return run

    def joined(self, *pairs: tuple[Token, Token]) -> list[tuple[Token, Token]]:
        return list(pairs)

    def pair(self, left: Token, right: Token) -> tuple[Token, Token]:
        return left, right


def _each(stage: Stage) -> Step:
    return lambda rows: [found for row in rows if (found := stage(row)) is not None]


def _number(token: Token) -> Number:
    if token.type == "DECIMAL":
        value = float(token)
        return lambda _row: value
    name = str(token)
    return lambda row: number_of(row.get(name))


def _sides(pair: tuple[Token, Token], names: tuple[str, str]) -> tuple[str, str]:
    """Return the field of the first stream and that of the second.

    Raises:
        ReadError: The two sides are not of the two streams.
    """
    found = {side.partition(".")[0]: side.partition(".")[2].strip('"') for side in pair}
    if set(found) != set(names) or len(names) != len(found):
        raise ReadError(f"{pair[0]}={pair[1]}, which joins other streams", pair[0].start_pos or 0)
    return found[names[0]], found[names[1]]
