"""Sigmaglot: compile Sigma rules to SIEM queries and say how faithful each query is."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sigmaglot.api import compile as compile  # noqa: A004 - the library's verb
    from sigmaglot.compiler import Options as Options
    from sigmaglot.compiler import Result as Result
    from sigmaglot.errors import ConfigurationError as ConfigurationError
    from sigmaglot.errors import Diagnostic as Diagnostic
    from sigmaglot.errors import UsageError as UsageError
    from sigmaglot.passes.legalise import Fidelity as Fidelity
    from sigmaglot.passes.legalise import Policy as Policy

__version__ = "0.1.0"

_PUBLIC = {
    "ConfigurationError": "sigmaglot.errors",
    "Diagnostic": "sigmaglot.errors",
    "Fidelity": "sigmaglot.passes.legalise",
    "Options": "sigmaglot.compiler",
    "Policy": "sigmaglot.passes.legalise",
    "Result": "sigmaglot.compiler",
    "UsageError": "sigmaglot.errors",
    "compile": "sigmaglot.api",
}
"""Where each public name lives; imported when it is first asked for, so the package stays light."""


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
