"""Kusto queries run by ClickHouse, which has a dialect of it: a second opinion.

Needs the package ``chdb`` (ClickHouse in the process), which no extra installs. The dialect is an
experiment of ClickHouse's: a query that fails leaves rows in the answer to the next, so the
connection is given up with the first failure; and a null is neither equal nor unequal to a value,
where Kusto calls it unequal. What `KNOWS` does not name raises CannotRunError.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module
from importlib.metadata import version
from typing import Any

from sigmaglot.verify.engines.kusto_forms import FUNCTIONS, ROW, Knows, Tree, check
from sigmaglot.verify.engines.kusto_records import column
from sigmaglot.verify.engines.model import CannotRunError, Record, Standing
from sigmaglot.verify.projection.common import is_stored_in
from sigmaglot.verify.schemas import DEFENDER, tables_of

_TYPES = {
    "string": "String",
    "dynamic": "String",
    "long": "Nullable(Int64)",
    "int": "Nullable(Int32)",
    "bool": "Nullable(Bool)",
    "datetime": "Nullable(DateTime64(6, 'UTC'))",
}
_TOKEN = re.compile(
    r'(?P<regex>matches\s+regex\s*)?"(?P<text>(?:[^"\\]|\\.)*)"|(?P<pipe>\|)', re.DOTALL
)
"""A literal, as `Tree.text` has them, or the start of a stage."""

_BYTES = re.compile(r"[^\x00-\x7f][*?{]")
"""ClickHouse takes the last byte of the letter for what is repeated."""

KNOWS = Knows(FUNCTIONS, coalesces=("number", "bool", "datetime"), null_is_unequal=False)
"""What ClickHouse answers as Kusto does: each was checked."""


class _ClickHouse:
    """The ClickHouse of this process, of which there is one: its connection and its table."""

    def __init__(self) -> None:
        self._chdb: Any = import_module("chdb")
        self._connection: Any = None
        self._held: tuple[_Dataset, Tree] | None = None

    def find(self, dataset: _Dataset, tree: Tree) -> frozenset[int]:
        """Return the indexes of a dataset's records that a query returns."""
        held = self._held
        if not held or held[0] is not dataset or not _reads_less(tree, held[1]):
            self._create(dataset, tree)
        found = map(int, self._ask(_numbered(tree)).split())
        return frozenset(at for at in found if is_stored_in(dataset.records[at], [tree.table]))

    def close(self) -> None:
        """Give the connection up, and what it may still have to say."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._held = None

    def _ask(self, text: str) -> str:
        try:
            text.encode()  # chdb takes no lone surrogate, and says so with a TypeError
            return str(self._connection.query(text, "TSV"))
        except (RuntimeError, UnicodeEncodeError) as error:
            self.close()
            raise CannotRunError(f"ClickHouse: {str(error).splitlines()[0]}") from error

    def _create(self, dataset: _Dataset, tree: Tree) -> None:
        """Make the table that a query reads, of the columns that it names."""
        self._held = None
        if self._connection is None:
            self._connection = self._chdb.connect(":memory:")
            self._ask("SET allow_experimental_kusto_dialect = 1")
        columns = tables_of(dataset.schema)[tree.table]
        types = {name: columns[name] for name in sorted(tree.columns)}
        made = [f"{ROW} Int64", *(f"{name} {_TYPES[kind]}" for name, kind in types.items())]
        self._ask("SET dialect = 'clickhouse'")
        self._ask(f"DROP TABLE IF EXISTS {tree.table}")
        self._ask(f"CREATE TABLE {tree.table} ({', '.join(made)}) ENGINE = Memory")
        if dataset.records:
            self._ask(f"INSERT INTO {tree.table} FORMAT JSONCompactEachRow {dataset.lines(types)}")
        self._ask("SET dialect = 'kusto'")
        self._held = (dataset, tree)


def _reads_less(tree: Tree, held: Tree) -> bool:
    return tree.table == held.table and tree.columns <= held.columns


@lru_cache(maxsize=256)
def _tree(query: str, schema: str) -> Tree:
    return check(query, KNOWS, schema)


@cache
def _clickhouse() -> _ClickHouse:
    return _ClickHouse()


class KustoChdb:
    """The engine.

    Args:
        schema: Whose tables the records are rows of.

    Raises:
        ImportError: The package ``chdb`` is not installed.
    """

    name = "kusto-chdb"
    standing = Standing.INDEPENDENT

    def __init__(self, schema: str = DEFENDER) -> None:
        self._schema = schema
        _clickhouse()

    @property
    def title(self) -> str:
        """Return the package and its version."""
        return f"ClickHouse's dialect of Kusto, chdb {version('chdb')}"

    def load(self, records: Sequence[Record]) -> _Dataset:
        """Return the records; their table is made when a query names it."""
        return _Dataset(records, self._schema)


@dataclass(frozen=True, slots=True, eq=False)
class _Dataset:
    """Records that the engine has taken up."""

    records: Sequence[Record]
    schema: str = DEFENDER

    def find(self, query: str) -> frozenset[int]:
        """Return the indexes of the records that a query returns.

        Raises:
            CannotRunError: A form in the query was not checked, or a record's value is of another
                type than its column.
            RefusedError: The query is not of the language.
        """
        return _clickhouse().find(self, _tree(query, self.schema))

    def lines(self, types: Mapping[str, str]) -> str:
        """Return columns of the records as lines of JSON, each of which starts with its number."""
        lists = [column(self.records, name, kind) for name, kind in types.items()]
        rows = zip(range(len(self.records)), *lists, strict=True)
        return "\n".join(json.dumps(row, ensure_ascii=False, default=str) for row in rows)


def _numbered(tree: Tree) -> str:
    """Return a query for row numbers: without limits and sorting."""
    cuts = [match.start() for match in _TOKEN.finditer(tree.text) if match["pipe"]]
    stages = [tree.text[a:b] for a, b in zip([0, *cuts], [*cuts, None], strict=True)]
    out = []
    for stage in stages:
        word = stage.lstrip("| \t\r\n").split(maxsplit=1)[0]
        if word in ("take", "limit", "sort", "order"):
            continue
        kept = f", {ROW} " if word == "project" else ""
        out.append(_TOKEN.sub(_literal, stage).rstrip() + kept)
    return f"{' '.join(out)} | project {ROW}"


def _literal(match: re.Match[str]) -> str:
    """Return a literal; a regular expression is told that `.` stops at a line's end."""
    if not match["regex"]:
        return match[0]
    if _BYTES.search(match["text"]):
        raise CannotRunError(f"ClickHouse errs on a repeated letter beyond ASCII: {match[0]}")
    return f'{match["regex"]}"(?-s){match["text"]}"'
