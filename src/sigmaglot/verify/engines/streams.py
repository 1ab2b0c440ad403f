"""Which engines run a correlation's query over a whole stream, and how.

A query is run over all records of a stream at once; what it finds are the events whose rows it
returns. Queries of Kibana KQL and of data models (`tstats`) count nothing: there the record that
describes the correlation is applied to what the queries of its rules find, so it is the description
that is held to the rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

from sigmaglot.correlation import Condition, Correlation, Test, Type
from sigmaglot.evaluate_correlation import Happening, find
from sigmaglot.verify.engines.model import CannotRunError, Engine, Record, RefusedError
from sigmaglot.verify.projection.common import is_stored_in
from sigmaglot.verify.readers.base import ReadError
from sigmaglot.verify.readers.many import ROW, Program
from sigmaglot.verify.schemas import tables_of

Run = Callable[[Engine, "Asked", "Stored"], frozenset[int]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What was written for a correlation.

    Attributes:
        queries: Their texts.
        described: The correlation over columns, as the record of it says.
        schema: What its records are stored in.
    """

    queries: tuple[str, ...]
    described: Mapping[str, Any]
    schema: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A stream as a schema stores it: each record, and when its event was, in seconds."""

    records: tuple[Record, ...]
    times: tuple[float, ...]


def find_in_stream(engine: Engine, asked: Asked, stored: Stored) -> frozenset[int]:
    """Return the indexes of the records of a stream at which a correlation's queries come true.

    Raises:
        CannotRunError: The engine runs no query over many records, or does not model this one.
        RefusedError: A query is not of the language.
    """
    run = _RUNS.get(engine.name)
    if run is None:
        raise CannotRunError(f"{engine.name} looks at one event at a time, so it cannot count")
    try:
        return run(engine, asked, stored)
    except ReadError as error:
        raise CannotRunError(str(error)) from error


def _numbered(stored: Stored) -> list[dict[str, Any]]:
    return [{**record, ROW: at} for at, record in enumerate(stored.records)]


def _indexes(rows: Iterable[Record]) -> frozenset[int]:
    found = [row.get(ROW) for row in rows]
    if None in found:
        raise CannotRunError("a row of the result does not tell which event it is")
    return frozenset(at for at in found if isinstance(at, int))


def _spl(_: Engine, asked: Asked, stored: Stored) -> frozenset[int]:
    from sigmaglot.verify.readers import spl  # noqa: PLC0415 - needs lark

    rows = _numbered(stored)
    found = (spl.rows(spl.read(query), rows) for query in asked.queries)
    return frozenset().union(*map(_indexes, found))


def _kusto(_: Engine, asked: Asked, stored: Stored) -> frozenset[int]:
    from sigmaglot.verify.readers import kusto_tabular  # noqa: PLC0415 - for Kusto alone

    rows = _numbered(stored)

    def of_table(name: str) -> list[dict[str, Any]]:
        return [row for row in rows if is_stored_in(row, [name])]

    tables = tables_of(asked.schema)
    found = (kusto_tabular.read(query, tables)(of_table) for query in asked.queries)
    return frozenset().union(*map(_indexes, found))


def _kusto_duckdb(engine: Engine, asked: Asked, stored: Stored) -> frozenset[int]:
    from sigmaglot.verify.engines import kusto_duckdb_streams  # noqa: PLC0415 - needs duckdb

    found = (
        kusto_duckdb_streams.find_in_stream(query, stored.records, asked.schema)
        for query in asked.queries
    )
    del engine
    return frozenset().union(*found)


def _reader(module: str) -> Run:
    """Return what runs queries by the reader of many rows of a language."""

    def run(engine: Engine, asked: Asked, stored: Stored) -> frozenset[int]:
        options = tuple(getattr(engine, "options", {}).items())
        rows = _numbered(stored)

        def named(name: str) -> list[dict[str, Any]]:
            return [row for row in rows if is_stored_in(row, re.split(r"\s+or\s+", name))]

        try:
            found = [_read(module, query, options)(named) for query in asked.queries]
        except RecursionError:
            raise ReadError("nested too deeply to run") from None
        return frozenset().union(*map(_indexes, found))

    return run


@lru_cache(maxsize=64)
def _read(module: str, text: str, options: tuple[tuple[str, Any], ...]) -> Program:
    reader = import_module(f"sigmaglot.verify.readers.{module}")
    program: Program = reader.read(text, **dict(options))
    return program


def _described(engine: Engine, asked: Asked, stored: Stored) -> frozenset[int]:
    """Apply a described correlation to what the queries of its rules find."""
    rules = list(_rules(asked.described))
    if len(rules) != len(asked.queries):
        raise CannotRunError("the record does not tell which query finds which rule's events")
    dataset = engine.load(stored.records)
    seen = [
        [
            Happening(at, stored.times[at], _looked_at(rule, stored.records[at]))
            for at in sorted(dataset.find(query))
        ]
        for rule, query in zip(rules, asked.queries, strict=True)
    ]
    found = _found(asked.described, iter(seen), 0)
    return frozenset(one.number for one in found)


_Said = Mapping[str, Any]
"""A correlation over columns, or one of its rules, as a record describes it."""


def _rules(said: _Said) -> Iterator[_Said]:
    """Yield the descriptions of rules, those of inner correlations in their places."""
    for branch in said["branches"]:
        if "correlation" in branch:
            yield from _rules(branch["correlation"])
        else:
            yield branch


def _looked_at(rule: _Said, record: Record) -> dict[str, Any]:
    """Return what each correlation looks at in a record, from the nearest to the outermost.

    A correlation that is `above` others counts from the outside, for all its rules alike.
    """
    levels = [rule, *rule.get("above", ())]
    return {
        _name(len(levels) - 1 - at, key, number): record.get(column)
        for at, level in enumerate(levels)
        for key in ("group_by", "values")
        for number, column in enumerate(level[key])
    }


def _name(depth: int, key: str, number: int) -> str:
    return f"{key} {number} of {depth}"


def _found(said: _Said, seen: Iterator[list[Happening]], depth: int) -> list[Happening]:
    """Return the events at which a described correlation comes true.

    Raises:
        RefusedError: Groups or values of two rules cannot be compared.
    """
    parts = {
        str(at): _found(branch["correlation"], seen, depth + 1)
        if "correlation" in branch
        else next(seen)
        for at, branch in enumerate(said["branches"])
    }
    fields = {key: _fields(said, key, depth) for key in ("group_by", "values")}
    tests = tuple((Test(test), float(number)) for test, number in said["condition"].items())
    condition = Condition(tests, fields["values"], said["percentile"])
    correlation = Correlation(
        Type(said["type"]), tuple(parts), said["timespan_seconds"], condition, fields["group_by"]
    )
    return find(correlation, parts)


def _fields(said: _Said, key: str, depth: int) -> tuple[str, ...]:
    """Return the names of what a described correlation groups by or measures."""
    counts = {len(columns) for columns in _lists(said, key, 0)}
    if len(counts) > 1:
        raise RefusedError(f"the rules of the record have unlike numbers of columns in {key}")
    return tuple(_name(depth, key, number) for number in range(counts.pop()))


def _lists(said: _Said, key: str, depth: int) -> Iterator[Sequence[str]]:
    """Yield the columns that a correlation, so far above, looks at in each rule's events."""
    for branch in said["branches"]:
        if "correlation" in branch:
            yield from _lists(branch["correlation"], key, depth + 1)
        else:
            yield [branch, *branch.get("above", ())][depth][key]


SLOW = frozenset({"kusto-duckdb"})
"""Engines that take so long for one query that streams are run together where they can be."""
_RUNS: Mapping[str, Run] = {
    "spl-model": _spl,
    "kusto-model": _kusto,
    "kusto-duckdb": _kusto_duckdb,
    "kibana-model": _described,
    "kibana-model-wildcard": _described,
    "tstats-model": _described,
    "logpoint-model": _reader("logpoint_streams"),
    "dnif-model": _reader("dnif_fetch_streams"),
    "dnif-model-search": _reader("dnif_fetch_streams"),
    "dql-model": _reader("dnif_dql_streams"),
    "car-model": _reader("car_streams"),
}
"""The engines that can count, or whose queries a description goes with."""
