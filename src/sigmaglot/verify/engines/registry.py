"""Which engines run a language, and which of them this machine has."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec

from sigmaglot.errors import ConfigurationError, UsageError
from sigmaglot.verify.engines.model import Binder, Engine
from sigmaglot.verify.engines.reader import ReaderEngine
from sigmaglot.verify.projection.defender import DEFENDER_TYPES
from sigmaglot.verify.projection.elastic import ELASTIC_TYPES

EXTRA = "sigmaglot[verify]"
"""What to install for the engines."""


def _kusto() -> list[Engine]:
    from sigmaglot.verify.readers import kusto  # noqa: PLC0415 - a language's engines on demand

    return [
        ReaderEngine("kusto-model", "a reader of Kusto", lambda q: kusto.read(q, DEFENDER_TYPES))
    ]


def _kusto_duckdb() -> list[Engine]:
    from sigmaglot.verify.engines.kusto_duckdb import KustoDuckDB  # noqa: PLC0415 - heavy

    return [KustoDuckDB()]


def _kusto_chdb() -> list[Engine]:
    from sigmaglot.verify.engines.kusto_chdb import KustoChdb  # noqa: PLC0415 - heavy

    return [KustoChdb()]


def _kibana() -> list[Engine]:
    from sigmaglot.verify.readers import kibana_kql  # noqa: PLC0415 - as above

    title = "a reader of Kibana KQL over a model of Elasticsearch, wildcards on keywords "
    return [
        ReaderEngine(
            "kibana-model",
            title + "split at blanks (query_string)",
            lambda q: kibana_kql.read(q, ELASTIC_TYPES, keyword_wildcard="query_string"),
        ),
        ReaderEngine(
            "kibana-model-wildcard",
            title + "whole (wildcard, Kibana 8.5 and later)",
            lambda q: kibana_kql.read(q, ELASTIC_TYPES, keyword_wildcard="wildcard"),
        ),
    ]


def _spl() -> list[Engine]:
    from sigmaglot.verify.readers import spl  # noqa: PLC0415 - as above

    return [ReaderEngine("spl-model", "a reader of SPL", spl.read)]


def _logpoint() -> list[Engine]:
    from sigmaglot.verify.readers import logpoint  # noqa: PLC0415 - as above

    return [ReaderEngine("logpoint-model", "a reader of LogPoint", logpoint.read)]


def _dnif_fetch() -> list[Engine]:
    from sigmaglot.verify.readers import dnif_fetch  # noqa: PLC0415 - as above

    title = "a reader of DNIF _fetch, regular expressions "
    return [
        ReaderEngine("dnif-model", title + "on whole values", dnif_fetch.read),
        ReaderEngine(
            "dnif-model-search", title + "anywhere", lambda q: dnif_fetch.read(q, anchored=False)
        ),
    ]


def _dnif_dql() -> list[Engine]:
    from sigmaglot.verify.readers import dnif_dql  # noqa: PLC0415 - as above

    return [ReaderEngine("dql-model", "a reader of DNIF DQL", dnif_dql.read)]


def _car() -> list[Engine]:
    from sigmaglot.verify.readers import car  # noqa: PLC0415 - as above

    title = "a reader of CAR pseudocode, match with letter case"
    return [ReaderEngine("car-model", title, lambda q: car.read(q, match_ignores_case=False))]


def _lucene() -> list[Engine]:
    from sigmaglot.verify.readers import lucene  # noqa: PLC0415 - as above

    title = "a reader of Lucene's query string over a model of Elasticsearch"
    return [ReaderEngine("lucene-model", title, lambda q: lucene.read(q, ELASTIC_TYPES))]


Make = Callable[[], list[Engine]]

_ENGINES: dict[str, dict[str, Make]] = {
    "kusto": {"kusto-model": _kusto, "kusto-duckdb": _kusto_duckdb, "kusto-chdb": _kusto_chdb},
    "kibana_kql": {"kibana-model": _kibana, "kibana-model-wildcard": _kibana},
    "spl": {"spl-model": _spl},
    "logpoint": {"logpoint-model": _logpoint},
    "dnif_fetch": {"dnif-model": _dnif_fetch, "dnif-model-search": _dnif_fetch},
    "dnif_dql": {"dql-model": _dnif_dql},
    "car": {"car-model": _car},
    "lucene": {"lucene-model": _lucene},
}
"""Language to its engines by name; one maker may bring several."""

_NEEDS = {"kusto-duckdb": "duckdb_kql", "kusto-chdb": "chdb"}
_ONLY_BY_NAME = {"kusto-chdb"}
BINDER = "kusto-binder"


def engine_names() -> tuple[str, ...]:
    """Return the names that ``--engine`` takes, the binder's included."""
    return (*(name for found in _ENGINES.values() for name in found), BINDER)


def check_engine_names(names: tuple[str, ...]) -> None:
    """Check that engines exist and can be used on this machine.

    Raises:
        UsageError: There is no engine of a name.
        ConfigurationError: What an engine needs is not installed.
    """
    if find_spec("lark") is None:
        raise ConfigurationError(f"verify needs lark: install `{EXTRA}`")
    for name in names:
        if name not in engine_names():
            raise UsageError(f"no engine is called `{name}`; there are {', '.join(engine_names())}")
        needed = _NEEDS.get(name)
        if needed and find_spec(needed) is None:
            raise ConfigurationError(f"the engine `{name}` needs {needed}, which is not installed")
        if name == BINDER and isinstance(found := find_binder(), str):
            raise ConfigurationError(f"the engine `{name}` cannot be used: {found}")


@cache
def engines_of(language: str, names: tuple[str, ...] = ()) -> tuple[Engine, ...]:
    """Return the engines of a language: those named, or without names all that are installed."""
    found: dict[str, Engine] = {}
    for name, make in _ENGINES.get(language, {}).items():
        wanted = name in names if names else _is_usual(name)
        if wanted and name not in found:
            found.update({engine.name: engine for engine in make()})
    return tuple(engine for name, engine in found.items() if not names or name in names)


def _is_usual(name: str) -> bool:
    return name not in _ONLY_BY_NAME and (name not in _NEEDS or find_spec(_NEEDS[name]) is not None)


@cache
def find_binder() -> Binder | str:
    """Return Kusto's binder, or why this machine has none."""
    from sigmaglot.verify.engines import kusto_binder  # noqa: PLC0415 - heavy

    return kusto_binder.find_binder()


def binder_of(language: str, names: tuple[str, ...] = ()) -> Binder | str | None:
    """Return what binds queries of a language, why it cannot be had, or None where none exists."""
    if language != "kusto" or (names and BINDER not in names):
        return None
    return find_binder()
