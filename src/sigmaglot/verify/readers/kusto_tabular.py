"""Kusto over many rows: let statements, and the operators that join, number and summarise.

Facts: Microsoft's Kusto documentation (let statement, materialize(), union, join, serialize,
row_number(), summarize, project-away, count_distinct(), countif(), arg_max()).

Decisions:
    - A name of a `let` statement is a table from there on; it is run once, as `materialize` says.
    - Of `join` only `kind=inner` on columns of the same name is modelled. Strings are joined with
      case; a null is joined with nothing. A column of the right side whose name the left side has
      gets a number behind its name.
    - `summarize` takes columns after `by`. Nulls are left out of `sum`, `avg` and `count_distinct`.
      Of several rows that have the greatest value, `arg_max` returns the first: which one is not
      documented.
    - `union` gives the rows of its tables one table after the other; a column must have the same
      type in all.
    - What begins with `$` in a row is not the query's: it stays with the row until a stage makes
      another row of it.
"""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any, TypeAlias

from .base import ReadError, Record, Ternary
from .kusto import ROW_STAGES, _Parser
from .kusto_values import Expr, cast

Rows: TypeAlias = list[Record]
Source: TypeAlias = Callable[[str], Sequence[Record]]
Run: TypeAlias = Callable[[Source], Rows]
Types: TypeAlias = dict[str, str]


@dataclass(frozen=True)
class Table:
    """What a part of a query returns: how its rows are made, and the types of its columns."""

    run: Run
    types: Types


def read(
    text: str, tables: Mapping[str, Mapping[str, str]], now: datetime | None = None
) -> Callable[[Source], Rows]:
    """Return a query, to be run over the stored rows of the tables that it names.

    Args:
        text: The query.
        tables: The columns of each table and their Kusto types.
        now: The time that the query runs at; the clock's where it is None.

    Raises:
        ReadError: The text is not of the language, names a table or column that is not there,
            compares unlike types, or says something that is not modelled.
    """
    parser = _Tabular(text, tables, now or datetime.now(UTC))
    try:
        return parser.statements().run
    except RecursionError:
        raise ReadError("nested too deeply to read", parser.pos) from None


