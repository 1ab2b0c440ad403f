"""DNIF pipelines over many events: `_fetch`, `_agg` and `_checkif`. Not vendor-verified.

Facts: DNIF's knowledge base (`_fetch` with group and label, `_agg`, `_checkif`), MITRE CAR's
published pipelines (CAR-2013-04-002, CAR-2013-05-009). A fetch is read as by `dnif_fetch`.
Decisions:

- `$CNAMTime` is when an event was, in seconds: all events are stored as long after their time.
- A pipeline looks at the time before it runs. It is run right after each event, and each row then
  stands for the last event of its group. `$Duration=5m` takes both ends of the window: a row that
  only the longer one has is worth a look. Without `$Duration` all that came before counts;
  `$StartTime` and `$EndTime` raise.
- `group count_unique $A, $B` returns a row for each combination, with the number of its events in
  `count_unique`. `_agg count_unique $A` counts rows in the same way, `_agg count` all of them, in
  `Count`. A missing field is a value of its own.
- A second `_fetch` adds its rows to those before it, twice where both find an event. `as #A` gives
  each the `$Label` A.
- `_checkif int_compare c >= 3 include` keeps the rows for which it is true, `exclude` the others; a
  row without the column is kept by neither.
- How many rows are returned is not limited: which ones are left out is not documented.
- Of no events there is no row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lark import Token, v_args

from .base import ReadError, Record, Test, all_of, holds, number_of, sign
from .dnif_fetch import Reader, Value
from .grammar import grammar, parse, place, transform
from .many import Program, Rows, Source, groups_of, mark, moments, seconds_of, timed, window

TIME = "$CNAMTime"
"""DNIF's field of the time at which an event was stored."""

Step = Callable[[Rows], list[Record]]


def read(text: str, anchored: bool = True) -> Program:
    """Return a pipeline over many events; its option is that of `dnif_fetch.read`.

    Raises:
        ReadError: The text is not of the language, or uses what this reader does not model.
    """
    tree = parse(grammar("dnif_fetch", "pipeline", "dnif_fetch_streams"), text)
    program: Program = transform(_Pipelines(text, anchored), tree)
    return program


class _Duration:
    """A test that holds of any event: how far a fetch looks back, in seconds."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds

    def __call__(self, _row: Record, /) -> bool:
        return True


@dataclass(frozen=True)
class _Fetch:
    """What a fetch returns: the events of a test, within a time, with what becomes of them."""

    test: Test
    seconds: int | None
    finish: Step

    def at(self, now: float, found: Rows) -> list[Record]:
        """Return the rows of a run; ``found`` are all events of its test."""
        return self.finish(window(found, now, self.seconds))


@v_args(inline=True)
class _Pipelines(Reader):
    """Makes the function of a pipeline out of its tree; a method is named after its rule."""

    def pipeline(self, *steps: _Fetch | Step) -> Program:
        fetches = [step for step in steps if isinstance(step, _Fetch)]

        def run(source: Source) -> list[Record]:
            rows = timed(source("event"), TIME)
            found = {one: [row for row in rows if one.test(row)] for one in fetches}
            return [row for now in moments(rows) for row in at(now, found)]

        def at(now: float, found: dict[_Fetch, list[Record]]) -> list[Record]:
            table: list[Record] = []
            for step in steps:
                if isinstance(step, _Fetch):
                    table = [*table, *step.at(now, found[step])]
                else:
                    table = step(table)
            return table

        return run

    # -- a fetch ------------------------------------------------------------------------------

    def equals(self, field: Token, value: Token | Value) -> Test:
        if field == "$Duration" and isinstance(value, Token):
            return _Duration(seconds_of(value))
        if field in ("$StartTime", "$EndTime", "$Duration"):
            raise ReadError(f"{field}, which this reader does not model", place(field))
        return super().equals(field, value)

    def negated(self, test: Test) -> Test:
        if isinstance(test, _Duration):
            raise ReadError("a $Duration that is excluded")
        return super().negated(test)

    def fetched(self, _command: Token, *parts: Any) -> _Fetch:
        # A group and a label that are not there are None.
        *tests, group, label = parts
        if group is not None and label is not None:
            raise ReadError("a label of groups, which this reader does not model", place(label))
        where: list[Test] = tests or [_any]
        spans = [test.seconds for test in where if isinstance(test, _Duration)]
        return _Fetch(all_of(where), min(spans, default=None), group or _labelled(label))

    def grouped(self, *names: Token) -> Step:
        return _counted([str(name) for name in names], "count_unique")

    # -- what follows -------------------------------------------------------------------------

    def aggregated(self, *names: Token) -> Step:
        return _counted([str(name) for name in names], "count_unique" if names else "Count")

    def checked(self, column: Token, operator: Token, number: Token, kept: Token) -> Step:
        name, bound, wanted = str(column), float(number), kept == "include"

        def run(rows: Rows) -> list[Record]:
            known = [(row, number_of(row.get(name))) for row in rows]
            return [
                row
                for row, found in known
                if found is not None and holds(operator, sign(found, bound)) == wanted
            ]

        return run


def _any(_row: Record) -> bool:
    return True


def _labelled(label: Token | None) -> Step:
    if label is None:
        return list
    name = label.partition("#")[2]
    return lambda rows: [{**row, "$Label": name} for row in rows]


def _counted(names: list[str], column: str) -> Step:
    return lambda rows: [
        {**values, column: len(members), **mark(members)}
        for values, members in groups_of(rows, names)
    ]
