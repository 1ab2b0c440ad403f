"""What log sources and engines are called in verification."""

from __future__ import annotations

from collections.abc import Sequence

from sigmaglot.rule import LogSource
from sigmaglot.verify.engines.model import Binder, Engine
from sigmaglot.verify.verdict import EngineInfo


def category_of(source: LogSource) -> str:
    """Return the name that a log source goes by here: its category, or ``service:`` and it."""
    return source.category or (f"service:{source.service}" if source.service else "")


def info_of(engine: Engine | Binder) -> EngineInfo:
    """Return what reports say of an engine."""
    return EngineInfo(engine.name, engine.title, str(engine.standing))


def problems_of(binder: Binder, queries: Sequence[str]) -> list[str]:
    """Return what keeps queries from running, none where they bind."""
    return [problem for query in queries for problem in binder.problems(query)]
