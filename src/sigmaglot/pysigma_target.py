"""Any installed pySigma backend as a target: ``pysigma:BACKEND`` or ``pysigma:BACKEND+PIPELINE``.

Every rule is parsed anew for it and every backend is made anew, so that nothing it changes can
reach another rule. The queries carry no claim of fidelity: the backend makes none.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sigma.collection import SigmaCollection
from sigma.exceptions import SigmaError
from sigma.filters import SigmaFilter
from sigma.plugins import InstalledSigmaPlugins
from sigma.processing.pipeline import ProcessingPipeline
from sigma.rule import SigmaRule

from sigmaglot.errors import RuleError, UsageError
from sigmaglot.source import Document

PREFIX = "pysigma:"
USUAL_PIPELINES = {
    "kusto": "microsoft_xdr",
    "splunk": "splunk_windows",
    "splunk_spl2": "splunk_windows",
    "lucene": "ecs_windows",
    "eql": "ecs_windows",
    "esql": "ecs_windows",
    "elastalert": "ecs_windows",
}
"""The pipeline that a backend's own documentation pairs it with for Windows events."""


@lru_cache(maxsize=1)
def _plugins() -> InstalledSigmaPlugins:
    return InstalledSigmaPlugins.autodiscover()


def backend_names() -> tuple[str, ...]:
    """Return the names of the installed pySigma backends, sorted."""
    return tuple(sorted(_plugins().backends))


def check_target(name: str) -> None:
    """Check that a target's backend and pipelines are installed.

    Raises:
        UsageError: One is not.
    """
    backend, pipelines = _split(name)
    known = backend_names()
    if backend not in known:
        raise UsageError(f"no pySigma backend is called `{backend}`; there are {', '.join(known)}")
    for pipeline in pipelines:
        if pipeline not in _plugins().pipelines:
            names = ", ".join(sorted(_plugins().pipelines))
            raise UsageError(f"no pySigma pipeline is called `{pipeline}`; there are {names}")


def _split(name: str) -> tuple[str, tuple[str, ...]]:
    backend, *pipelines = name.removeprefix(PREFIX).split("+")
    usual = USUAL_PIPELINES.get(backend)
    return backend, tuple(pipelines) or ((usual,) if usual else ())


def convert(
    document: Document,
    name: str,
    pipelines: Sequence[Any] = (),
    filters: Sequence[Document] = (),
) -> tuple[str, ...]:
    """Return the queries of a pySigma backend for one rule, with the filters that are for it.

    Raises:
        RuleError: The backend raised, or returned nothing.
    """
    try:
        queries = _convert(document, name, pipelines, filters)
    except SigmaError as error:
        raise RuleError(
            document.diagnose("SG401", f"unsupported by {name}: {_one_line(error)}", ("detection",))
        ) from error
    except Exception as error:
        message = f"{name} failed: {type(error).__name__}: {_one_line(error)}"
        raise RuleError(document.diagnose("SG401", message, ("detection",))) from error
    if not queries:
        raise RuleError(document.diagnose("SG401", f"{name} returned no query", ("detection",)))
    return queries


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _convert(
    document: Document, name: str, pipelines: Sequence[Any], filters: Sequence[Document]
) -> tuple[str, ...]:
    backend_name, pipeline_names = _split(name)
    chain = [copy.deepcopy(pipeline) for pipeline in pipelines]
    chain += [_plugins().pipelines[pipeline]() for pipeline in pipeline_names]
    joined = sum(chain, ProcessingPipeline())
    make_backend: Any = _plugins().backends[backend_name]
    backend = make_backend(processing_pipeline=joined)
    rule = SigmaRule.from_dict(copy.deepcopy(document.data))
    for one in filters:
        SigmaFilter.from_dict(copy.deepcopy(one.data)).apply_on_rule(rule)
    converted = backend.convert(SigmaCollection([rule]))
    listed = converted if isinstance(converted, list) else [converted]
    return tuple(str(query) for query in listed if query)
