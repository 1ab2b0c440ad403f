"""Kusto queries over a whole stream, run by DuckDB as ``duckdb-kql`` translates them.

The package lacks three forms, which are written anew here: ``serialize`` with ``row_number()``,
``count_distinct()``, for which its exact ``dcount()`` stands, and ``project-away`` at the end,
which is left out, as only the row numbers count. Its grammar wants parentheses around a
difference in ``between``, which Microsoft's does not. What begins at a table is checked as every
other query (`kusto_forms`); of what follows only the forms of ``_STAGES`` and ``_FUNCTIONS`` are
run, each of which was held against our own reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache, lru_cache
from itertools import takewhile
from typing import Any

import duckdb
from duckdb_kql import ir
from duckdb_kql.errors import KqlError
from duckdb_kql.translate import to_sql

from sigmaglot.verify.engines.kusto_duckdb import CONFIG, KNOWS, SQL_TYPES, lean
from sigmaglot.verify.engines.kusto_forms import ROW, check_tree, parsed
from sigmaglot.verify.engines.kusto_literals import rewrite_literals
from sigmaglot.verify.engines.kusto_records import column
from sigmaglot.verify.engines.model import CannotRunError, Record
from sigmaglot.verify.projection.common import is_stored_in
from sigmaglot.verify.schemas import tables_of

_BETWEEN = re.compile(r"between \((?P<low>[^()\"]+?) \.\. (?P<high>[^()\"]+)\)")
_SERIALIZE = re.compile(r"^\| serialize (?=\w+ = row_number\(\)$)", re.MULTILINE)
_AWAY = re.compile(r"\s*^\| project-away [\w*, ]+\s*\Z", re.MULTILINE)
_STAGES = (ir.Where, ir.Extend, ir.Project, ir.Join, ir.Summarize)
_FUNCTIONS = frozenset(
    {"arg_max", "avg", "count", "count_distinct", "countif", "row_number", "strcat_delim", "sum"}
    | {"todouble"}
)
"""Functions beside those that `KNOWS` names."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """A query as SQL, and the columns that it reads of each table."""

    sql: str
    columns: Mapping[str, tuple[str, ...]]


def find_in_stream(query: str, records: Sequence[Record], schema: str) -> frozenset[int]:
    """Return the indexes of the records whose rows a query returns.

    Raises:
        CannotRunError: A form in the query was not checked, or a record's value is of another type
            than its column.
        RefusedError: The query is not of the language.
    """
    plan = _plan(query, schema)
    try:
        for table, names in plan.columns.items():
            _create(records, table, names, tables_of(schema)[table])
        rows = _connection().execute(plan.sql).fetchall()
    except (duckdb.Error, UnicodeEncodeError) as error:
        raise CannotRunError(f"DuckDB: {str(error).splitlines()[0]}") from error
    return frozenset(row[0] for row in rows)


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:", config=CONFIG)
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def _create(
    records: Sequence[Record], table: str, names: Sequence[str], types: Mapping[str, str]
) -> None:
    """Make a table of the records that are stored in it, numbered by their places in the stream."""
    found = [at for at, record in enumerate(records) if is_stored_in(record, [table])]
    stored = [records[at] for at in found]
    columns = [f'unnest($1::BIGINT[]) AS "{ROW}"']
    lists: list[list[Any]] = [found]
    for at, name in enumerate(names, 2):
        columns.append(f'unnest(${at}::{SQL_TYPES[types[name]]}[]) AS "{name}"')
        lists.append(column(stored, name, types[name]))
    made = f'CREATE OR REPLACE TABLE "{table}" AS SELECT {", ".join(columns)}'
    _connection().execute(made, lists)


# -- from the text to SQL -----------------------------------------------------------------------


@lru_cache(maxsize=256)
def _plan(query: str, schema: str) -> _Plan:
    tree = parsed(_readable(query))
    columns: dict[str, set[str]] = {}
    for branch in _branches(tree, frozenset()):
        table, read = _checked(branch, schema)
        columns.setdefault(table, set()).update(read)
    known = {table: tuple(sorted(names)) for table, names in columns.items()}
    shapes = {table: [ROW, *names] for table, names in known.items()}
    try:
        sql = to_sql(_translatable(tree), schema=shapes)
    except KqlError as error:
        raise CannotRunError(f"duckdb-kql: {error}") from error
    return _Plan(f'SELECT "{ROW}" FROM ({sql})', known)  # noqa: S608 - the package wrote the SQL


def _readable(query: str) -> str:
    """Return a query in the forms that the package's grammar has."""
    text = _AWAY.sub("", rewrite_literals(query).strip())
    text = _SERIALIZE.sub("| extend ", text)
    return _BETWEEN.sub(r"between ((\g<low>) .. (\g<high>))", text)