class _Tabular(_Parser):
    """Reads statements; the columns in scope are those of the rows so far."""

    def __init__(self, text: str, tables: Mapping[str, Mapping[str, str]], now: datetime) -> None:
        super().__init__(text, {}, now)
        self._tables = tables
        self._lets: dict[str, Table] = {}

    def statements(self) -> Table:
        """Return the last statement of the text."""
        while self.word("let"):
            name = self.name()
            self.expect("=")
            self._lets[name] = self._once(self.let_value())
            self.expect(";")
        found = self.tabular()
        self.symbol(";")
        if not self.at_end():
            self.fail("expected the end of the query")
        return found

    def let_value(self) -> Table:
        """Return the table that a name is given to."""
        if not self.word("materialize"):
            return self.tabular()
        self.expect("(")
        found = self.tabular()
        self.expect(")")
        return found

    @staticmethod
    def _once(table: Table) -> Table:
        """Return a table whose rows are made once for each set of stored rows."""
        made: list[tuple[Source, Rows]] = []

        def run(source: Source) -> Rows:
            if not made or made[0][0] is not source:
                made[:] = [(source, table.run(source))]
            return made[0][1]

        return Table(run, table.types)

    def tabular(self) -> Table:
        """Return a source with its operators; the columns in scope afterwards are as before."""
        before = self.types
        table = self.source()
        while self.symbol("|"):
            operator = self.take(re.compile(r"[a-z]+(?:-[a-z]+)*"))
            name = operator[0] if operator else ""
            self.types = dict(table.types)
            if name in _EACH:
                table = self.over_each(table, name)
            elif name in _OPERATORS:
                table = _OPERATORS[name](self, table)
            else:
                self.fail(f"unknown tabular operator {name}")
        self.types = before
        return table

    def over_each(self, table: Table, name: str) -> Table:
        """Return what an operator makes of each row by itself."""
        stage = ROW_STAGES[name](self)

        def run(source: Source) -> Rows:
            return [row for one in table.run(source) if (row := stage(one)) is not None]

        return Table(run, dict(self.types or {}))

    # -- sources --------------------------------------------------------------------------------

    def source(self) -> Table:
        """Return what a query, or a part of one in parentheses, begins with."""
        if self.word("union"):
            tables = [self.item()]
            while self.symbol(","):
                tables.append(self.item())
            return self.united(tables)
        return self.item()

    def item(self) -> Table:
        """Return a table by its name, or a part of a query in parentheses."""
        if self.symbol("("):
            found = self.tabular()
            self.expect(")")
            return found
        at, name = self.pos, self.name()
        if name in self._lets:
            return self._lets[name]
        if name not in self._tables:
            self.fail(f"no table {name}", at)
        types = {column: _KINDS.get(kind, kind) for column, kind in self._tables[name].items()}
        return Table(lambda source: list(source(name)), types)

    def united(self, tables: Sequence[Table]) -> Table:
        """Return the rows of several tables."""
        types: Types = {}
        for table in tables:
            for column, kind in table.types.items():
                if types.setdefault(column, kind) != kind:
                    self.fail(f"a union in which {column} is a {kind} and a {types[column]}")

        def run(source: Source) -> Rows:
            return [row for table in tables for row in table.run(source)]

        return Table(run, types)

    # -- operators ------------------------------------------------------------------------------

    def serialize(self, table: Table) -> Table:
        """Return the rows in their order, with their numbers in a column if one is named."""
        if self.peek(re.compile(r"\||\)|;|\Z")):
            return table
        name = self.name()
        self.expect("=")
        if not (self.word("row_number") and self.symbol("(") and self.symbol(")")):
            self.fail("serialize knows row_number() alone here")

        def run(source: Source) -> Rows:
            return [{**row, name: at} for at, row in enumerate(table.run(source), 1)]

        return Table(run, {**table.types, name: "number"})

    def project_away(self, table: Table) -> Table:
        """Return the rows without columns, which may be named by a pattern."""
        patterns = [self.pattern()]
        while self.symbol(","):
            patterns.append(self.pattern())

        def stays(name: str) -> bool:
            return not any(fnmatchcase(name, pattern) for pattern in patterns)

        def run(source: Source) -> Rows:
            return [{k: v for k, v in row.items() if stays(k)} for row in table.run(source)]

        return Table(run, {name: kind for name, kind in table.types.items() if stays(name)})

    def pattern(self) -> str:
        """Return the name of a column, or a pattern of names."""
        found = self.take(re.compile(r"[A-Za-z_*][\w*]*"))
        return found[0] if found else self.fail("expected a name")

    def names(self) -> list[str]:
        """Return names of columns in scope."""
        out: list[str] = []
        while not out or self.symbol(","):
            out.append(self.name())
            self.column(out[-1])
        return out

    def join(self, table: Table) -> Table:
        """Return each row beside each row of another table that has the same keys."""
        if not self.take(re.compile(r"kind\s*=\s*inner\b")):
            self.fail("a join that is not of the kind inner")
        right = self.item()
        if not self.word("on"):
            self.fail("expected on")
        keys = self.names()
        for key in keys:
            if right.types.get(key) != table.types[key]:
                self.fail(f"the right side has no {key} of the same type")
        names = _renamed(table.types, right.types)
        types = {**table.types, **{names[name]: kind for name, kind in right.types.items()}}
        return Table(_joined(table, right, keys, names), types)

    def summarize(self, table: Table) -> Table:
        """Return a row for each combination of some columns."""
        aggregates: list[_Aggregate] = []
        while not aggregates or self.symbol(","):
            aggregates.append(self.aggregate())
        keys = self.names() if self.word("by") else []
        types: Types = {key: table.types[key] for key in keys}
        for one in aggregates:
            types |= {name: kind for name, kind in one.types.items() if name not in types}
        return Table(_summarized(table, keys, aggregates), types)

    def aggregate(self) -> _Aggregate:
        """Return one column of a summary, or the columns that arg_max brings."""
        at, name = self.pos, self.name()
        if named := self.symbol("="):
            at, function = self.pos, self.name()
        else:
            function = name
        self.expect("(")
        if function == "arg_max":
            found = self.greatest()
        elif function == "count" and self.symbol(")"):
            return _Aggregate({name if named else "count_": "number"}, _counted(name, named))
        elif function == "countif" and named:
            found = _counted_where(name, self.predicate(self.expr()))
        elif function in _AGGREGATES and named:
            found = _measured(name, _AGGREGATES[function], self.expr())
        else:
            self.fail(f"the aggregate {function}, which is not modelled like that", at)
        self.expect(")")
        return found

    def greatest(self) -> _Aggregate:
        """Return `arg_max(column, *)`: the whole row in which the column is greatest."""
        name = self.name()
        value = self.column(name)
        self.expect(",")
        self.expect("*")

        def run(rows: Rows) -> Record:
            known: list[tuple[Any, Record]] = [
                (found, row) for row in rows if (found := value.value(row)) is not None
            ]
            return max(known, key=lambda pair: pair[0])[1] if known else {}

        return _Aggregate({name: value.type, **(self.types or {})}, run)


