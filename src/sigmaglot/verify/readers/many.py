"""What the readers of many rows share: events in order of time, their groups and their windows.

A row of a result stands for an event, the last of those that it was made of: so a query that counts
is held to a correlation, which comes true at events. Where no document decides what a statement
finds, these readers take the meaning with the most rows, and a window with both of its ends: a
query that is narrower so is narrower in any other reading. Of an exact one they would prove less.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

from .base import ReadError, Record, number_of, text_of

ROW = "$row"
"""Where a row says which record it stands for."""
AT = "$at"
"""Where a row says when that was, in seconds."""

Rows = Sequence[Record]
Source = Callable[[str], Rows]
"""The records of a table, stream or object; of a language without such, whatever the name is."""
Program = Callable[[Source], list[Record]]
"""A query that was read: what it returns of some records."""
Number = Callable[[Record], float | None]
"""What an expression makes of a row."""
Summary = Callable[[Rows], float | None]
"""What a function makes of the rows of a group."""
Key = tuple[str | None, ...]
Group = tuple[dict[str, Any], list[Record]]

_OF_NUMBERS: Mapping[str, Callable[[list[float]], float]] = {
    "min": min,
    "max": max,
    "sum": sum,
    **dict.fromkeys(("avg", "average"), fmean),
}
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def timed(rows: Rows, column: str) -> list[Record]:
    """Return rows in order of time, each with its time; of one moment in the order they came in.

    Raises:
        ReadError: The column of a row holds no number of seconds.
    """
    found: list[Record] = []
    for row in rows:
        seconds = number_of(row.get(column))
        if seconds is None:
            raise ReadError(f"a record without seconds in {column}")
        found.append({**row, AT: seconds})
    return sorted(found, key=time_of)


def time_of(row: Record) -> float:
    """Return when the event of a row was."""
    seconds = row[AT]
    if not isinstance(seconds, int | float):
        raise TypeError(seconds)
    return seconds


def mark(rows: Rows) -> dict[str, Any]:
    """Return what says that a row stands for the last event of some rows."""
    moment = max(map(time_of, rows))
    last = [row for row in rows if row[AT] == moment][-1]
    return {name: last[name] for name in (ROW, AT) if name in last}


def groups_of(rows: Rows, names: Sequence[str]) -> list[Group]:
    """Return the rows of each combination of values, compared by their text, with the values.

    Rows that lack a value are a group of their own: a query must itself leave them out.
    """
    found: dict[Key, Group] = {}
    for row in rows:
        values = {name: row.get(name) for name in names}
        found.setdefault(key_of(row, names), (values, []))[1].append(row)
    return list(found.values())


def key_of(row: Record, names: Sequence[str]) -> Key:
    """Return the texts of some columns, None for a missing one."""
    found = (row.get(name) for name in names)
    return tuple(None if value is None else text_of(value) for value in found)


def distinct(rows: Rows, name: str) -> int:
    """Return how many different texts a column holds; a missing one is none."""
    return len({text_of(row[name]) for row in rows if row.get(name) is not None})


def of_numbers(function: str, name: str) -> Summary:
    """Return the least, the greatest, the sum or the average of a column's numbers.

    ``function`` is `min`, `max`, `sum`, `avg` or `average`; of no number it makes none.
    """
    run = _OF_NUMBERS[function]

    def summary(rows: Rows) -> float | None:
        found = [number for row in rows if (number := number_of(row.get(name))) is not None]
        return tidy(run(found)) if found else None

    return summary


def added(terms: Sequence[Number], signs: Sequence[str]) -> Number:
    """Return the sum of terms, each but the first with the sign before it, `+` or `-`.

    It makes none where a term does.
    """
    factors = [1, *(-1 if sign == "-" else 1 for sign in signs)]

    def run(row: Record) -> float | None:
        total = 0.0
        for factor, term in zip(factors, terms, strict=True):
            found = term(row)
            if found is None:
                return None
            total += factor * found
        return tidy(total)

    return run


def tidy(number: float) -> float:
    """Return a number without a fraction as the whole number that it is, for its text."""
    return int(number) if float(number).is_integer() else number


def window(rows: Rows, end: float, seconds: float | None) -> Rows:
    """Return the rows, in order of time, that are no later than an end and no older than a span."""
    last = bisect_right(rows, end, key=time_of)
    first = 0 if seconds is None else bisect_left(rows, end - seconds, key=time_of)
    return rows[first:last]


def moments(rows: Rows) -> Iterator[float]:
    """Yield the times of rows, each once, in their order."""
    yield from dict.fromkeys(map(time_of, rows))


def seconds_of(text: str) -> int:
    """Return the seconds of a number with a unit, of which the first letter counts.

    Raises:
        ReadError: The unit is none of seconds, minutes, hours, days and weeks.
    """
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ").strip()
    unit = text[len(digits) :].strip()
    if unit[:1] not in _SECONDS:
        raise ReadError(f"a span in {unit}, which this reader does not model")
    return int(digits) * _SECONDS[unit[:1]]
