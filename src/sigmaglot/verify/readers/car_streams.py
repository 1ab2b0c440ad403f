"""CAR pseudocode over many events: `group`, `from ... select` and `join`. Not vendor-verified.

Facts: the published programs CAR-2013-02-008 (a group is measured), CAR-2013-04-002 (`max time
between two events`), CAR-2014-02-001 (a field of a side of a join), CAR-2014-05-001 and
CAR-2014-12-001 (spans in a join), CAR-2015-07-001 (`unique`). Searches and conditions are read as
by `car`. Nothing defines the meaning; the decisions are:

- `time` is when an event was, in seconds; a span is a number of them.
- `group x by f` makes a group of each text of f, with case; a missing one is a group of its own.
  With `max time between two events` a group is cut in both ways that the words may mean: where two
  neighbours are further apart, and, for each event, into those no further before it.
- `from x select ...` returns a row for each group, or one for all events, at the last event.
  `count` counts events that have the field, `unique` its different texts, with case.
- `join (a, b) where (...)` returns a row for each two events that pass, at the later one; an event
  is joined with itself. `a.f` is the field of a side; a field of both sides is compared with the
  other by text, with case, for the sides are told apart as groups are.
- `+` and `-` take numbers; a missing one makes the comparison false. `a < b < c` is both.
- An output of groups has a row for each. `run`, arithmetic between variables, `from x select f` and
  a comparison with `now` raise while reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise

from lark import Token, v_args

from .base import ReadError, Record, Test, holds, number_of, sign, text_of
from .car import Reader
from .grammar import grammar, parse, place, transform
from .many import (
    Number,
    Program,
    Source,
    Summary,
    added,
    distinct,
    groups_of,
    mark,
    of_numbers,
    seconds_of,
    time_of,
    timed,
)

TIME = "time"
"""CAR's field of an event's time."""

Clusters = Callable[[Source], list[list[Record]]]


def read(text: str, match_ignores_case: bool = True) -> Program:
    """Return a program over many events; its option is that of `car.read`.

    Raises:
        ReadError: The text is not of the language, or uses what this reader does not model.
    """
    tree = parse(grammar("car", "rows", "car_streams"), text)
    program: Program = transform(_Programs(match_ignores_case=match_ignores_case), tree)
    return program


class _Pair(Mapping[str, object]):
    """Two rows, with the names of their variables before the columns."""

    def __init__(self, names: tuple[str, str], sides: tuple[Record, Record]) -> None:
        self._sides = dict(zip(names, sides, strict=True))

    def __getitem__(self, name: str) -> object:
        side, _, column = name.partition(".")
        return self._sides[side][column]

    def __iter__(self) -> Iterator[str]:
        return (f"{side}.{name}" for side, row in self._sides.items() for name in row)

    def __len__(self) -> int:
        return sum(map(len, self._sides.values()))


@v_args(inline=True)
class _Programs(Reader):
    """Makes the function of a program out of its tree; a method is named after its rule."""

    def __init__(self, *, match_ignores_case: bool) -> None:
        super().__init__(match_ignores_case=match_ignores_case)
        self._programs: dict[str, Program] = {}
        self._clusters: dict[str, Clusters] = {}

    def rows(self, *statements: Program | None) -> Program:
        last = statements[-1]
        if last is None:
            raise ReadError("a program without output")
        return last

    # -- statements ---------------------------------------------------------------------------

    def searched(self, name: Token, selector: str, test: Test | None = None) -> None:
        def run(source: Source) -> list[Record]:
            rows = timed(source(selector), TIME)
            return rows if test is None else [row for row in rows if test(row)]

        self._put(name, run)

    def filtered(self, name: Token, source: Token | None, test: Test) -> None:
        before = self._program(source or name)
        self._put(name, lambda records: [row for row in before(records) if test(row)])

    def grouped(self, name: Token, *parts: Token | None) -> None:
        sources = [self._program(part) for part in parts if part and part.type == "NAME"]
        fields = [str(part) for part in parts if part and part.type == "FIELD"]
        spans = [seconds_of(part) for part in parts if part and part.type == "SPAN"]

        def clusters(source: Source) -> list[list[Record]]:
            rows = sorted((row for each in sources for row in each(source)), key=time_of)
            groups = [members for _, members in groups_of(rows, fields)]
            return [one for group in groups for one in _cut(group, *spans)]

        def run(source: Source) -> list[Record]:
            return [
                {**{field: one[0].get(field) for field in fields}, **mark(one)}
                for one in clusters(source)
            ]

        self._put(name, run, clusters)

    def measured(self, name: Token, source: Token, *columns: tuple[str, Summary]) -> None:
        clusters = self._clusters.get(str(source)) or _whole(self._program(source))

        def run(records: Source) -> list[Record]:
            return [
                {**{column: summary(rows) for column, summary in columns}, **mark(rows)}
                for rows in clusters(records)
            ]

        self._put(name, run)

    def measure(self, function: Token, field: Token | str, name: Token) -> tuple[str, Summary]:
        return str(name), _summary(function, field)

    def unique(self, field: Token) -> str:
        return str(field)

    def joined(self, name: Token, left: Token, right: Token, test: Test) -> None:
        names = (str(left), str(right))
        before = (self._program(left), self._program(right))

        def run(source: Source) -> list[Record]:
            first, second = (one(source) for one in before)
            return [
                {**pair, **mark((one, other))}
                for one in first
                for other in second
                if test(pair := _Pair(names, (one, other)))
            ]

        self._put(name, run)

    def returned(self, *names: Token) -> Program:
        outputs = [self._program(name) for name in names]
        return lambda source: [row for one in outputs for row in one(source)]

    def _put(self, name: Token, program: Program, clusters: Clusters | None = None) -> None:
        self._programs[str(name)] = program
        self._clusters.pop(str(name), None)
        if clusters is not None:
            self._clusters[str(name)] = clusters

    def _program(self, name: Token) -> Program:
        found = self._programs.get(str(name))
        if found is None:
            raise ReadError(f"the undefined variable {name}", place(name))
        return found

    # -- conditions ---------------------------------------------------------------------------

    def compared(self, field: Token, operator: Token, value: Token) -> Test:
        side = value.partition(".")[0]
        if value.type == "BARE" and side != value and side in self._programs:
            name, other = str(field), str(value)
            wanted = operator != "!="
            return lambda row: _is_same(row.get(name), row.get(other)) == wanted
        return super().compared(field, operator, value)

    def ordered(self, *parts: Token | Number) -> Test:
        sums: list[Number] = [part for part in parts if not isinstance(part, Token)]
        operators = [str(part) for part in parts if isinstance(part, Token)]

        def run(row: Record) -> bool:
            found = [one(row) for one in sums]
            return None not in found and all(
                holds(operator, sign(*sides))
                for operator, sides in zip(operators, pairwise(found), strict=True)
            )

        return run

    def sum(self, *parts: Token) -> Number:
        return added([_operand(part) for part in parts[::2]], parts[1::2])


def _is_same(one: object, other: object) -> bool:
    return one is not None and other is not None and text_of(one) == text_of(other)


def _operand(token: Token) -> Number:
    if token.type == "MOMENT":
        raise ReadError(f"{token}, which this reader does not model", place(token))
    if token.type == "FIELD":
        name = token.strip("[]")
        return lambda row: number_of(row.get(name))
    value = float(seconds_of(token)) if token.type == "SPAN" else number_of(token.strip("\"'"))
    if value is None:
        raise ReadError("an order of something that is no number", place(token))
    return lambda _row: value


def _summary(function: str, field: Token | str) -> Summary:
    """Return what a function is of a field; a text that is no token is that of `unique`."""
    name = str(field)
    if function == "count":
        if not isinstance(field, Token):
            return lambda rows: distinct(rows, name)
        return lambda rows: sum(row.get(name) is not None for row in rows)
    if not isinstance(field, Token):
        raise ReadError(f"{function} of unique values, which this reader does not model")
    return of_numbers(function, name)


def _whole(program: Program) -> Clusters:
    """Return all events as one group, none where there are no events."""

    def run(source: Source) -> list[list[Record]]:
        rows = program(source)
        return [rows] if rows else []

    return run


def _cut(rows: list[Record], seconds: float | None = None) -> list[list[Record]]:
    """Return the parts of a group, in order of time, whose events are close, in both readings."""
    if seconds is None:
        return [rows]
    times = [time_of(row) for row in rows]
    starts = [0, *(at for at in range(1, len(rows)) if times[at] - times[at - 1] > seconds)]
    cuts = dict.fromkeys(pairwise([*starts, len(rows)]))
    for end, time in enumerate(times, 1):
        first = next(at for at, one in enumerate(times) if one >= time - seconds)
        cuts[first, end] = None
    return [rows[first:end] for first, end in cuts]
