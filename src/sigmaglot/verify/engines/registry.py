"""Which engines run a language, and which of them this machine has."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from sigmaglot.errors import ConfigurationError, UsageError
from sigmaglot.targets import Target
from sigmaglot.verify.engines.model import Binder, Engine, Standing
from sigmaglot.verify.schemas import DEFENDER, tables_of
from sigmaglot.verify.targets import ground_of

EXTRA = "sigmaglot[verify]"
"""What to install for the engines."""
BINDER = "kusto-binder"
_KUSTO = "kusto"


@dataclass(frozen=True, slots=True)
class Entry:
    """One engine of the table.

    Attributes:
        name: What ``--engine`` takes.
        language: What its queries are written in.
        title: What it is.
        standing: Whose word its answers are.
        module: Where it is.
        factory: The name there of a reader's function, or of an engine's class.
        options: Of the reader; ``types`` names the schema whose column types it takes.
            An engine of Kusto also takes the ``schema`` whose tables the records are rows of.
        needs: A package that must be installed, empty for none beside the extra.
        is_usual: Whether it runs without being named.
    """

    name: str
    language: str
    title: str
    standing: Standing
    module: str
    factory: str = "read"
    options: tuple[tuple[str, Any], ...] = ()
    needs: str = "lark"
    is_usual: bool = True


def _reader(name: str, language: str, title: str, **options: Any) -> Entry:
    module = f"sigmaglot.verify.readers.{language}"
    return Entry(name, language, title, Standing.OURS, module, options=tuple(options.items()))


def _kusto(name: str, title: str, factory: str, needs: str, **known: Any) -> Entry:
    module = f"sigmaglot.verify.engines.{name.replace('-', '_')}"
    return Entry(name, _KUSTO, title, Standing.INDEPENDENT, module, factory, needs=needs, **known)


_KIBANA = "a reader of Kibana KQL over a model of Elasticsearch; a wildcard on a keyword "
_DNIF = "a reader of DNIF _fetch; a regular expression matches "

ENTRIES = (
    Entry(
        "kusto-model",
        _KUSTO,
        "a reader of Kusto with the types of the schema's columns",
        Standing.OURS,
        "sigmaglot.verify.engines.kusto_model",
    ),
    _kusto("kusto-duckdb", "duckdb-kql on DuckDB", "KustoDuckDB", "duckdb_kql"),
    _kusto("kusto-chdb", "chdb, ClickHouse's Kusto dialect", "KustoChdb", "chdb", is_usual=False),
    _reader(
        "kibana-model",
        "kibana_kql",
        f"{_KIBANA}is split at blanks (query_string)",
        types="elastic_ecs",
        keyword_wildcard="query_string",
    ),
    _reader(
        "kibana-model-wildcard",
        "kibana_kql",
        f"{_KIBANA}is whole (wildcard, Kibana 8.5 and later)",
        types="elastic_ecs",
        keyword_wildcard="wildcard",
    ),
    _reader("spl-model", "spl", "a reader of SPL"),
    Entry(
        "tstats-model",
        "spl_cim",
        "a reader of SPL; the clause of tstats is read as a search is",
        Standing.OURS,
        "sigmaglot.verify.readers.spl",
    ),
    _reader("logpoint-model", "logpoint", "a reader of LogPoint"),
    _reader("dnif-model", "dnif_fetch", f"{_DNIF}the whole value"),
    _reader("dnif-model-search", "dnif_fetch", f"{_DNIF}a part of the value", anchored=False),
    _reader("dql-model", "dnif_dql", "a reader of DNIF DQL"),
    _reader(
        "car-model",
        "car",
        "a reader of CAR pseudocode; match respects letter case",
        match_ignores_case=False,
    ),
    _reader("lucene-model", "lucene", "a reader of Lucene query strings", types="elastic_ecs"),
)
"""Every engine, in the order in which reports name them."""

_BY_NAME = {entry.name: entry for entry in ENTRIES}


def engine_names() -> tuple[str, ...]:
    """Return the names that ``--engine`` takes, the binder's included."""
    return (*_BY_NAME, BINDER)