def _branches(tree: ir.Query, named: frozenset[str]) -> Iterator[ir.Query]:
    """Yield the parts of a query that begin at a table; raise for a form that was not checked.

    ``named`` are the tables of let statements before.
    """
    names = named
    for name, value in tree.lets:
        if not isinstance(value, ir.Query):
            raise CannotRunError("a let statement of what is no table")
        yield from _branches(value, names)
        names |= {name}
    for stage in tree.operators:
        if isinstance(stage, ir.Union):
            for branch in stage.branches:
                yield from _branches(branch, names)
        elif not isinstance(stage, _STAGES):
            raise CannotRunError(f"the stage `{type(stage).__name__.lower()}` is not checked")
        elif isinstance(stage, ir.Join) and stage.kind != "inner":
            raise CannotRunError(f"a join of the kind {stage.kind} is not checked")
    _check_functions(tree)
    if isinstance(tree.source, ir.TableRef) and tree.source.name not in names:
        yield tree


def _check_functions(tree: ir.Query) -> None:
    for node in _nodes(tree):
        if isinstance(node, ir.FunctionCall):
            is_known = node.name in _FUNCTIONS or node.name in KNOWS.functions
            if not is_known and node.name not in (*KNOWS.choices, "coalesce", "parse_json"):
                raise CannotRunError(f"the function `{node.name}` is not checked")


def _checked(branch: ir.Query, schema: str) -> tuple[str, set[str]]:
    """Return a branch's table and the columns that it reads; its tests are checked as a rule's."""
    tests = list(takewhile(lambda stage: isinstance(stage, ir.Where), branch.operators))
    found = check_tree(replace(branch, operators=tests, lets=[]), "", KNOWS, schema)
    columns = tables_of(schema)[found.table]
    named = (node.name for node in _nodes(branch) if isinstance(node, ir.ColumnRef))
    return found.table, {name for name in named if name in columns}


def _nodes(node: Any) -> Iterator[Any]:
    """Yield a tree's nodes."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list | tuple):
            waiting += one
        elif is_dataclass(one):
            yield one
            waiting += [getattr(one, field.name) for field in fields(one)]


def _translatable(node: Any) -> Any:
    """Return a tree with the functions that the package lacks as SQL."""
    match node:
        case ir.FunctionCall(name="row_number", args=()):
            return ir.RenderedAggregate("row_number() OVER ()")
        case ir.FunctionCall(name="count_distinct", args=(one,)):
            return ir.FunctionCall("dcount", (one,))  # which the package counts one by one
        case ir.Query(operators=stages):
            return replace(
                node,
                operators=[_translatable(stage) for stage in lean(stages)],
                lets=_translatable(node.lets),
            )
        case list() | tuple():
            return type(node)(map(_translatable, node))
        case _ if is_dataclass(node) and not isinstance(node, type):
            parts = {one.name: _translatable(getattr(node, one.name)) for one in fields(node)}
            return replace(node, **parts)
        case _:
            return node
