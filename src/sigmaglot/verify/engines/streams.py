"""Which engines run a correlation's query over a whole stream, and how.

A query is run over all records of a stream at once; what it finds are the events whose rows it
returns. Queries of Kibana KQL and of data models (`tstats`) count nothing: there the record that
describes the correlation is applied to what the queries of its rules find, so it is the description
that is held to the rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

from sigmaglot.correlation import Alias, Condition, Correlation, Test, Type
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
    """Apply a described correlation to what the queries of its branches find."""
    said = asked.described
    branches: Sequence[Mapping[str, Sequence[str]]] = said["branches"]
    if len(branches) != len(asked.queries):
        raise CannotRunError("the record does not tell which query finds which rule's events")
    dataset = engine.load(stored.records)
    seen = {
        str(at): [
            Happening(index, stored.times[index], stored.records[index])
            for index in sorted(dataset.find(query))
        ]
        for at, query in enumerate(asked.queries)
    }
    return frozenset(one.number for one in find(_as_correlation(said), seen))


def _as_correlation(said: Mapping[str, Any]) -> Correlation:
    """Return a described correlation over columns; its rules are the branches by position.

    Raises:
        RefusedError: Groups or values of two rules cannot be compared.
    """
    branches = said["branches"]
    names = tuple(map(str, range(len(branches))))

    def aliases(key: str) -> tuple[Alias, ...]:
        if len({len(branch[key]) for branch in branches}) > 1:
            raise RefusedError(f"the rules of the record have unlike numbers of columns in {key}")
        columns = zip(*(branch[key] for branch in branches), strict=True)
        return tuple(
            Alias(f"{key} {at}", tuple(zip(names, each, strict=True)))
            for at, each in enumerate(columns)
        )

    groups, values = aliases("group_by"), aliases("values")
    tests = tuple((Test(test), float(number)) for test, number in said["condition"].items())
    condition = Condition(tests, tuple(one.name for one in values), said["percentile"])
    return Correlation(
        Type(said["type"]),
        names,
        said["timespan_seconds"],
        condition,
        tuple(one.name for one in groups),
        (*groups, *values),
    )


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