_KINDS = {**dict.fromkeys(("int", "long", "real", "decimal"), "number"), "boolean": "bool"}
_EACH = ("where", "filter", "extend", "project", "sort", "order")
"""Operators that look at one row, or whose order nothing here depends on; no limit is one."""
_OPERATORS: Mapping[str, Callable[[_Tabular, Table], Table]] = {
    "serialize": _Tabular.serialize,
    "project-away": _Tabular.project_away,
    "join": _Tabular.join,
    "summarize": _Tabular.summarize,
}


# -- joins --------------------------------------------------------------------------------------


def _renamed(left: Types, right: Types) -> dict[str, str]:
    """Return the names that the right side's columns get."""
    taken, out = set(left), {}
    for name in right:
        number, new = 0, name
        while new in taken:
            number += 1
            new = f"{name}{number}"
        taken.add(new)
        out[name] = new
    return out


def _joined(left: Table, right: Table, keys: Sequence[str], names: Mapping[str, str]) -> Run:
    def key_of(row: Record) -> tuple[object, ...]:
        return tuple(cast(left.types[key], row.get(key)) for key in keys)

    def run(source: Source) -> Rows:
        others: dict[tuple[object, ...], Rows] = {}
        for row in right.run(source):
            new = {names[name]: value for name, value in row.items() if name in names}
            others.setdefault(key_of(row), []).append(new)
        return [
            {**row, **other}
            for row in left.run(source)
            if None not in (key := key_of(row))
            for other in others.get(key, ())
        ]

    return run


# -- summaries ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Aggregate:
    """Columns of a summary with their types, and their values for the rows of a group."""

    types: Types
    run: Callable[[Rows], Record]


def _counted(name: str, named: bool) -> Callable[[Rows], Record]:
    return lambda rows: {name if named else "count_": len(rows)}


def _counted_where(name: str, test: Ternary) -> _Aggregate:
    return _Aggregate({name: "number"}, lambda rows: {name: sum(test(row) is True for row in rows)})


def _measured(name: str, function: Callable[[list[Any]], object], value: Expr) -> _Aggregate:
    def run(rows: Rows) -> Record:
        found = (value.value(row) for row in rows)
        return {name: function([one for one in found if one is not None])}

    return _Aggregate({name: "number"}, run)


_AGGREGATES: Mapping[str, Callable[[list[Any]], object]] = {
    "count_distinct": lambda found: len(set(found)),
    "sum": math.fsum,
    "avg": lambda found: statistics.fmean(found) if found else None,
}
"""Functions of a column's values that are there; each gives a number here."""


def _summarized(table: Table, keys: Sequence[str], aggregates: Sequence[_Aggregate]) -> Run:
    def run(source: Source) -> Rows:
        groups: dict[tuple[object, ...], Rows] = {}
        for row in table.run(source):
            key = tuple(cast(table.types[name], row.get(name)) for name in keys)
            groups.setdefault(key, []).append(row)
        out: Rows = []
        for key, rows in groups.items():
            made: dict[str, object] = dict(zip(keys, key, strict=True))
            for one in aggregates:
                made = {**one.run(rows), **made}
            out.append(made)
        return out

    return run