def engine_rows() -> list[dict[str, Any]]:
    """Return name, language, standing, title and usability of each engine, the binder's last."""
    rows = [
        {
            "name": entry.name,
            "language": entry.language,
            "standing": str(entry.standing),
            "title": entry.title,
            "status": _lacking(entry) or "ok",
        }
        for entry in ENTRIES
    ]
    binder = find_binder()
    return [
        *rows,
        {
            "name": BINDER,
            "language": "kusto",
            "standing": str(Standing.VENDOR),
            "title": "Microsoft's Kusto language service, which binds and does not run",
            "status": binder if isinstance(binder, str) else "ok",
        },
    ]


def _lacking(entry: Entry) -> str:
    """Return why an engine cannot be used on this machine, empty where it can."""
    if find_spec(entry.needs):
        return ""
    where = "install it" if entry.needs == "chdb" else f"install `{EXTRA}`"
    return f"needs {entry.needs}, which is not installed: {where}"


def check_engine_names(names: tuple[str, ...]) -> None:
    """Check that engines exist and can be used on this machine.

    Raises:
        UsageError: There is no engine of a name.
        ConfigurationError: What an engine needs is not installed.
    """
    if find_spec("lark") is None:
        raise ConfigurationError(f"verify needs lark, which is not installed: install `{EXTRA}`")
    for name in names:
        if name not in engine_names():
            raise UsageError(f"no engine is called `{name}`; there are {', '.join(engine_names())}")
        binder = find_binder() if name == BINDER else None
        lacking = binder if isinstance(binder, str) else ""
        if name in _BY_NAME:
            lacking = _lacking(_BY_NAME[name])
        if lacking:
            raise ConfigurationError(f"the engine `{name}` cannot be used: {lacking}")


def engines_of(language: str, names: tuple[str, ...] = (), schema: str = "") -> tuple[Engine, ...]:
    """Return the engines of a language: those named, or without names all that are installed.

    ``schema`` is the one whose records they run over.
    """
    return tuple(
        load_engine(entry.name, schema)
        for entry in ENTRIES
        if entry.language == language
        and (entry.name in names if names else entry.is_usual and not _lacking(entry))
    )


@cache
def load_engine(name: str, schema: str = "") -> Engine:
    """Return an engine by name, the same at every call."""
    return make_engine(name, schema)


def make_engine(name: str, schema: str = "") -> Engine:
    """Return an engine of its own, for records that stay while others come and go."""
    entry = _BY_NAME[name]
    factory = getattr(import_module(entry.module), entry.factory)
    tables = {"schema": schema} if schema and entry.language == _KUSTO else {}
    if entry.standing is not Standing.OURS:
        engine: Engine = factory(**tables)
        return engine
    from sigmaglot.verify.engines.reader import ReaderEngine  # noqa: PLC0415 - needs lark

    options = {key: _types(value) if key == "types" else value for key, value in entry.options}
    options |= tables
    read: Callable[[str], Any] = partial(factory, **options)
    return ReaderEngine(entry.name, entry.title, read, options)


def _types(name: str) -> Any:
    from sigmaglot.verify.projection import PROJECTIONS  # noqa: PLC0415 - for readers only

    return PROJECTIONS[name].types


@cache
def find_binder() -> Binder | str:
    """Return Kusto's binder, or why this machine has none."""
    from sigmaglot.verify.engines import kusto_binder  # noqa: PLC0415 - asked for by Kusto alone

    return kusto_binder.find_binder()


def binder_of(language: str, names: tuple[str, ...] = (), schema: str = "") -> Binder | str | None:
    """Return what binds queries of a language, why it cannot be had, or None where none exists.

    ``schema`` is the one whose tables the queries read.
    """
    if language != _KUSTO or (names and BINDER not in names):
        return None
    found = find_binder()
    is_same = isinstance(found, str) or tables_of(schema) is tables_of(DEFENDER)
    return found if is_same else _binder_of(schema)


@cache
def _binder_of(schema: str) -> Binder | str:
    from sigmaglot.verify.engines import kusto_binder  # noqa: PLC0415 - as above

    return kusto_binder.find_binder(schema)


def reasons_without_binder(targets: Iterable[Target], names: tuple[str, ...] = ()) -> list[str]:
    """Return why queries of the targets cannot be bound on this machine, none where they can."""
    grounds = (ground_of(target) for target in targets)
    binders = (binder_of(ground.language, names) for ground in grounds if ground)
    return list(dict.fromkeys(binder for binder in binders if isinstance(binder, str)))
